"""What a user holds of a quota: which bookings count, to the minute."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.quotas import week_of
from sql import quotas
from sql.pool import Connection, Pool, transaction

pytestmark = pytest.mark.anyio

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2030, 6, 5, 12, 7, tzinfo=UTC)
"""A Wednesday."""
WEEK = week_of(NOW, BERLIN)
QUARTER = timedelta(minutes=15)


@pytest.fixture
async def rooms(conn: Connection) -> list[int]:
    """Three facilities in Berlin, of which the first two are a group; and one user."""
    await conn.execute("INSERT INTO users (username) VALUES ('mia'), ('eve')")
    await conn.execute("INSERT INTO sites (name, time_zone) VALUES ('Harbour', 'Europe/Berlin')")
    cursor = await conn.execute(
        "INSERT INTO facilities (site_id, name, facility_type, capacity, time_zone)"
        " SELECT id, 'Room ' || n, 'room', 8, time_zone FROM sites, generate_series(1, 3) AS n"
        " RETURNING id"
    )
    ids = [row[0] for row in await cursor.fetchall()]
    await conn.execute("INSERT INTO facility_groups (name) VALUES ('Pair')")
    await conn.execute(
        "INSERT INTO facility_group_members SELECT g.id, f.id"
        "  FROM facility_groups AS g, facilities AS f WHERE f.name < 'Room 3'"
    )
    return ids


async def user(conn: Connection, name: str = "mia") -> int:
    """The id of a user."""
    cursor = await conn.execute("SELECT id FROM users WHERE username = %s", [name])
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def quota(conn: Connection, room: int | None = None, *, pair: bool = False) -> int:
    """A quota on one room, on the pair, or on all."""
    row = await quotas.insert_quota(
        conn,
        facility_id=room,
        facility_group_id=1 if pair else None,
        max_active_bookings=2,
        max_hours_per_week=10,
    )
    return row.id


async def book(  # noqa: PLR0913 - what counts
    conn: Connection,
    room: int,
    start: datetime,
    length: timedelta = QUARTER,
    *,
    name: str = "mia",
    status: str = "confirmed",
    decide_by: datetime | None = None,
) -> int:
    """A booking, put there by direct SQL."""
    cursor = await conn.execute(
        "INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, status,"
        "                      decide_by)"
        " VALUES (%s, %s, %s, %s, 'Stand-up', %s, %s) RETURNING id",
        [room, await user(conn, name), start, start + length, status, decide_by],
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def measured(conn: Connection, room: int, **more: Any) -> Sequence[tuple[int, int]]:
    """Active bookings and minutes in the week, of each quota that covers the room."""
    given = {"now": NOW, "week_start": WEEK.start, "week_end": WEEK.end, **more}
    rows = await quotas.measure_quotas(conn, user_id=await user(conn), facility_id=room, **given)
    return [(row.active_bookings, row.minutes_in_week) for row in rows]


async def used(conn: Connection, now: datetime = NOW) -> Sequence[tuple[int, int]]:
    """The same of every quota, in the week of an instant."""
    week = week_of(now, BERLIN)
    rows = await quotas.list_usage(
        conn,
        user_id=await user(conn),
        now=now,
        zones=["Europe/Berlin"],
        week_starts=[week.start],
        week_ends=[week.end],
        limit=9,
    )
    return [(row.active_bookings, row.minutes_this_week) for row in rows]


async def test_a_facility_is_covered_by_its_own_quota_its_groups_and_the_one_for_all(
    conn: Connection, rooms: list[int]
) -> None:
    first = rooms[0]
    await quota(conn, first)
    await quota(conn, pair=True)
    await quota(conn)

    rows = await quotas.measure_quotas(
        conn,
        user_id=await user(conn),
        facility_id=first,
        now=NOW,
        week_start=WEEK.start,
        week_end=WEEK.end,
    )
    assert ["Room 1", "Pair", None] == [row.scope_name for row in rows]
    assert {(2, 10)} == {(row.max_active_bookings, row.max_hours_per_week) for row in rows}


async def test_each_quota_counts_the_facilities_that_it_covers_and_one_user(
    conn: Connection, rooms: list[int]
) -> None:
    await quota(conn, rooms[0])
    await quota(conn, pair=True)
    await quota(conn)
    soon = NOW.replace(hour=14, minute=0)
    for room in rooms:
        await book(conn, room, soon)
        await book(conn, room, soon + timedelta(hours=1), name="eve")

    assert [(1, 15), (2, 30), (3, 45)] == await measured(conn, rooms[0])
    assert [(2, 30), (3, 45)] == await measured(conn, rooms[1])
    assert [(3, 45)] == await measured(conn, rooms[2])
    assert [(1, 15), (2, 30), (3, 45)] == await used(conn)


@pytest.mark.parametrize(("minutes_left", "active"), [(-15, 0), (0, 0), (15, 1)])
async def test_a_booking_is_active_until_it_is_over(
    conn: Connection, rooms: list[int], minutes_left: int, active: int
) -> None:
    await quota(conn)
    now = NOW.replace(minute=0)
    end = now + timedelta(minutes=minutes_left)
    await book(conn, rooms[0], end - timedelta(hours=8), timedelta(hours=8))
    assert [(active, 480)] == await measured(conn, rooms[0], now=now) == await used(conn, now)


@pytest.mark.parametrize(
    ("start", "minutes"),
    [
        (WEEK.start - QUARTER, 0),
        (WEEK.start, 120),
        (WEEK.end - QUARTER, 120),
        (WEEK.end, 0),
    ],
)
async def test_a_booking_belongs_to_the_week_that_it_starts_in_by_the_facilitys_clock(
    conn: Connection, rooms: list[int], start: datetime, minutes: int
) -> None:
    assert datetime(2030, 6, 2, 22, tzinfo=UTC) == WEEK.start
    await quota(conn)
    await book(conn, rooms[0], start, timedelta(hours=2))
    ((_, found),) = await measured(conn, rooms[0])
    assert minutes == found
    ((_, found),) = await used(conn)
    assert minutes == found


async def test_another_weeks_bookings_count_for_that_week(
    conn: Connection, rooms: list[int]
) -> None:
    await quota(conn)
    await book(conn, rooms[0], NOW.replace(minute=0) + timedelta(days=14), timedelta(hours=1))
    later = week_of(NOW + timedelta(days=14), BERLIN)
    assert [(1, 0)] == await measured(conn, rooms[0])
    assert [(1, 60)] == await measured(conn, rooms[0], week_start=later.start, week_end=later.end)


async def test_cancelled_and_expired_bookings_hold_nothing(
    conn: Connection, rooms: list[int]
) -> None:
    await quota(conn)
    soon = NOW.replace(hour=14, minute=0)
    await book(conn, rooms[0], soon, status="cancelled")
    await book(conn, rooms[0], soon, status="pending", decide_by=NOW)
    assert [(0, 0)] == await measured(conn, rooms[0]) == await used(conn)
    await book(conn, rooms[1], soon, status="pending", decide_by=NOW + QUARTER)
    await book(conn, rooms[2], soon, status="pending")
    assert [(2, 30)] == await measured(conn, rooms[0]) == await used(conn)


async def test_the_booking_that_moves_is_not_counted(conn: Connection, rooms: list[int]) -> None:
    await quota(conn)
    moving = await book(conn, rooms[0], NOW.replace(hour=14, minute=0))
    assert [(1, 15)] == await measured(conn, rooms[0], except_booking_id=moving + 1)
    assert [(0, 0)] == await measured(conn, rooms[0], except_booking_id=moving)


async def test_who_holds_more_than_a_quota_allows_comes_with_the_most_first(
    conn: Connection, rooms: list[int]
) -> None:
    quota_id = await quota(conn, pair=True)  # two bookings, ten hours
    await conn.execute("INSERT INTO users (username, display_name) VALUES ('bob', 'Bob')")
    start = NOW.replace(hour=14, minute=0)
    for hours in range(3):
        await book(conn, rooms[0], start + timedelta(hours=hours), name="eve")
    for hours in range(2):
        await book(conn, rooms[1], start + timedelta(hours=hours), name="mia")
    past = WEEK.start
    await book(conn, rooms[1], past, timedelta(hours=8), name="bob")
    await book(conn, rooms[1], past + timedelta(hours=8), timedelta(hours=2), name="bob")
    for hours in range(3, 7):
        await book(conn, rooms[2], start + timedelta(hours=hours), name="mia")

    async def above() -> list[tuple[str, int, int]]:
        rows = await quotas.list_exceeding(
            conn,
            quota_id=quota_id,
            now=NOW,
            zones=["Europe/Berlin"],
            week_starts=[WEEK.start],
            week_ends=[WEEK.end],
            limit=9,
        )
        return [(row.username, row.active_bookings, row.minutes_this_week) for row in rows]

    assert [("eve", 3, 45)] == await above()
    await book(conn, rooms[0], past + timedelta(hours=11), name="bob")
    assert [("eve", 3, 45), ("bob", 0, 615)] == await above()


async def test_whoever_counts_for_a_user_waits_and_sees_whether_they_are_active(
    pool: Pool, conn: Connection, rooms: list[int]
) -> None:
    assert len(rooms) == 3
    mia = await user(conn)
    async with transaction(pool, actor_id=None, request_id=None) as writing:
        held = await quotas.lock_user(mia).run(writing)
        assert held == quotas.HolderRow(mia, is_active=True)
        locked = "SELECT 1 FROM users WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED"
        referring = "SELECT 1 FROM users WHERE id = %s FOR KEY SHARE SKIP LOCKED"
        assert await (await conn.execute(locked, [mia])).fetchone() is None
        assert await (await conn.execute(referring, [mia])).fetchone() is not None
    await conn.execute("UPDATE users SET deactivated_at = now() WHERE id = %s", [mia])
    assert await quotas.lock_user(mia).run(conn) == quotas.HolderRow(mia, is_active=False)
    assert await quotas.lock_user(999_999).run(conn) is None
