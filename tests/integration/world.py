"""A small world that tests of the database start from."""

import inspect
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sql.bookings import BookingRow, insert_booking, list_bookings, update_booking
from sql.facilities import FacilityRow, insert_facility, list_facilities
from sql.pool import Connection
from sql.sites import SiteRow, insert_site
from sql.users import UserRow, insert_user

NOON = datetime(2030, 6, 3, 12, 0, tzinfo=UTC)

ORIGIN = "5d1c07a3e2b84f96"
"""Some database, in positions of the change feed."""


def at(hours: float) -> datetime:
    """So many hours after noon of the one day on which these tests book."""
    return NOON + timedelta(hours=hours)


@dataclass(frozen=True, slots=True)
class World:
    """A site with two rooms, a member and one of the staff."""

    site: SiteRow
    room: FacilityRow
    other_room: FacilityRow
    member: UserRow
    staff: UserRow


async def make_world(conn: Connection) -> World:
    """The world, in a database that holds nothing else."""
    site = await insert_site(conn, name="Harbour", time_zone="Europe/Berlin")
    return World(
        site=site,
        room=await add_facility(conn, site, "Room 1"),
        other_room=await add_facility(conn, site, "Room 2"),
        member=await insert_user(conn, username="mia", display_name="Mia Miller", is_staff=False),
        staff=await insert_user(conn, username="sam", display_name=None, is_staff=True),
    )


async def add_facility(  # noqa: PLR0913 - what a test may care about
    conn: Connection,
    site: SiteRow,
    name: str,
    *,
    capacity: int = 8,
    facility_type: str = "room",
    amenities: tuple[str, ...] = (),
    description: str | None = None,
) -> FacilityRow:
    """A facility with what matters to the test, and something plausible for the rest."""
    return await insert_facility(
        conn,
        site_id=site.id,
        name=name,
        description=description,
        facility_type=facility_type,
        capacity=capacity,
        amenities=amenities,
        time_zone=site.time_zone,
    )


async def try_book(  # noqa: PLR0913 - what a test may care about
    conn: Connection,
    world: World,
    start: datetime,
    end: datetime,
    facility_id: int | None = None,
    *,
    title: str = "Standup",
) -> BookingRow | None:
    """The member books, Room 1 unless another is given; None if the period is taken."""
    return await insert_booking(
        conn,
        facility_id=world.room.id if facility_id is None else facility_id,
        user_id=world.member.id,
        start_time=start,
        end_time=end,
        title=title,
        description=None,
        attendee_count=2,
    )


async def book(
    conn: Connection, world: World, start: datetime, end: datetime, *, title: str = "Standup"
) -> BookingRow:
    """The member books Room 1; the period must be free."""
    row = await try_book(conn, world, start, end, title=title)
    assert row is not None, "the period is taken"
    return row


async def move(
    conn: Connection, row: BookingRow, start: datetime, end: datetime, facility_id: int
) -> BookingRow:
    """The booking at another time and place, and otherwise as it was."""
    return await update_booking(
        conn,
        row.id,
        facility_id=facility_id,
        start_time=start,
        end_time=end,
        title=row.title,
        description=row.description,
        attendee_count=row.attendee_count,
        status=row.status,
        decide_by=row.decide_by,
        buffer_before_minutes=row.buffer_before_minutes,
        buffer_after_minutes=row.buffer_after_minutes,
        change_reason=None,
    )


async def all_bookings(conn: Connection, **given: Any) -> list[BookingRow]:
    """Every booking that passes the filters given."""
    return await list_bookings(conn, **{**_nothing(list_bookings), "limit": 9999, **given})


async def all_facilities(conn: Connection, **given: Any) -> list[FacilityRow]:
    """Every facility that passes the filters given."""
    return await list_facilities(conn, **{**_nothing(list_facilities), "limit": 9999, **given})


def _nothing(door: Any) -> dict[str, Any]:
    """None for each of the door's parameters but the connection."""
    return dict.fromkeys(list(inspect.signature(door).parameters)[1:])
