"""Bookings: create, retrieve, update, cancel, and their history."""

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection
from starlette.responses import Response

from domain.bookings import (
    Booking,
    Caller,
    Draft,
    Facility,
    check_cancel,
    check_change,
    check_new,
    may_see,
    revise,
)
from domain.errors import FacilityUnknown, NotFound
from handlers import views
from handlers.conflicts import conflict_reply
from handlers.exchange import (
    Request,
    dump,
    no_content,
    resource_reply,
)
from handlers.idempotency import once
from handlers.paging import INT8, after_id, limit_of, page_reply
from sql import bookings, facilities
from sql.bookings import BookingRow, PeriodTaken
from sql.facilities import FacilityRow
from sql.pool import reading, retrying, transaction

Connection = AsyncConnection[Any]

_TRIES = 3
"""How often a create is tried again when what was in its way is gone by the time of asking."""


async def bookings_create(request: Request) -> Response:
    """Book a facility for the caller."""
    draft = Draft(
        facility_id=request.body["facility_id"],
        start_time=request.body_instant("start_time"),
        end_time=request.body_instant("end_time"),
        title=request.body["title"],
        description=request.body.get("description"),
        attendee_count=request.body.get("attendee_count", 1),
    )

    async def book(conn: Connection) -> Response:
        facility = await _facility(conn, draft.facility_id)
        check_new(draft, facility, request.now(), request.service.horizon)
        return await _insert(conn, request, draft)

    return await once(request, book)


async def bookings_retrieve(request: Request) -> Response:
    """A booking of the caller's, or any for staff."""
    async with reading(request.pool) as conn:
        row = await bookings.get_booking(conn, request.param("id"))
    return resource_reply(request, views.booking_detail(_visible(row, request.caller)))


async def bookings_update(request: Request) -> Response:
    """Move or edit a booking."""
    changes = dict(request.body)
    changes.update(
        (name, request.body_instant(name)) for name in ("start_time", "end_time") if name in changes
    )
    try:
        row = await retrying(lambda: _change(request, changes))
    except PeriodTaken:
        return await _taken(request, changes)
    return resource_reply(request, views.booking_detail(row))


async def bookings_cancel(request: Request) -> Response:
    """Cancel a booking; a second time changes nothing."""
    async with transaction(
        request.pool, actor_id=request.caller.user_id, request_id=request.request_id
    ) as conn:
        row = _visible(await bookings.lock_booking(conn, request.param("id")), request.caller)
        request.check_if_match(dump(views.booking_detail(row)))
        if check_cancel(_booking(row), request.now()):
            await bookings.cancel_booking(conn, row.id)
    return no_content()


async def bookings_history_list(request: Request) -> Response:
    """Every change of a booking, oldest first."""
    async with reading(request.pool) as conn:
        row = _visible(await bookings.get_booking(conn, request.param("id")), request.caller)
        rows = await bookings.list_history(
            conn,
            booking_id=row.id,
            after_id=after_id(request, INT8),
            limit=limit_of(request) + 1,
        )
    return page_reply(request, rows, views.history_entry, lambda entry: (entry.id,))


async def _insert(conn: Connection, request: Request, draft: Draft) -> Response:
    """Store the draft if its period is free, which the database decides in the one statement."""
    in_the_way: list[BookingRow] = []
    for _ in range(_TRIES):
        row = await bookings.insert_booking(
            conn,
            facility_id=draft.facility_id,
            user_id=request.caller.user_id,
            start_time=draft.start_time,
            end_time=draft.end_time,
            title=draft.title,
            description=draft.description,
            attendee_count=draft.attendee_count,
        )
        if row is not None:
            location = {"Location": f"{request.path}{row.id}/"}
            return resource_reply(request, views.booking_detail(row), 201, location)
        in_the_way = await _in_the_way(conn, draft, None)
        if in_the_way:
            break
    return await conflict_reply(conn, request, draft, in_the_way, None)


async def _change(request: Request, changes: dict[str, Any]) -> BookingRow:
    """Load, decide and store one change; raises PeriodTaken where the new period is not free."""
    booking_id = request.param("id")
    async with transaction(
        request.pool, actor_id=request.caller.user_id, request_id=request.request_id
    ) as conn:
        row = _visible(await bookings.get_booking(conn, booking_id), request.caller)
        held: list[FacilityRow] = []
        if not changes.keys().isdisjoint({"facility_id", "start_time", "end_time"}):
            # Facilities before bookings, in the order of their ids: two moves that
            # want each other's place then wait for one another and do not deadlock.
            wanted = {row.facility_id, changes.get("facility_id", row.facility_id)}
            held = await facilities.lock_facilities(conn, sorted(wanted))
        row = _visible(await bookings.lock_booking(conn, booking_id), request.caller)
        request.check_if_match(dump(views.booking_detail(row)))
        booking = _booking(row)
        revised = revise(booking, changes)
        facility = await _facility(conn, revised.facility_id, held)
        check_change(booking, revised, facility, request.now(), request.service.horizon)
        return await bookings.update_booking(
            conn,
            booking_id,
            facility_id=revised.facility_id,
            start_time=revised.start_time,
            end_time=revised.end_time,
            title=revised.title,
            description=revised.description,
            attendee_count=revised.attendee_count,
        )


async def _taken(request: Request, changes: dict[str, Any]) -> Response:
    """The conflict answer of a move, after its transaction is rolled back."""
    async with reading(request.pool) as conn:
        row = _visible(await bookings.get_booking(conn, request.param("id")), request.caller)
        draft = revise(_booking(row), changes)
        in_the_way = await _in_the_way(conn, draft, row.id)
        return await conflict_reply(conn, request, draft, in_the_way, row.id)


async def _in_the_way(
    conn: Connection, draft: Draft, except_booking_id: int | None
) -> list[BookingRow]:
    return await bookings.list_in_the_way(
        conn,
        facility_id=draft.facility_id,
        start_time=draft.start_time,
        end_time=draft.end_time,
        except_booking_id=except_booking_id,
    )


async def _facility(
    conn: Connection, facility_id: int, held: Sequence[FacilityRow] = ()
) -> Facility:
    """What the rules need of it. One that is held already is not asked for again: others wait."""
    row = next((row for row in held if row.id == facility_id), None)
    if row is None:
        row = await facilities.get_facility(conn, facility_id)
    if row is None:
        detail = (
            f"There is no facility {facility_id}: take the id of one that facilities_list shows."
        )
        raise FacilityUnknown(detail, "/facility_id")
    return Facility(row.name, row.capacity, is_active=row.status == "active")


def _visible(row: BookingRow | None, caller: Caller) -> BookingRow:
    """The row, if it exists and the caller may know of it."""
    if row is None or not may_see(caller, row.user_id):
        detail = (
            "There is no such booking among those you may see: your own, or all if you are staff."
        )
        raise NotFound(detail)
    return row


def _booking(row: BookingRow) -> Booking:
    draft = Draft(
        facility_id=row.facility_id,
        start_time=row.start_time,
        end_time=row.end_time,
        title=row.title,
        description=row.description,
        attendee_count=row.attendee_count,
    )
    return Booking(row.id, row.user_id, row.status, draft)
