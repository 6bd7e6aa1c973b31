"""What a process remembers of availability: asked for once, and never of the past."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest
from prometheus_client import REGISTRY
from psycopg import OperationalError

from domain.access import Caller
from domain.errors import Refusal
from domain.periods import Period
from live.days import Timeline
from live.feed import Feed
from live.looks import Look, make
from live.source import Database
from live.timelines import Timelines
from sql import bookings, facilities
from sql.facilities import FacilityRow
from sql.pool import Connection, Pool, connect
from sql.timelines import TimelineRow
from steps.rules import facility_facts
from steps.searching import Search, tell

from .world import World, all_facilities, at, book, move, try_book

if TYPE_CHECKING:
    from exchange.request import Request

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
TODAY = Period(at(0), at(6))

NOW = at(-48) + timedelta(seconds=30)

END_FEEDS = """
    SELECT pg_terminate_backend(pid)
      FROM pg_stat_activity
     WHERE datname = current_database()
       AND pid <> pg_backend_pid()
       AND query LIKE '/* list_changes */%'
"""
"""Ends the connections on which feeds are read."""

FACTS = partial(facility_facts, horizon=365 * DAY)


class Door:
    """The query for timelines, counted. While it is held, what it has read is not handed on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[Sequence[int]] = []
        self.read = 0
        self._opened = asyncio.Event()
        self._opened.set()
        monkeypatch.setattr("live.source.make", self)

    async def __call__(
        self, conn: Connection, looks: Sequence[Look]
    ) -> Sequence[Sequence[TimelineRow]]:
        """The rows, as soon as the door is open."""
        self.calls += [look.facility_ids for look in looks]
        rows = await make(conn, looks)
        self.read += len(looks)
        await self._opened.wait()
        return rows

    def hold(self) -> None:
        """Let nobody have what they read."""
        self._opened.clear()

    def open(self) -> None:
        """Let all have it."""
        self._opened.set()

    async def has_read(self, times: int) -> None:
        """Wait until so many have read something."""
        async with asyncio.timeout(10):
            while self.read < times:  # noqa: ASYNC110 - a few turns of the loop
                await asyncio.sleep(0.001)


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """The door to the database, counted; open at the end, whatever happened."""
    door = Door(monkeypatch)
    yield door
    door.open()


class Process:
    """What a process remembers, and its feed, which polls when it is asked to."""

    def __init__(self, pool: Pool, dsn: str, **more: Any) -> None:
        self.feed = Feed(partial(connect, dsn), 60)
        self.timelines = Timelines(Database(pool, FACTS), self.feed, **more)

    async def look(self, facility: FacilityRow, period: Period = TODAY) -> Timeline:
        """What there is of one facility, by what the process knows."""
        found = await (await self.timelines.source()).look([facility.id], period)
        return found[facility.id]

    async def starts(self, facility: FacilityRow, period: Period = TODAY) -> set[datetime]:
        """When what is taken begins."""
        timeline = await self.look(facility, period)
        return {taken.start_time for taken in timeline.taken if taken.start_time < period.end}


@asynccontextmanager
async def running(pool: Pool, dsn: str, **more: Any) -> AsyncIterator[Process]:
    process = Process(pool, dsn, **more)
    async with process.feed.running():
        await fresh(process)
        yield process


async def fresh(process: Process) -> None:
    """Wait until the feed has begun, or goes on."""
    while not await process.feed.refresh():  # noqa: ASYNC110 - nothing tells that it connects
        await asyncio.sleep(0.01)


@pytest.fixture
async def process(pool: Pool, dsn: str, world: World, door: Door) -> AsyncIterator[Process]:
    """A process whose feed has begun, with all that is in the world told; it asks at the door."""
    assert world.room.id
    assert [] == door.calls
    async with running(pool, dsn) as process:
        yield process


def counted(name: str, cache: str) -> float:
    """How often something of a cache has been counted."""
    return REGISTRY.get_sample_value(f"holdfast_cache_{name}_total", {"cache": cache}) or 0


# Asked once


async def test_what_is_remembered_is_not_asked_for(
    process: Process, conn: Connection, world: World, door: Door
) -> None:
    await book(conn, world, at(1), at(2))
    await process.feed.passed()
    hits, misses = counted("hits", "timelines"), counted("misses", "timelines")
    first = await process.look(world.room)
    again = await process.look(world.room, Period(at(1), at(3)))
    assert [[world.room.id]] == door.calls
    assert set(first.taken) == set(again.taken)
    assert first.known is again.known is not None
    assert 1 == counted("hits", "timelines") - hits == counted("misses", "timelines") - misses


async def test_the_next_day_comes_with_the_day(process: Process, world: World, door: Door) -> None:
    await process.look(world.room)
    await process.look(world.room, Period(TODAY.start + DAY, TODAY.end + DAY))
    assert 1 == len(door.calls)
    await process.look(world.room, Period(TODAY.start + 2 * DAY, TODAY.end + 2 * DAY))
    assert 2 == len(door.calls)


async def test_those_who_ask_the_same_at_once_share_one_look(
    process: Process, world: World, door: Door
) -> None:
    door.hold()
    asking = [asyncio.create_task(process.look(world.room)) for _ in range(50)]
    await door.has_read(1)
    asking[0].cancel()  # who goes away takes it from nobody
    door.open()
    found = await asyncio.gather(*asking[1:])
    assert 1 == len(door.calls)
    assert 1 == len({id(timeline.known) for timeline in found})


async def test_a_page_asks_for_what_is_not_known_alone(
    process: Process, world: World, door: Door
) -> None:
    await process.look(world.room)
    source = await process.timelines.source()
    found = await source.look([world.room.id, world.other_room.id], TODAY)
    assert {world.room.id, world.other_room.id} == set(found)
    assert [[world.room.id], [world.other_room.id]] == door.calls


async def test_pages_are_remembered_until_a_facility_changes(
    process: Process, conn: Connection, world: World
) -> None:
    loads = 0

    async def load(_conn: Connection) -> Sequence[FacilityRow]:
        nonlocal loads
        loads += 1
        row = await facilities.get_facility(conn, world.room.id)
        assert row is not None
        return [row]

    async def page() -> Sequence[FacilityRow]:
        return await (await process.timelines.source()).page("all", load)

    await page()
    await book(conn, world, at(1), at(2))
    await process.feed.passed()
    assert await page()
    assert 1 == loads
    await conn.execute("UPDATE facilities SET capacity = 99 WHERE id = %s", [world.room.id])
    await process.feed.passed()
    assert [99] == [row.capacity for row in await page()]
    assert 2 == loads


async def test_those_who_ask_for_the_same_page_at_once_share_its_loading(process: Process) -> None:
    loads = 0
    may_go_on = asyncio.Event()

    async def load(_conn: Connection) -> Sequence[FacilityRow]:
        nonlocal loads
        loads += 1
        await may_go_on.wait()
        message = "away"
        raise OperationalError(message)

    source = await process.timelines.source()
    asking = [asyncio.create_task(source.page("all", load)) for _ in range(20)]
    await asyncio.sleep(0.01)
    may_go_on.set()
    # One for all, and nobody tries anew what has just failed for the others.
    assert 20 == sum(
        isinstance(each, OperationalError)
        for each in await asyncio.gather(*asking, return_exceptions=True)
    )
    assert 1 == loads


async def test_days_far_apart_are_remembered_beside_each_other(
    process: Process, world: World, door: Door
) -> None:
    for hours in (0, 480, 0, 480):
        await process.look(world.room, Period(at(hours), at(hours + 1)))
    assert 2 == len(door.calls)


async def test_a_look_that_reaches_further_than_what_changed_ends_no_other_answer(
    process: Process, conn: Connection, world: World, door: Door
) -> None:
    """The look at a day brings those beside it, which stay what they were unless they changed."""
    await book(conn, world, at(30), at(31))
    await process.feed.passed()
    tomorrow = Period(at(24), at(36))
    timeline = await process.look(world.room, tomorrow)
    known = timeline.known
    assert known is not None
    days = {number: day for number, day in timeline.days.items() if day.taken}
    assert days
    source = await process.timelines.source()
    source.keep_answer("tomorrow", known, days, b"told", Period(NOW, NOW + DAY))
    for hour, still in ((1, True), (33, False)):
        await book(conn, world, at(hour), at(hour + 1))
        calls = len(door.calls)
        await process.feed.passed()
        assert at(hour) in await process.starts(world.room, Period(TODAY.start, tomorrow.end))
        assert calls + 1 == len(door.calls)
        assert still == (source.answer("tomorrow", known, NOW + DAY / 2) is not None)


async def test_an_answer_keeps_nothing_alive_of_what_it_rests_on(
    process: Process, conn: Connection, world: World
) -> None:
    timeline = await process.look(world.room)
    known = timeline.known
    assert known is not None
    source = await process.timelines.source()
    source.keep_answer("any", known, timeline.days, b"told", Period(NOW, NOW + DAY))
    assert b"told" == source.answer("any", known, NOW + DAY / 2)
    await book(conn, world, at(1), at(2))
    await process.feed.passed()
    assert source.answer("any", known, NOW + DAY / 2) is None
    gone = weakref.ref(known)
    await conn.execute("UPDATE facilities SET capacity = 99 WHERE id = %s", [world.room.id])
    await process.feed.passed()
    del known, timeline
    gc.collect()
    assert gone() is None


# Never of the past


async def test_what_changes_is_asked_for_again_and_nothing_else(
    process: Process, conn: Connection, world: World, door: Door
) -> None:
    row = await book(conn, world, at(1), at(2))
    await process.feed.passed()
    assert {at(1)} == await process.starts(world.room)
    assert set() == await process.starts(world.other_room)
    row = await move(conn, row, at(3), at(4), world.room.id)
    await process.feed.passed()
    assert {at(3)} == await process.starts(world.room)
    await move(conn, row, at(3), at(4), world.other_room.id)
    await process.feed.passed()
    assert set() == await process.starts(world.room)
    assert {at(3)} == await process.starts(world.other_room)
    assert 5 == len(door.calls)


@pytest.mark.parametrize("scope", ["facility", "site", "everything"])
async def test_closures_are_seen_wherever_they_hold(
    process: Process, conn: Connection, world: World, scope: str
) -> None:
    assert [] == (await process.look(world.room)).closed
    await conn.execute(
        "INSERT INTO closures (facility_id, site_id, start_time, end_time, reason)"
        " VALUES (%s, %s, %s, %s, 'Repairs')",
        [
            world.room.id if scope == "facility" else None,
            world.site.id if scope == "site" else None,
            at(1),
            at(2),
        ],
    )
    await process.feed.passed()
    assert [(at(1), at(2))] == (await process.look(world.room)).closed
    await conn.execute("DELETE FROM closures")
    await process.feed.passed()
    assert [] == (await process.look(world.room)).closed


async def test_a_closure_that_is_moved_past_the_service_is_seen(
    process: Process, conn: Connection, world: World
) -> None:
    await conn.execute(
        "INSERT INTO closures (facility_id, start_time, end_time, reason)"
        " VALUES (%s, %s, %s, 'Repairs')",
        [world.room.id, at(1), at(2)],
    )
    await process.feed.passed()
    assert [(at(1), at(2))] == (await process.look(world.room)).closed
    await conn.execute("UPDATE closures SET start_time = %s, end_time = %s", [at(241), at(242)])
    await process.feed.passed()
    assert [] == (await process.look(world.room)).closed


async def test_a_list_of_facilities_leaves_what_is_known_of_them(
    process: Process, conn: Connection, world: World, door: Door
) -> None:
    async def load(_conn: Connection) -> Sequence[FacilityRow]:
        return await all_facilities(conn)

    await process.look(world.room)
    rows = await (await process.timelines.source()).page("all", load)
    assert world.room.id in [row.id for row in rows]
    await process.look(world.room)
    assert 1 == len(door.calls)


async def test_a_look_that_began_before_a_change_is_not_remembered_after_it(
    process: Process, conn: Connection, world: World, door: Door
) -> None:
    door.hold()
    early = asyncio.create_task(process.starts(world.room))
    await door.has_read(1)
    await book(conn, world, at(1), at(2))
    await process.feed.passed()
    late = asyncio.create_task(process.starts(world.room))
    await door.has_read(2)  # of its own: what the early one brings may be from before
    door.open()
    assert set() == await early
    assert {at(1)} == await late
    assert {at(1)} == await process.starts(world.room)
    assert 2 == len(door.calls)


async def test_a_look_is_remembered_though_others_changed_meanwhile(
    process: Process, conn: Connection, world: World, door: Door
) -> None:
    door.hold()
    early = asyncio.create_task(process.look(world.room))
    await door.has_read(1)
    await try_book(conn, world, at(1), at(2), world.other_room.id)
    await process.feed.passed()
    door.open()
    assert (await early).known is not None
    await process.look(world.room)
    assert 1 == len(door.calls)


async def test_what_is_seen_of_a_facility_before_it_is_told_counts(
    process: Process, conn: Connection, world: World
) -> None:
    """The days of after a change do not go with the rules of before it."""
    await process.look(world.room)
    await conn.execute("UPDATE facilities SET capacity = 99 WHERE id = %s", [world.room.id])
    later = await process.look(world.room, Period(at(240), at(241)))
    assert 99 == later.row.capacity
    assert 99 == (await process.look(world.room)).row.capacity


async def test_after_a_gap_nothing_is_remembered(
    process: Process, conn: Connection, world: World, door: Door
) -> None:
    await process.look(world.room)
    door.hold()
    early = asyncio.create_task(process.look(world.other_room))
    await door.has_read(2)
    await conn.execute(END_FEEDS)
    await process.feed.passed()
    await fresh(process)
    door.open()
    assert (await early).known is None
    await process.look(world.room)
    assert 3 == len(door.calls)


# Told by who changed it


async def transaction_of(conn: Connection, booking_id: int) -> int:
    """The last transaction that changed a booking."""
    cursor = await conn.execute(
        "SELECT max(transaction_id)::text::int8 FROM changes WHERE booking_id = %s", [booking_id]
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def book_and_tell(
    process: Process, conn: Connection, world: World, start: datetime, end: datetime
) -> int:
    """The process books Room 1, and tells itself of it; the transaction."""
    row = await book(conn, world, start, end)
    transaction_id = await transaction_of(conn, row.id)
    process.timelines.changed(world.room.id, start, end, transaction_id)
    return transaction_id


async def test_what_its_writer_tells_is_forgotten_at_once(
    process: Process, conn: Connection, world: World, door: Door
) -> None:
    await process.look(world.room)
    await process.look(world.other_room)
    await book_and_tell(process, conn, world, at(1), at(2))
    source = process.timelines.source_at_once()  # nothing is waited for
    found = await source.look([world.room.id, world.other_room.id], TODAY)
    assert [at(1)] == [taken.start_time for taken in found[world.room.id].taken]
    assert [[world.room.id], [world.other_room.id], [world.room.id]] == door.calls


async def test_what_its_writer_tells_leaves_the_other_days_of_the_facility(
    process: Process, conn: Connection, world: World, door: Door
) -> None:
    far = Period(at(240), at(246))
    await process.look(world.room, far)
    await book_and_tell(process, conn, world, at(1), at(2))
    await process.look(world.room, far)
    assert 1 == len(door.calls)


async def test_an_answer_does_not_outlive_what_its_writer_tells(
    process: Process, conn: Connection, world: World
) -> None:
    asking = Asking(process, world)
    before, _ = await asking.answers(NOW)
    await book_and_tell(process, conn, world, at(1), at(2))
    remembered, plain = await asking.answers(NOW)
    assert before != plain == remembered


@pytest.mark.parametrize("is_told_again", [False, True])
async def test_a_look_that_began_before_what_its_writer_tells_is_not_remembered(
    process: Process, conn: Connection, world: World, door: Door, *, is_told_again: bool
) -> None:
    door.hold()
    early = asyncio.create_task(process.look(world.room))
    await door.has_read(1)
    await book_and_tell(process, conn, world, at(1), at(2))
    if is_told_again:
        await process.feed.passed()
    late = asyncio.create_task(process.starts(world.room))
    await door.has_read(2)  # of its own
    door.open()
    assert [] == (timeline := await early).taken
    assert timeline.known is None
    assert {at(1)} == await late
    assert {at(1)} == await process.starts(world.room)
    assert 2 == len(door.calls)


async def test_what_saw_the_change_stays_remembered_when_the_feed_tells_of_it(
    process: Process, conn: Connection, world: World, door: Door
) -> None:
    await process.look(world.room)
    await book_and_tell(process, conn, world, at(1), at(2))
    known = (await process.look(world.room)).known
    assert known is not None
    days = {number: day.serials for number, day in known.days.items()}
    await process.feed.passed()
    timeline = await process.look(world.room)
    assert known is timeline.known
    assert days == {number: day.serials for number, day in known.days.items()}
    assert 2 == len(door.calls)


async def test_what_saw_a_change_before_its_writer_tells_stays_remembered(
    process: Process, conn: Connection, world: World, door: Door
) -> None:
    row = await book(conn, world, at(1), at(2))
    assert {at(1)} == await process.starts(world.room)
    transaction_id = await transaction_of(conn, row.id)
    process.timelines.changed(world.room.id, at(1), at(2), transaction_id)
    await process.feed.passed()
    assert {at(1)} == await process.starts(world.room)
    assert 1 == len(door.calls)


async def test_a_look_under_way_that_saw_the_change_is_remembered(
    process: Process, conn: Connection, world: World, door: Door
) -> None:
    row = await book(conn, world, at(1), at(2))
    door.hold()
    seeing = asyncio.create_task(process.look(world.room))
    await door.has_read(1)
    transaction_id = await transaction_of(conn, row.id)
    process.timelines.changed(world.room.id, at(1), at(2), transaction_id)
    door.open()
    assert (await seeing).known is not None
    await process.feed.passed()
    assert {at(1)} == await process.starts(world.room)
    assert 1 == len(door.calls)


async def test_what_was_looked_at_while_another_writes_is_forgotten_when_that_is_told(
    process: Process, pool: Pool, conn: Connection, world: World, door: Door
) -> None:
    """A look sees all before the oldest transaction that runs, and of the rest nobody knows."""
    async with pool.connection() as other:
        async with other.transaction():
            open_row = await book(other, world, at(3), at(4))
            await book_and_tell(process, conn, world, at(1), at(2))
            assert {at(1)} == await process.starts(world.room)
        transaction_id = await transaction_of(conn, open_row.id)
    process.timelines.changed(world.room.id, at(3), at(4), transaction_id)
    assert {at(1), at(3)} == await process.starts(world.room)
    await process.feed.passed()
    assert {at(1), at(3)} == await process.starts(world.room)
    assert len(door.calls) <= 3


# Only while it may be


async def test_without_a_feed_that_answers_the_database_is_asked(
    pool: Pool, dsn: str, world: World, door: Door
) -> None:
    process = Process(pool, dsn)  # whose feed does not run
    for _ in range(2):
        assert (await process.look(world.room)).known is None
    assert 2 == len(door.calls)


async def test_what_is_switched_off_remembers_nothing(
    pool: Pool, dsn: str, world: World, door: Door
) -> None:
    async with running(pool, dsn, is_on=False) as process:
        for _ in range(2):
            assert (await process.look(world.room)).known is None
    assert 2 == len(door.calls)


# Bounds


async def test_no_more_days_are_remembered_than_there_is_room_for_those_asked_for_last(
    pool: Pool, dsn: str, world: World, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.timelines.MOST_REMEMBERED", 10)  # a facility and two or three days
    async with running(pool, dsn) as process:
        for room in (world.room, world.room, world.other_room, world.room):
            await process.look(room)
    assert [world.room.id, world.other_room.id, world.room.id] == [ids[0] for ids in door.calls]


async def test_a_facility_of_more_days_than_there_is_room_for_is_looked_at_all_the_same(
    pool: Pool, dsn: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.timelines.MOST_REMEMBERED", 10)
    async with running(pool, dsn) as process:
        for number in range(0, 40, 4):
            timeline = await process.look(world.room, Period(at(24 * number), at(24 * number + 1)))
            assert timeline.known is not None
            assert timeline.known.weight <= 10
        timeline = await process.look(world.room, Period(at(0), at(240)))
        assert world.room.id == timeline.row.id


async def test_answers_take_no_more_memory_than_there_is_for_them(
    pool: Pool, dsn: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.timelines.MOST_ANSWER_BYTES", 4000)
    async with running(pool, dsn) as process:
        known = (await process.look(world.room)).known
        assert known is not None
        source = await process.timelines.source()
        kept = [0] * 20
        for number in range(20):
            source.keep_answer(number, known, {}, b"x" * 600, Period(NOW, NOW + DAY))
            kept[number] = sum(
                source.answer(each, known, NOW + DAY / 2) is not None for each in range(20)
            )
        source.keep_answer("too long", known, {}, b"x" * 4000, Period(NOW, NOW + DAY))
        assert source.answer("too long", known, NOW + DAY / 2) is None
        # What they all begin with is remembered once.
        for number in range(5):
            body = b"x" * 4000 + b"%d" % number
            source.keep_answer(number, known, {}, body, Period(NOW, NOW + DAY), 4000)
            assert body == source.answer(number, known, NOW + DAY / 2)
        assert all(source.answer(each, known, NOW + DAY / 2) for each in range(5))
        other = b"y" * 3
        source.keep_answer("other", known, {}, other, Period(NOW, NOW + DAY), 2)
        assert other == source.answer("other", known, NOW + DAY / 2)
        assert b"x" * 4000 + b"4" == source.answer(4, known, NOW + DAY / 2)
    assert [1, 2, 3, 3] == kept[:4]
    assert {3} == set(kept[3:])


# Answers, and the moment at which one asks


class Asking:
    """Searches of Room 1 by a member, answered as the service does."""

    def __init__(self, process: Process, world: World) -> None:
        self.process = process
        self.world = world
        self.window = TODAY
        self.database = process.timelines._database  # noqa: SLF001 - the other way to the same

    def told(self, _: Refusal) -> dict[str, str]:
        """A refusal, shortened."""
        return {}

    async def answers(self, now: datetime) -> tuple[bytes, bytes]:
        """What is told at this moment: by what is remembered, and by the database."""
        world, window = self.world, self.window
        caller = Caller(world.member.id, "mia", is_staff=False)
        search = Search(caller=caller, window=window, duration=None, now=now)
        request = cast("Request", self)
        remembered = await tell(
            request, await self.process.timelines.source(), search, [world.room.id]
        )
        database = await tell(request, self.database, search, [world.room.id])
        return remembered[world.room.id], database[world.room.id]


async def test_an_answer_is_given_again_until_something_changes(
    process: Process, conn: Connection, world: World
) -> None:
    asking = Asking(process, world)
    first, plain = await asking.answers(NOW)
    hits = counted("hits", "answers")
    again, _ = await asking.answers(NOW)
    assert first == again == plain
    assert 1 == counted("hits", "answers") - hits
    await book(conn, world, at(1), at(2))
    await process.feed.passed()
    changed, plain = await asking.answers(NOW)
    assert first != changed == plain


async def test_an_answer_stands_while_other_hours_of_its_days_change(
    process: Process, conn: Connection, world: World
) -> None:
    """What is booked hours before the window or after it plays no part; near it, buffers may."""
    asking = Asking(process, world)
    rows = []
    await asking.answers(NOW)
    for hour, stands in ((-11, True), (14, True), (-3, False), (9, False), (2, False)):
        misses = counted("misses", "answers")
        rows.append(await book(conn, world, at(hour), at(hour + 1)))
        await process.feed.passed()
        remembered, plain = await asking.answers(NOW)
        assert plain == remembered
        assert stands == (misses == counted("misses", "answers")), hour
    misses = counted("misses", "answers")
    for row in rows[:2]:
        await bookings.cancel_booking(conn, row.id)
        await process.feed.passed()
        remembered, plain = await asking.answers(NOW)
        assert plain == remembered
    assert misses == counted("misses", "answers")


@pytest.mark.parametrize("hours", range(-30, 32, 2))
async def test_whatever_is_booked_around_it_an_answer_is_that_of_the_database(
    process: Process, conn: Connection, world: World, hours: int
) -> None:
    """With buffers, and with nothing free in the window, when what comes after it matters."""
    await conn.execute(
        "UPDATE facilities SET buffer_before_minutes = 240, buffer_after_minutes = 225"
        " WHERE id = %s",
        [world.room.id],
    )
    asking = Asking(process, world)
    for full in (False, True):
        if full:
            await try_book(conn, world, at(-1), at(6.25))
        await process.feed.passed()
        await asking.answers(NOW)
        await try_book(conn, world, at(hours), at(hours + 1.75))
        await process.feed.passed()
        remembered, plain = await asking.answers(NOW)
        assert plain == remembered


async def test_at_every_moment_the_answer_is_that_of_this_moment(
    process: Process, conn: Connection, world: World
) -> None:
    """Before the window and in it, at the beginnings of minutes and within them, to and fro."""
    await conn.execute(
        "UPDATE facilities SET min_notice_minutes = 30, requires_approval = true WHERE id = %s",
        [world.room.id],
    )
    row = await book(conn, world, at(2), at(3))
    await conn.execute(
        "UPDATE bookings SET status = 'pending', decide_by = %s WHERE id = %s",
        [at(-0.3), row.id],
    )
    await process.feed.passed()
    asking = Asking(process, world)
    tiny, minute = timedelta.resolution, timedelta(minutes=1)
    turns = [at(-0.5), at(-0.3), at(0), at(0.25), at(0.5), at(1.75)]
    steps = (-minute, -tiny, timedelta(0), tiny, minute - tiny, minute)
    moments = [at(-30), *(turn + step for turn in turns for step in steps)]
    answers: set[bytes] = set()
    for now in [*moments, *reversed(moments), *moments]:
        remembered, plain = await asking.answers(now)
        assert plain == remembered, now
        answers.add(plain)
    assert len(answers) >= len(turns)


async def test_what_waits_for_a_decision_is_free_once_that_is_too_late(
    process: Process, conn: Connection, world: World
) -> None:
    row = await book(conn, world, at(1), at(2))
    await conn.execute(
        "UPDATE bookings SET status = 'pending', decide_by = %s WHERE id = %s",
        [NOW + timedelta(seconds=10), row.id],
    )
    await process.feed.passed()
    asking = Asking(process, world)
    taken, _ = await asking.answers(NOW)
    assert (taken, taken) == await asking.answers(NOW + timedelta(seconds=9))
    free, plain = await asking.answers(NOW + timedelta(seconds=10))
    assert taken != free == plain
