"""The answer to a booking whose time is taken: what is in the way, and what is free instead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from starlette.responses import Response

from domain.access import Caller
from domain.availability import ALTERNATIVES, free_slots, nearest_alternatives
from domain.bookings import Draft, Facility, check_new
from domain.errors import Refusal
from domain.periods import Period
from domain.rules import Closure, bookable_periods
from exchange import views
from exchange.request import Request, problem_reply
from live.days import Timeline
from live.source import Source
from sql import bookings, facilities
from sql.bookings import InTheWayRow
from sql.facilities import FacilityRow
from sql.pool import Connection
from sql.timelines import Taken
from steps.expiry import check_none_expired
from steps.holders import deactivated
from steps.rules import opened
from wire import replies

REACHES = (timedelta(hours=6), timedelta(days=1), timedelta(days=7))
"""How far to either side of the wanted time alternatives are looked for: near it first, and
further only if there are not enough."""

ELSEWHERE = 5
_JUDGED_AT_ONCE = 16
_JUDGED_FIRST = 50
_JUDGED = 500
"""How many other facilities are told of, and how many are looked at to find them."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a booking that is to be moved occupies where it is."""

    facility_id: int
    occupied: Period


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody would like to have: a draft, and the facility that it is of.

    ``booking_id`` is the booking being moved, which is never in its own way wherever it is
    ``held``; None for a new one.
    """

    draft: Draft
    facility: Facility
    booking_id: int | None = None
    held: Held | None = None


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
    here, alternatives = await _alternatives(conn, source, wanted, refused, now)
    elsewhere = await _elsewhere(conn, request, source, wanted=wanted, here=here, now=now)
    return problem_reply(_body(request, wanted, in_the_way, alternatives, elsewhere))


def looks_taken(request: Request, wanted: Wanted, now: datetime) -> bool:
    """Whether what is remembered has something in the way of a draft. No more than a hint."""
    source = request.service.live.timelines.source_at_once()
    occupied = wanted.facility.rules.occupied(wanted.draft.period)
    timeline = source.glance(wanted.facility.id, occupied)
    return timeline is not None and _is_taken(timeline, wanted, now)


def _refused(wanted: Wanted, in_the_way: Sequence[InTheWayRow]) -> list[Period]:
    """What is known to be taken, though what is remembered may not know it yet."""
    taken = [Period(row.occupied_from, row.occupied_until) for row in in_the_way]
    return taken or [wanted.draft.period]


async def _alternatives(
    conn: Connection | None,
    source: Source,
    wanted: Wanted,
    refused: Sequence[Period],
    now: datetime,
) -> tuple[FacilityRow, list[Period]]:
    """The facility, and free periods of the same length there that its rules allow.

    What is further from the wanted time than it was looked for is further than what was
    found: once there are enough, they are the nearest.
    """
    period, facility = wanted.draft.period, wanted.facility

    async def within(reach: timedelta) -> tuple[FacilityRow, list[Period]]:
        around = Period(period.start - reach, period.end + reach)
        timeline = (await source.look([facility.id], around, conn))[facility.id]
        bookable = bookable_periods(facility.rules, _closures(timeline), around, now, opened)
        others = _others(facility.id, timeline.taken, wanted, now)
        busy = [Period(taken.start_time, taken.end_time) for taken in others]
        slots = free_slots(bookable, [*busy, *refused], facility.rules, period.duration)
        return timeline.row, nearest_alternatives(period, slots, facility.rules)

    row, found = await within(REACHES[0])
    for reach in REACHES[1:]:
        if len(found) < ALTERNATIVES:
            row, found = await within(reach)
    return row, found


async def _elsewhere(  # noqa: PLR0913 - who wants what instead of where, and when
    conn: Connection | None,
    request: Request,
    source: Source,
    *,
    wanted: Wanted,
    here: FacilityRow,
    now: datetime,
) -> list[FacilityRow]:
    """Other facilities that the caller could book at that time, by the judgement of a create.

    Some are looked at, the likeliest first, and more only if too few of those would do.
    """
    period = wanted.draft.period
    takers: list[FacilityRow] = []
    judged = {here.id}
    for limit in (_JUDGED_FIRST, _JUDGED):
        found = await _candidates(conn, source, here, wanted.draft.attendee_count, limit)
        for first in range(0, len(found), _JUDGED_AT_ONCE):
            batch = found[first : first + _JUDGED_AT_ONCE]
            some = [row for row in batch if row.id not in judged]
            judged.update(row.id for row in some)
            if wanted.held is None:  # whose own booking may be what holds it
                some = source.not_taken(some, period)
            timelines = await source.look([row.id for row in some], period, conn)
            for row in some:
                if would_take(timelines[row.id], wanted, request.caller, now):
                    takers.append(row)
                    if len(takers) == ELSEWHERE:
                        return takers
        if len(found) < limit:
            break
    return takers


async def _candidates(
    conn: Connection | None, source: Source, here: FacilityRow, attendees: int, limit: int
) -> Sequence[FacilityRow]:
    """Facilities that may do instead, the likeliest first; this one may be among them.

    Asked for by powers of two, so that few lists serve all; who judges them leaves out what
    is too small.
    """
    capacity, min_capacity = (1 << (size.bit_length() - 1) for size in (here.capacity, attendees))
    return await source.page(
        f"instead: {here.site_id} {here.facility_type} {capacity} {min_capacity} {limit}",
        partial(
            facilities.list_candidates,
            site_id=here.site_id,
            facility_type=here.facility_type,
            capacity=capacity,
            min_capacity=min_capacity,
            limit=limit,
        ),
        conn,
    )


def would_take(timeline: Timeline, wanted: Wanted, caller: Caller, now: datetime) -> bool:
    """Whether the caller could book it at that time, rules and other bookings considered."""
    facility, period = timeline.facility, wanted.draft.period
    if _is_taken(timeline, wanted, now):
        return False
    # The words of that refusal, which nobody reads, would take longer than all the rest.
    if opened(facility.rules.opening_hours, facility.rules.zone, period) != [period]:
        return False
    closed = [closure for closure in _closures(timeline) if closure.period.overlaps(period)]
    try:
        check_new(wanted.draft, facility, closed, caller, now, opened)
    except Refusal:
        return False
    return True


def _is_taken(timeline: Timeline, wanted: Wanted, now: datetime) -> bool:
    """Whether another booking of the facility is in the way of the draft, buffers included."""
    occupied = timeline.facility.rules.occupied(wanted.draft.period)
    start, end = occupied.start, occupied.end
    found = [one for one in timeline.taken if one.start_time < end and one.end_time > start]
    return any(True for _ in _others(timeline.row.id, found, wanted, now))


def _others(
    facility_id: int, bookings: Sequence[Taken], wanted: Wanted, now: datetime
) -> Iterator[Taken]:
    """Those that hold their time, and are not the one being moved."""
    held = wanted.held
    if held is not None and held.facility_id != facility_id:
        held = None
    for taken in bookings:
        if taken.decide_by is not None and taken.decide_by <= now:
            continue
        # No two overlap at one facility: no other holds the same time.
        if held is None or (taken.start_time, taken.end_time) != (
            held.occupied.start,
            held.occupied.end,
        ):
            yield taken


def _closures(timeline: Timeline) -> list[Closure]:
    return [Closure(Period(start, end), "") for start, end in timeline.closed]


def _body(
    request: Request,
    wanted: Wanted,
    in_the_way: Sequence[InTheWayRow],
    alternatives: list[Period],
    elsewhere: list[FacilityRow],
) -> replies.ConflictResponse:
    site_id, caller = wanted.facility.site_id, request.caller
    visible = [views.booking_basic(row, site_id, caller) for row in in_the_way]
    body: replies.ConflictResponse = {
        "type": "booking_conflict",
        "title": "Booking Conflict",
        "status": 409,
        "detail": _detail(wanted, in_the_way, alternatives),
        "request_id": request.request_id,
        "conflicting_bookings": visible,
        "suggested_alternatives": [views.time_slot(period) for period in alternatives],
        "alternative_facilities": [views.facility_basic(row) for row in elsewhere],
    }
    if visible:
        body["conflicting_booking"] = visible[0]
    return body


def _detail(wanted: Wanted, in_the_way: Sequence[InTheWayRow], alternatives: list[Period]) -> str:
    advice = (
        "Choose one of suggested_alternatives, or one of alternative_facilities at the same time."
        if alternatives
        else "Nothing of that length is free there within a week: choose another time or facility."
    )
    if not in_the_way:
        return f"Somebody else took this time a moment ago. {advice}"
    first, period = in_the_way[0], wanted.draft.period
    taken = f"{_wire(first)} is taken"
    if len(in_the_way) > 1:
        taken = f"{len(in_the_way)} bookings are in the way, the first {_wire(first)}"
    if not any(Period(row.start_time, row.end_time).overlaps(period) for row in in_the_way):
        taken += ", and time before or after bookings is kept free here"
    return f"{wanted.facility.name} is not free at this time: {taken}. {advice}"


def _wire(row: InTheWayRow) -> str:
    times = f"{row.start_time.isoformat()} to {row.end_time.isoformat()}"
    return times.replace("+00:00", "Z")
