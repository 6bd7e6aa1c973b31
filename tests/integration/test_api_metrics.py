"""What the service tells of itself to whoever scrapes it."""

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import service
from tests.client import Client

from .api import Api, running_api
from .meanwhile import holding, until
from .watching import watching

METRICS = "/metrics"
ME = "/api/v1/me/"

Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(base_url: str) -> Values:
    """Each sample by its name and labels."""
    text = httpx.get(f"{base_url}{METRICS}").text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(values: Values, name: str, **labels: str) -> float:
    """One sample's value; 0 where nothing was counted yet."""
    return values.get((name, frozenset(labels.items())), 0.0)


def answered(values: Values, operation: str, status: int) -> float:
    """How many requests of the operation were answered so."""
    return value(values, "holdfast_requests_total", operation=operation, status=str(status))


def test_metrics_are_text_that_needs_no_token(api: Api) -> None:
    response = api.anonymous.get(METRICS)
    assert (200, "text/plain; version=0.0.4; charset=utf-8") == (
        response.status_code,
        response.headers["content-type"],
    )


def test_requests_are_counted_and_timed_by_operation(api: Api) -> None:
    before = scraped(api.base_url)
    for _ in range(3):
        assert api.staff.get(ME).status_code == 200
    assert api.anonymous.get(ME).status_code == 401
    assert api.staff.get("/api/v1/nowhere").status_code == 404
    after = scraped(api.base_url)

    def more(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    requests = "holdfast_requests_total"
    assert 3 == more(requests, operation="me_retrieve", status="200")
    assert 1 == more(requests, operation="me_retrieve", status="401")
    assert 1 == more(requests, operation="none", status="404")
    assert 4 == more("holdfast_request_seconds_count", operation="me_retrieve")
    assert 0 < more("holdfast_request_seconds_sum", operation="me_retrieve")
    assert 4 == more("holdfast_request_seconds_bucket", operation="me_retrieve", le="+Inf")


def test_streams_are_counted_and_not_timed(api: Api) -> None:
    stream = "availability_stream"
    before = scraped(api.base_url)
    with watching(api.staff):
        pass
    until(lambda: answered(scraped(api.base_url), stream, 200) > answered(before, stream, 200))
    assert 0 == value(scraped(api.base_url), "holdfast_request_seconds_count", operation=stream)


def test_only_operations_of_the_contract_become_labels(api: Api) -> None:
    for path in ("/secret/1", "/secret/2", "/api/v1/bookings/x/"):
        assert api.staff.get(path).status_code == 404
    text = httpx.get(f"{api.base_url}{METRICS}").text
    operations = set(re.findall(r'operation="(.*?)"', text))
    assert all(re.fullmatch("[a-z_]+", operation) for operation in operations)
    assert not re.search("secret|hf_", text)


def test_a_caller_is_asked_for_once(api: Api) -> None:
    person = api.person()
    before = scraped(api.base_url)
    for _ in range(10):
        assert person.get(ME).status_code == 200
    after = scraped(api.base_url)
    hits, misses = (
        value(after, name, cache="callers") - value(before, name, cache="callers")
        for name in ("holdfast_cache_hits_total", "holdfast_cache_misses_total")
    )
    # All ten, unless the feed was late just then.
    assert 10 == hits + misses
    assert hits > 0


def test_what_the_feed_tells_is_counted(api: Api) -> None:
    before = scraped(api.base_url)
    api.facility()
    after = scraped(api.base_url)
    name = "holdfast_invalidations_total"
    told = value(after, name, record_type="facility") - value(before, name, record_type="facility")
    assert 1 <= told
    polls = "holdfast_feed_polls_total"
    assert value(before, polls, result="answered") < value(after, polls, result="answered")
    assert 0 < value(after, "holdfast_feed_lag_seconds") < 60


def test_the_feeds_lag_grows_while_the_database_does_not_answer(api: Api) -> None:
    def lag() -> float:
        return value(scraped(api.base_url), "holdfast_feed_lag_seconds")

    def failed() -> float:
        return value(scraped(api.base_url), "holdfast_feed_polls_total", result="failed")

    before = failed()
    with holding(api, "LOCK TABLE changes IN ACCESS EXCLUSIVE MODE"):
        until(lambda: lag() > 0.3)
        assert before == failed()  # it grows while the poll goes on, and not once it has failed
    until(lambda: lag() < 0.3)


def test_the_pool_is_measured(api: Api) -> None:
    until(lambda: value(scraped(api.base_url), "holdfast_pool_size") > 0)
    values = scraped(api.base_url)
    size, available, waiting = (
        value(values, f"holdfast_pool_{what}") for what in ("size", "available", "waiting")
    )
    assert 0 <= available <= size
    assert 0 <= waiting


def test_waits_for_a_connection_are_measured(dsn: str, tmp_path: Path) -> None:
    """With one connection for eight people at once."""
    names = "holdfast_pool_waits_total", "holdfast_pool_wait_seconds_total"
    with (
        running_api(dsn, tmp_path / "log", pool_min="1", pool_max="1") as api,
        ThreadPoolExecutor(8) as threads,
    ):
        person = api.person()

        def is_measured() -> bool:
            list(threads.map(person.get, [ME] * 80))
            values = scraped(api.base_url)
            return all(value(values, name) > 0 for name in names)

        assert [0, 0] == [value(scraped(api.base_url), name) for name in names]
        until(is_measured)


# Several workers.


def test_workers_count_as_one(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with service.service(api.dsn, tmp_path / "log", workers="2", pool_min="2") as base_url:
        (directory,) = tmp_path.glob("holdfast-metrics-*")
        until(lambda: len(workers_of(base_url)) == 2)
        for _ in range(20):
            client = Client(base_url, api.staff.token)  # with a connection of its own
            assert client.get(ME).status_code == 200
            client.close()
        # Whichever worker is scraped.
        assert {20} == {answered(scraped(base_url), "me_retrieve", 200) for _ in range(10)}
        until(lambda: value(scraped(base_url), "holdfast_pool_size") >= 4)
        died, _ = workers_of(base_url)
        os.kill(died, signal.SIGKILL)
        until(lambda: died not in workers_of(base_url) and len(workers_of(base_url)) == 2)
        # Its connections are gone, and what it counted stays counted.
        until(lambda: value(scraped(base_url), "holdfast_pool_size") >= 4)
        assert 20 == answered(scraped(base_url), "me_retrieve", 200)
        assert [] == list(directory.glob(f"gauge_live*_{died}.db"))
    assert not directory.exists()


def workers_of(base_url: str) -> list[int]:
    """The processes that share the port, without their parent."""
    port = base_url.rpartition(":")[2]
    (parent,) = [
        process
        for process in psutil.Process().children()
        if process.environ().get("HOLDFAST_PORT") == port
    ]
    return [process.pid for process in parent.children() if is_worker(process)]


def is_worker(process: psutil.Process) -> bool:
    """Whether it lives, and is not the one that only cleans up after the others."""
    try:
        return any("spawn_main" in argument for argument in process.cmdline())
    except psutil.NoSuchProcess:  # or a zombie
        return False
