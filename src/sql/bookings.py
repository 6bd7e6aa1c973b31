"""Bookings and their history. The database has the last word on overlap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from psycopg.errors import ExclusionViolation, SerializationFailure

from sql.facilities import FacilityType
from sql.loader import load
from sql.pool import Connection
from sql.search import patterns

_QUERIES = load(__file__)

BookingStatus: TypeAlias = Literal["confirmed", "cancelled", "pending"]
CancellationCause: TypeAlias = Literal[
    "owner", "staff", "rejected", "expired", "closure", "anonymised"
]
AuditAction: TypeAlias = Literal["created", "updated", "cancelled"]


class PeriodTaken(Exception):  # noqa: N818 - an answer of the database's, not a malfunction
    """Another active booking of the facility shares a moment with the period."""


class Overtaken(SerializationFailure):
    """A rival moved the booking before it could be locked: ``retrying`` starts anew."""


@dataclass(frozen=True, slots=True)
class BookingRow:
    """A booking with what is shown of its facility, site and users. Instants are in UTC.

    ``booked_by`` is who made it where that was not its user, else None; ``decide_by`` is
    until when a pending one waits for a decision.
    """

    id: int
    facility_id: int
    facility_name: str
    site_id: int
    site_name: str
    facility_time_zone: str
    facility_capacity: int
    facility_type: FacilityType
    user_id: int
    username: str
    user_display_name: str | None
    start_time: datetime
    end_time: datetime
    title: str
    description: str | None
    attendee_count: int
    status: BookingStatus
    decide_by: datetime | None
    cancellation_cause: CancellationCause | None
    change_reason: str | None
    buffer_before_minutes: int
    buffer_after_minutes: int
    booked_by_id: int | None
    booked_by_username: str | None
    booked_by_display_name: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A booking as its user's own list shows it. See BookingRow."""

    id: int
    facility_id: int
    facility_name: str
    site_id: int
    site_name: str
    facility_time_zone: str
    facility_capacity: int
    facility_type: FacilityType
    start_time: datetime
    end_time: datetime
    title: str
    attendee_count: int
    status: BookingStatus
    decide_by: datetime | None
    cancellation_cause: CancellationCause | None


@dataclass(frozen=True, slots=True)
class InTheWayRow:
    """A booking that another would overlap, buffers included. See BookingRow."""

    id: int
    facility_id: int
    user_id: int
    username: str
    user_display_name: str | None
    start_time: datetime
    end_time: datetime
    title: str
    status: BookingStatus
    decide_by: datetime | None
    occupied_from: datetime
    occupied_until: datetime


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One change of a booking.

    The values are the row before and after it, as PostgreSQL writes JSON:
    instants are text. Who made it is None where the service did by itself, or direct
    SQL. The names are those that the values refer to, as they are now.
    """

    id: int
    action: AuditAction
    old_values: Mapping[str, Any] | None
    new_values: Mapping[str, Any]
    changed_by_id: int | None
    changed_by_username: str | None
    changed_by_display_name: str | None
    request_id: str | None
    changed_at: datetime
    old_facility_name: str | None
    old_time_zone: str | None
    new_facility_name: str
    new_time_zone: str
    user_id: int
    username: str
    user_display_name: str | None
    booked_by_username: str | None


async def get_booking(conn: Connection, booking_id: int) -> BookingRow | None:
    """The booking with this id, whatever its status."""
    return await _QUERIES["get_booking"].one(conn, BookingRow, {"booking_id": booking_id})


async def lock_booking(conn: Connection, booking_id: int) -> BookingRow | None:
    """The booking as it stands once nobody else is changing it, locked until the commit."""
    return await _QUERIES["lock_booking"].one(conn, BookingRow, {"booking_id": booking_id})


async def hold_holder(conn: Connection, user_id: int) -> int:
    """Keep an active user from being deactivated or forgotten until the commit; 0 if none is.

    Users are locked after bookings, as everybody locks them.
    """
    return await _QUERIES["hold_holder"].exec(conn, {"user_id": user_id})


async def insert_booking(  # noqa: PLR0913 - one parameter for each column
    conn: Connection,
    *,
    facility_id: int,
    user_id: int,
    start_time: datetime,
    end_time: datetime,
    title: str,
    description: str | None,
    attendee_count: int,
    status: BookingStatus = "confirmed",
    decide_by: datetime | None = None,
    buffer_before_minutes: int = 0,
    buffer_after_minutes: int = 0,
    booked_by: int | None = None,
) -> BookingRow | None:
    """A new booking, or None if its period is taken or its user deactivated.

    ``hold_holder`` tells the two apart. The transaction stays usable. The user is held as
    by that.

    It waits for rivals that have not committed yet, and neither raises on a
    conflict nor deadlocks with them.
    """
    parameters = {
        "facility_id": facility_id,
        "user_id": user_id,
        "start_time": start_time,
        "end_time": end_time,
        "title": title,
        "description": description,
        "attendee_count": attendee_count,
        "status": status,
        "decide_by": decide_by,
        "buffer_before_minutes": buffer_before_minutes,
        "buffer_after_minutes": buffer_after_minutes,
        "booked_by": booked_by,
    }
    return await _QUERIES["insert_booking"].one(conn, BookingRow, parameters)


async def update_booking(  # noqa: PLR0913 - one parameter for each column
    conn: Connection,
    booking_id: int,
    *,
    facility_id: int,
    start_time: datetime,
    end_time: datetime,
    title: str,
    description: str | None,
    attendee_count: int,
    status: BookingStatus,
    decide_by: datetime | None,
    buffer_before_minutes: int,
    buffer_after_minutes: int,
    change_reason: str | None,
) -> BookingRow:
    """The booking with these values; one that already has them is left as it is.

    A rival's insert can deadlock with it: run it under ``retrying``.

    :raises PeriodTaken: if the new period is not free. The transaction can only be
        rolled back then.
    """
    parameters = {
        "booking_id": booking_id,
        "facility_id": facility_id,
        "start_time": start_time,
        "end_time": end_time,
        "title": title,
        "description": description,
        "attendee_count": attendee_count,
        "status": status,
        "decide_by": decide_by,
        "buffer_before_minutes": buffer_before_minutes,
        "buffer_after_minutes": buffer_after_minutes,
        "change_reason": change_reason,
    }
    try:
        return await _QUERIES["update_booking"].only(conn, BookingRow, parameters)
    except ExclusionViolation as error:
        if error.diag.constraint_name != "bookings_no_overlap":
            raise
        raise PeriodTaken from error


async def cancel_booking(
    conn: Connection,
    booking_id: int,
    *,
    cause: CancellationCause | None = None,
    reason: str | None = None,
) -> BookingRow:
    """The booking, cancelled for this cause; one that already is is left as it is."""
    parameters = {"booking_id": booking_id, "cause": cause, "reason": reason}
    return await _QUERIES["cancel_booking"].only(conn, BookingRow, parameters)


async def confirm_booking(conn: Connection, booking_id: int, *, reason: str | None) -> BookingRow:
    """The booking, confirmed."""
    parameters = {"booking_id": booking_id, "reason": reason}
    return await _QUERIES["confirm_booking"].only(conn, BookingRow, parameters)


async def expire_in_the_way(conn: Connection, *, facility_id: int, now: datetime) -> int:
    """Cancel the facility's pending bookings whose time to be decided is over; how many.

    It waits for whoever is deciding about one: run it under ``retrying``.
    """
    parameters = {"facility_id": facility_id, "now": now}
    return await _QUERIES["expire_in_the_way"].exec(conn, parameters)


async def expire_bookings(conn: Connection, *, now: datetime, limit: int) -> int:
    """Cancel pending bookings whose time to be decided is over, at most so many; how many.

    What somebody is changing meanwhile is left for the next time.
    """
    return await _QUERIES["expire_bookings"].exec(conn, {"now": now, "limit": limit})


async def insert_conflict(
    conn: Connection,
    *,
    facility_id: int,
    user_id: int,
    start_time: datetime,
    end_time: datetime,
) -> int:
    """Record that the user asked for a time of the facility that was taken.

    0 if they were deactivated meanwhile, and nothing is recorded; else they are held until
    the commit as by ``hold_holder``, and it is 1.
    """
    parameters = {
        "facility_id": facility_id,
        "user_id": user_id,
        "start_time": start_time,
        "end_time": end_time,
    }
    return await _QUERIES["insert_conflict"].exec(conn, parameters)


async def list_in_the_way(
    conn: Connection,
    *,
    facility_id: int,
    start_time: datetime,
    end_time: datetime,
    except_booking_id: int | None,
) -> list[InTheWayRow]:
    """Active bookings that, with buffers, touch [start_time, end_time): 32, earliest first.

    Expired ones that nobody has cleared away yet are among them.
    """
    parameters = {
        "facility_id": facility_id,
        "start_time": start_time,
        "end_time": end_time,
        "except_booking_id": except_booking_id,
    }
    return await _QUERIES["list_in_the_way"].many(conn, InTheWayRow, parameters)


async def list_user_bookings(  # noqa: PLR0913 - one parameter for each filter
    conn: Connection,
    *,
    user_id: int,
    ending_after: datetime | None,
    starting_before: datetime | None,
    status: str | None,
    after_start: datetime | None,
    after_id: int | None,
    limit: int,
) -> list[SummaryRow]:
    """A user's bookings that pass every filter given, by start, after the one given."""
    parameters = {
        "user_id": user_id,
        "ending_after": ending_after,
        "starting_before": starting_before,
        "status": status,
        "after_start": after_start,
        "after_id": after_id,
        "limit": limit,
    }
    return await _QUERIES["list_user_bookings"].many(conn, SummaryRow, parameters)


async def list_bookings(  # noqa: PLR0913 - one parameter for each filter
    conn: Connection,
    *,
    facility_id: int | None,
    site_ids: Sequence[int] | None,
    user_id: int | None,
    booked_by_id: int | None,
    status: str | None,
    cancellation_cause: str | None,
    search: str | None,
    ending_after: datetime | None,
    starting_before: datetime | None,
    after_start: datetime | None,
    after_id: int | None,
    limit: int,
) -> list[BookingRow]:
    """Anybody's bookings that pass every filter given, by start, after the one given.

    Each word of ``search`` must be part of the title, capitals aside.
    """
    parameters = {
        "facility_id": facility_id,
        "site_ids": None if site_ids is None else list(site_ids),
        "user_id": user_id,
        "booked_by_id": booked_by_id,
        "status": status,
        "cancellation_cause": cancellation_cause,
        "search": patterns(search),
        "ending_after": ending_after,
        "starting_before": starting_before,
        "after_start": after_start,
        "after_id": after_id,
        "limit": limit,
    }
    return await _QUERIES["list_bookings"].many(conn, BookingRow, parameters)


async def list_history(
    conn: Connection, *, booking_id: int, after_id: int | None, limit: int
) -> list[HistoryRow]:
    """Every change of a booking, oldest first, after the one given."""
    parameters = {"booking_id": booking_id, "after_id": after_id, "limit": limit}
    return await _QUERIES["list_history"].many(conn, HistoryRow, parameters)
