"""What becomes of pending bookings that nobody decides about, as the database does it."""

import asyncio
from datetime import timedelta

import pytest
from psycopg.errors import CheckViolation

from sql import bookings
from sql.bookings import BookingRow
from sql.pool import Connection, Pool, transaction

from .world import World, at

pytestmark = pytest.mark.anyio

TINY = timedelta.resolution


async def ask(
    conn: Connection, world: World, hour: float, decide_by: float, room: int | None = None
) -> BookingRow:
    """The member's booking of an hour that waits until another."""
    row = await bookings.insert_booking(
        conn,
        facility_id=world.room.id if room is None else room,
        user_id=world.member.id,
        start_time=at(hour),
        end_time=at(hour + 1),
        title="Standup",
        description=None,
        attendee_count=2,
        status="pending",
        decide_by=at(decide_by),
    )
    assert row is not None
    return row


async def fate(conn: Connection, row: BookingRow) -> tuple[str, str | None]:
    """What has become of the booking, and why."""
    found = await bookings.get_booking(conn, row.id)
    assert found is not None
    return found.status, found.cancellation_cause


async def test_a_booking_expires_at_its_instant_and_not_before(
    conn: Connection, world: World
) -> None:
    row = await ask(conn, world, 10, decide_by=5)

    assert 0 == await bookings.expire_bookings(conn, now=at(5) - TINY, limit=10)
    assert ("pending", None) == await fate(conn, row)
    assert 1 == await bookings.expire_bookings(conn, now=at(5), limit=10)
    assert ("cancelled", "expired") == await fate(conn, row)
    assert 0 == await bookings.expire_bookings(conn, now=at(6), limit=10)


async def test_the_longest_over_expire_first_and_no_more_than_asked(
    conn: Connection, world: World
) -> None:
    rows = [await ask(conn, world, hour, decide_by=20 - hour) for hour in (10, 12, 14)]

    assert 2 == await bookings.expire_bookings(conn, now=at(30), limit=2)

    assert ["pending", "cancelled", "cancelled"] == [(await fate(conn, row))[0] for row in rows]


async def test_what_is_confirmed_or_cancelled_does_not_expire(
    conn: Connection, world: World
) -> None:
    confirmed = await ask(conn, world, 10, decide_by=1)
    cancelled = await ask(conn, world, 12, decide_by=1)
    await bookings.confirm_booking(conn, confirmed.id, reason=None)
    await bookings.cancel_booking(conn, cancelled.id, cause="owner")

    assert 0 == await bookings.expire_bookings(conn, now=at(30), limit=10)
    assert 0 == await bookings.expire_in_the_way(conn, facility_id=world.room.id, now=at(30))
    assert ("confirmed", None) == await fate(conn, confirmed)
    assert ("cancelled", "owner") == await fate(conn, cancelled)


async def test_only_one_facility_is_cleared(conn: Connection, world: World) -> None:
    here = await ask(conn, world, 10, decide_by=1)
    there = await ask(conn, world, 10, decide_by=1, room=world.other_room.id)

    assert 1 == await bookings.expire_in_the_way(conn, facility_id=world.room.id, now=at(1))

    assert ("cancelled", "expired") == await fate(conn, here)
    assert ("pending", None) == await fate(conn, there)


async def test_upkeep_leaves_what_somebody_is_deciding_about(
    pool: Pool, conn: Connection, world: World
) -> None:
    held, free = [await ask(conn, world, hour, decide_by=1) for hour in (10, 12)]

    async with transaction(pool, actor_id=None, request_id=None) as deciding:
        await bookings.lock_booking(deciding, held.id)
        async with asyncio.timeout(1):
            assert 1 == await bookings.expire_bookings(conn, now=at(1), limit=10)
        await bookings.confirm_booking(deciding, held.id, reason=None)

    assert ("confirmed", None) == await fate(conn, held)
    assert ("cancelled", "expired") == await fate(conn, free)


async def test_clearing_waits_for_who_is_deciding_and_heeds_the_decision(
    pool: Pool, conn: Connection, world: World
) -> None:
    row = await ask(conn, world, 10, decide_by=1)

    async with transaction(pool, actor_id=None, request_id=None) as deciding:
        await bookings.confirm_booking(deciding, row.id, reason=None)
        clearing = asyncio.create_task(
            bookings.expire_in_the_way(conn, facility_id=world.room.id, now=at(1))
        )
        await asyncio.sleep(0)
    assert 0 == await clearing
    assert ("confirmed", None) == await fate(conn, row)


@pytest.mark.parametrize("status", ["confirmed", "cancelled"])
async def test_nothing_but_a_pending_booking_waits_for_a_decision(
    conn: Connection, world: World, status: str
) -> None:
    row = await ask(conn, world, 10, decide_by=5)
    with pytest.raises(CheckViolation, match="booking_decide_by_only_if_pending"):
        await conn.execute("UPDATE bookings SET status = %s WHERE id = %s", [status, row.id])
