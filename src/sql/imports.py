"""Imports: what the lines of a file name, and many records written at once.

``lines`` are mappings by the names of columns. A file has up to five thousand of them,
so they are written in sets, not one by one; the triggers still audit every record.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
from psycopg.errors import ForeignKeyViolation, SerializationFailure

from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)

Lines: TypeAlias = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class LockedRow:
    """A record that nobody else changes until the commit."""

    id: int


@dataclass(frozen=True, slots=True)
class FacilityMatch:
    """What a line names: no site, a site without such a facility, or a facility.

    ``key`` is the line's name as the database compares names; ``open_to`` are ids of
    groups, in order.
    """

    site_id: int | None
    site_time_zone: str | None
    facility_id: int | None
    name: str | None
    description: str | None
    facility_type: str | None
    capacity: int | None
    amenities: list[str] | None
    time_zone: str | None
    status: str | None
    opening_hours: str | None
    min_duration_minutes: int | None
    max_duration_minutes: int | None
    min_notice_minutes: int | None
    horizon_days: int | None
    start_step_minutes: int | None
    cancellation_notice_minutes: int | None
    buffer_before_minutes: int | None
    buffer_after_minutes: int | None
    requires_approval: bool | None
    approval_timeout_minutes: int | None
    key: str
    open_to: list[int]


@dataclass(frozen=True, slots=True)
class UserMatch:
    """What a line names: nobody, or a user with the ids of their groups and sites, in order."""

    user_id: int | None
    username: str | None
    display_name: str | None
    is_staff: bool | None
    key: str
    status: str
    is_anonymised: bool
    groups: list[int]
    sites: list[int]


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A name as a line gives it, and the id of what has it."""

    name: str
    id: int


async def lock_facilities_named(
    conn: Connection,
    *,
    site_ids: Sequence[int] | None,
    sites: Sequence[str],
    names: Sequence[str],
) -> list[LockedRow]:
    """The facilities of these names at these sites, pair by pair, locked in one order.

    Others than those at the sites of ``site_ids`` are left alone; None stands for all.
    """
    parameters = {
        "site_ids": None if site_ids is None else list(site_ids),
        "sites": list(sites),
        "names": list(names),
    }
    return await _QUERIES["lock_facilities_named"].many(conn, LockedRow, parameters)


async def match_facilities(
    conn: Connection, *, sites: Sequence[str], names: Sequence[str]
) -> list[FacilityMatch]:
    """One row for each pair of a site's and a facility's name, in their order."""
    parameters = {"sites": list(sites), "names": list(names)}
    return await _QUERIES["match_facilities"].many(conn, FacilityMatch, parameters)


async def match_user_groups(conn: Connection, *, names: Sequence[str]) -> list[NamedRow]:
    """The names that groups of users have, capitals aside."""
    return await _QUERIES["match_user_groups"].many(conn, NamedRow, {"names": list(names)})


async def match_sites(conn: Connection, *, names: Sequence[str]) -> list[NamedRow]:
    """The names that sites have, capitals aside."""
    return await _QUERIES["match_sites"].many(conn, NamedRow, {"names": list(names)})


async def insert_facilities(conn: Connection, *, lines: Lines) -> int:
    """How many of the facilities were added; fewer than all if others were quicker."""
    return await _QUERIES["insert_facilities"].exec(conn, _json(lines))


async def update_facilities(conn: Connection, *, lines: Lines) -> None:
    """Give the facilities, by their ids, all the values."""
    await _QUERIES["update_facilities"].exec(conn, _json(lines))


async def close_to_groups(conn: Connection, *, lines: Lines) -> None:
    """Close the facilities to the groups that are not in ``open_to``."""
    await _QUERIES["close_to_groups"].exec(conn, _json(lines))


async def open_to_groups(conn: Connection, *, lines: Lines) -> None:
    """Open the facilities to the groups in ``open_to``.

    :raises SerializationFailure: if one of them is deleted meanwhile.
    """
    with _planned_anew_without("facility_user_groups_user_group_id_fkey"):
        await _QUERIES["open_to_groups"].exec(conn, _json(lines))


async def lock_users_named(conn: Connection, *, names: Sequence[str]) -> list[LockedRow]:
    """The users of these names, locked in one order."""
    return await _QUERIES["lock_users_named"].many(conn, LockedRow, {"names": list(names)})


async def hold_users(conn: Connection, *, user_ids: Sequence[int]) -> list[LockedRow]:
    """The users, whom nobody begins to book for until the commit; see privacy.hold_user."""
    return await _QUERIES["hold_users"].many(conn, LockedRow, {"user_ids": list(user_ids)})


async def match_users(conn: Connection, *, names: Sequence[str]) -> list[UserMatch]:
    """One row for each name, in their order."""
    return await _QUERIES["match_users"].many(conn, UserMatch, {"names": list(names)})


async def insert_users(conn: Connection, *, lines: Lines) -> int:
    """How many of the users were added; fewer than all if others were quicker."""
    return await _QUERIES["insert_users"].exec(conn, _json(lines))


async def update_users(conn: Connection, *, lines: Lines) -> None:
    """Give the users, by their ids, all the values."""
    await _QUERIES["update_users"].exec(conn, _json(lines))


async def leave_groups(conn: Connection, *, lines: Lines) -> None:
    """Take the users from the groups that are not in ``groups``."""
    await _QUERIES["leave_groups"].exec(conn, _json(lines))


async def join_groups(conn: Connection, *, lines: Lines) -> None:
    """Put the users into ``groups``.

    :raises SerializationFailure: if one of them is deleted meanwhile.
    """
    with _planned_anew_without("user_group_members_user_group_id_fkey"):
        await _QUERIES["join_groups"].exec(conn, _json(lines))


async def leave_sites(conn: Connection, *, lines: Lines) -> None:
    """Make the users staff of no site that is not in ``sites``."""
    await _QUERIES["leave_sites"].exec(conn, _json(lines))


async def join_sites(conn: Connection, *, lines: Lines) -> None:
    """Make the users staff of ``sites``."""
    await _QUERIES["join_sites"].exec(conn, _json(lines))


@contextmanager
def _planned_anew_without(constraint: str) -> Iterator[None]:
    """What a line names was there a moment ago: whoever tries again finds that it is not."""
    try:
        yield
    except ForeignKeyViolation as error:
        if error.diag.constraint_name != constraint:
            raise
        message = "Others deleted a group that the lines name."
        raise SerializationFailure(message) from error


def _json(lines: Lines) -> dict[str, str]:
    return {"lines": orjson.dumps(list(lines)).decode()}
