"""The answer to a booking whose time is taken: what is in the way, and what is free instead."""

from collections.abc import Sequence
from datetime import datetime

from starlette.responses import Response

from domain.periods import Period
from exchange import views
from exchange.request import Request, problem_reply
from sql import bookings
from sql.bookings import InTheWayRow
from sql.pool import Connection
from steps.advice import Advice, advice_for
from steps.expiry import check_none_expired
from steps.holders import deactivated
from steps.wanted import Wanted, is_taken
from wire import replies


async def in_the_way_of(conn: Connection, wanted: Wanted, now: datetime) -> list[InTheWayRow]:
    """What holds the facility when the draft, with its buffers, would.

    :raises Expired: if some of it holds it no more, and only has to be cleared away.
    """
    occupied = wanted.facility.rules.occupied(wanted.draft.period)
    rows = await bookings.list_in_the_way(
        conn,
        facility_id=wanted.facility.id,
        start_time=occupied.start,
        end_time=occupied.end,
        except_booking_id=wanted.booking_id,
    )
    check_none_expired(rows, now)
    return rows


async def conflict_reply(
    conn: Connection, request: Request, wanted: Wanted, in_the_way: list[InTheWayRow]
) -> Response:
    """409 ``booking_conflict``, of which a record is kept for the staff.

    Refused to whoever was deactivated meanwhile: what they leave would outlive that.
    """
    draft = wanted.draft
    recorded = await bookings.insert_conflict(
        conn,
        facility_id=draft.facility_id,
        user_id=request.caller.user_id,
        start_time=draft.start_time,
        end_time=draft.end_time,
    )
    if not recorded:
        raise deactivated()
    return await advised(conn, request, wanted, in_the_way)


async def advised(
    conn: Connection | None, request: Request, wanted: Wanted, in_the_way: Sequence[InTheWayRow]
) -> Response:
    """409 ``booking_conflict``: what is in the way, and what is free instead.

    The advice may be a moment old: the decision has been made. Whoever has a connection lends
    it, and does not wait for what is remembered to be recent: others wait for the connection.
    """
    now = request.now()
    timelines = request.service.live.timelines
    source = await timelines.source() if conn is None else timelines.source_at_once()
    refused = _refused(wanted, in_the_way)
    advice = await advice_for(conn, source, wanted, refused, request.caller, now)
    return problem_reply(_body(request, wanted, in_the_way, advice))


def looks_taken(request: Request, wanted: Wanted, now: datetime) -> bool:
    """Whether what is remembered has something in the way of a draft. No more than a hint."""
    source = request.service.live.timelines.source_at_once()
    occupied = wanted.facility.rules.occupied(wanted.draft.period)
    timeline = source.glance(wanted.facility.id, occupied)
    return timeline is not None and is_taken(timeline, wanted, now)


def _refused(wanted: Wanted, in_the_way: Sequence[InTheWayRow]) -> list[Period]:
    """What is known to be taken, though what is remembered may not know it yet."""
    taken = [Period(row.occupied_from, row.occupied_until) for row in in_the_way]
    return taken or [wanted.draft.period]


def _body(
    request: Request,
    wanted: Wanted,
    in_the_way: Sequence[InTheWayRow],
    advice: Advice,
) -> replies.ConflictResponse:
    site_id, caller = wanted.facility.site_id, request.caller
    visible = [views.booking_basic(row, site_id, caller) for row in in_the_way]
    body: replies.ConflictResponse = {
        "type": "booking_conflict",
        "title": "Booking Conflict",
        "status": 409,
        "detail": _detail(wanted, in_the_way, advice),
        "request_id": request.request_id,
        "conflicting_bookings": visible,
        "suggested_alternatives": [views.time_slot(period) for period in advice.periods],
        "alternative_facilities": [views.facility_basic(row) for row in advice.facilities],
    }
    if visible:
        body["conflicting_booking"] = visible[0]
    return body


def _detail(wanted: Wanted, in_the_way: Sequence[InTheWayRow], advice: Advice) -> str:
    choose = (
        "Choose one of suggested_alternatives, or one of alternative_facilities at the same time."
        if advice.periods
        else "Nothing of that length is free there within a week: choose another time or facility."
    )
    if not in_the_way:
        return f"Somebody else took this time a moment ago. {choose}"
    first, period = in_the_way[0], wanted.draft.period
    taken = f"{_wire(first)} is taken"
    if len(in_the_way) > 1:
        taken = f"{len(in_the_way)} bookings are in the way, the first {_wire(first)}"
    if not any(Period(row.start_time, row.end_time).overlaps(period) for row in in_the_way):
        taken += ", and time before or after bookings is kept free here"
    return f"{wanted.facility.name} is not free at this time: {taken}. {choose}"


def _wire(row: InTheWayRow) -> str:
    times = f"{row.start_time.isoformat()} to {row.end_time.isoformat()}"
    return times.replace("+00:00", "Z")
