"""A booking as the rules know it, from what the database knows, if the caller may know of it."""

from typing import TypeVar

from domain.access import Caller, may_see
from domain.bookings import Booking, Draft, Facility
from domain.errors import FacilityUnknown, NotFound
from exchange.request import Request
from sql.bookings import BookingRow
from sql.facilities import FacilityRow
from steps.rules import facility_facts

Row = TypeVar("Row", bound=FacilityRow)


def visible(row: BookingRow | None, caller: Caller) -> BookingRow:
    """The row, if it exists and the caller may know of it."""
    if row is None or not may_see(caller, row.user_id, row.site_id):
        detail = (
            "There is no such booking among those you may see: your own, and those of the sites"
            " that you are staff of."
        )
        raise NotFound(detail)
    return row


def booking_of(row: BookingRow) -> Booking:
    """The booking of a row."""
    draft = Draft(
        facility_id=row.facility_id,
        start_time=row.start_time,
        end_time=row.end_time,
        title=row.title,
        description=row.description,
        attendee_count=row.attendee_count,
    )
    return Booking(row.id, row.user_id, row.status, draft, row.decide_by)


def known(row: Row | None, facility_id: int) -> Row:
    """The row of the facility; refused if there is none of that id."""
    if row is None:
        detail = (
            f"There is no facility {facility_id}: take the id of one that facilities_list shows."
        )
        raise FacilityUnknown(detail, "/facility_id")
    return row


def facility_of(request: Request, row: FacilityRow | None, facility_id: int) -> Facility:
    """What the rules need to know of the facility; refused if there is none of that id."""
    return facility_facts(known(row, facility_id), request.service.horizon)
