"""A database that is away, full or read-only: said as a problem, and healed without help."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep

import httpx
import psycopg
import pytest

from app.embedded.server import Server
from app.migrations import migrate
from tests import servers

from .api import Api, at, created, invalid, path_of, refused, running_api

POOL_TIMEOUT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Fragile:
    """A service whose database the test may stop and start."""

    api: Api
    server: Server

    @contextmanager
    def without_database(self) -> Iterator[None]:
        """Stop the database for a while; afterwards the service is waited for."""
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> float:
        """The seconds until the service said that it is ready; five are too many."""
        began = monotonic()
        while monotonic() < began + 5:
            if self.api.anonymous.get("/readyz").status_code == 200:
                return monotonic() - began
            sleep(0.02)
        message = "the service does not heal"
        raise AssertionError(message)


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fragile]:
    """Two connections at most, so that it does not take a crowd to exhaust them.

    They wait for locks for longer than usual: a slow machine is not to end what the
    tests hold up.
    """
    log = tmp_path_factory.mktemp("outage") / "service.log"
    settings = {"pool_min": "1", "pool_max": "2", "pool_timeout_seconds": str(POOL_TIMEOUT_SECONDS)}
    with servers.restartable() as server:
        migrate(server.dsn())
        dsn = f"{server.dsn()}?options=-c%20lock_timeout%3D30s"
        with running_api(dsn, log, **settings) as api:
            yield Fragile(api, server)


def unavailable(response: httpx.Response) -> None:
    """The problem says to come back, and the answer did not take long."""
    refused(response, 503, "service_unavailable", says=["try again"])
    assert int(response.headers["retry-after"]) in range(1, 11)
    assert response.elapsed.total_seconds() < POOL_TIMEOUT_SECONDS + 1.5


def test_while_the_database_is_away_every_operation_says_so_and_then_works_again(
    fragile: Fragile,
) -> None:
    api = fragile.api
    ada, facility = api.person(), api.facility()
    booking = ada.book(facility, at(9), at(10))
    with fragile.without_database():
        unavailable(ada.get("/api/v1/me/"))
        unavailable(ada.get("/api/v1/facilities/"))
        unavailable(ada.ask(facility, at(10), at(11), key="during-the-outage"))
        unavailable(ada.patch(path_of(booking), {"title": "Lost"}))
        unavailable(ada.delete(path_of(booking)))
        unavailable(api.anonymous.get("/readyz"))

    assert booking == ada.get(path_of(booking)).json()
    assert [booking["id"]] == [row["id"] for row in ada.get("/api/v1/me/bookings/").json()]
    again = ada.ask(facility, at(10), at(11), key="during-the-outage")
    assert created(again)
    assert "idempotency-replayed" not in again.headers


def test_while_the_database_is_away_what_does_not_need_it_is_answered(fragile: Fragile) -> None:
    api = fragile.api
    with fragile.without_database():
        assert api.anonymous.get("/healthz").status_code == 200
        assert api.anonymous.get("/openapi.yaml").status_code == 200
        refused(api.anonymous.get("/api/v1/me/"), 401, "authentication_required")
        refused(api.anonymous.get("/nowhere"), 404, "not_found")
        refused(api.anonymous.request("PUT", "/api/v1/me/"), 405, "method_not_allowed")


def test_a_restart_between_two_requests_costs_no_request(fragile: Fragile) -> None:
    ada, facility = fragile.api.person(), fragile.api.facility()
    fragile.server.stop()
    fragile.server.start()
    ada.book(facility, at(9), at(10))
    assert ada.get("/api/v1/me/").status_code == 200


def test_the_service_is_ready_soon_after_its_database_however_long_that_was_away(
    fragile: Fragile,
) -> None:
    fragile.server.stop()
    away = monotonic()
    while monotonic() < away + 2:
        unavailable(fragile.api.anonymous.get("/readyz"))
    fragile.server.start()
    assert fragile.wait_until_ready() < 3


def test_a_request_whose_session_ends_is_503_and_the_next_works(fragile: Fragile) -> None:
    api = fragile.api
    ada, facility = api.person(), api.facility()
    with psycopg.connect(fragile.server.dsn()) as rival, ThreadPoolExecutor(1) as threads:
        rival.execute("SELECT FROM facilities WHERE id = %s FOR UPDATE", [facility["id"]])
        waiting = threads.submit(ada.ask, facility, at(9), at(10))
        end_the_session_that_waits_for(rival, fragile.server)
        refused(waiting.result(30), 503, "service_unavailable")
    ada.book(facility, at(9), at(10))


def end_the_session_that_waits_for(
    rival: psycopg.Connection[tuple[object, ...]], server: Server
) -> None:
    """Terminate whoever waits for the rival, as soon as somebody does."""
    query = """
        SELECT pg_terminate_backend(pid)
          FROM pg_stat_activity
         WHERE %s = ANY (pg_blocking_pids(pid))
    """
    deadline = monotonic() + 10
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        while monotonic() < deadline:
            if conn.execute(query, [rival.info.backend_pid]).fetchone():
                return
            sleep(0.01)
    message = "nobody waits for the rival"
    raise AssertionError(message)


def test_while_all_connections_are_taken_others_are_told_to_come_back(fragile: Fragile) -> None:
    api = fragile.api
    ada, facility = api.person(), api.facility()
    with psycopg.connect(fragile.server.dsn()) as rival, ThreadPoolExecutor(2) as threads:
        rival.execute("SELECT FROM facilities WHERE id = %s FOR UPDATE", [facility["id"]])
        waiting = [threads.submit(ada.ask, facility, at(hour), at(hour + 1)) for hour in (9, 11)]
        deadline = monotonic() + 10
        while api.anonymous.get("/readyz").status_code == 200:
            assert monotonic() < deadline, "two writers leave a connection over"
        unavailable(ada.get("/api/v1/me/"))
        rival.rollback()
        for answer in waiting:
            created(answer.result(30))
    assert ada.get("/api/v1/me/").status_code == 200


def test_who_is_kept_waiting_by_others_is_not_kept_for_long(api: Api) -> None:
    """Two seconds, by the service's own settings."""
    ada, facility = api.person(), api.facility()
    with psycopg.connect(api.dsn) as rival:
        rival.execute("SELECT FROM facilities WHERE id = %s FOR UPDATE", [facility["id"]])
        response = ada.ask(facility, at(9), at(10))
        refused(response, 503, "service_unavailable", says=["Others", "nothing was changed"])
        assert response.elapsed.total_seconds() < 4
    ada.book(facility, at(9), at(10))


def test_a_database_that_takes_no_writes_answers_reads(fragile: Fragile) -> None:
    """As a replica does while another is being promoted."""
    api = fragile.api
    ada, facility = api.person(), api.facility()
    with psycopg.connect(fragile.server.dsn(), autocommit=True) as conn:
        database = conn.info.dbname
        others = """
            SELECT pg_terminate_backend(pid, 5000)
              FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()
        """
        conn.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on".encode())
        conn.execute(others)
        try:
            assert ada.get("/api/v1/me/").status_code == 200
            unavailable(ada.ask(facility, at(9), at(10)))
            invalid(ada.ask(facility, at(9), at(10), title=""), ("body", "/title"))
        finally:
            reset = f"ALTER DATABASE {database} RESET default_transaction_read_only"
            conn.execute("SET default_transaction_read_only = off")
            conn.execute(reset.encode())
            conn.execute(others)
    ada.book(facility, at(9), at(10))
