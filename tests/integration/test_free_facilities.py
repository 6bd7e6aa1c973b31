"""Which facilities are free instead of one that is not, and why others are not."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import pytest

from domain.access import Caller
from domain.bookings import Draft
from domain.periods import Period
from live.source import Database
from sql import facilities
from sql.facilities import FacilityRow
from sql.pool import Connection
from steps.advice import would_take
from steps.rules import facility_facts
from steps.wanted import Held, Wanted

from .world import World, add_facility, at, try_book

pytestmark = pytest.mark.anyio


async def is_free(  # noqa: PLR0913 - what a test may care about
    conn: Connection,
    world: World,
    start: float,
    end: float,
    *,
    now: datetime | None = None,
    held: Held | None = None,
    **rights: Any,
) -> bool:
    """Whether Room 2 is offered to the member instead of Room 1."""
    facts = partial(facility_facts, horizon=timedelta(days=365))
    source = Database(cast("Any", None), facts)
    period = Period(at(start), at(end))
    draft = Draft(world.room.id, period.start, period.end, "Instead", None, 1)
    caller = Caller(world.member.id, "mia", **{"is_staff": False, **rights})
    timelines = await source.look([world.other_room.id], period, conn)
    wanted = Wanted(draft, facts(world.room), held=held)
    return would_take(timelines[world.other_room.id], wanted, caller, now or at(-24))


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
    await taken(conn, world, 0, 1, status="pending", decide_by=at(-1))
    its_own, place = Period(at(0), at(1)), world.other_room.id
    assert not await is_free(conn, world, 0, 1, now=at(-1.25))
    assert await is_free(conn, world, 0, 1, now=at(-1))
    assert await is_free(conn, world, 0, 1, now=at(-1.25), held=Held(place, its_own))
    assert not await is_free(conn, world, 0, 1, now=at(-1.25), held=Held(place + 1, its_own))


async def test_a_facility_is_left_out_where_it_is_closed_by_its_local_time(
    conn: Connection, world: World
) -> None:
    """The tests' noon is 14:00 on a Monday in Berlin."""
    await rule(conn, world.other_room, "opening_hours", "{[840,900)}")
    offered = [await is_free(conn, world, start, start + 1) for start in (-0.25, 0, 0.25)]
    assert [False, True, False] == offered


async def test_the_hours_of_a_site_count_where_a_facility_has_none(
    conn: Connection, world: World
) -> None:
    await conn.execute("UPDATE sites SET opening_hours = '{[480,840)}'")
    assert not await is_free(conn, world, 0, 1)
    await rule(conn, world.other_room, "opening_hours", "{[840,900)}")
    assert await is_free(conn, world, 0, 1)


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
    assert not await is_free(conn, world, 0, 1, group_ids=frozenset({other}))
    assert not await is_free(conn, world, 0, 1, site_ids=frozenset({world.site.id + 1}))
    assert await is_free(conn, world, 0, 1, group_ids=frozenset({other, one}))
    assert await is_free(conn, world, 0, 1, site_ids=frozenset({world.site.id}))
    assert await is_free(conn, world, 0, 1, is_staff=True)


async def _close(conn: Connection, start: datetime, end: datetime, **scope: int) -> None:
    await conn.execute(
        "INSERT INTO closures (facility_id, site_id, start_time, end_time, reason)"
        " VALUES (%s, %s, %s, %s, 'Repairs')",
        [scope.get("facility_id"), scope.get("site_id"), start, end],
    )
