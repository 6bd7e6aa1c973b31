"""A small world that tests of the database start from."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sql.bookings import BookingRow, insert_booking
from sql.facilities import FacilityRow, insert_facility
from sql.pool import Connection
from sql.sites import SiteRow, insert_site
from sql.users import UserRow, insert_user

NOON = datetime(2030, 6, 3, 12, 0, tzinfo=UTC)


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


async def book(
    conn: Connection, world: World, start: datetime, end: datetime, *, title: str = "Standup"
) -> BookingRow:
    """The member books Room 1; the period must be free."""
    row = await insert_booking(
        conn,
        facility_id=world.room.id,
        user_id=world.member.id,
        start_time=start,
        end_time=end,
        title=title,
        description=None,
        attendee_count=2,
    )
    assert row is not None, "the period is taken"
    return row
