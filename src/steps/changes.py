"""A change of a booking: load, decide, store."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.access import check_governs
from domain.bookings import (
    Booking,
    Draft,
    Facility,
    check_change,
    event_of_change,
    revise,
    takes_more,
)
from domain.lifecycle import after, decide_by, next_deadline
from domain.periods import Period
from domain.quotas import changes_week
from exchange import views
from exchange.request import Request, dump
from sql import bookings, facilities
from sql.bookings import BookingRow, Overtaken, PeriodTaken
from sql.facilities import FacilityRow
from sql.pool import Connection
from steps import rules
from steps.holders import check_still_active
from steps.known import booking_of, facility_of, visible
from steps.limits import check_quotas
from steps.wanted import Held, Wanted


class Refused(Exception):  # noqa: N818 - an answer of the database's, not a malfunction
    """A move whose period is not free."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class _Revision:
    """A booking, what it is to be, and the facilities that it would leave and hold."""

    booking: Booking
    revised: Draft
    left: Facility
    facility: Facility
    now: datetime

    @property
    def takes_more(self) -> bool:
        return takes_more(self.booking, self.revised)

    @property
    def counts_anew(self) -> bool:
        """Whether quotas have to be asked: it takes more, or comes to another week."""
        before, zone = self.booking.draft.start_time, self.facility.rules.zone
        return self.takes_more or changes_week(before, self.revised.start_time, zone)


async def change(
    conn: Connection, request: Request, changes: dict[str, Any], reason: str | None
) -> BookingRow:
    """The booking with the changes; raises Refused where the new period is not free.

    Whoever is not its user acts as staff, and must be that where it goes, too. A reason is
    kept with what it is the reason of: without that, nothing is written.
    """
    row, held = await _held(conn, request, changes)
    request.check_if_match(dump(views.booking_detail(row)))
    booking = booking_of(row)
    revised = revise(booking, changes)
    left = await _facility(conn, request, held, row.facility_id)
    facility = left
    if revised.facility_id != row.facility_id:
        facility = await _facility(conn, request, held, revised.facility_id)
    if row.user_id != request.caller.user_id:
        check_governs(request.caller, facility.site_id)
    revision = _Revision(booking, revised, left, facility, request.now())
    await _check(conn, request, revision)
    if revised == booking.draft:
        return row
    try:
        return await _store(conn, request, row, revision, reason)
    except PeriodTaken as error:
        where = Held(row.facility_id, _occupied(row))
        raise Refused(Wanted(revised, facility, row.id, where)) from error


def _occupied(row: BookingRow) -> Period:
    """The booking with the buffers that it was made with."""
    before, after = (
        timedelta(minutes=minutes)
        for minutes in (row.buffer_before_minutes, row.buffer_after_minutes)
    )
    return Period(row.start_time - before, row.end_time + after)


async def _held(
    conn: Connection, request: Request, changes: dict[str, Any]
) -> tuple[BookingRow, dict[int, FacilityRow]]:
    """The booking to change, and if it moves the facilities it moves between, all locked.

    Facilities before bookings, in the order of their ids: two moves that want each
    other's place then wait for one another and do not deadlock. Where a rival moves the
    booking elsewhere in between, what is locked is not what is needed, and this starts anew.
    """
    booking_id = request.param("id")
    row = visible(await bookings.get_booking(conn, booking_id), request.caller)
    held: dict[int, FacilityRow] = {}
    if not changes.keys().isdisjoint({"facility_id", "start_time", "end_time"}):
        wanted = {row.facility_id, changes.get("facility_id", row.facility_id)}
        held = {found.id: found for found in await rules.lock(conn, sorted(wanted))}
    row = visible(await bookings.lock_booking(conn, booking_id), request.caller)
    if held and row.facility_id not in held:
        raise Overtaken
    await check_still_active(conn, request, row.user_id)
    return row, held


async def _facility(
    conn: Connection, request: Request, held: dict[int, FacilityRow], facility_id: int
) -> Facility:
    """The facility; others wait for what is held, so nothing is asked for twice."""
    found = held.get(facility_id) or await facilities.get_facility(conn, facility_id)
    return facility_of(request, found, facility_id)


async def _check(conn: Connection, request: Request, revision: _Revision) -> None:
    """Raise the first refusal that the change meets, that of a quota last."""
    booking, revised, facility = revision.booking, revision.revised, revision.facility
    start, end = revised.start_time, revised.end_time
    more = revision.takes_more
    closed = await rules.closures_of(conn, [facility.id], start, end) if more else {}
    check_change(
        booking,
        revised,
        left=revision.left,
        facility=facility,
        closures=closed.get(facility.id, []),
        caller=request.caller,
        now=revision.now,
    )
    if revision.counts_anew and not request.caller.governs(facility.site_id):
        await check_quotas(
            conn,
            user_id=booking.user_id,
            facility=facility,
            draft=revised,
            now=revision.now,
            except_booking_id=booking.id,
            takes_more=more,
        )


async def _store(
    conn: Connection, request: Request, row: BookingRow, revision: _Revision, reason: str | None
) -> BookingRow:
    """Write the change; the buffers are the facility's own again where it takes more time."""
    revised, asked = revision.revised, revision.facility.rules
    event = event_of_change(revision.booking, revised, revision.facility, request.caller)
    status = after(row.status, event)
    anew = decide_by(revision.now, revised.start_time, revised.end_time, asked.approval_timeout)
    before, behind = row.buffer_before_minutes, row.buffer_after_minutes
    if revision.takes_more:
        before = rules.minutes_of(asked.buffer_before)
        behind = rules.minutes_of(asked.buffer_after)
    return await bookings.update_booking(
        conn,
        row.id,
        facility_id=revised.facility_id,
        start_time=revised.start_time,
        end_time=revised.end_time,
        title=revised.title,
        description=revised.description,
        attendee_count=revised.attendee_count,
        status=status,
        decide_by=next_deadline(event, row.decide_by, anew) if status == "pending" else None,
        buffer_before_minutes=before,
        buffer_after_minutes=behind,
        change_reason=reason,
    )
