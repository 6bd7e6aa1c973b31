"""Bookings and their history. The database has the last word on overlap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from psycopg.errors import ExclusionViolation

from sql.facilities import FacilityType
from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)

BookingStatus: TypeAlias = Literal["confirmed", "cancelled", "pending"]
AuditAction: TypeAlias = Literal["created", "updated", "cancelled"]


class PeriodTaken(Exception):  # noqa: N818 - an answer of the database's, not a malfunction
    """Another active booking of the facility shares a moment with the period."""


@dataclass(frozen=True, slots=True)
class BookingRow:
    """A booking with what is shown of its facility, site and user. Instants are in UTC."""

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
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class BusyRow:
    """When a facility is taken."""

    facility_id: int
    start_time: datetime
    end_time: datetime


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One change of a booking.

    The values are the row before and after it, as PostgreSQL writes JSON:
    instants are text. Who made it is None where direct SQL did.
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


async def get_booking(conn: Connection, booking_id: int) -> BookingRow | None:
    """The booking with this id, whatever its status."""
    return await _QUERIES["get_booking"].one(conn, BookingRow, {"booking_id": booking_id})


async def lock_booking(conn: Connection, booking_id: int) -> BookingRow | None:
    """The booking as it stands once nobody else is changing it, locked until the commit."""
    return await _QUERIES["lock_booking"].one(conn, BookingRow, {"booking_id": booking_id})


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
) -> BookingRow | None:
    """A new confirmed booking, or None if its period is taken; the transaction stays usable.

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
    }
    try:
        return await _QUERIES["update_booking"].only(conn, BookingRow, parameters)
    except ExclusionViolation as error:
        if error.diag.constraint_name != "bookings_no_overlap":
            raise
        raise PeriodTaken from error


async def cancel_booking(conn: Connection, booking_id: int) -> BookingRow:
    """The booking, cancelled; one that is cancelled already stays as it is."""
    return await _QUERIES["cancel_booking"].only(conn, BookingRow, {"booking_id": booking_id})


async def list_in_the_way(
    conn: Connection,
    *,
    facility_id: int,
    start_time: datetime,
    end_time: datetime,
    except_booking_id: int | None,
) -> list[BookingRow]:
    """Active bookings that share any moment with [start_time, end_time): 32, earliest first."""
    parameters = {
        "facility_id": facility_id,
        "start_time": start_time,
        "end_time": end_time,
        "except_booking_id": except_booking_id,
    }
    return await _QUERIES["list_in_the_way"].many(conn, BookingRow, parameters)


async def list_busy(
    conn: Connection,
    *,
    facility_ids: Sequence[int],
    start_time: datetime,
    end_time: datetime,
    except_booking_id: int | None = None,
) -> list[BusyRow]:
    """When these facilities are taken by active bookings that touch [start_time, end_time).

    In the order of facility and start. A period may reach beyond the window.
    """
    parameters = {
        "facility_ids": list(facility_ids),
        "start_time": start_time,
        "end_time": end_time,
        "except_booking_id": except_booking_id,
    }
    return await _QUERIES["list_busy"].many(conn, BusyRow, parameters)


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
) -> list[BookingRow]:
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
    return await _QUERIES["list_user_bookings"].many(conn, BookingRow, parameters)


async def list_bookings(  # noqa: PLR0913 - one parameter for each filter
    conn: Connection,
    *,
    facility_id: int | None,
    user_id: int | None,
    status: str | None,
    ending_after: datetime | None,
    starting_before: datetime | None,
    after_start: datetime | None,
    after_id: int | None,
    limit: int,
) -> list[BookingRow]:
    """Anybody's bookings that pass every filter given, by start, after the one given."""
    parameters = {
        "facility_id": facility_id,
        "user_id": user_id,
        "status": status,
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
