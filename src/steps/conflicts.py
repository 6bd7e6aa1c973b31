"""The answer to a booking whose time is taken: what is in the way, and what is free instead."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo

from starlette.responses import Response

from domain.availability import ALTERNATIVES, free_slots, nearest_alternatives, to_keep_clear
from domain.bookings import Draft, Facility, check_new
from domain.errors import Refusal
from domain.hours import minute_of_week, open_periods
from domain.periods import Period
from domain.rules import Closure, bookable_periods
from exchange import views
from exchange.request import Request, problem_reply
from sql import bookings, facilities
from sql.bookings import InTheWayRow
from sql.facilities import FacilityRow
from sql.pool import Connection
from steps import rules
from steps.expiry import check_none_expired
from steps.holders import deactivated
from wire import replies

NEAR = timedelta(days=1)
SEARCHED = timedelta(days=7)
"""How far to either side of the wanted time alternatives are looked for: near it first, and
further only if there are not enough."""

ELSEWHERE = 5
_JUDGED_FIRST = 8
_JUDGED = 50
"""How many other facilities are told of, and how many are looked at to find them: a few
first, and more only if most of those do not take such a booking."""

_zones_met: set[str] = set()
"""The time zones of facilities that this process has come upon."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody would like to have: a draft, and the facility that it is of.

    ``booking_id`` is the booking being moved, which is never in its own way; None for a new one.
    """

    draft: Draft
    facility: Facility
    booking_id: int | None = None


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
    now = request.now()
    alternatives = await _alternatives(conn, wanted, now)
    elsewhere = await _elsewhere(conn, request, wanted, now)
    return problem_reply(_body(request, wanted, in_the_way, alternatives, elsewhere))


async def _alternatives(conn: Connection, wanted: Wanted, now: datetime) -> list[Period]:
    """Free periods of the same length at the same facility that its rules allow.

    What is further from the wanted time than it was looked for is further than what was
    found: once there are enough, they are the nearest.
    """
    found: list[Period] = []
    for reach in (NEAR, SEARCHED):
        found = await _alternatives_within(conn, wanted, reach, now)
        if len(found) == ALTERNATIVES:
            break
    return found


async def _alternatives_within(
    conn: Connection, wanted: Wanted, reach: timedelta, now: datetime
) -> list[Period]:
    period, facility = wanted.draft.period, wanted.facility
    asked = facility.rules
    around = Period(period.start - reach, period.end + reach)
    watched = to_keep_clear(around, [asked])
    obstacles = await bookings.list_obstacles(
        conn,
        facility_id=facility.id,
        site_id=facility.site_id,
        start_time=watched.start,
        end_time=watched.end,
        now=now,
        except_booking_id=wanted.booking_id,
    )
    closed, busy = list[Closure](), list[Period]()
    for row in obstacles:
        taken = Period(row.start_time, row.end_time)
        if row.is_closure:
            closed.append(Closure(taken, ""))
        else:
            busy.append(taken)
    bookable = bookable_periods(asked, closed, around, now)
    return nearest_alternatives(period, free_slots(bookable, busy, asked, period.duration), asked)


async def _elsewhere(
    conn: Connection, request: Request, wanted: Wanted, now: datetime
) -> list[FacilityRow]:
    """Other facilities that the caller could book at that time, by the judgement of a create."""
    draft, caller = wanted.draft, request.caller
    opened = cache(open_periods)  # most facilities share their hours

    def takes(row: FacilityRow) -> bool:
        facility = rules.facility_facts(row, request.service.horizon)
        try:
            # The query has left out those that are closed.
            check_new(draft, facility, [], caller, now, opened)
        except Refusal:
            return False
        return True

    zones = sorted(_zones_met)
    begins, ends = (
        [minute_of_week(instant, ZoneInfo(zone)) for zone in zones]
        for instant in (draft.start_time, draft.end_time)
    )
    takers: list[FacilityRow] = []
    for limit in (_JUDGED_FIRST, _JUDGED):
        rows = await facilities.list_free_facilities(
            conn,
            facility_id=draft.facility_id,
            start_time=draft.start_time,
            end_time=draft.end_time,
            min_capacity=draft.attendee_count,
            now=now,
            except_booking_id=wanted.booking_id,
            is_staff=caller.is_staff,
            site_ids=sorted(caller.site_ids),
            caller_group_ids=sorted(caller.group_ids),
            limit=limit,
            zones=zones,
            begins=begins,
            ends=ends,
        )
        _zones_met.update(row.time_zone for row in rows)
        takers = list(islice((row for row in rows if takes(row)), ELSEWHERE))
        if len(takers) == ELSEWHERE or len(rows) < limit:
            break
    return takers


def _body(
    request: Request,
    wanted: Wanted,
    in_the_way: list[InTheWayRow],
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


def _detail(wanted: Wanted, in_the_way: list[InTheWayRow], alternatives: list[Period]) -> str:
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
