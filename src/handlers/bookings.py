"""Bookings: create, retrieve, update, cancel, and their history."""

from typing import Any

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
from sql.pool import Connection, reading

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
        # Held, so that it is not archived between this look and the commit.
        held = await facilities.hold_facility(conn, draft.facility_id)
        facility = _facts(held, draft.facility_id)
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
        row = await request.write(lambda conn: _change(conn, request, changes))
    except _Refused as refused:
        async with reading(request.pool) as conn:
            in_the_way = await _in_the_way(conn, refused.draft, request.param("id"))
            return await conflict_reply(
                conn, request, refused.draft, in_the_way, request.param("id")
            )
    return resource_reply(request, views.booking_detail(row))


async def bookings_cancel(request: Request) -> Response:
    """Cancel a booking; a second time changes nothing."""

    async def cancel(conn: Connection) -> None:
        row = _visible(await bookings.lock_booking(conn, request.param("id")), request.caller)
        if row.status != "cancelled":  # else a repeated request is answered as the first was
            request.check_if_match(dump(views.booking_detail(row)))
        if check_cancel(_booking(row), request.now()):
            await bookings.cancel_booking(conn, row.id)

    await request.write(cancel)
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


class _Refused(Exception):  # noqa: N818 - an answer of the database's, not a malfunction
    """A move whose period is not free; ``draft`` is the booking as it would have been."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(draft)
        self.draft = draft


async def _change(conn: Connection, request: Request, changes: dict[str, Any]) -> BookingRow:
    """Load, decide and store one change; raises _Refused where the new period is not free."""
    row, held = await _held(conn, request, changes)
    request.check_if_match(dump(views.booking_detail(row)))
    booking = _booking(row)
    revised = revise(booking, changes)
    # Others wait for what is held: nothing is asked for twice.
    found = held.get(revised.facility_id)
    found = found or await facilities.get_facility(conn, revised.facility_id)
    facility = _facts(found, revised.facility_id)
    check_change(booking, revised, facility, request.now(), request.service.horizon)
    try:
        return await bookings.update_booking(
            conn,
            row.id,
            facility_id=revised.facility_id,
            start_time=revised.start_time,
            end_time=revised.end_time,
            title=revised.title,
            description=revised.description,
            attendee_count=revised.attendee_count,
        )
    except PeriodTaken as error:
        raise _Refused(revised) from error


async def _held(
    conn: Connection, request: Request, changes: dict[str, Any]
) -> tuple[BookingRow, dict[int, FacilityRow]]:
    """The booking to change, and if it moves the facilities it moves between, all locked.

    Facilities before bookings, in the order of their ids: two moves that want each
    other's place then wait for one another and do not deadlock. A rival that moves the
    booking elsewhere in between can still cause one, and then this is tried again.
    """
    booking_id = request.param("id")
    row = _visible(await bookings.get_booking(conn, booking_id), request.caller)
    held: dict[int, FacilityRow] = {}
    if not changes.keys().isdisjoint({"facility_id", "start_time", "end_time"}):
        wanted = {row.facility_id, changes.get("facility_id", row.facility_id)}
        held = {found.id: found for found in await facilities.lock_facilities(conn, sorted(wanted))}
    return _visible(await bookings.lock_booking(conn, booking_id), request.caller), held


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


def _facts(row: FacilityRow | None, facility_id: int) -> Facility:
    """What the rules need to know of the facility; refused if there is none of that id."""
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
