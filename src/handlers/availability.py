"""Availability: when one facility, or each of many, can be booked."""

from datetime import timedelta

from starlette.responses import Response

from domain.availability import check_window
from domain.errors import NotFound
from exchange.paging import limit_of, next_link
from exchange.request import Request, content_reply
from steps.searching import Search, page, tell

_FILTERS = {"search", "site_id", "min_capacity", "amenities", "facility_type", "cursor"}


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
    )
    source = await request.service.live.timelines.source()
    facility_id = request.param("facility_id")
    told: dict[int, bytes] = {}
    headers = {}
    if facility_id is not None:
        told = await tell(request, source, search, [facility_id])
        if facility_id not in told:
            detail = f"There is no facility {facility_id}: facilities_list shows those there are."
            raise NotFound(detail, "/facility_id")
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
