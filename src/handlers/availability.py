"""Availability: when one facility, or each of many, can be booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

from domain.availability import (
    LONGEST_WINDOW,
    Availability,
    bookable_within,
    check_window,
    first_start,
    free_slots,
)
from domain.errors import NotFound
from domain.periods import MARK, Period
from handlers import views
from handlers.exchange import Request
from handlers.paging import after_name, limit_of, page_reply
from sql import bookings, facilities
from sql.facilities import FacilityRow
from sql.pool import Connection, reading
from wire import replies

_FILTERS = {"search", "site_id", "min_capacity", "amenities", "facility_type", "cursor"}


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked of each facility."""

    window: Period
    duration: timedelta
    now: datetime
    horizon_end: datetime


async def availability_search(request: Request) -> Response:
    """Free periods of the facilities that match, a page at a time."""
    start, end = request.instant("start_time"), request.instant("end_time")
    assert start is not None  # noqa: S101 - the contract requires both
    assert end is not None  # noqa: S101
    now = request.now()
    search = Search(
        window=check_window(start, end),
        duration=timedelta(minutes=request.param("duration", MARK.seconds // 60)),
        now=now,
        horizon_end=now + request.service.horizon,
    )
    async with reading(request.pool) as conn:
        rows = await _facilities(conn, request)
        shown = rows[: limit_of(request)]
        answers = await _availabilities(conn, search, shown)

    def view(row: FacilityRow) -> replies.AvailabilityResult:
        answer = answers[row.id]
        result: replies.AvailabilityResult = {
            "facility": views.facility_basic(row),
            "available_slots": [views.time_slot(period) for period in answer.free],
        }
        if answer.next_available is not None:
            result["next_available"] = answer.next_available
        return result

    return page_reply(request, rows, view, lambda row: (row.name, row.id))


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
    conn: Connection, search: Search, rows: Sequence[FacilityRow]
) -> dict[int, Availability]:
    """Each facility's answer, by its id.

    The first look reaches one duration past the window, since a booking that
    starts in the window may end after it. Facilities with no room in sight are
    looked at further ahead, a month at a time and together.
    """
    begin = max(search.window.start, search.now)
    if begin >= search.horizon_end:  # the end of the calendar may be near, and is not to be passed
        return {row.id: Availability([], None) for row in rows}
    seen_until = max(search.window.end, begin) + search.duration
    busy = await _busy(conn, [row.id for row in rows], Period(begin, seen_until))
    bookable = bookable_within(search.window, search.now, search.horizon_end)
    free = {row.id: free_slots(bookable, busy[row.id], search.duration) for row in rows}
    starts: dict[int, datetime] = {}
    waiting = list(free)
    while waiting:
        ahead = bookable_within(Period(begin, seen_until), search.now, search.horizon_end)
        for facility_id in waiting:
            start = first_start(ahead, busy[facility_id], search.duration)
            if start is not None:
                starts[facility_id] = start
        waiting = [facility_id for facility_id in waiting if facility_id not in starts]
        if seen_until >= search.horizon_end:
            break
        begin, seen_until = seen_until - search.duration, seen_until + LONGEST_WINDOW
        busy = await _busy(conn, waiting, Period(begin, seen_until)) if waiting else busy
    return {row.id: Availability(free[row.id], starts.get(row.id)) for row in rows}


async def _busy(
    conn: Connection, facility_ids: list[int], period: Period
) -> dict[int, list[Period]]:
    """The booked periods of each facility that touch the period, in order."""
    busy: dict[int, list[Period]] = {facility_id: [] for facility_id in facility_ids}
    rows = await bookings.list_busy(
        conn, facility_ids=facility_ids, start_time=period.start, end_time=period.end
    )
    for row in rows:
        busy[row.facility_id].append(Period(row.start_time, row.end_time))
    return busy
