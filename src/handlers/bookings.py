"""Bookings: create, retrieve, update, cancel, decide about, and their history."""

from datetime import datetime
from typing import Any

from starlette.responses import Response

from domain.access import check_governs
from domain.bookings import (
    Draft,
    Facility,
    check_cancel,
    check_new,
    needs_approval,
)
from domain.errors import UserUnknown
from domain.lifecycle import after, decide_by
from exchange import views
from exchange.history import history_entry
from exchange.idempotency import once
from exchange.paging import INT8, after_id, limit_of, page_reply
from exchange.request import (
    Request,
    dump,
    no_content,
    resource_reply,
)
from sql import bookings, facilities, quotas
from sql.bookings import InTheWayRow
from sql.pool import Connection, reading
from steps import rules
from steps.changes import Refused, change
from steps.conflicts import Wanted, conflict_reply, in_the_way_of
from steps.decisions import decide, given_reason, needed_reason
from steps.expiry import check_none_expired, clearing
from steps.holders import check_still_active
from steps.known import booking_of, facility_of, known, visible
from steps.limits import check_quotas

_TRIES = 3
"""How often a create or a move is tried when what was in its way is gone by the time of asking."""


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

    async def book(conn: Connection) -> Response:
        found = await facilities.get_terms(
            conn,
            facility_id=draft.facility_id,
            start_time=draft.start_time,
            end_time=draft.end_time,
        )
        row = known(found, draft.facility_id)
        facility = rules.facility_facts(row, request.service.horizon)
        user_id = await _holder(conn, request, facility)
        now = request.now()
        check_new(draft, facility, rules.closures_in(row), request.caller, now, rules.opened)
        if row.has_quota and not request.caller.governs(facility.site_id):
            await check_quotas(conn, user_id=user_id, facility=facility, draft=draft, now=now)
        return await _insert(conn, request, Wanted(draft, facility), user_id, now)

    # Held, so that it is neither archived nor closed between the look at it and the commit.
    held = facilities.hold_facility(draft.facility_id)
    return await clearing(request, lambda: once(request, held, book))


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

    async def attempt(tries: int = _TRIES) -> Response:
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


async def _holder(conn: Connection, request: Request, facility: Facility) -> int:
    """Whose booking it is to be: the caller's, or for staff that of the user they name."""
    user_id: int = request.body.get("user_id", request.caller.user_id)
    if user_id == request.caller.user_id:
        return user_id
    check_governs(request.caller, facility.site_id)
    # Locked, so that they are not deactivated before the commit.
    user = await quotas.lock_user(conn, user_id)
    if user is None or not user.is_active:
        detail = f"There is no active user {user_id}: users_list shows those there are."
        raise UserUnknown(detail, "/user_id")
    return user_id


async def _insert(
    conn: Connection, request: Request, wanted: Wanted, user_id: int, now: datetime
) -> Response:
    """Store the draft if its period is free, which the database decides in the one statement."""
    draft, facility = wanted.draft, wanted.facility
    asking = needs_approval(facility, request.caller)
    timeout = facility.rules.approval_timeout
    in_the_way = list[InTheWayRow]()
    for _ in range(_TRIES):
        row = await bookings.insert_booking(
            conn,
            facility_id=draft.facility_id,
            user_id=user_id,
            start_time=draft.start_time,
            end_time=draft.end_time,
            title=draft.title,
            description=draft.description,
            attendee_count=draft.attendee_count,
            status=after(None, "request" if asking else "book"),
            decide_by=decide_by(now, draft.start_time, draft.end_time, timeout) if asking else None,
            buffer_before_minutes=rules.minutes_of(facility.rules.buffer_before),
            buffer_after_minutes=rules.minutes_of(facility.rules.buffer_after),
            booked_by=None if user_id == request.caller.user_id else request.caller.user_id,
        )
        if row is not None:
            location = {"Location": f"{request.path}{row.id}/"}
            return resource_reply(request, views.booking_detail(row), 201, location)
        in_the_way = await in_the_way_of(conn, wanted, request.now())
        if in_the_way:
            break
    return await conflict_reply(conn, request, wanted, in_the_way)


async def _decide(request: Request, *, approve: bool, reason: str | None) -> Response:
    row = await request.write(
        lambda conn: decide(conn, request, request.param("id"), approve=approve, reason=reason)
    )
    return resource_reply(request, views.booking_detail(row))
