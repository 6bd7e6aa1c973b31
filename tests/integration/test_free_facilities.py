"""Which facilities are free instead of one that is not: the rules that the query itself holds."""

from datetime import datetime
from typing import Any

import pytest

from sql import facilities
from sql.facilities import FacilityRow
from sql.pool import Connection

from .world import World, add_facility, at, try_book

pytestmark = pytest.mark.anyio


async def is_free(conn: Connection, world: World, start: float, end: float, **given: Any) -> bool:
    """Whether Room 2 is offered to the member instead of Room 1."""
    rows = await facilities.list_free_facilities(
        conn,
        **{
            "facility_id": world.room.id,
            "start_time": at(start),
            "end_time": at(end),
            "min_capacity": 1,
            "now": at(-24),
            "except_booking_id": None,
            "is_staff": False,
            "site_ids": [],
            "caller_group_ids": [],
            "limit": 25,
            **given,
        },
    )
    return world.other_room.id in [row.id for row in rows]


async def rule(conn: Connection, row: FacilityRow, column: str, value: object) -> None:
    """Let the facility have this rule."""
    await conn.execute(
        f"UPDATE facilities SET {column} = %s WHERE id = %s".encode(),  # noqa: S608 - ours
        [value, row.id],
    )


async def taken(conn: Connection, world: World, start: float, end: float, **more: Any) -> int:
    """A booking of Room 2 with these columns besides."""
    row = await try_book(conn, world, at(start), at(end), world.other_room.id)
    assert row is not None
    for column, value in more.items():
        await conn.execute(
            f"UPDATE bookings SET {column} = %s WHERE id = %s".encode(),  # noqa: S608 - ours
            [value, row.id],
        )
    return row.id


async def test_a_length_must_be_within_the_facilitys_own(conn: Connection, world: World) -> None:
    await rule(conn, world.other_room, "min_duration_minutes", 60)
    await rule(conn, world.other_room, "max_duration_minutes", 120)
    offered = {
        length: await is_free(conn, world, 0, length) for length in (0.75, 1, 1.25, 1.75, 2, 2.25)
    }
    assert {0.75: False, 1: True, 1.25: True, 1.75: True, 2: True, 2.25: False} == offered


async def test_a_start_must_leave_the_notice(conn: Connection, world: World) -> None:
    await rule(conn, world.other_room, "min_notice_minutes", 60)
    assert await is_free(conn, world, 0, 1, now=at(-1))
    assert not await is_free(conn, world, 0, 1, now=at(-0.75))


async def test_buffers_of_the_facility_are_kept_around_what_is_wanted(
    conn: Connection, world: World
) -> None:
    await taken(conn, world, 0, 1)
    await rule(conn, world.other_room, "buffer_before_minutes", 30)
    await rule(conn, world.other_room, "buffer_after_minutes", 240)
    assert not await is_free(conn, world, 1.25, 2)
    assert await is_free(conn, world, 1.5, 2)
    assert await is_free(conn, world, -5, -4)
    assert not await is_free(conn, world, -5, -3.75)


async def test_buffers_of_a_booking_are_kept_however_long_both_are(
    conn: Connection, world: World
) -> None:
    await taken(conn, world, 0, 8, buffer_before_minutes=240, buffer_after_minutes=240)
    for column in ("buffer_before_minutes", "buffer_after_minutes"):
        await rule(conn, world.other_room, column, 240)
    assert await is_free(conn, world, 16, 17)
    assert not await is_free(conn, world, 15.75, 17)
    assert await is_free(conn, world, -9, -8)
    assert not await is_free(conn, world, -9, -7.75)


async def test_a_booking_that_moves_or_waits_in_vain_is_in_nobodys_way(
    conn: Connection, world: World
) -> None:
    booking = await taken(conn, world, 0, 1, status="pending", decide_by=at(-1))
    assert not await is_free(conn, world, 0, 1, now=at(-1.25))
    assert await is_free(conn, world, 0, 1, now=at(-1))
    assert await is_free(conn, world, 0, 1, now=at(-1.25), except_booking_id=booking)
    assert not await is_free(conn, world, 0, 1, now=at(-1.25), except_booking_id=booking + 1)


async def test_a_facility_that_is_closed_by_its_local_time_is_left_out_where_that_is_told(
    conn: Connection, world: World
) -> None:
    await rule(conn, world.other_room, "opening_hours", "{[480,1080)}")  # Monday, 8 to 18
    berlin = {"zones": ["Asia/Tokyo", "Europe/Berlin"]}
    offered = {
        (begins, ends): await is_free(
            conn, world, 0, 1, **berlin, begins=[480, begins], ends=[540, ends]
        )
        for begins, ends in ((480, 540), (465, 540), (1020, 1080), (1020, 1095), (10050, 30))
    }
    told = {(480, 540): True, (465, 540): False, (1020, 1080): True, (1020, 1095): False}
    assert {**told, (10050, 30): True} == offered  # which comes to the week's end: who knows
    assert await is_free(conn, world, 0, 1, zones=["Asia/Tokyo"], begins=[0], ends=[60])


async def test_the_hours_of_a_site_count_where_a_facility_has_none(
    conn: Connection, world: World
) -> None:
    await conn.execute("UPDATE sites SET opening_hours = '{[480,1080)}'")
    told = {"zones": ["Europe/Berlin"], "begins": [0], "ends": [60]}
    assert not await is_free(conn, world, 0, 1, **told)
    await rule(conn, world.other_room, "opening_hours", "{[0,1080)}")
    assert await is_free(conn, world, 0, 1, **told)


@pytest.mark.parametrize("scope", ["facility_id", "site_id", None])
async def test_closures_of_any_kind_are_in_the_way(
    conn: Connection, world: World, scope: str | None
) -> None:
    place = {"facility_id": world.other_room.id, "site_id": world.site.id}
    await _close(conn, at(0), at(1), **({} if scope is None else {scope: place[scope]}))
    assert await is_free(conn, world, -1, 0)
    assert not await is_free(conn, world, -1, 0.25)
    assert not await is_free(conn, world, 0.75, 2)
    assert await is_free(conn, world, 1, 2)


async def test_a_closure_of_another_place_is_not_in_the_way(conn: Connection, world: World) -> None:
    neighbour = await add_facility(conn, world.site, "Room 3")
    await _close(conn, at(0), at(1), facility_id=neighbour.id)
    assert await is_free(conn, world, 0, 1)


async def test_a_facility_of_groups_is_free_for_their_members_and_its_staff(
    conn: Connection, world: World
) -> None:
    cursor = await conn.execute("INSERT INTO user_groups (name) VALUES ('A'), ('B') RETURNING id")
    (one,), (other,) = await cursor.fetchall()
    await facilities.let_groups_in(conn, facility_id=world.other_room.id, user_group_ids=[one])
    assert not await is_free(conn, world, 0, 1)
    assert not await is_free(conn, world, 0, 1, caller_group_ids=[other])
    assert not await is_free(conn, world, 0, 1, site_ids=[world.site.id + 1])
    assert await is_free(conn, world, 0, 1, caller_group_ids=[other, one])
    assert await is_free(conn, world, 0, 1, site_ids=[world.site.id])
    assert await is_free(conn, world, 0, 1, is_staff=True)


async def _close(conn: Connection, start: datetime, end: datetime, **scope: int) -> None:
    await conn.execute(
        "INSERT INTO closures (facility_id, site_id, start_time, end_time, reason)"
        " VALUES (%s, %s, %s, %s, 'Repairs')",
        [scope.get("facility_id"), scope.get("site_id"), start, end],
    )
