"""Facilities: what can be booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from psycopg.errors import UniqueViolation

from domain.errors import FacilityNameTaken
from sql.loader import load
from sql.pool import Connection
from sql.search import patterns

_QUERIES = load(__file__)

FacilityType: TypeAlias = Literal["room", "court", "lab", "desk", "vehicle", "other"]
FacilityStatus: TypeAlias = Literal["active", "archived"]


@dataclass(frozen=True, slots=True)
class FacilityRow:
    """A facility and the name of its site; ``time_zone`` is an IANA name."""

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


async def hold_facility(conn: Connection, facility_id: int) -> FacilityRow | None:
    """The facility with this id, which nobody changes until the commit; others may hold it too.

    Whoever books it holds it, so that it is not archived under the booking.
    """
    return await _QUERIES["hold_facility"].one(conn, FacilityRow, {"facility_id": facility_id})


async def lock_facilities(conn: Connection, facility_ids: Sequence[int]) -> list[FacilityRow]:
    """Those of these facilities that exist, lowest id first, locked in that order.

    Until the commit nobody else changes them or locks them; bookings are still
    inserted. Whoever moves a booking locks both its facilities first, so that two
    moves wait for each other and do not deadlock.
    """
    parameters = {"facility_ids": list(facility_ids)}
    return await _QUERIES["lock_facilities"].many(conn, FacilityRow, parameters)


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
) -> FacilityRow:
    """A new, active facility.

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
) -> FacilityRow:
    """The facility with these values; one that already has them is left as it is.

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
    }
    try:
        return await _QUERIES["update_facility"].only(conn, FacilityRow, parameters)
    except UniqueViolation as error:
        if error.diag.constraint_name != "facilities_site_name_key":
            raise
        raise _name_taken(name) from error


async def list_free_facilities(  # noqa: PLR0913 - what is wanted, and instead of what
    conn: Connection,
    *,
    facility_id: int,
    start_time: datetime,
    end_time: datetime,
    min_capacity: int,
    limit: int,
) -> list[FacilityRow]:
    """Active facilities other than this one that are free for the whole period.

    The likeliest first: the same type at the same site, the same site, the
    smallest that holds ``min_capacity``.
    """
    parameters = {
        "facility_id": facility_id,
        "start_time": start_time,
        "end_time": end_time,
        "min_capacity": min_capacity,
        "limit": limit,
    }
    return await _QUERIES["list_free_facilities"].many(conn, FacilityRow, parameters)


def _name_taken(name: str) -> FacilityNameTaken:
    detail = (
        f"The site already has a facility named {name!r} (capitals make no difference): choose"
        " another name."
    )
    return FacilityNameTaken(detail, "/name")
