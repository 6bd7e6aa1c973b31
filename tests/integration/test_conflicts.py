"""Who gets a period when several want it, and what each of them waits for."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime

import pytest

from sql import bookings, facilities
from sql.bookings import BookingRow, PeriodTaken
from sql.pool import Connection, Pool, create_pool, retrying, transaction

from .world import World, all_bookings, at, book, move, try_book

pytestmark = pytest.mark.anyio

RIVALS = 50


@pytest.fixture
async def crowd(dsn: str) -> AsyncIterator[Pool]:
    """A pool with a connection for each rival."""
    async with create_pool(dsn, min_size=RIVALS, max_size=RIVALS) as pool:
        await pool.wait()
        yield pool


async def test_a_period_is_free_unless_it_shares_a_moment_with_another(
    conn: Connection, world: World
) -> None:
    is_free = {
        (-1, 0): True,
        (-1, 0.25): False,
        (0, 1): False,
        (0.25, 0.5): False,
        (-1, 2): False,
        (0.75, 2): False,
        (1, 2): True,
    }
    await book(conn, world, at(0), at(1))

    for (start, end), expected in is_free.items():
        made = await try_book(conn, world, at(start), at(end))
        assert expected == (made is not None), (start, end)
        if made is not None:
            await bookings.cancel_booking(conn, made.id)


async def test_a_new_booking_comes_back_with_all_that_is_shown_of_it(
    conn: Connection, world: World
) -> None:
    made = await book(conn, world, at(0), at(1))

    assert made == await bookings.get_booking(conn, made.id)
    assert (made.facility_name, made.site_name, made.username) == ("Room 1", "Harbour", "mia")
    assert (made.status, made.start_time.tzname()) == ("confirmed", "UTC")
    assert made.created_at == made.updated_at


async def test_a_cancelled_booking_is_in_nobodys_way(conn: Connection, world: World) -> None:
    made = await book(conn, world, at(0), at(1))
    await bookings.cancel_booking(conn, made.id)

    assert await try_book(conn, world, at(0), at(1)) is not None


async def test_a_transaction_goes_on_after_it_finds_a_period_taken(
    pool: Pool, conn: Connection, world: World
) -> None:
    await book(conn, world, at(0), at(1))

    async with transaction(pool, actor_id=None, request_id=None) as writing:
        assert await try_book(writing, world, at(0), at(1)) is None
        assert await try_book(writing, world, at(1), at(2)) is not None

    assert len(await all_bookings(conn)) == 2


async def test_a_move_to_a_taken_period_is_refused_and_one_over_itself_is_not(
    conn: Connection, world: World
) -> None:
    first = await book(conn, world, at(0), at(2))
    await book(conn, world, at(2), at(3))

    moved = await move(conn, first, at(-1), at(1), world.room.id)

    assert (moved.start_time, moved.end_time) == (at(-1), at(1))
    with pytest.raises(PeriodTaken):
        await move(conn, first, at(1), at(2.25), world.room.id)
    assert moved == await bookings.get_booking(conn, first.id)


async def test_a_move_to_another_facility_shows_that_facility(
    conn: Connection, world: World
) -> None:
    made = await book(conn, world, at(0), at(1))

    moved = await move(conn, made, at(0), at(1), world.other_room.id)

    assert (moved.facility_id, moved.facility_name) == (world.other_room.id, "Room 2")
    assert moved.updated_at > made.updated_at


async def test_of_fifty_rivals_for_overlapping_periods_one_wins_and_none_fails(
    crowd: Pool, conn: Connection, world: World
) -> None:
    draw = random.Random(1)  # noqa: S311 - a repeatable choice of periods

    for day in range(10):
        # All of them hold the moment at half past twelve, from one side or the other.
        periods = [
            (at(24 * day - draw.randint(0, 15) / 4), at(24 * day + draw.randint(3, 16) / 4))
            for _ in range(RIVALS)
        ]

        async def rival(start: datetime, end: datetime) -> tuple[bool, float]:
            begun = time.perf_counter()
            async with transaction(crowd, actor_id=world.member.id, request_id=None) as writing:
                won = await try_book(writing, world, start, end) is not None
            return won, time.perf_counter() - begun

        outcomes = await asyncio.gather(*(rival(*period) for period in periods))

        assert sum(won for won, _ in outcomes) == 1
        # deadlock_timeout is one second: a deadlock waits at least that long.
        assert max(seconds for _, seconds in outcomes) < 1.0
    assert len(await all_bookings(conn)) == 10


async def test_rivals_who_insert_and_move_at_once_leave_no_overlap_and_raise_nothing_else(
    crowd: Pool, conn: Connection, world: World
) -> None:
    draw = random.Random(2)  # noqa: S311 - a repeatable choice of periods
    rooms = [world.room.id, world.other_room.id]
    rows = [await book(conn, world, at(hour), at(hour + 1)) for hour in range(8)]

    async def mover(row: BookingRow) -> None:
        start, room = draw.randint(0, 28) / 4, draw.choice(rooms)

        async def work() -> None:
            async with transaction(crowd, actor_id=world.member.id, request_id=None) as writing:
                await facilities.lock_facilities(writing, rooms)
                await bookings.lock_booking(writing, row.id)
                await move(writing, row, at(start), at(start + 1), room)

        with suppress(PeriodTaken):
            await retrying(work)

    async def inserter() -> None:
        start = draw.randint(0, 28) / 4
        async with transaction(crowd, actor_id=world.member.id, request_id=None) as writing:
            await try_book(writing, world, at(start), at(start + 0.5), draw.choice(rooms))

    for _ in range(5):
        await asyncio.gather(*(mover(row) for row in rows), *(inserter() for _ in range(16)))

    cursor = await conn.execute(
        "SELECT count(*) FROM bookings AS a JOIN bookings AS b"
        " ON a.facility_id = b.facility_id AND a.id < b.id AND a.occupied && b.occupied"
    )
    assert await cursor.fetchone() == (0,)
    assert len(await all_bookings(conn)) > len(rows)


async def test_two_bookings_that_want_each_others_place_are_refused_and_not_deadlocked(
    crowd: Pool, conn: Connection, world: World
) -> None:
    here = await book(conn, world, at(0), at(1))
    there = await try_book(conn, world, at(0), at(1), world.other_room.id)
    assert there is not None

    async def swap(row: BookingRow, room: int) -> None:
        async with transaction(crowd, actor_id=None, request_id=None) as writing:
            await facilities.lock_facilities(writing, [room, row.facility_id])
            await bookings.lock_booking(writing, row.id)
            await move(writing, row, at(0), at(1), room)

    async def refused(row: BookingRow, room: int) -> float:
        begun = time.perf_counter()
        with pytest.raises(PeriodTaken):
            await swap(row, room)
        return time.perf_counter() - begun

    for _ in range(10):
        seconds = await asyncio.gather(
            refused(here, world.other_room.id), refused(there, world.room.id)
        )
        assert max(seconds) < 1.0


async def test_a_booking_that_was_moved_while_its_lock_was_awaited_is_found_where_it_is(
    pool: Pool, conn: Connection, world: World
) -> None:
    made = await book(conn, world, at(0), at(1))

    async with transaction(pool, actor_id=None, request_id=None) as writing:
        moved = await move(writing, made, at(0), at(1), world.other_room.id)
        waiting = asyncio.create_task(_locked(pool, made.id))
        await _someone_waits(conn)

    assert await waiting == moved


async def test_facilities_are_locked_in_the_order_of_their_ids(
    pool: Pool, conn: Connection, world: World
) -> None:
    low, high = sorted([world.room.id, world.other_room.id])
    # A changed row lies behind the others: without an order the high one would come first.
    await conn.execute("UPDATE facilities SET capacity = capacity + 1 WHERE id = %s", [low])

    async with transaction(pool, actor_id=None, request_id=None) as holding:
        await facilities.lock_facilities(holding, [low])
        waiting = asyncio.create_task(_lock_both(pool, [high, low]))
        await _someone_waits(conn)
        # Whoever waits for the low one does not hold the high one yet.
        async with asyncio.timeout(1):
            await facilities.lock_facilities(holding, [high])

    assert await waiting == 2


async def test_a_held_facility_is_held_by_several_and_changed_by_none(
    pool: Pool, conn: Connection, world: World
) -> None:
    async with transaction(pool, actor_id=None, request_id=None) as one:
        async with transaction(pool, actor_id=None, request_id=None) as other:
            assert await facilities.hold_facility(world.room.id).run(one) == 1
            assert await facilities.hold_facility(world.room.id).run(other) == 1
            assert await facilities.hold_facility(999_999).run(other) == 0
            waiting = asyncio.create_task(_lock_both(pool, [world.room.id]))
            await _someone_waits(conn)
        assert not waiting.done()

    assert await waiting == 1


async def test_a_locked_facility_takes_bookings(pool: Pool, conn: Connection, world: World) -> None:
    async with transaction(pool, actor_id=None, request_id=None) as holding:
        await facilities.lock_facilities(holding, [world.room.id])
        async with asyncio.timeout(1):
            assert await try_book(conn, world, at(0), at(1)) is not None


async def _locked(pool: Pool, booking_id: int) -> BookingRow | None:
    async with transaction(pool, actor_id=None, request_id=None) as conn:
        return await bookings.lock_booking(conn, booking_id)


async def _lock_both(pool: Pool, facility_ids: list[int]) -> int:
    async with transaction(pool, actor_id=None, request_id=None) as conn:
        # As on a table so small, or so changed, that the planner reads it as it lies.
        for setting in ("enable_indexscan", "enable_bitmapscan"):
            await conn.execute("SELECT set_config(%s, 'off', true)", [setting])
        return await facilities.lock_facilities(conn, facility_ids)


async def _someone_waits(conn: Connection) -> None:
    """Return once a session of this database waits for a lock."""
    async with asyncio.timeout(5):
        while True:
            cursor = await conn.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if await cursor.fetchone() != (0,):
                return
