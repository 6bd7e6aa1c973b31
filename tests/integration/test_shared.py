"""The cache that replicas share: what it gives is never older than what its reader knows."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import redis
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from domain.periods import Period
from live.days import Day
from live.shared import SharedDays
from sql import changes
from sql.pool import Connection, Pool
from sql.timelines import Taken
from tests import servers
from tests.service import free_port

from .test_timelines import DAY, END_FEEDS, TODAY, Door, Process, fresh, running
from .world import World, at, book

if TYPE_CHECKING:
    from live.feed import Feed

pytestmark = pytest.mark.anyio

FULL = Day([Taken(at(1), at(2), None), Taken(at(3), at(4), at(1.5))], [(at(5), at(6))])
EMPTY = Day([], [])

FAR = Period(at(240), at(241))


@pytest.fixture(scope="module")
def cache() -> Iterator[servers.RedisServer]:
    """A Redis for these tests."""
    with servers.redis_server() as cache:
        yield cache


@pytest.fixture
def store(cache: servers.RedisServer) -> Iterator[redis.Redis]:
    """What is in it, which is nothing."""
    with cache.client() as client:
        client.flushall()
        client.config_set("maxmemory", 0)
        yield client


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    """The door to the database, counted."""
    return Door(monkeypatch)


@asynccontextmanager
async def opened(url: str, origin: str | None = "here") -> AsyncIterator[SharedDays]:
    """A process's way to it."""
    shared = SharedDays(url, lambda: origin)
    async with shared.running():
        yield shared


@pytest.fixture
async def shared(cache: servers.RedisServer, store: redis.Redis) -> AsyncIterator[SharedDays]:
    """One that is open."""
    assert store.dbsize() == 0
    async with opened(cache.url) as shared:
        yield shared


async def eventually(is_true: Callable[[], Awaitable[Any]]) -> None:
    """Wait for what must come true."""
    async with asyncio.timeout(20):
        while not await is_true():  # noqa: ASYNC110 - what it is to come from is elsewhere
            await asyncio.sleep(0.01)


async def has(store: redis.Redis, count: int) -> None:
    """Wait until so many days are stored."""

    async def is_stored() -> bool:
        return store.dbsize() == count

    await eventually(is_stored)


def any_version(_: int) -> int:
    return 0


def failures() -> float:
    """How often Redis did not answer as it should."""
    return REGISTRY.get_sample_value("holdfast_redis_failures_total") or 0


# What is stored


async def test_what_is_fetched_is_what_was_stored(shared: SharedDays, store: redis.Redis) -> None:
    days = {(7, 20_000): FULL, (7, 20_001): EMPTY, (8, 20_000): EMPTY}
    shared.store(days, 100)
    await has(store, 3)
    wanted = [*days, (9, 20_000)]
    assert days == await shared.fetch(wanted, any_version)


async def test_what_is_older_than_its_version_is_not_given(
    shared: SharedDays, store: redis.Redis
) -> None:
    shared.store({(7, 1): FULL, (8, 1): FULL}, 100)
    await has(store, 2)
    wanted = [(7, 1), (8, 1)]
    assert {(7, 1): FULL} == await shared.fetch(wanted, {7: 100, 8: 101}.__getitem__)


async def test_days_are_kept_for_a_minute_at_most(shared: SharedDays, store: redis.Redis) -> None:
    shared.store({(7, 1): FULL}, 100)
    await has(store, 1)
    assert 0 < store.pttl(store.keys()[0]) <= 60_000


async def test_other_databases_have_days_of_their_own(
    shared: SharedDays, store: redis.Redis, cache: servers.RedisServer
) -> None:
    shared.store({(7, 1): FULL}, 100)
    await has(store, 1)
    async with opened(cache.url, "elsewhere") as other, opened(cache.url, None) as nowhere:
        assert {} == await other.fetch([(7, 1)], any_version)
        nowhere.store({(7, 1): FULL}, 100)
        assert {} == await nowhere.fetch([(7, 1)], any_version)
    assert store.dbsize() == 1


NONSENSE: list[Any] = [
    b"",
    b"null",
    b"\xff",
    b"[7, 1]",
    b'"a text that is long enough"',
    [7, 2, 100, [], []],
    [8, 1, 100, [], []],
    [7, 1, "100", [], []],
    [7, 1, 100, [[1]], []],
    [7, 1, 100, [["a", "b", None]], []],
    [7, 1, 100, [[1, 2, 10**18]], []],
    [7, 1, 100, [], [[None, 1]]],
    {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5},
]


@pytest.mark.parametrize("value", NONSENSE, ids=repr)
async def test_nonsense_is_no_answer(shared: SharedDays, store: redis.Redis, value: Any) -> None:
    shared.store({(7, 1): FULL}, 100)
    await has(store, 1)
    store.set(store.keys()[0], value if isinstance(value, bytes) else json.dumps(value))
    before = failures()
    assert {} == await shared.fetch([(7, 1)], any_version)
    assert failures() - before == 1


# A Redis that does not answer


async def nobody_answers(shared: SharedDays, times: int = 20) -> None:
    """Ask often; nothing is given, and nothing takes long."""
    async with asyncio.timeout(10):
        for _ in range(times):
            assert {} == await shared.fetch([(7, 1)], any_version)
            shared.store({(7, 1): FULL}, 100)
            await asyncio.sleep(0)


async def is_back(shared: SharedDays) -> None:
    """Wait until what is stored is given."""

    async def gives() -> bool:
        shared.store({(7, 1): FULL}, 100)
        return {(7, 1): FULL} == await shared.fetch([(7, 1)], any_version)

    await eventually(gives)


def told(logs: list[Any]) -> list[tuple[str, str]]:
    """What was logged of it, in order."""
    return [(line["what"], line["event"]) for line in logs if "what" in line]


async def until_told(shared: SharedDays, logs: list[Any], last: str) -> None:
    """Use it until this is what was logged last, of reading and of writing."""

    async def is_told() -> bool:
        shared.store({(7, 1): FULL}, 100)
        await shared.fetch([(7, 1)], any_version)
        return dict(told(logs)) == {"read": last, "write": last}

    await eventually(is_told)


AWAY = "shared cache is left alone"
BACK = "shared cache is back"


async def test_one_that_is_gone_is_told_of_once_and_found_again() -> None:
    with servers.redis_server() as mine:
        async with opened(mine.url) as shared:
            await is_back(shared)
            mine.kill()
            with capture_logs() as logs:
                await nobody_answers(shared)
                await until_told(shared, logs, AWAY)
                assert 2 == len(told(logs))
                mine.start()
                await until_told(shared, logs, BACK)
            await is_back(shared)


async def test_one_that_is_frozen_is_not_waited_for(cache: servers.RedisServer) -> None:
    async with opened(cache.url) as shared:
        await is_back(shared)
        with capture_logs() as logs:
            with cache.frozen():
                await nobody_answers(shared)
                await until_told(shared, logs, AWAY)
                assert 2 == len(told(logs))
            await until_told(shared, logs, BACK)
        await is_back(shared)


async def test_one_that_is_full_is_read_on(shared: SharedDays, store: redis.Redis) -> None:
    shared.store({(7, 1): FULL}, 100)
    await has(store, 1)
    store.config_set("maxmemory", 1)
    before = failures()
    shared.store({(8, 1): FULL}, 100)

    async def failed() -> bool:
        return failures() > before

    await eventually(failed)
    assert {(7, 1): FULL} == await shared.fetch([(7, 1)], any_version)
    assert store.dbsize() == 1


async def test_one_that_was_emptied_has_nothing(shared: SharedDays, store: redis.Redis) -> None:
    await is_back(shared)
    await has(store, 1)
    store.flushall()
    assert {} == await shared.fetch([(7, 1)], any_version)
    await is_back(shared)


async def test_what_answers_and_is_no_redis_is_left_alone() -> None:
    async def chat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    port = free_port()
    async with (
        await asyncio.start_server(chat, "127.0.0.1", port),
        opened(f"redis://127.0.0.1:{port}") as shared,
    ):
        await nobody_answers(shared)


async def test_a_password_that_is_wrong_is_as_good_as_none(cache: servers.RedisServer) -> None:
    with capture_logs() as logs:
        async with opened(cache.url.replace("//", "//:nonsense@")) as shared:
            await nobody_answers(shared)
    assert ("read", AWAY) in told(logs)
    assert "nonsense" not in repr(logs)


# Two processes


@dataclass(frozen=True, slots=True)
class Town:
    """Two processes that share what they know, and have both heard of the facility."""

    one: Process
    other: Process
    store: redis.Redis
    world: World

    async def know(self) -> None:
        """Let both know the facility, and none of the days that tests are about."""
        for process in (self.one, self.other):
            await process.look(self.world.room, Period(TODAY.start - 9 * DAY, TODAY.end - 9 * DAY))
        await has(self.store, 2)


@asynccontextmanager
async def sharing(pool: Pool, dsn: str, url: str) -> AsyncIterator[Process]:
    """A process that shares what it knows."""
    feeds: list[Feed] = []
    shared = SharedDays(url, lambda: feeds[0].origin if feeds else None)
    async with running(pool, dsn, shared=shared) as process, shared.running():
        feeds.append(process.feed)
        yield process


@pytest.fixture
async def town(  # noqa: PLR0913, PLR0917 - what there is, and the door to it
    pool: Pool,
    dsn: str,
    world: World,
    cache: servers.RedisServer,
    store: redis.Redis,
    door: Door,
) -> AsyncIterator[Town]:
    """Two processes, which ask at the door."""
    async with sharing(pool, dsn, cache.url) as one, sharing(pool, dsn, cache.url) as other:
        town = Town(one, other, store, world)
        await town.know()
        door.calls.clear()
        yield town


async def test_what_one_has_read_the_other_need_not_read(
    town: Town, conn: Connection, door: Door
) -> None:
    await book(conn, town.world, at(1), at(2))
    await town.one.feed.passed()
    await town.other.feed.passed()
    town.store.flushall()
    assert {at(1)} == await town.one.starts(town.world.room)
    await has(town.store, 2)
    assert {at(1)} == await town.other.starts(town.world.room)
    assert 1 == len(door.calls)


async def test_what_was_read_before_a_change_is_not_given_to_who_has_heard_of_it(
    town: Town, conn: Connection, door: Door
) -> None:
    await town.one.look(town.world.room)
    await has(town.store, 4)
    await book(conn, town.world, at(1), at(2))
    await town.other.feed.passed()
    assert {at(1)} == await town.other.starts(town.world.room)
    assert 2 == len(door.calls)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO closures (start_time, end_time, reason) VALUES (%s, %s, 'All')",
        "UPDATE sites SET name = name || '!' WHERE created_at <> %s OR created_at <> %s",
    ],
)
async def test_what_concerns_all_facilities_makes_all_of_it_old(
    town: Town, conn: Connection, door: Door, statement: str
) -> None:
    await town.one.look(town.world.room)
    await has(town.store, 4)
    await conn.execute(statement.encode(), [at(1), at(2)])
    await town.other.feed.passed()
    await town.other.look(town.world.room, FAR)  # the facility is known again
    await town.other.look(town.world.room)
    assert 3 == len(door.calls)


async def test_what_was_read_beside_a_transaction_that_is_open_is_not_given_once_it_is_over(
    town: Town, conn: Connection, pool: Pool, door: Door
) -> None:
    """Whatever the numbers of transactions say of who came first."""
    async with pool.connection() as slow:
        async with slow.transaction():
            await book(slow, town.world, at(1), at(2))
            await book(conn, town.world, at(3), at(4))
            await town.one.feed.passed()
            await town.other.feed.passed()
            assert {at(3)} == await town.one.starts(town.world.room)
            await has(town.store, 4)
        await town.other.feed.passed()
    assert {at(1), at(3)} == await town.other.starts(town.world.room)
    assert 2 == len(door.calls)


async def test_a_process_that_comes_late_takes_nothing_from_before_it_began(
    town: Town, conn: Connection, pool: Pool, dsn: str, cache: servers.RedisServer
) -> None:
    await town.one.look(town.world.room)
    await has(town.store, 4)
    await book(conn, town.world, at(1), at(2))
    async with sharing(pool, dsn, cache.url) as late:
        await late.look(town.world.room, FAR)
        assert {at(1)} == await late.starts(town.world.room)


async def test_a_server_that_crashed_is_another(
    town: Town, conn: Connection, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash, ids of transactions that did not last are given out again."""
    await town.one.look(town.world.room)
    await has(town.store, 4)

    async def another(_: Connection) -> str:
        return "another"

    monkeypatch.setattr(changes, "get_origin", another)
    await conn.execute(END_FEEDS)

    async def is_begun() -> bool:
        return town.other.feed.origin == "another"

    await eventually(is_begun)
    await fresh(town.other)
    await town.other.look(town.world.room, FAR)  # the facility is known again
    await town.other.look(town.world.room)
    assert 3 == len(door.calls)


async def test_which_database_it_is_stays_the_same_over_connections(
    conn: Connection, pool: Pool
) -> None:
    async with pool.connection() as other:
        assert await changes.get_origin(conn) == await changes.get_origin(other)
