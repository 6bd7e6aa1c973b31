"""What is stored about one user, and how it is forgotten.

To be forgotten takes the doors below in one transaction: hold bookings and user,
allow the redaction, forget the bookings and the reasons and then their histories (which
the change of the bookings has just added to), the user and the access, and then the log
(likewise).

A user's words are what they are called, what their bookings say, and the reasons that
they gave for changing others'. What others' bookings say otherwise is theirs, and the
reasons of closures are the house's: both stay, whoever typed them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sql.audit_log import LogRow
from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)

Action = Literal["created", "updated", "cancelled"]


@dataclass(frozen=True, slots=True)
class BookingChangeRow:
    """One change of a booking. The values are the row as PostgreSQL writes it in JSON.

    There are none where the booking is somebody else's.
    """

    id: int
    booking_id: int
    action: Action
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    changed_by_id: int | None
    changed_by_username: str | None
    changed_by_display_name: str | None
    request_id: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class FacilityChangeRow:
    """One change of a facility. The values are the row as PostgreSQL writes it in JSON."""

    id: int
    facility_id: int
    action: Action
    old_values: dict[str, Any] | None
    new_values: dict[str, Any]
    request_id: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """A request that met a booking in its way."""

    id: int
    facility_id: int
    start_time: datetime
    end_time: datetime
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class ForgottenRow:
    """A user who has just been forgotten, and what they are called now."""

    id: int
    username: str


async def list_changes_of_bookings(
    conn: Connection, *, user_id: int, after_id: int | None, limit: int
) -> list[BookingChangeRow]:
    """Every change of a user's bookings and every change of bookings by them, oldest first."""
    parameters = {"user_id": user_id, "after_id": after_id, "limit": limit}
    return await _QUERIES["list_changes_of_bookings"].many(conn, BookingChangeRow, parameters)


async def list_changes_of_facilities(
    conn: Connection, *, user_id: int, after_id: int | None, limit: int
) -> list[FacilityChangeRow]:
    """Every change of a facility that a user made, oldest first."""
    parameters = {"user_id": user_id, "after_id": after_id, "limit": limit}
    return await _QUERIES["list_changes_of_facilities"].many(conn, FacilityChangeRow, parameters)


async def list_changes_of_records(
    conn: Connection, *, user_id: int, after_id: int | None, limit: int
) -> list[LogRow]:
    """Every change of a user's record, memberships and tokens, and every change by them."""
    parameters = {"user_id": user_id, "after_id": after_id, "limit": limit}
    return await _QUERIES["list_changes_of_records"].many(conn, LogRow, parameters)


async def list_conflicts(
    conn: Connection, *, user_id: int, after_id: int | None, limit: int
) -> list[ConflictRow]:
    """A user's requests that met a booking in their way, oldest first."""
    parameters = {"user_id": user_id, "after_id": after_id, "limit": limit}
    return await _QUERIES["list_conflicts"].many(conn, ConflictRow, parameters)


async def hold_bookings(conn: Connection, user_id: int) -> int:
    """How many bookings a user has or gave reasons for, all held until the commit."""
    return int(await _QUERIES["hold_bookings"].value(conn, {"user_id": user_id}))


async def hold_user(conn: Connection, user_id: int) -> str | None:
    """The username of a user who is held until the commit: nobody books for them meanwhile."""
    name: str | None = await _QUERIES["hold_user"].value(conn, {"user_id": user_id})
    return name


async def allow_redaction(conn: Connection) -> str:
    """Let this transaction take words out of the logs; the setting's new value."""
    return str(await _QUERIES["allow_redaction"].value(conn, {}))


async def forget_bookings(conn: Connection, *, user_id: int, now: datetime) -> int:
    """Take the words out of a user's bookings, cancel those after now; how many changed."""
    parameters = {"user_id": user_id, "now": now}
    return await _QUERIES["forget_bookings"].exec(conn, parameters)


async def forget_reasons(conn: Connection, user_id: int) -> int:
    """Take the reasons that a user gave out of others' bookings; how many held one."""
    return await _QUERIES["forget_reasons"].exec(conn, {"user_id": user_id})


async def forget_history(conn: Connection, user_id: int) -> int:
    """Take the words out of the histories of a user's bookings; how many entries there are."""
    return await _QUERIES["forget_history"].exec(conn, {"user_id": user_id})


async def forget_reasons_told(conn: Connection, user_id: int) -> int:
    """Take the reasons that a user gave out of others' histories; how many entries changed."""
    return await _QUERIES["forget_reasons_told"].exec(conn, {"user_id": user_id})


async def forget_user(conn: Connection, *, user_id: int, now: datetime) -> ForgottenRow | None:
    """The user without name, rights or access; None if nothing of them is left to forget."""
    parameters = {"user_id": user_id, "now": now}
    return await _QUERIES["forget_user"].one(conn, ForgottenRow, parameters)


async def forget_log(conn: Connection, user_id: int) -> int:
    """Put present names in place of those in the audit log; how many entries of the user."""
    return await _QUERIES["forget_log"].exec(conn, {"user_id": user_id})


async def forget_access(conn: Connection, *, user_id: int, username: str) -> int:
    """Delete tokens, memberships and rights, and kept replies that name them; how many replies."""
    parameters = {"user_id": user_id, "username": username}
    return await _QUERIES["forget_access"].exec(conn, parameters)
