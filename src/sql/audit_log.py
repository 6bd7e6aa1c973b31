"""Audit logs of what is no booking: of facilities, and of everything else."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)

RecordType = Literal[
    "site",
    "closure",
    "user",
    "user_token",
    "user_group",
    "user_group_member",
    "facility_user_group",
    "site_staff",
    "facility_group",
    "facility_group_member",
    "quota",
]


@dataclass(frozen=True, slots=True)
class LogRow:
    """One change. The values are the row as PostgreSQL writes it in JSON, before and after.

    ``record_id`` is None for memberships, which have no id.
    """

    id: int
    record_type: RecordType
    record_id: int | None
    action: Literal["created", "updated", "deleted"]
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    changed_by_id: int | None
    changed_by_username: str | None
    changed_by_display_name: str | None
    request_id: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class FacilityHistoryRow:
    """One change of a facility, which is created once and then updated. See LogRow."""

    id: int
    action: Literal["created", "updated", "cancelled"]
    old_values: dict[str, Any] | None
    new_values: dict[str, Any]
    changed_by_id: int | None
    changed_by_username: str | None
    changed_by_display_name: str | None
    request_id: str | None
    changed_at: datetime


async def list_log(  # noqa: PLR0913 - one parameter for each filter
    conn: Connection,
    *,
    record_type: str | None,
    record_id: int | None,
    changed_by: int | None,
    since: datetime | None,
    before: datetime | None,
    after_id: int | None,
    limit: int,
) -> list[LogRow]:
    """Changes that pass every filter that is not None, oldest first, after the one given."""
    parameters = {
        "record_type": record_type,
        "record_id": record_id,
        "changed_by": changed_by,
        "since": since,
        "before": before,
        "after_id": after_id,
        "limit": limit,
    }
    return await _QUERIES["list_log"].many(conn, LogRow, parameters)


async def list_facility_history(
    conn: Connection, *, facility_id: int, after_id: int | None, limit: int
) -> list[FacilityHistoryRow]:
    """Every change of a facility, oldest first, after the one given."""
    parameters = {"facility_id": facility_id, "after_id": after_id, "limit": limit}
    return await _QUERIES["list_facility_history"].many(conn, FacilityHistoryRow, parameters)
