"""The staff's view of everything."""

from starlette.responses import Response

from domain.errors import EndNotAfterStart
from handlers import views
from handlers.exchange import Request
from handlers.paging import after_start, limit_of, page_reply
from sql import bookings
from sql.pool import reading


async def admin_bookings_list(request: Request) -> Response:
    """All bookings that match every filter given, in the order of their start times."""
    request.require_staff()
    begin, end = request.instant("start_time"), request.instant("end_time")
    if begin is not None and end is not None and end <= begin:
        detail = "end_time must be after start_time: they bound the period that is listed."
        raise EndNotAfterStart(detail, "/end_time")
    start, row_id = after_start(request)
    async with reading(request.pool) as conn:
        rows = await bookings.list_bookings(
            conn,
            facility_id=request.param("facility_id"),
            user_id=request.param("user_id"),
            status=request.param("status"),
            ending_after=begin,
            starting_before=end,
            after_start=start,
            after_id=row_id,
            limit=limit_of(request) + 1,
        )
    return page_reply(request, rows, views.booking_detail, lambda row: (row.start_time, row.id))
