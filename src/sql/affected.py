"""Bookings that a closure or a change of rules concerns, with what the rules ask of their owners.

They are small rows: there may be very many of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)


@dataclass(frozen=True, slots=True)
class AffectedRow:
    """An active booking; the sites and groups are those of whoever holds it."""

    id: int
    facility_id: int
    user_id: int
    username: str
    user_display_name: str | None
    user_is_staff: bool
    start_time: datetime
    end_time: datetime
    title: str
    attendee_count: int
    status: Literal["confirmed", "pending"]
    user_site_ids: list[int]
    user_group_ids: list[int]


async def lock_closed_over(  # noqa: PLR0913 - where, and when
    conn: Connection,
    *,
    facility_id: int | None,
    site_id: int | None,
    start_time: datetime,
    end_time: datetime,
    now: datetime,
) -> int:
    """Lock what a closure would be over, expired bookings too, lowest id first; how many.

    Their facilities must be locked by now, in a statement of its own: a create that went
    before is seen then, and one that comes after sees the closure. What is active is to
    be asked for after this, when nobody decides about any of them any more.
    """
    parameters = {
        "facility_id": facility_id,
        "site_id": site_id,
        "start_time": start_time,
        "end_time": end_time,
        "now": now,
    }
    return int(await _QUERIES["lock_closed_over"].value(conn, parameters))


async def count_closed_over(  # noqa: PLR0913 - where, and when
    conn: Connection,
    *,
    facility_id: int | None,
    site_id: int | None,
    start_time: datetime,
    end_time: datetime,
    now: datetime,
) -> int:
    """How many active bookings within the scope share any moment with the period, unless over."""
    parameters = {
        "facility_id": facility_id,
        "site_id": site_id,
        "start_time": start_time,
        "end_time": end_time,
        "now": now,
    }
    return int(await _QUERIES["count_closed_over"].value(conn, parameters))


async def list_closed_over(  # noqa: PLR0913 - where, and when
    conn: Connection,
    *,
    facility_id: int | None,
    site_id: int | None,
    start_time: datetime,
    end_time: datetime,
    now: datetime,
    limit: int,
) -> list[AffectedRow]:
    """The earliest of the bookings that ``count_closed_over`` counts, in order."""
    parameters = {
        "facility_id": facility_id,
        "site_id": site_id,
        "start_time": start_time,
        "end_time": end_time,
        "now": now,
        "limit": limit,
    }
    return await _QUERIES["list_closed_over"].many(conn, AffectedRow, parameters)


async def cancel_closed_over(  # noqa: PLR0913 - where, and when
    conn: Connection,
    *,
    facility_id: int | None,
    site_id: int | None,
    start_time: datetime,
    end_time: datetime,
    now: datetime,
    reason: str,
) -> int:
    """Cancel what ``count_closed_over`` counts, for this reason; how many.

    They must be locked, by ``lock_closed_over``.
    """
    parameters = {
        "facility_id": facility_id,
        "site_id": site_id,
        "start_time": start_time,
        "end_time": end_time,
        "now": now,
        "reason": reason,
    }
    return await _QUERIES["cancel_closed_over"].exec(conn, parameters)


async def list_upcoming(  # noqa: PLR0913 - where, from when, and which page
    conn: Connection,
    *,
    facility_ids: Sequence[int],
    now: datetime,
    after_start: datetime | None,
    after_id: int | None,
    limit: int,
) -> list[AffectedRow]:
    """Active bookings of these facilities that start after ``now``, after the one given."""
    parameters = {
        "facility_ids": list(facility_ids),
        "now": now,
        "after_start": after_start,
        "after_id": after_id,
        "limit": limit,
    }
    return await _QUERIES["list_upcoming"].many(conn, AffectedRow, parameters)
