"""Bookings: create, retrieve, update, cancel, decide about, and their history."""

from typing import Any

from starlette.responses import Response

from domain.bookings import Draft, check_cancel
from exchange import views
from exchange.history import history_entry
from exchange.paging import INT8, after_id, limit_of, page_reply
from exchange.request import Request, dump, no_content, resource_reply
from sql import bookings, facilities
from sql.pool import Connection, reading
from steps.changes import Refused, change
from steps.conflicts import conflict_reply, in_the_way_of
from steps.creating import TRIES, Creation
from steps.decisions import decide, given_reason, needed_reason
from steps.expiry import check_none_expired, clearing
from steps.holders import check_still_active
from steps.known import booking_of, facility_of, visible


async def bookings_create(request: Request) -> Response:
    """Book a facility for the caller, or as its staff for somebody else."""
    draft = Draft(
        facility_id=request.body["facility_id"],
        start_time=request.body_instant("start_time"),
        end_time=request.body_instant("end_time"),
        title=request.body["title"],
        description=request.body.get("description"),
        attendee_count=request.body.get("attendee_count", 1),
    )
    return await Creation(request, draft).reply()


async def bookings_retrieve(request: Request) -> Response:
    """A booking of the caller's, or one at a site that they are staff of."""
    async with reading(request.pool) as conn:
        row = await bookings.get_booking(conn, request.param("id"))
    return resource_reply(request, views.booking_detail(visible(row, request.caller)))


async def bookings_update(request: Request) -> Response:
    """Move or edit a booking."""
    changes: dict[str, Any] = dict(request.body)
    reason = given_reason(changes.pop("reason", None))
    changes.update(
        (name, request.body_instant(name)) for name in ("start_time", "end_time") if name in changes
    )

    async def attempt(tries: int = TRIES) -> Response:
        try:
            row = await request.write(lambda conn: change(conn, request, changes, reason))
        except Refused as refused:
            async with reading(request.pool) as conn:
                rows = await in_the_way_of(conn, refused.wanted, request.now())
                if rows or tries == 1:
                    return await conflict_reply(conn, request, refused.wanted, rows)
            return await attempt(tries - 1)
        return resource_reply(request, views.booking_detail(row))

    return await clearing(request, attempt)


async def bookings_cancel(request: Request) -> Response:
    """Cancel a booking; a second time changes nothing."""

    async def cancel(conn: Connection) -> None:
        row = visible(await bookings.lock_booking(conn, request.param("id")), request.caller)
        if row.status == "cancelled":  # a repeated request is answered as the first was
            return
        request.check_if_match(dump(views.booking_detail(row)))
        await check_still_active(conn, request, row.user_id)
        now = request.now()
        check_none_expired([row], now)  # or it would be cancelled in the caller's name
        held = await facilities.get_facility(conn, row.facility_id)
        facility = facility_of(request, held, row.facility_id)
        check_cancel(booking_of(row), facility, request.caller, now)
        await bookings.cancel_booking(
            conn,
            row.id,
            cause="owner" if row.user_id == request.caller.user_id else "staff",
            reason=given_reason(request.param("reason")),
        )

    await clearing(request, lambda: request.write(cancel))
    return no_content()


async def bookings_approve(request: Request) -> Response:
    """Confirm a pending booking."""
    return await _decide(request, approve=True, reason=given_reason(request.body.get("reason")))


async def bookings_reject(request: Request) -> Response:
    """Cancel a pending booking, and say why."""
    return await _decide(request, approve=False, reason=needed_reason(request.body["reason"]))


async def bookings_history_list(request: Request) -> Response:
    """Every change of a booking, oldest first."""
    async with reading(request.pool) as conn:
        row = visible(await bookings.get_booking(conn, request.param("id")), request.caller)
        rows = await bookings.list_history(
            conn,
            booking_id=row.id,
            after_id=after_id(request, INT8),
            limit=limit_of(request) + 1,
        )
    return page_reply(request, rows, history_entry, lambda entry: (entry.id,))


async def _decide(request: Request, *, approve: bool, reason: str | None) -> Response:
    row = await request.write(
        lambda conn: decide(conn, request, request.param("id"), approve=approve, reason=reason)
    )
    return resource_reply(request, views.booking_detail(row))
