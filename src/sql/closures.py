"""Closures: when a facility, a site or everything is closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)

ClosureSource: TypeAlias = Literal["staff", "holiday"]


@dataclass(frozen=True, slots=True)
class ClosedRow:
    """When a facility is closed, and why, whatever closes it."""

    facility_id: int
    start_time: datetime
    end_time: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ClosureRow:
    """A closure of a facility, of a site, or with neither of everything.

    Staff of ``governing_site_id`` may remove it; None where only staff of the house may.
    """

    id: int
    facility_id: int | None
    facility_name: str | None
    site_id: int | None
    site_name: str | None
    start_time: datetime
    end_time: datetime
    reason: str
    source: ClosureSource
    created_at: datetime
    governing_site_id: int | None


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """When a public holiday of a site begins, and what it is called."""

    start_time: datetime
    reason: str


async def list_closures_of(
    conn: Connection, *, facility_ids: Sequence[int], start_time: datetime, end_time: datetime
) -> list[ClosedRow]:
    """What closes these facilities within the period, each one's earliest first.

    Their own closures, those of their sites and those of everything.
    """
    parameters = {
        "facility_ids": list(facility_ids),
        "start_time": start_time,
        "end_time": end_time,
    }
    return await _QUERIES["list_closures_of"].many(conn, ClosedRow, parameters)


async def get_closure(conn: Connection, closure_id: int) -> ClosureRow | None:
    """The closure with this id."""
    return await _QUERIES["get_closure"].one(conn, ClosureRow, {"closure_id": closure_id})


async def list_closures(  # noqa: PLR0913 - one parameter for each filter
    conn: Connection,
    *,
    facility_id: int | None,
    site_id: int | None,
    ending_after: datetime | None,
    starting_before: datetime | None,
    after_start: datetime | None,
    after_id: int | None,
    limit: int,
) -> list[ClosureRow]:
    """Closures that pass every filter given, by start, after the one given.

    ``facility_id`` finds what closes the facility, ``site_id`` what closes the site or
    any of its facilities.
    """
    parameters = {
        "facility_id": facility_id,
        "site_id": site_id,
        "ending_after": ending_after,
        "starting_before": starting_before,
        "after_start": after_start,
        "after_id": after_id,
        "limit": limit,
    }
    return await _QUERIES["list_closures"].many(conn, ClosureRow, parameters)


async def insert_closure(  # noqa: PLR0913 - one parameter for each column
    conn: Connection,
    *,
    facility_id: int | None,
    site_id: int | None,
    start_time: datetime,
    end_time: datetime,
    reason: str,
) -> int:
    """The id of a new closure of a facility, of a site, or with neither of everything."""
    parameters = {
        "facility_id": facility_id,
        "site_id": site_id,
        "start_time": start_time,
        "end_time": end_time,
        "reason": reason,
    }
    return int(await _QUERIES["insert_closure"].value(conn, parameters))


async def delete_closure(conn: Connection, closure_id: int) -> int:
    """Remove a closure; 0 if there is none."""
    return await _QUERIES["delete_closure"].exec(conn, {"closure_id": closure_id})


async def insert_holidays(
    conn: Connection,
    *,
    site_id: int,
    start_times: Sequence[datetime],
    end_times: Sequence[datetime],
    reasons: Sequence[str],
) -> int:
    """Close a site on public holidays, those that are there aside; how many are new."""
    parameters = {
        "site_id": site_id,
        "start_times": list(start_times),
        "end_times": list(end_times),
        "reasons": list(reasons),
    }
    return await _QUERIES["insert_holidays"].exec(conn, parameters)


async def delete_holidays(conn: Connection, *, site_id: int, now: datetime) -> list[HolidayRow]:
    """Remove a site's public holidays that are not over; which they were, in no order."""
    parameters = {"site_id": site_id, "now": now}
    return await _QUERIES["delete_holidays"].many(conn, HolidayRow, parameters)
