"""Exports: whole tables, some rows at a time, the columns named and ordered as in the file.

Every door needs a transaction, in which the server keeps its place. ``site_ids`` are the
sites whose records the caller may have, None for all; so is every other filter.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)


@dataclass(frozen=True, slots=True)
class FacilityLine:
    """A facility; ``opening_hours`` are as ``sql.hours`` reads them, None for the site's."""

    site: str
    name: str
    description: str | None
    facility_type: str
    capacity: int
    amenities: list[str]
    time_zone: str
    status: str
    opening_hours: str | None
    min_duration_minutes: int
    max_duration_minutes: int
    min_notice_minutes: int
    horizon_days: int | None
    start_step_minutes: int
    cancellation_notice_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    requires_approval: bool
    approval_timeout_minutes: int
    open_to: list[str]


@dataclass(frozen=True, slots=True)
class UserLine:
    """A user with the names of their groups, and of the sites that they are staff of."""

    username: str
    display_name: str | None
    is_staff: bool
    groups: list[str]
    sites: list[str]
    status: str


@dataclass(frozen=True, slots=True)
class MembershipLine:
    """A member of a group; None for a group that has none."""

    group: str
    username: str | None


@dataclass(frozen=True, slots=True)
class BookingLine:
    """A booking; ``booked_by`` is who made it for its user, if somebody else did."""

    id: int
    site: str
    facility: str
    time_zone: str
    start_time: datetime
    end_time: datetime
    title: str
    description: str | None
    attendee_count: int
    status: str
    username: str
    booked_by: str | None
    cancellation_cause: str | None
    change_reason: str | None
    decide_by: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ClosureLine:
    """A closure of a facility, of a site, or with neither of everything."""

    id: int
    site: str | None
    facility: str | None
    start_time: datetime
    end_time: datetime
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class ConflictLine:
    """A refused attempt to book."""

    id: int
    site: str
    facility: str
    username: str
    start_time: datetime
    end_time: datetime
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class QuotaLine:
    """A quota of a facility, of a group of facilities, or with neither of all."""

    id: int
    site: str | None
    facility: str | None
    facility_group: str | None
    max_active_bookings: int | None
    max_hours_per_week: int | None


async def allow_pauses(conn: Connection, *, milliseconds: int) -> str:
    """Let the reader of this transaction's rows pause for so long."""
    return str(await _QUERIES["allow_pauses"].value(conn, {"milliseconds": milliseconds}))


def export_facilities(
    conn: Connection, *, site_ids: Sequence[int] | None, site_id: int | None
) -> AsyncGenerator[list[FacilityLine], None]:
    """Facilities, archived ones too, by the names of their sites and their own."""
    parameters = {"site_ids": None if site_ids is None else list(site_ids), "site_id": site_id}
    return _QUERIES["export_facilities"].stream(conn, FacilityLine, parameters)


def export_users(conn: Connection, *, site_id: int | None) -> AsyncGenerator[list[UserLine], None]:
    """Users, deactivated ones too, by their names; with a site those who are staff of it."""
    return _QUERIES["export_users"].stream(conn, UserLine, {"site_id": site_id})


def export_user_groups(conn: Connection) -> AsyncGenerator[list[MembershipLine], None]:
    """Memberships, by the names of groups and users."""
    return _QUERIES["export_user_groups"].stream(conn, MembershipLine, {})


def export_bookings(
    conn: Connection,
    *,
    site_ids: Sequence[int] | None,
    site_id: int | None,
    start_date: date | None,
    end_date: date | None,
) -> AsyncGenerator[list[BookingLine], None]:
    """Bookings that begin on the days, in their order."""
    parameters = {
        "site_ids": None if site_ids is None else list(site_ids),
        "site_id": site_id,
        "start_date": start_date,
        "end_date": end_date,
    }
    return _QUERIES["export_bookings"].stream(conn, BookingLine, parameters)


def export_closures(
    conn: Connection,
    *,
    site_ids: Sequence[int] | None,
    site_id: int | None,
    start_date: date | None,
    end_date: date | None,
) -> AsyncGenerator[list[ClosureLine], None]:
    """Closures that touch the days, those of everything among them, in their order."""
    parameters = {
        "site_ids": None if site_ids is None else list(site_ids),
        "site_id": site_id,
        "start_date": start_date,
        "end_date": end_date,
    }
    return _QUERIES["export_closures"].stream(conn, ClosureLine, parameters)


def export_conflicts(
    conn: Connection,
    *,
    site_ids: Sequence[int] | None,
    site_id: int | None,
    start_date: date | None,
    end_date: date | None,
) -> AsyncGenerator[list[ConflictLine], None]:
    """Refused attempts to book time that begins on the days, in the order of the attempts."""
    parameters = {
        "site_ids": None if site_ids is None else list(site_ids),
        "site_id": site_id,
        "start_date": start_date,
        "end_date": end_date,
    }
    return _QUERIES["export_conflicts"].stream(conn, ConflictLine, parameters)


def export_quotas(
    conn: Connection, *, site_ids: Sequence[int] | None, site_id: int | None
) -> AsyncGenerator[list[QuotaLine], None]:
    """Quotas, the oldest first; with a site, or for staff of sites, those of facilities there."""
    parameters = {"site_ids": None if site_ids is None else list(site_ids), "site_id": site_id}
    return _QUERIES["export_quotas"].stream(conn, QuotaLine, parameters)
