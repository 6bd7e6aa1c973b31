"""Quotas: how much each user may hold, and what they hold of it."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import ForeignKeyViolation

from domain.errors import FacilityGroupUnknown, QuotaExists
from sql.loader import load
from sql.pool import Connection
from sql.statement import Statement

_QUERIES = load(__file__)


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """A quota on one facility (which lies at ``site_id``), on a group of them, or on all.

    Limits are for each user; either may be None, not both.
    """

    id: int
    facility_id: int | None
    facility_name: str | None
    site_id: int | None
    facility_group_id: int | None
    facility_group_name: str | None
    max_active_bookings: int | None
    max_hours_per_week: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A quota that covers a facility, and what a user holds of it.

    ``scope_name`` names the facility or group; None stands for all facilities.
    """

    quota_id: int
    max_active_bookings: int | None
    max_hours_per_week: int | None
    active_bookings: int
    minutes_in_week: int
    scope_name: str | None


@dataclass(frozen=True, slots=True)
class UsageRow(QuotaRow):
    """A quota, and what a user holds of it now."""

    active_bookings: int
    minutes_this_week: int


@dataclass(frozen=True, slots=True)
class ExceedingRow:
    """A user who holds more than a quota allows."""

    user_id: int
    username: str
    display_name: str | None
    active_bookings: int
    minutes_this_week: int


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """An IANA time zone."""

    time_zone: str


@dataclass(frozen=True, slots=True)
class HolderRow:
    """A user whose bookings are being counted."""

    id: int
    is_active: bool


async def list_quotas(
    conn: Connection, *, site_ids: list[int] | None, after_id: int | None, limit: int
) -> list[QuotaRow]:
    """Quotas, oldest first, after the one given; of facilities at these sites, or all."""
    parameters = {"site_ids": site_ids, "after_id": after_id, "limit": limit}
    return await _QUERIES["list_quotas"].many(conn, QuotaRow, parameters)


def lock_user(user_id: int) -> Statement[HolderRow | None]:
    """The user, held until the commit by whoever is to count their bookings; None if none."""
    return Statement(
        _QUERIES["lock_user"].written({"user_id": user_id}),
        lambda rows: HolderRow(*rows[0]) if rows else None,
    )


async def measure_quotas(  # noqa: PLR0913 - what is counted, and when
    conn: Connection,
    *,
    user_id: int,
    facility_id: int,
    now: datetime,
    week_start: datetime,
    week_end: datetime,
    except_booking_id: int | None = None,
) -> list[MeasureRow]:
    """What the user holds of each quota that covers the facility, oldest quota first.

    Counted are confirmed bookings and those that still wait for approval: the ones that
    end after ``now``, and the minutes of those that start in the half-open week.
    """
    parameters = {
        "user_id": user_id,
        "facility_id": facility_id,
        "now": now,
        "week_start": week_start,
        "week_end": week_end,
        "except_booking_id": except_booking_id,
    }
    return await _QUERIES["measure_quotas"].many(conn, MeasureRow, parameters)


async def list_zones(conn: Connection) -> list[ZoneRow]:
    """The time zones that facilities live by, each once."""
    return await _QUERIES["list_zones"].many(conn, ZoneRow, {})


async def list_usage(  # noqa: PLR0913 - three of them are the weeks
    conn: Connection,
    *,
    user_id: int,
    now: datetime,
    zones: list[str],
    week_starts: list[datetime],
    week_ends: list[datetime],
    limit: int,
) -> list[UsageRow]:
    """What a user holds of each quota at this instant and in its week, oldest quota first.

    The present week of ``zones[i]`` lasts from ``week_starts[i]`` to before ``week_ends[i]``;
    bookings in other zones count for no week.
    """
    parameters = {
        "user_id": user_id,
        "now": now,
        "zones": zones,
        "week_starts": week_starts,
        "week_ends": week_ends,
        "limit": limit,
    }
    return await _QUERIES["list_usage"].many(conn, UsageRow, parameters)


async def list_exceeding(  # noqa: PLR0913 - three of them are the weeks
    conn: Connection,
    *,
    quota_id: int,
    now: datetime,
    zones: list[str],
    week_starts: list[datetime],
    week_ends: list[datetime],
    limit: int,
) -> list[ExceedingRow]:
    """Who holds more than the quota allows, whoever has most first. See list_usage."""
    parameters = {
        "quota_id": quota_id,
        "now": now,
        "zones": zones,
        "week_starts": week_starts,
        "week_ends": week_ends,
        "limit": limit,
    }
    return await _QUERIES["list_exceeding"].many(conn, ExceedingRow, parameters)


async def get_quota(conn: Connection, quota_id: int) -> QuotaRow | None:
    """The quota with this id."""
    return await _QUERIES["get_quota"].one(conn, QuotaRow, {"quota_id": quota_id})


async def lock_quota(conn: Connection, quota_id: int) -> QuotaRow | None:
    """The quota with this id, held against every other change until the commit."""
    return await _QUERIES["lock_quota"].one(conn, QuotaRow, {"quota_id": quota_id})


async def insert_quota(
    conn: Connection,
    *,
    facility_id: int | None,
    facility_group_id: int | None,
    max_active_bookings: int | None,
    max_hours_per_week: int | None,
) -> QuotaRow:
    """A new quota on the facility, the group, or with neither on all.

    :raises QuotaExists: if there is one for the same scope.
    :raises FacilityGroupUnknown: if the group is deleted meanwhile; the transaction is then lost.
    """
    parameters = {
        "facility_id": facility_id,
        "facility_group_id": facility_group_id,
        "max_active_bookings": max_active_bookings,
        "max_hours_per_week": max_hours_per_week,
    }
    try:
        row = await _QUERIES["insert_quota"].one(conn, QuotaRow, parameters)
    except ForeignKeyViolation as error:
        if error.diag.constraint_name != "quotas_facility_group_id_fkey":
            raise
        detail = (
            f"There is no group of facilities {facility_group_id} any more: it was deleted a"
            " moment ago."
        )
        raise FacilityGroupUnknown(detail, "/facility_group_id") from error
    if row is None:
        detail = "There is already a quota for exactly these facilities: change that one."
        raise QuotaExists(detail)
    return row


async def update_quota(
    conn: Connection,
    quota_id: int,
    *,
    max_active_bookings: int | None,
    max_hours_per_week: int | None,
) -> QuotaRow:
    """The quota, which must exist, with these limits."""
    parameters = {
        "quota_id": quota_id,
        "max_active_bookings": max_active_bookings,
        "max_hours_per_week": max_hours_per_week,
    }
    return await _QUERIES["update_quota"].only(conn, QuotaRow, parameters)


async def delete_quota(conn: Connection, quota_id: int) -> bool:
    """End the quota; False if there is none with this id."""
    return await _QUERIES["delete_quota"].exec(conn, {"quota_id": quota_id}) == 1
