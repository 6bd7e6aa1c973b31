"""Groups of facilities that share a quota."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import UniqueViolation

from domain.errors import GroupNameTaken
from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)


@dataclass(frozen=True, slots=True)
class FacilityGroupRow:
    """A group of facilities, whose ids are in order."""

    id: int
    name: str
    created_at: datetime
    facility_ids: list[int]


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A facility that there is."""

    id: int


async def list_facility_groups(
    conn: Connection, *, after_name: str | None, after_id: int | None, limit: int
) -> list[FacilityGroupRow]:
    """Groups in the order of their names, capitals aside, after the one given."""
    parameters = {"after_name": after_name, "after_id": after_id, "limit": limit}
    return await _QUERIES["list_facility_groups"].many(conn, FacilityGroupRow, parameters)


async def get_facility_group(conn: Connection, group_id: int) -> FacilityGroupRow | None:
    """The group with this id."""
    return await _QUERIES["get_facility_group"].one(conn, FacilityGroupRow, {"group_id": group_id})


async def lock_facility_group(conn: Connection, group_id: int) -> FacilityGroupRow | None:
    """The group with this id, held until the commit: nothing can begin to refer to it."""
    return await _QUERIES["lock_facility_group"].one(conn, FacilityGroupRow, {"group_id": group_id})


async def insert_facility_group(conn: Connection, *, name: str) -> FacilityGroupRow:
    """A new group without facilities.

    :raises GroupNameTaken: if another group has the name, however it is capitalised.
    """
    row = await _QUERIES["insert_facility_group"].one(conn, FacilityGroupRow, {"name": name})
    if row is None:
        raise _name_taken(name)
    return row


async def rename_facility_group(conn: Connection, group_id: int, *, name: str) -> None:
    """Give the group another name; the same one again changes nothing.

    :raises GroupNameTaken: if another group has it; the transaction is then lost.
    """
    try:
        await _QUERIES["rename_facility_group"].exec(conn, {"group_id": group_id, "name": name})
    except UniqueViolation as error:
        raise _name_taken(name) from error


async def list_known_facilities(conn: Connection, *, facility_ids: list[int]) -> list[KnownRow]:
    """Those of these ids that facilities have, in order."""
    return await _QUERIES["list_known_facilities"].many(
        conn, KnownRow, {"facility_ids": facility_ids}
    )


async def drop_facilities(conn: Connection, *, group_id: int, facility_ids: list[int]) -> None:
    """Take all facilities but these out of the group."""
    parameters = {"group_id": group_id, "facility_ids": facility_ids}
    await _QUERIES["drop_facilities"].exec(conn, parameters)


async def add_facilities(conn: Connection, *, group_id: int, facility_ids: list[int]) -> None:
    """Add these facilities, which must exist, to the group; those in it already stay."""
    parameters = {"group_id": group_id, "facility_ids": facility_ids}
    await _QUERIES["add_facilities"].exec(conn, parameters)


async def has_quota(conn: Connection, group_id: int) -> bool:
    """Whether there is a quota for the group."""
    return bool(await _QUERIES["has_quota"].value(conn, {"group_id": group_id}))


async def delete_facility_group(conn: Connection, group_id: int) -> None:
    """Delete a group that no quota is for, and with it what belongs to it."""
    await _QUERIES["delete_facility_group"].exec(conn, {"group_id": group_id})


def _name_taken(name: str) -> GroupNameTaken:
    detail = (
        f"There is already a group of facilities named {name!r} (capitals make no difference):"
        " choose another name."
    )
    return GroupNameTaken(detail, "/name")
