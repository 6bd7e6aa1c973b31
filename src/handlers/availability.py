"""Availability: when one facility, or each of many, can be booked."""

from datetime import timedelta

from starlette.responses import Response

from domain.availability import check_window
from domain.errors import NotFound
from exchange.paging import limit_of, next_link
from exchange.request import Request, content_reply, dump
from sql import facilities
from sql.pool import reading
from steps.searching import Search, page, tell
from steps.timelines import tell_timelines

_FILTERS = {"search", "site_id", "min_capacity", "amenities", "facility_type", "cursor"}


async def availability_search(request: Request) -> Response:
    """Free periods of the facilities that match, a page at a time."""
    search = _search(request)
    source = await request.service.live.timelines.source()
    facility_id = request.param("facility_id")
    told: dict[int, bytes] = {}
    headers = {}
    if facility_id is not None:
        told = await tell(request, source, search, [facility_id])
        if facility_id not in told:
            raise _no_facility(facility_id)
    # The commonest question by far, one facility, is spared what serves all the others.
    if facility_id is None or not request.params.keys().isdisjoint(_FILTERS):
        rows, limit = await page(request, source), limit_of(request)
        shown = [row.id for row in rows[:limit]]
        told = await tell(request, source, search, shown)
        if len(rows) > limit:
            last = rows[limit - 1]
            headers["Link"] = next_link(request, (last.name, last.id))
    content = b"[%b]" % b",".join(filter(None, told.values()))
    return content_reply(request, content, headers=headers)


async def availability_timeline(request: Request) -> Response:
    """What takes up the time of the facilities that match, a page at a time."""
    search = _search(request)
    rows = await page(request, await request.service.live.timelines.source())
    shown = rows[: limit_of(request)]
    facility_id = request.param("facility_id")
    if facility_id is not None and not shown:
        await _check_there(request, facility_id)
    told = await tell_timelines(request, search, shown)
    headers = {}
    if len(rows) > len(shown):
        headers["Link"] = next_link(request, (shown[-1].name, shown[-1].id))
    return content_reply(request, dump(told), headers=headers)


def _search(request: Request) -> Search:
    """What is asked of each facility."""
    start, end = request.instant("start_time"), request.instant("end_time")
    assert start is not None  # noqa: S101 - the contract requires both
    assert end is not None  # noqa: S101
    minutes = request.param("duration")
    return Search(
        caller=request.caller,
        window=check_window(start, end),
        duration=None if minutes is None else timedelta(minutes=minutes),
        now=request.now(),
    )


async def _check_there(request: Request, facility_id: int) -> None:
    """Refuse a facility that does not exist; one that is archived or filtered out does."""
    async with reading(request.pool) as conn:
        row = await facilities.get_facility(conn, facility_id)
    if row is None:
        raise _no_facility(facility_id)


def _no_facility(facility_id: int) -> NotFound:
    detail = f"There is no facility {facility_id}: facilities_list shows those there are."
    return NotFound(detail, "/facility_id")
