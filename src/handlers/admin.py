"""The staff's view of everything at their sites."""

from psycopg.errors import (
    DeadlockDetected,
    LockNotAvailable,
    QueryCanceled,
    SerializationFailure,
)
from starlette.responses import Response

from domain.errors import EndNotAfterStart, Refusal
from exchange import views
from exchange.paging import after_start, limit_of, page_reply
from exchange.request import Request, json_reply
from sql import bookings
from sql.pool import reading
from steps.decisions import decide, given_reason, needed_reason
from wire import replies

_HELD = (DeadlockDetected, LockNotAvailable, QueryCanceled, SerializationFailure)
"""What a booking that others held for too long ends in."""

_BUSY = (
    "Others held this booking for too long, so nothing was decided about it. Try again in a few"
    " seconds."
)


async def admin_bookings_list(request: Request) -> Response:
    """All bookings that match every filter given, in the order of their start times."""
    request.require_staff_somewhere()
    begin, end = request.instant("start_time"), request.instant("end_time")
    if begin is not None and end is not None and end <= begin:
        detail = "end_time must be after start_time: they bound the period that is listed."
        raise EndNotAfterStart(detail, "/end_time")
    start, row_id = after_start(request)
    async with reading(request.pool) as conn:
        rows = await bookings.list_bookings(
            conn,
            facility_id=request.param("facility_id"),
            site_ids=_site_ids(request),
            user_id=request.param("user_id"),
            booked_by_id=request.param("booked_by_id"),
            status=request.param("status"),
            cancellation_cause=request.param("cancellation_cause"),
            search=request.param("search"),
            ending_after=begin,
            starting_before=end,
            after_start=start,
            after_id=row_id,
            limit=limit_of(request) + 1,
        )
    return page_reply(request, rows, views.booking_detail, lambda row: (row.start_time, row.id))


async def admin_bookings_decide(request: Request) -> Response:
    """Approve or reject several pending bookings, each in a transaction of its own."""
    request.require_staff_somewhere()
    approve = request.body["decision"] == "approve"
    text = request.body.get("reason")
    reason = given_reason(text) if approve else needed_reason(text)
    ids: list[int] = request.body["booking_ids"]
    results = [
        await _decided(request, booking_id, approve=approve, reason=reason) for booking_id in ids
    ]
    return json_reply(results)


async def _decided(
    request: Request, booking_id: int, *, approve: bool, reason: str | None
) -> replies.DecisionResult:
    """What became of one of them; a refusal is an answer too, and so is that others held it."""
    try:
        row = await request.write(
            lambda conn: decide(conn, request, booking_id, approve=approve, reason=reason)
        )
    except Refusal as refusal:
        return {"id": booking_id, "refusal": request.told(refusal)}
    except _HELD:
        return {"id": booking_id, "refusal": {"type": "service_unavailable", "detail": _BUSY}}
    return {"id": booking_id, "status": row.status}


def _site_ids(request: Request) -> list[int] | None:
    """The sites to list: the one asked for, and of those that the caller governs; None for all."""
    asked: int | None = request.param("site_id")
    if request.caller.is_staff:
        return None if asked is None else [asked]
    return sorted(request.caller.site_ids if asked is None else request.caller.site_ids & {asked})
