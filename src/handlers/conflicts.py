"""The answer to a booking whose time is taken: what is in the way, and what is free instead."""

from datetime import timedelta

from starlette.responses import Response

from domain.availability import bookable_within, nearest_alternatives
from domain.bookings import Draft
from domain.periods import Period
from handlers import views
from handlers.exchange import Request, problem_reply
from sql import bookings, facilities
from sql.bookings import BookingRow
from sql.facilities import FacilityRow
from sql.pool import Connection
from wire import replies

ALTERNATIVES = 5
SEARCHED = timedelta(days=7)
"""How far to either side of the wanted time alternatives are looked for."""


async def conflict_reply(
    conn: Connection,
    request: Request,
    draft: Draft,
    in_the_way: list[BookingRow],
    booking_id: int | None,
) -> Response:
    """409 ``booking_conflict``.

    ``booking_id`` is the booking being moved, which is never in its own way; None for a new one.
    """
    wanted = Period(draft.start_time, draft.end_time)
    now = request.now()
    around = Period(wanted.start - SEARCHED, wanted.end + SEARCHED)
    bookable = bookable_within(around, now, now + request.service.horizon)
    busy = await bookings.list_busy(
        conn,
        facility_ids=[draft.facility_id],
        start_time=around.start,
        end_time=around.end,
        except_booking_id=booking_id,
    )
    taken = [Period(row.start_time, row.end_time) for row in busy]
    alternatives = nearest_alternatives(wanted, bookable, taken, ALTERNATIVES)
    elsewhere = await facilities.list_free_facilities(
        conn,
        facility_id=draft.facility_id,
        start_time=wanted.start,
        end_time=wanted.end,
        min_capacity=draft.attendee_count,
        limit=ALTERNATIVES,
    )
    return problem_reply(_body(request, in_the_way, alternatives, elsewhere))


def _body(
    request: Request,
    in_the_way: list[BookingRow],
    alternatives: list[Period],
    elsewhere: list[FacilityRow],
) -> replies.ConflictResponse:
    visible = [views.booking_basic(row, request.caller) for row in in_the_way]
    body: replies.ConflictResponse = {
        "type": "booking_conflict",
        "title": "Booking Conflict",
        "status": 409,
        "detail": _detail(in_the_way, alternatives),
        "request_id": request.request_id,
        "conflicting_bookings": visible,
        "suggested_alternatives": [views.time_slot(period) for period in alternatives],
        "alternative_facilities": [views.facility_basic(row) for row in elsewhere],
    }
    if visible:
        body["conflicting_booking"] = visible[0]
    return body


def _detail(in_the_way: list[BookingRow], alternatives: list[Period]) -> str:
    advice = (
        "Choose one of suggested_alternatives, or one of alternative_facilities at the same time."
        if alternatives
        else "Nothing of that length is free there within a week: choose another time or facility."
    )
    if not in_the_way:
        return f"Somebody else took this time a moment ago. {advice}"
    first = in_the_way[0]
    taken = f"{_wire(first)} is taken"
    if len(in_the_way) > 1:
        taken = f"{len(in_the_way)} bookings are in the way, the first {_wire(first)}"
    return f"{first.facility_name} is not free at this time: {taken}. {advice}"


def _wire(row: BookingRow) -> str:
    times = f"{row.start_time.isoformat()} to {row.end_time.isoformat()}"
    return times.replace("+00:00", "Z")
