"""Availability: when one facility, or each of many, can be booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from starlette.responses import Response

from domain.access import Caller
from domain.availability import (
    Availability,
    check_window,
    free_slots,
    looks,
    to_keep_clear,
)
from domain.bookings import Facility, standing_refusal
from domain.errors import NotFound, Refusal
from domain.hours import open_periods
from domain.periods import Period, mark_at_or_before
from domain.rules import Closure, OpenPeriods, bookable_periods
from exchange import views
from exchange.paging import after_name, limit_of, page_reply
from exchange.request import Request
from sql import bookings, facilities
from sql.facilities import FacilityRow
from sql.pool import Connection, reading
from steps import rules
from wire import replies

_FILTERS = {"search", "site_id", "min_capacity", "amenities", "facility_type", "cursor"}


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked of each facility; ``duration`` is None for the shortest each allows.

    ``opened`` remembers what is open when: most facilities share their hours.
    """

    caller: Caller
    window: Period
    duration: timedelta | None
    now: datetime
    opened: OpenPeriods

    def duration_at(self, facility: Facility) -> timedelta:
        """How long a booking of the facility is to be."""
        return facility.rules.min_duration if self.duration is None else self.duration


@dataclass(frozen=True, slots=True)
class _Seen:
    """What stands in the way of bookings within a look, by facility."""

    busy: dict[int, list[Period]]
    closed: dict[int, list[Closure]]

    def slots(self, search: Search, facility: Facility, within: Period) -> list[Period]:
        """The free slots of the facility within a part of the look."""
        closures = self.closed[facility.id]
        bookable = bookable_periods(facility.rules, closures, within, search.now, search.opened)
        duration = search.duration_at(facility)
        return free_slots(bookable, self.busy[facility.id], facility.rules, duration)


async def availability_search(request: Request) -> Response:
    """Free periods of the facilities that match, a page at a time."""
    start, end = request.instant("start_time"), request.instant("end_time")
    assert start is not None  # noqa: S101 - the contract requires both
    assert end is not None  # noqa: S101
    minutes = request.param("duration")
    search = Search(
        caller=request.caller,
        window=check_window(start, end),
        duration=None if minutes is None else timedelta(minutes=minutes),
        now=request.now(),
        opened=cache(open_periods),
    )
    async with reading(request.pool) as conn:
        rows = await _facilities(conn, request)
        shown = [
            rules.facility_facts(row, request.service.horizon) for row in rows[: limit_of(request)]
        ]
        answers = await _availabilities(conn, search, shown)

    def view(row: FacilityRow) -> replies.AvailabilityResult:
        return _result(request, row, answers[row.id])

    return page_reply(request, rows, view, lambda row: (row.name, row.id))


def _result(request: Request, row: FacilityRow, answer: Availability) -> replies.AvailabilityResult:
    result: replies.AvailabilityResult = {
        "facility": views.facility_basic(row),
        "rules": {
            "min_duration_minutes": row.min_duration_minutes,
            "max_duration_minutes": row.max_duration_minutes,
            "start_step_minutes": row.start_step_minutes,
            "requires_approval": row.requires_approval,
        },
        "available_slots": [views.time_slot(period) for period in answer.free],
    }
    if answer.next_available is not None:
        result["next_available"] = answer.next_available
    if answer.refusal is not None:
        result["refusal"] = request.told(answer.refusal)
    return result


async def _facilities(conn: Connection, request: Request) -> list[FacilityRow]:
    """The page's facilities and one more; archived ones cannot be booked and are not listed."""
    facility_id = request.param("facility_id")
    if facility_id is not None:
        row = await facilities.get_facility(conn, facility_id)
        if row is None:
            detail = f"There is no facility {facility_id}: facilities_list shows those there are."
            raise NotFound(detail, "/facility_id")
        if request.params.keys().isdisjoint(_FILTERS):
            # The commonest question by far is spared the query that serves all the others.
            return [row] if row.status == "active" else []
    name, row_id = after_name(request)
    return await facilities.list_facilities(
        conn,
        facility_id=facility_id,
        search=request.param("search"),
        site_id=request.param("site_id"),
        min_capacity=request.param("min_capacity"),
        amenities=request.param("amenities"),
        facility_type=request.param("facility_type"),
        status="active",
        after_name=name,
        after_id=row_id,
        limit=limit_of(request) + 1,
    )


async def _availabilities(
    conn: Connection, search: Search, shown: Sequence[Facility]
) -> dict[int, Availability]:
    """Each facility's answer, by its id.

    Facilities with no room in the window are looked at further ahead, together, each up
    to its own horizon.
    """
    answers: dict[int, Availability] = {}
    waiting: list[Facility] = []
    for facility in shown:
        refusal = _standing_refusal(search, facility)
        answers[facility.id] = Availability([], None, refusal)
        if refusal is None:
            waiting.append(facility)
    until = max((_end(search, facility) for facility in waiting), default=search.now)
    for number, look in enumerate(looks(search.window, search.now, until)):
        waiting = [facility for facility in waiting if look.start < _end(search, facility)]
        if not waiting:
            break
        seen = await _seen(conn, waiting, look, search.now)
        for facility in waiting:
            free = seen.slots(search, facility, search.window) if number == 0 else []
            # Nothing begins sooner than the first free slot of the window, if there is one.
            ahead = free or seen.slots(search, facility, look)
            if ahead:
                answers[facility.id] = Availability(free, ahead[0].start)
        waiting = [facility for facility in waiting if answers[facility.id].next_available is None]
    return answers


def _standing_refusal(search: Search, facility: Facility) -> Refusal | None:
    """Why the caller can never book the facility for so long."""
    # Told of the first time asked for that can be named: a search may begin anywhere.
    start = mark_at_or_before(min(max(search.window.start, search.now), _end(search, facility)))
    return standing_refusal(facility, search.caller, start, search.duration_at(facility))


def _end(search: Search, facility: Facility) -> datetime:
    """Where nothing can be booked any more, as far ahead as bookings are taken."""
    return search.now + facility.rules.horizon


async def _seen(
    conn: Connection, waiting: Sequence[Facility], look: Period, now: datetime
) -> _Seen:
    """What stands in the way at these facilities, buffers included, in order."""
    facility_ids = [facility.id for facility in waiting]
    watched = to_keep_clear(look, [facility.rules for facility in waiting])
    busy: dict[int, list[Period]] = {facility_id: [] for facility_id in facility_ids}
    rows = await bookings.list_busy(
        conn,
        facility_ids=facility_ids,
        start_time=watched.start,
        end_time=watched.end,
        now=now,
    )
    for row in rows:
        busy[row.facility_id].append(Period(row.start_time, row.end_time))
    return _Seen(busy, await rules.closures_of(conn, facility_ids, look.start, look.end))
