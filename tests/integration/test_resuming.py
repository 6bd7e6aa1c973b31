"""Streams and the log, whatever order transactions begin and end in: no loss and no duplicate."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from typing import Literal, TypeAlias

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.access import Caller
from live.feed import Feed
from live.hub import Hub, Terms
from live.position import Position, parse
from live.resuming import MOST_MISSED, missed
from live.streams import Stream, Watched
from sql.pool import Connection, connect
from tests import servers

from .world import ORIGIN

STAFF = Caller(1, "staff", is_staff=True)

WRITERS = 3

HUBS = 2

LATER_SECONDS = 0.005

Step: TypeAlias = tuple[Literal["write", "commit", "roll back", "poll", "come back"], int]

steps = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "write", "commit", "commit", "roll back"])
        | st.sampled_from(["poll", "poll", "come back"]),
        st.integers(0, 50),
    ),
    min_size=5,
    max_size=40,
)


@pytest.fixture(scope="module")
def log_dsn(server: str, template: str) -> Iterator[str]:
    """A database whose log the examples share: each begins with its present."""
    with servers.clone(server, template) as dsn:
        yield dsn


@dataclass
class Client:
    """What somebody was told: the number of each change, and the id that came with it."""

    stream: Stream
    told: list[tuple[int, Position]] = field(default_factory=list)

    async def read(self) -> None:
        """Take what there is."""
        for text in (await self.stream.take(0)).split(b"\n\n")[:-1]:
            position, name, data = (line.partition(b": ")[2] for line in text.split(b"\n"))
            assert name == b"availability_changed"
            last = parse(position.decode())
            assert last is not None
            self.told.append((orjson.loads(data)["booking_id"], last))

    @property
    def numbers(self) -> list[int]:
        """The changes that it was told of."""
        return [number for number, _ in self.told]


class Play:
    """Some writers, the hubs of some processes, and clients that come and come back."""

    def __init__(self, hubs: list[Hub], conn: Connection, writers: list[Connection]) -> None:
        self.hubs = hubs
        self.conn = conn
        self.writers = writers
        self.clients: list[Client] = []
        self.committed: set[int] = set()
        self.open: list[set[int]] = [set() for _ in writers]
        self.stack = ExitStack()
        self.written = 0

    async def begin(self) -> None:
        """The first client, who is told everything."""
        for hub in self.hubs:
            assert await hub.caught_up()
        self.begun = self.hubs[0].position
        self.join(self.hubs[0])

    def join(self, hub: Hub) -> Client:
        """Open a stream for somebody."""
        client = Client(self.stack.enter_context(hub.opened(STAFF, Watched())))
        self.clients.append(client)
        return client

    async def take(self, step: Step) -> None:
        """One step of the play; what it asks for may not be possible just now."""
        kind, number = step
        its = number % WRITERS
        match kind:
            case "write":
                self.written += 1
                await self.write(its, self.written)
            case "commit":
                await self.writers[its].execute("COMMIT")
                self.committed |= self.open[its]
                self.open[its] = set()
            case "roll back":
                await self.writers[its].execute("ROLLBACK")
                self.open[its] = set()
            case "poll":
                await self.poll(self.hubs[number % HUBS])
            case "come back":
                await self.come_back(number)

    async def write(self, its: int, number: int) -> None:
        """Let a writer's transaction change something."""
        if not self.open[its]:
            await self.writers[its].execute("BEGIN")
        await self.writers[its].execute(
            b"INSERT INTO changes (record_type, facility_id, site_id, booking_id, user_id)"
            b" VALUES ('booking', 1, 1, %s, 2)",
            [number],
        )
        self.open[its].add(number)

    async def poll(self, hub: Hub) -> None:
        """Let everybody at a process be told what is committed."""
        assert await hub.caught_up()
        for client in self.clients:
            await client.read()

    async def come_back(self, number: int) -> None:
        """Let somebody go on elsewhere, with any of the ids that the first client was given.

        As exchange.event_stream does it: other processes may have told more before.
        """
        first, hub = self.clients[0], self.hubs[number % HUBS]
        known = first.told[: number % (len(first.told) + 1)]
        assert await hub.caught_up()
        client, begun = self.join(hub), hub.position
        client.told = await self.resumed(known, begun)

    async def resumed(
        self, known: list[tuple[int, Position]], begun: Position
    ) -> list[tuple[int, Position]]:
        """What somebody knows who knew some, and asked what they missed."""
        last = known[-1][1] if known else self.begun
        found = await missed(self.conn, last, begun)
        assert not isinstance(found, str)
        return [*known, *((row.booking_id or 0, position) for row, position in found)]

    async def end(self) -> None:
        """Everybody knows what was committed, each change once, from wherever they go on."""
        for its in range(WRITERS):
            await self.take(("commit", its))
        for hub in self.hubs:
            await self.poll(hub)
        expected = sorted(self.committed)
        for client, hub in product(self.clients, self.hubs):
            assert expected == sorted(client.numbers)
            for count in range(1, len(client.told) + 1):
                again = await self.resumed(client.told[:count], hub.position)
                assert expected == sorted(number for number, _ in again)


@asynccontextmanager
async def _hub(dsn: str) -> AsyncIterator[Hub]:
    feed = Feed(partial(connect, dsn), 3600)  # polls seldom, unless somebody waits for it
    hub, connected = Hub(feed, Terms(), later=LATER_SECONDS), asyncio.Event()
    feed.on_gap(connected.set)
    async with feed.running():
        await connected.wait()
        yield hub


async def _play(dsn: str, script: list[Step]) -> None:
    async with AsyncExitStack() as stack:
        conns = [await stack.enter_async_context(await connect(dsn)) for _ in range(WRITERS + 1)]
        hubs = [await stack.enter_async_context(_hub(dsn)) for _ in range(HUBS)]
        play = Play(hubs, conns[0], conns[1:])
        with play.stack:
            await play.begin()
            for step in script:
                await play.take(step)
            await play.end()


@settings(max_examples=40, deadline=None)
@given(script=steps)
def test_nothing_is_lost_and_nothing_told_twice_from_wherever_a_client_goes_on(
    log_dsn: str, script: list[Step]
) -> None:
    asyncio.run(_play(log_dsn, script))


async def _resume_within_a_part_of_a_batch(dsn: str) -> None:
    async with await connect(dsn) as conn:
        since = str(await _present(conn))
        await conn.execute(
            b"INSERT INTO changes (record_type, site_id)"
            b" SELECT 'site', 1 FROM generate_series(1, 9)"
        )
        until = str(await _present(conn))
        everything = await missed(conn, Position(ORIGIN, since), Position(ORIGIN, until))
        assert not isinstance(everything, str)
        ids = [row.id for row, _ in everything]
        assert len(ids) == 9
        for number, last_id in enumerate(ids, 1):
            # The process has told its listeners so far, and the client knows less, or as much.
            part = Position(ORIGIN, since, until, last_id)
            found = await missed(conn, Position(ORIGIN, since), part)
            assert not isinstance(found, str)
            assert ids[:number] == [row.id for row, _ in found]


async def _present(conn: Connection) -> str:
    cursor = await conn.execute("SELECT pg_current_snapshot()::text")
    row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


def test_what_another_database_told_says_nothing_of_this_one(log_dsn: str) -> None:
    async def ask(origin: str) -> object:
        async with await connect(log_dsn) as conn:
            present = Position(ORIGIN, await _present(conn))
            return await missed(conn, replace(present, origin=origin), present)

    assert [] == asyncio.run(ask(ORIGIN))
    assert "unknown_position" == asyncio.run(ask(ORIGIN[::-1]))


def test_a_stream_may_begin_within_a_batch(log_dsn: str) -> None:
    asyncio.run(_resume_within_a_part_of_a_batch(log_dsn))


@pytest.mark.parametrize(("count", "is_told"), [(MOST_MISSED, True), (MOST_MISSED + 1, False)])
def test_as_much_is_told_afterwards_as_is_worth_it(
    log_dsn: str, count: int, *, is_told: bool
) -> None:
    async def ask() -> object:
        async with await connect(log_dsn) as conn:
            since = Position(ORIGIN, await _present(conn))
            await conn.execute(
                b"INSERT INTO changes (record_type, site_id)"
                b" SELECT 'site', 1 FROM generate_series(1, %s)",
                [count],
            )
            found = await missed(conn, since, Position(ORIGIN, await _present(conn)))
            return found if isinstance(found, str) else len(found)

    assert asyncio.run(ask()) == (count if is_told else "too_far_behind")
