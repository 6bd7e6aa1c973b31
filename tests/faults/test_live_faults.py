"""Redis and PostgreSQL fail while everybody searches, books and watches: it costs time alone."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from threading import Event, Lock
from time import monotonic, sleep
from typing import Any

import httpx
import psycopg
import pytest

from app.embedded.server import Server
from app.migrations import migrate
from tests import servers, service
from tests.client import Client, check_reply, connection
from tests.integration.api import Api, Json, at, running_api, wire
from tests.integration.watching import PATH as STREAM
from tests.integration.watching import Watch

SEARCH = "/api/v1/availability/search"

BOUND_SECONDS = 0.25
ROOMS = 5
PATIENCE_SECONDS = 60

GOOD = {200, 201, 409}


@dataclass(frozen=True, slots=True)
class Site:
    """Two replicas that share a Redis, and one that remembers nothing to compare them with."""

    api: Api
    urls: list[str]
    database: Server
    redis: servers.RedisServer
    logs: Path

    def wait_until_ready(self) -> None:
        """Wait until all of them are, by themselves."""
        for url in (self.api.base_url, *self.urls):
            eventually(partial(is_ready, url))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Everything of its own, so that it may be broken."""
    logs = tmp_path_factory.mktemp("live")
    with ExitStack() as stack:
        database = stack.enter_context(servers.restartable(fsync=True))
        migrate(database.dsn())
        redis = stack.enter_context(servers.redis_server())
        api = stack.enter_context(running_api(database.dsn(), logs / "plain.log", cache="off"))
        urls = [
            stack.enter_context(
                service.service(
                    database.dsn(),
                    logs / f"{workers}.log",
                    redis_url=redis.url,
                    workers=workers,
                    heartbeat_seconds="0.2",
                    pool_timeout_seconds="1",
                )
            )
            for workers in ("1", "2")
        ]
        yield Site(api, urls, database, redis, logs)
    for log in logs.glob("*.log"):
        assert [] == [line for line in log.read_text().splitlines() if '"level":"error"' in line]


def is_ready(url: str) -> bool:
    return httpx.get(f"{url}/readyz", timeout=10).is_success


def eventually(is_true: Callable[[], Any]) -> None:
    """Wait for what must come true."""
    deadline = monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert monotonic() < deadline, "it never came true"
        sleep(0.02)


class Load:
    """People who search and book at all replicas, and somebody at each who watches all of it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.statuses: Counter[int] = Counter()
        self.kept: list[Json] = []
        self.rooms = [site.api.facility() for _ in range(ROOMS)]
        self.watchers = [Watcher(self, url) for url in site.urls]
        self.is_enough = Event()
        self.is_over = Event()
        self._turns = count()
        self._lock = Lock()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Have them all at work until the exit, and see to it that none of them failed."""
        with ThreadPoolExecutor(8) as threads:
            watching = [threads.submit(each.watch) for each in self.watchers]
            working: list[Future[None]] = []
            try:
                for watcher in self.watchers:
                    assert watcher.has_begun.wait(PATIENCE_SECONDS)
                for number in range(6):
                    work = self._book if number < 2 else self._search
                    working.append(threads.submit(self._work, work, number))
                yield
                self.is_enough.set()
                for task in working:
                    task.result(PATIENCE_SECONDS)
                booked = self.booked()
                for watcher in self.watchers:
                    eventually(partial(watcher.knows, booked))
            finally:
                self.is_enough.set()
                self.is_over.set()
            for task in watching:
                task.result(PATIENCE_SECONDS)

    def more(self, answers: int) -> None:
        """Wait until there are so many answers more."""
        wanted = self.statuses.total() + answers
        eventually(lambda: self.statuses.total() >= wanted)

    def booked(self) -> set[int]:
        """The bookings of these rooms, acknowledged or not."""
        with psycopg.connect(self.site.database.dsn()) as conn:
            query = "SELECT id FROM bookings WHERE facility_id = ANY (%s) AND status = 'confirmed'"
            rows = conn.execute(query, [[room["id"] for room in self.rooms]]).fetchall()
        return {row[0] for row in rows}

    def check(self) -> None:
        """All that was acknowledged is there, all was told once, and nobody is told otherwise."""
        booked = self.booked()
        assert {booking["id"] for booking in self.kept} <= booked
        for watcher in self.watchers:
            assert [] == [id_ for id_, times in Counter(watcher.told).items() if times > 1]
            assert {*watcher.told, *watcher.asked_anew} == booked
        sleep(BOUND_SECONDS)
        for room in self.rooms:
            wanted = self.shown(self.site.api.base_url, room)
            for url in self.site.urls:
                assert [wanted] * 4 == [self.shown(url, room) for _ in range(4)]

    def shown(self, url: str, room: Json) -> Any:
        """What is free of the room's days, by this replica."""
        with connection(url) as http:
            client = Client(url, self.site.api.staff.token, http)
            return client.get(SEARCH, params=self._window(room)).json()

    def _work(self, work: Callable[[httpx.Client, Random], httpx.Response], number: int) -> None:
        rng = Random(number)  # noqa: S311 - no secret
        with ExitStack() as stack:
            clients = [stack.enter_context(connection(url)) for url in self.site.urls]
            for client in clients:
                client.headers["Authorization"] = f"Bearer {self.site.api.staff.token}"
            while not self.is_enough.is_set():
                response = work(rng.choice(clients), rng)
                if response.is_error:
                    check_reply(response)
                with self._lock:
                    self.statuses[response.status_code] += 1
                    if response.status_code == 201:
                        self.kept.append(response.json())

    def _search(self, client: httpx.Client, rng: Random) -> httpx.Response:
        return client.get(SEARCH, params=self._window(rng.choice(self.rooms)))

    def _book(self, client: httpx.Client, rng: Random) -> httpx.Response:
        turn = next(self._turns)
        room, hour = self.rooms[turn % ROOMS], turn // ROOMS - rng.randint(0, 1)
        start, end = at(hour), at(hour + 1)
        times = {"start_time": wire(start), "end_time": wire(end)}
        body = {"facility_id": room["id"], "title": "Kept", **times}
        sleep(0.005)  # there are more who search
        return client.post("/api/v1/bookings/", json=body)

    def _window(self, room: Json) -> dict[str, Any]:
        return {
            "facility_id": room["id"],
            "start_time": wire(at(0)),
            "end_time": wire(at(0, day=20)),
        }


class Watcher:
    """A client of the stream that comes back with its last event, and asks anew where told to."""

    def __init__(self, load: Load, url: str) -> None:
        self.load = load
        self.url = url
        self.told: list[int] = []
        self.asked_anew: set[int] = set()
        self.has_begun = Event()
        self._last_id: str | None = None

    def knows(self, bookings: set[int]) -> bool:
        """Whether it has heard of all of these."""
        return bookings <= {*self.told, *self.asked_anew}

    def watch(self) -> None:
        """Watch until it is over."""
        rooms = {room["id"] for room in self.load.rooms}
        while not self.load.is_over.is_set():
            try:
                self._listen(rooms)
            except httpx.TransportError:
                sleep(0.05)

    def _listen(self, rooms: set[int]) -> None:
        headers = {"Authorization": f"Bearer {self.load.site.api.staff.token}"}
        if self._last_id is not None:
            headers["Last-Event-ID"] = self._last_id
        with connection(self.url) as http, http.stream("GET", STREAM, headers=headers) as response:
            if response.status_code != 200:
                response.read()
                check_reply(response)
                assert response.status_code == 503
                sleep(0.05)
                return
            for block in Watch(response).blocks():
                if block.event == "resync":
                    self.asked_anew |= self.load.booked()
                elif block.event is not None and block.data.get("facility_id") in rooms:
                    self.told.append(block.data["booking_id"])
                self._last_id = block.id or self._last_id
                self.has_begun.set()
                if self.load.is_over.is_set():
                    return


# Redis


def kill(site: Site, load: Load) -> None:
    site.redis.kill()
    load.more(300)
    site.redis.start()


def freeze(site: Site, load: Load) -> None:
    with site.redis.frozen():
        load.more(300)


def flush(site: Site, load: Load) -> None:
    with site.redis.client() as client:
        for _ in range(20):
            client.flushall()
            load.more(15)


@pytest.mark.parametrize("trouble", [kill, freeze, flush], ids=lambda trouble: trouble.__name__)
def test_a_redis_in_trouble_costs_no_answer(
    site: Site, trouble: Callable[[Site, Load], None]
) -> None:
    load = Load(site)
    with load.going_on():
        load.more(200)
        trouble(site, load)
        load.more(200)
        eventually(lambda: is_used(site.redis))
    assert set(load.statuses) == GOOD
    load.check()


def is_used(redis: servers.RedisServer) -> bool:
    """Whether replicas have days in it."""
    with redis.client() as client:
        return bool(client.dbsize())


# PostgreSQL


def crash(database: Server) -> None:
    """Stop it at once, without a word to anybody."""
    assert database.process is not None
    database.process.send_signal(signal.SIGQUIT)
    database.process.wait(PATIENCE_SECONDS)


def stop(database: Server) -> None:
    """Stop it as it wants to be stopped."""
    database.stop()


@pytest.mark.parametrize("end", [stop, crash], ids=lambda end: end.__name__)
@pytest.mark.parametrize("away", [0, 25], ids=["at once", "after a while"])
def test_a_database_that_restarts_costs_503_for_a_while(
    site: Site, end: Callable[[Server], None], away: int
) -> None:
    load = Load(site)
    with load.going_on():
        load.more(200)
        end(site.database)
        load.more(away)
        site.database.start()
        site.wait_until_ready()
        assert set(load.statuses) <= GOOD | {503}
        load.statuses.clear()
        load.more(300)
        assert set(load.statuses) == GOOD
    load.check()
    # After a crash nobody can say what the numbers of the ids that were given mean.
    assert [end is crash] * 2 == [bool(each.asked_anew) for each in load.watchers]
