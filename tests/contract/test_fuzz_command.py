"""``scripts/fuzz.sh``: what it says of a target that cannot be fuzzed, and what it reports."""

import asyncio
import json
import os
import re
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from app.commands.tokens import TokenOrder, issue_token
from app.failure import Failure
from tests import servers
from tests.client import document
from tests.service import free_port, service

from . import suite
from .coverage import ALL, DECLARED, ELSEWHERE, summary, table, unreached
from .faulty import Faults, Reply, faulty
from .fuzz import NIGHTLY_EXAMPLES, NIGHTLY_MINUTES, asked_for, fuzz_in_rounds, walk_along
from .fuzzing import EXAMPLES, ROOT, Plan
from .reporting import MARKER
from .running import TOKEN, lasting_streams, look_at
from .settling import settle_beside
from .suite import NOBODY, Target, serving

FEW = ("--phases", "examples,fuzzing", "--include-operation-id", "bookings_create")
"""Options of a run that takes seconds."""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def dsn(server: str, template: str) -> Iterator[str]:
    """A database for all tests here."""
    with servers.clone(server, template) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def base_url(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service whose streams last as long as they do in production."""
    log = tmp_path_factory.mktemp("command") / "service.log"
    with service(dsn, log, log_level="warning") as base_url:
        yield base_url


@pytest.fixture(scope="module")
def staff(dsn: str) -> str:
    """A token of staff of the house."""
    return _token(dsn, "fuzzer", staff=True)


def _token(dsn: str, name: str, *, staff: bool) -> str:
    return asyncio.run(issue_token(dsn, TokenOrder(name, name="fuzzing", staff=staff))).secret


@contextmanager
def _answering(status: int, headers: dict[str, str], body: bytes) -> Iterator[str]:
    """Something else than Holdfast, which gives every request this answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _refusal(url: str, token: str | None = "hf_any") -> str:  # noqa: S107 - no secret
    with pytest.raises(Failure) as caught:
        look_at(url, token)
    said = str(caught.value)
    assert said.endswith(".")
    assert "\n" not in said
    return said


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://x/", "http://", "http://[::"])
def test_what_is_no_address_is_said_so(url: str) -> None:
    assert f"{url!r} is no address of a service" in _refusal(url)


def test_a_service_that_is_down_is_said_so() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert f"Nothing answers at {url}" in _refusal(url)


HTML = {"Content-Type": "text/html; charset=utf-8"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "says"),
    [
        (200, HTML, b"<!doctype html><title>Sign in</title>", "with 200 and text/html, not with"),
        (502, HTML, b"<h1>Bad Gateway</h1>", "with 502 and text/html, not with"),
        (404, JSON, b'{"detail": "Not Found"}', "with 404 and application/json, not with"),
        (200, JSON, b"[]", "is not Holdfast"),
        (200, JSON, b"{", "is not Holdfast"),
        (200, {}, b"", "with 200 and nothing, not with"),
        (307, {"Location": "https://example.org/"}, b"", "sends elsewhere, to https://example.org"),
    ],
)
def test_a_service_that_is_another_is_said_so(
    status: int, headers: dict[str, str], body: bytes, says: str
) -> None:
    with _answering(status, headers, body) as url:
        assert says in _refusal(url)


def test_a_service_with_another_contract_is_said_so() -> None:
    older = {**document(), "info": {**document()["info"], "version": "0.9.0"}}
    changed = {**document(), "servers": []}
    for contract, says in ((older, "its version is 0.9.0, this"), (changed, "is also ")):
        with _answering(200, JSON, json.dumps(contract).encode()) as url:
            assert says in _refusal(url)


def test_a_token_that_will_not_do_is_said_so(base_url: str, dsn: str) -> None:
    assert f"needs a token of staff of the house in {TOKEN}" in _refusal(base_url, None)
    assert "does not know the token" in _refusal(base_url, "hf_" + 43 * "x")
    assert "is guest's, who is not staff" in _refusal(base_url, _token(dsn, "guest", staff=False))


def test_a_service_that_can_be_fuzzed_is_let_pass(base_url: str, staff: str) -> None:
    assert base_url == look_at(f"{base_url}/", staff)


def test_the_script_says_it_in_one_sentence() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "fuzz.sh", url],
        env={**os.environ, TOKEN: "hf_any"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith(f"fuzz.sh: Nothing answers at {url}")
    assert 1 == len(done.stderr.splitlines())


def test_streams_that_last_are_noticed(
    base_url: str, staff: str, server: str, template: str, tmp_path: Path
) -> None:
    assert lasting_streams(base_url, staff)
    with servers.clone(server, template) as dsn, serving(dsn, tmp_path) as target:
        assert not lasting_streams(target.base_url, target.town.people["member"].token)


def _fuzzed(target: Target, name: str) -> list[tuple[str, str, str]]:
    """What a short run sent, from its HAR: method, address and body."""
    run = target.fuzz(name, "member", *FEW)
    assert run.passed, run.output
    har = json.loads((target.plan.reports / f"{name}.har").read_text(encoding="utf-8"))
    return [
        (
            each["request"]["method"],
            each["request"]["url"].removeprefix(target.base_url),
            each["request"].get("postData", {}).get("text", ""),
        )
        for each in har["log"]["entries"]
    ]


def test_the_same_seed_sends_the_same_requests(server: str, template: str, tmp_path: Path) -> None:
    sent = []
    for seeds in ([1], [1, 2]):
        with servers.clone(server, template) as dsn, serving(dsn, tmp_path) as target:
            for seed in seeds:
                plan = Plan(seed=seed, examples=5, reports=tmp_path)
                sent.append(_fuzzed(replace(target, plan=plan), "run"))
    assert len(sent[0]) > 5
    assert sent[0] == sent[1]
    assert sent[0] != sent[2]


def test_a_running_service_is_fuzzed_beside_what_it_holds(
    base_url: str, staff: str, tmp_path: Path
) -> None:
    plan = Plan(seed=1, examples=5, reports=tmp_path)
    first, second = (
        Target(base_url, settle_beside(base_url, staff, tag), plan) for tag in ("-1", "-2")
    )
    assert set(first.town.ids["bookings"]).isdisjoint(second.town.ids["bookings"])

    run = second.fuzz("beside", "member", *FEW)

    assert run.passed, run.output
    assert run.statuses["bookings_create"][201] > 0


def test_a_run_is_reported_for_people_and_for_programs(
    base_url: str, staff: str, tmp_path: Path
) -> None:
    plan = Plan(seed=1, examples=5, reports=tmp_path / "reports")
    target = Target(base_url, settle_beside(base_url, staff, "-3"), plan)

    run = target.fuzz("told", "staff", *FEW[:2], "--include-operation-id", "users_create")

    assert run.statuses["users_create"][201] > 0
    assert 0o700 == plan.reports.stat().st_mode & 0o777
    suites = ET.parse(plan.reports / "told.xml").getroot()  # noqa: S314 - our own report
    assert "POST /api/v1/users/" in [case.get("name") for case in suites.iter("testcase")]
    har = (plan.reports / "told.har").read_text(encoding="utf-8")
    assert "hf_[Filtered]" in har  # Whoever is let in is given a token.
    for person in target.town.people.values():
        assert person.token not in har
    assert "users_create " in (plan.reports / "told.txt").read_text(encoding="utf-8")


def test_operations_that_are_left_alone_are_not_called(
    base_url: str, staff: str, tmp_path: Path
) -> None:
    plan = Plan(seed=1, examples=1, reports=tmp_path, without=["sites_list"])
    target = Target(base_url, settle_beside(base_url, staff, "-4"), plan)

    run = target.fuzz("without", "staff", "--phases", "examples", "--include-tag", "sites")

    assert {"sites_create", "sites_retrieve"} <= run.succeeded
    assert Counter() == run.statuses["sites_list"]


def test_no_run_begins_when_the_time_is_over() -> None:
    assert not Plan().is_over
    now = time.monotonic()
    assert not Plan(end=now + 99).is_over
    assert Plan(end=now).is_over


def test_a_run_that_cannot_be_is_a_failure_in_one_sentence(
    base_url: str, staff: str, tmp_path: Path
) -> None:
    town = settle_beside(base_url, staff, "-5")
    plan = Plan(reports=tmp_path)
    with pytest.raises(Failure, match=r"^Schemathesis was not done with slow after 1 seconds\.$"):
        Target(base_url, town, replace(plan, patience=1)).fuzz("slow", "member")
    with pytest.raises(Failure, match=r"^Schemathesis gave odd up with status 2: \S+ says why\.$"):
        Target(base_url, town, plan).fuzz("odd", "member", "--phases", "lunar")
    assert "lunar" in (tmp_path / "odd.txt").read_text(encoding="utf-8")


def test_a_service_that_goes_before_its_streams_are_looked_at_is_said_so() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Failure, match=f"^{url} does not open its stream .*still running\\?$"):
        lasting_streams(url, "hf_any")


ALL_BUT_TWO = sorted(ALL - {"sites_create", "sites_retrieve"})
"""Left alone, that a round takes seconds."""


def test_an_hour_that_ends_early_still_tells_what_it_reached(
    server: str, template: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two rounds, in the third of which the service is gone."""
    reports = tmp_path / "reports"
    with servers.clone(server, template) as dsn, ExitStack() as running:
        target = running.enter_context(serving(dsn, tmp_path))
        staff = _token(dsn, "fuzzer", staff=True)
        seeds = []

        @contextmanager
        def fresh(plan: Plan) -> Iterator[Target]:
            seeds.append(plan.seed)
            if len(seeds) == 3:
                running.close()
            tag = f"-{len(seeds)}"
            yield Target(target.base_url, settle_beside(target.base_url, staff, tag), plan)

        plan = Plan(seed=7, examples=1, reports=reports, without=ALL_BUT_TWO)
        with pytest.raises(Failure, match=r"got no answer .*\.$"):
            fuzz_in_rounds(fresh, plan, [NOBODY], minutes=60)

    assert [7, 8, 9] == seeds
    told = json.loads((reports / "coverage.json").read_bytes())
    assert told["reached"][NOBODY]["sites_create"]["401"] > 0
    assert "sites_create " in capsys.readouterr().out
    for number in (1, 2):
        kept = {path.name for path in (reports / f"round-00{number}").iterdir()}
        assert {"nobody.txt", "nobody.xml", MARKER} == kept


def test_rounds_end_with_their_time(base_url: str, staff: str, tmp_path: Path) -> None:
    @contextmanager
    def fresh(plan: Plan) -> Iterator[Target]:
        yield Target(base_url, settle_beside(base_url, staff, f"-6-{plan.seed}"), plan)

    end = time.monotonic() + 3
    plan = Plan(examples=1, reports=tmp_path, without=ALL_BUT_TWO)
    assert 0 == fuzz_in_rounds(fresh, plan, [NOBODY], minutes=0.05)
    assert time.monotonic() >= end
    assert (tmp_path / "coverage.txt").is_file()


def test_a_walk_that_leads_nowhere_is_found(
    base_url: str, staff: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As CI has it: a link that nobody can follow is a fault."""
    monkeypatch.setattr(suite, "MOST_WALKS", 1)  # Others would lead nowhere too.
    plan = Plan(examples=1, reports=tmp_path, without=["bookings_retrieve"])
    target = Target(base_url, settle_beside(base_url, staff, "-7"), plan)
    name = "a free period is found and booked"

    found = walk_along(target, [name])

    assert not found.passed
    assert f"{name}: bookings_create led to no bookings_retrieve" in found.remarks

    late = replace(target, plan=replace(plan, end=time.monotonic()))
    assert walk_along(late, [name]).passed


def test_a_night_is_an_hour_of_many_examples_unless_they_are_said() -> None:
    usual, nightly = asked_for([]), asked_for(["--nightly"])
    assert (None, EXAMPLES) == (usual.minutes, usual.examples)
    assert (NIGHTLY_MINUTES, NIGHTLY_EXAMPLES) == (nightly.minutes, nightly.examples)
    less = asked_for(["--nightly", "--minutes", "3", "--examples", "2"])
    assert (3, 2) == (less.minutes, less.examples)


def _statuses(reach: Callable[[str], Any]) -> dict[str, Counter[int]]:
    return {name: Counter(reach(name)) for name in ALL}


def test_the_report_says_which_declared_statuses_were_not_reached() -> None:
    everything = {"staff": _statuses(lambda name: DECLARED[name])}
    assert {} == unreached(everything)
    (line,) = summary(everything)
    count = sum(map(len, DECLARED.values()))
    assert f"{count} of {count} declared statuses of {len(ALL)} operations were reached." == line

    mine = {"me_retrieve": {401}, "me_export": {500, 503}}
    others = {
        "staff": _statuses(lambda name: DECLARED[name] - mine.get(name, set()) - {200}),
        "member": _statuses(lambda name: {200} & DECLARED[name] if name != "me_export" else ()),
    }
    assert {
        200: ["me_export"],
        401: ["me_retrieve"],
        500: ["me_export"],
        503: ["me_export"],
    } == unreached(others)
    said = "\n".join(summary(others))
    assert "  401 of me_retrieve" in said
    assert "  503 of 1 operations: needs a database that is away" in said


def test_the_table_has_a_line_for_each_operation_and_a_column_for_each_caller() -> None:
    reached = {
        "staff": _statuses(lambda _: [200, 404, 200]),
        "nobody": _statuses(lambda _: [401]),
    }
    head, *lines = table(reached)
    assert ["staff", "nobody"] == head.split()
    assert sorted(ALL) == [line.split()[0] for line in lines]
    assert all(line.split()[1:] == ["200", "404", "401"] for line in lines)


def test_what_elsewhere_shows_a_status_is_there() -> None:
    for status, why in ELSEWHERE.items():
        for path in [word for word in why.split() if word.startswith("tests/")]:
            text = (ROOT / path).read_text(encoding="utf-8")
            assert str(status) in text


def _script(*arguments: object, token: str = "") -> tuple[int, str]:
    done = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "fuzz.sh", *map(str, arguments)],
        env={**os.environ, TOKEN: token},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout


def test_the_script_fuzzes_a_service_of_its_own(tmp_path: Path) -> None:
    status, said = _script("--only", "probes", "--reports", tmp_path)

    assert 0 == status, said
    assert re.search(r"^  probes +\d+ requests  ok$", said, re.MULTILINE)
    assert (tmp_path / "coverage.txt").read_text(encoding="utf-8") in said
    told = json.loads((tmp_path / "coverage.json").read_bytes())
    assert 1 == told["reached"]["probes"]["bookings_create"]["413"]
    assert "bookings_create" in told["unreached"]["201"]


def test_the_script_tells_of_what_it_found(server: str, template: str, tmp_path: Path) -> None:
    """A service that says 418 instead of 415, and one whose body lacks what it must have."""

    def at_415(spoil: Callable[[Reply], Reply]) -> Callable[[Reply], Reply]:
        return lambda reply: spoil(reply) if reply.status == 415 else reply

    spoils = {
        "sites_create": at_415(lambda reply: replace(reply, status=418)),
        "users_create": at_415(lambda reply: reply.saying({"status": 415})),
    }
    with servers.clone(server, template) as dsn, serving(dsn, tmp_path) as target:
        token = _token(dsn, "another", staff=True)
        with faulty(target.base_url, Faults(spoils=spoils, lends={})) as url:
            reports = tmp_path / "reports"
            status, said = _script(url, "--only", "probes", "--reports", reports, token=token)

    assert 1 == status, said
    assert "FOUND SOMETHING" in said
    assert "sites_create, to be answered with 415, got 418" in said
    assert "users_create, to be answered with 415, got what is not declared" in said
