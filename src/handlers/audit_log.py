"""The audit log: who changed what, besides bookings and facilities."""

from starlette.responses import Response

from domain.errors import EndNotAfterStart
from exchange import views_of_people
from exchange.paging import INT8, after_id, limit_of, page_reply
from exchange.request import Request
from sql import audit_log
from sql.pool import reading


async def audit_log_list(request: Request) -> Response:
    """Changes that pass every filter given, oldest first."""
    request.require_staff()
    begin, end = request.instant("start_time"), request.instant("end_time")
    if begin is not None and end is not None and end <= begin:
        detail = "end_time must be after start_time: they bound the period that is listed."
        raise EndNotAfterStart(detail, "/end_time")
    async with reading(request.pool) as conn:
        rows = await audit_log.list_log(
            conn,
            record_type=request.param("record_type"),
            record_id=request.param("record_id"),
            changed_by=request.param("changed_by"),
            since=begin,
            before=end,
            after_id=after_id(request, INT8),
            limit=limit_of(request) + 1,
        )
    return page_reply(request, rows, views_of_people.audit_log_entry, lambda row: (row.id,))
