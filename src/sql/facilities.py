"""Facilities: what can be booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from domain.errors import FacilityNameTaken, UserGroupUnknown
from sql.loader import load
from sql.pool import Connection
from sql.search import patterns
from sql.statement import Statement

_QUERIES = load(__file__)

FacilityType: TypeAlias = Literal["room", "court", "lab", "desk", "vehicle", "other"]
FacilityStatus: TypeAlias = Literal["active", "archived"]
StartStep: TypeAlias = Literal[15, 30, 60]


@dataclass(frozen=True, slots=True)
class FacilityRow:
    """A facility with the name and the hours of its site; ``time_zone`` is an IANA name.

    Opening hours are as ``sql.hours`` reads them, or None where they are left to the
    site, and the site's to nobody; ``horizon_days`` is None where the service's serves.
    ``user_group_ids`` are the groups it is open to, in order; none means all.
    """

    id: int
    site_id: int
    site_name: str
    name: str
    description: str | None
    facility_type: FacilityType
    capacity: int
    amenities: list[str]
    time_zone: str
    status: FacilityStatus
    created_at: datetime
    updated_at: datetime
    opening_hours: str | None
    site_opening_hours: str | None
    min_duration_minutes: int
    max_duration_minutes: int
    min_notice_minutes: int
    horizon_days: int | None
    start_step_minutes: StartStep
    cancellation_notice_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    requires_approval: bool
    approval_timeout_minutes: int
    user_group_ids: list[int]


@dataclass(frozen=True, slots=True)
class OpenToRow:
    """A group of users that a facility is open to."""

    facility_id: int
    id: int
    name: str


async def get_facility(conn: Connection, facility_id: int) -> FacilityRow | None:
    """The facility with this id, archived or not."""
    return await _QUERIES["get_facility"].one(conn, FacilityRow, {"facility_id": facility_id})


async def list_facilities(  # noqa: PLR0913 - one parameter for each filter
    conn: Connection,
    *,
    facility_id: int | None,
    search: str | None,
    site_id: int | None,
    min_capacity: int | None,
    amenities: Sequence[str] | None,
    facility_type: str | None,
    status: str | None,
    after_name: str | None,
    after_id: int | None,
    limit: int,
) -> list[FacilityRow]:
    """Facilities that pass every filter given, by name, capitals aside, after the one given.

    Each word of ``search`` must be part of the name, the description, an amenity
    or the site's name, capitals aside. Every one of ``amenities`` must be there.
    """
    parameters = {
        "facility_id": facility_id,
        "search": patterns(search),
        "site_id": site_id,
        "min_capacity": min_capacity,
        "amenities": None if amenities is None else list(amenities),
        "facility_type": facility_type,
        "status": status,
        "after_name": after_name,
        "after_id": after_id,
        "limit": limit,
    }
    return await _QUERIES["list_facilities"].many(conn, FacilityRow, parameters)


async def list_facilities_of(conn: Connection, facility_ids: Sequence[int]) -> list[FacilityRow]:
    """Those of these facilities that exist, archived or not, lowest id first."""
    parameters = {"facility_ids": list(facility_ids)}
    return await _QUERIES["list_facilities_of"].many(conn, FacilityRow, parameters)


def hold_facility(facility_id: int) -> Statement[int]:
    """Keep a facility from being changed until the commit; others may hold it too.

    Whoever books it holds it first and reads it then, so that it is not archived or
    closed under the booking. 0 if there is none.
    """
    return Statement(_QUERIES["hold_facility"].written({"facility_id": facility_id}), len)


async def lock_facilities(conn: Connection, facility_ids: Sequence[int]) -> int:
    """Lock those of these facilities that exist, lowest id first; how many there are.

    Until the commit nobody else changes, holds or locks them. Whoever moves a booking
    locks both its facilities first, so that two moves wait for each other and do not
    deadlock, and reads them then.
    """
    return await _QUERIES["lock_facilities"].exec(conn, {"facility_ids": list(facility_ids)})


async def lock_facilities_in_scope(
    conn: Connection, *, facility_id: int | None, site_id: int | None
) -> int:
    """Lock one facility, all of a site, or with neither all, lowest id first; how many."""
    parameters = {"facility_id": facility_id, "site_id": site_id}
    return await _QUERIES["lock_facilities_in_scope"].exec(conn, parameters)


async def insert_facility(  # noqa: PLR0913 - one parameter for each column
    conn: Connection,
    *,
    site_id: int,
    name: str,
    description: str | None,
    facility_type: str,
    capacity: int,
    amenities: Sequence[str],
    time_zone: str,
    opening_hours: str | None = None,
    min_duration_minutes: int = 15,
    max_duration_minutes: int = 480,
    min_notice_minutes: int = 0,
    horizon_days: int | None = None,
    start_step_minutes: int = 15,
    cancellation_notice_minutes: int = 0,
    buffer_before_minutes: int = 0,
    buffer_after_minutes: int = 0,
    requires_approval: bool = False,
    approval_timeout_minutes: int = 2880,
) -> FacilityRow:
    """A new, active facility that is open to all, with the table's own defaults.

    :raises FacilityNameTaken: if the site has one of this name, however it is capitalised.
    """
    parameters = {
        "site_id": site_id,
        "name": name,
        "description": description,
        "facility_type": facility_type,
        "capacity": capacity,
        "amenities": list(amenities),
        "time_zone": time_zone,
        "opening_hours": opening_hours,
        "min_duration_minutes": min_duration_minutes,
        "max_duration_minutes": max_duration_minutes,
        "min_notice_minutes": min_notice_minutes,
        "horizon_days": horizon_days,
        "start_step_minutes": start_step_minutes,
        "cancellation_notice_minutes": cancellation_notice_minutes,
        "buffer_before_minutes": buffer_before_minutes,
        "buffer_after_minutes": buffer_after_minutes,
        "requires_approval": requires_approval,
        "approval_timeout_minutes": approval_timeout_minutes,
    }
    row = await _QUERIES["insert_facility"].one(conn, FacilityRow, parameters)
    if row is None:
        raise _name_taken(name)
    return row


async def update_facility(  # noqa: PLR0913 - one parameter for each column
    conn: Connection,
    facility_id: int,
    *,
    site_id: int,
    name: str,
    description: str | None,
    facility_type: str,
    capacity: int,
    amenities: Sequence[str],
    time_zone: str,
    status: str,
    opening_hours: str | None,
    min_duration_minutes: int,
    max_duration_minutes: int,
    min_notice_minutes: int,
    horizon_days: int | None,
    start_step_minutes: int,
    cancellation_notice_minutes: int,
    buffer_before_minutes: int,
    buffer_after_minutes: int,
    requires_approval: bool,
    approval_timeout_minutes: int,
    touched: bool,
) -> int:
    """Give the facility these values; one that already has them is left as it is.

    Unless it is ``touched``: what belongs to it and stands elsewhere has changed.

    :raises FacilityNameTaken: if the site has another of this name, however it is
        capitalised. The transaction can only be rolled back then.
    """
    parameters = {
        "facility_id": facility_id,
        "site_id": site_id,
        "name": name,
        "description": description,
        "facility_type": facility_type,
        "capacity": capacity,
        "amenities": list(amenities),
        "time_zone": time_zone,
        "status": status,
        "opening_hours": opening_hours,
        "min_duration_minutes": min_duration_minutes,
        "max_duration_minutes": max_duration_minutes,
        "min_notice_minutes": min_notice_minutes,
        "horizon_days": horizon_days,
        "start_step_minutes": start_step_minutes,
        "cancellation_notice_minutes": cancellation_notice_minutes,
        "buffer_before_minutes": buffer_before_minutes,
        "buffer_after_minutes": buffer_after_minutes,
        "requires_approval": requires_approval,
        "approval_timeout_minutes": approval_timeout_minutes,
        "touched": touched,
    }
    try:
        return await _QUERIES["update_facility"].exec(conn, parameters)
    except UniqueViolation as error:
        if error.diag.constraint_name != "facilities_site_name_key":
            raise
        raise _name_taken(name) from error


async def list_groups_let_in(conn: Connection, facility_ids: Sequence[int]) -> list[OpenToRow]:
    """The groups that these facilities are open to, by facility and then by name."""
    parameters = {"facility_ids": list(facility_ids)}
    return await _QUERIES["list_groups_let_in"].many(conn, OpenToRow, parameters)


async def let_groups_in(
    conn: Connection, *, facility_id: int, user_group_ids: Sequence[int]
) -> int:
    """Open the facility to these groups besides those it is open to; how many were added.

    :raises UserGroupUnknown: if there is no such group. The transaction can only be
        rolled back then.
    """
    parameters = {"facility_id": facility_id, "user_group_ids": list(user_group_ids)}
    try:
        return await _QUERIES["let_groups_in"].exec(conn, parameters)
    except ForeignKeyViolation as error:
        if error.diag.constraint_name != "facility_user_groups_user_group_id_fkey":
            raise
        detail = (
            "At least one of user_group_ids is no group of users: take the ids of groups that"
            " user_groups_list shows."
        )
        raise UserGroupUnknown(detail, "/user_group_ids") from error


async def keep_other_groups_out(
    conn: Connection, *, facility_id: int, user_group_ids: Sequence[int]
) -> int:
    """Close the facility to all groups but these; how many were removed."""
    parameters = {"facility_id": facility_id, "user_group_ids": list(user_group_ids)}
    return await _QUERIES["keep_other_groups_out"].exec(conn, parameters)


async def list_candidates(  # noqa: PLR0913 - what a facility is to be like
    conn: Connection,
    *,
    site_id: int,
    facility_type: str,
    capacity: int,
    min_capacity: int,
    limit: int,
) -> list[FacilityRow]:
    """Active facilities that may do in place of one like this, the likeliest first."""
    parameters = {
        "site_id": site_id,
        "facility_type": facility_type,
        "capacity": capacity,
        "min_capacity": min_capacity,
        "limit": limit,
    }
    return await _QUERIES["list_candidates"].many(conn, FacilityRow, parameters)


def _name_taken(name: str) -> FacilityNameTaken:
    detail = (
        f"The site already has a facility named {name!r} (capitals make no difference): choose"
        " another name."
    )
    return FacilityNameTaken(detail, "/name")
