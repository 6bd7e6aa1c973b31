"""Bookings that are refused: what was in their way, and that it is on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.periods import Period
from sql.pool import Connection
from sql.terms import RefusedRow, refuse_at_terms


@dataclass(frozen=True, slots=True)
class Attempt:
    """A booking of the user's own that would have been made at these terms, and when."""

    revision: str | None
    facility_id: int
    user_id: int
    start_time: datetime
    end_time: datetime
    occupied: Period
    now: datetime


async def refuse(conn: Connection, attempts: Sequence[Attempt]) -> list[list[RefusedRow]]:
    """For each of the attempts, what holds the facility when it would; see refuse_at_terms."""
    found: list[list[RefusedRow]] = [[] for _ in attempts]
    rows = await refuse_at_terms(
        conn,
        revisions=[attempt.revision for attempt in attempts],
        facility_ids=[attempt.facility_id for attempt in attempts],
        user_ids=[attempt.user_id for attempt in attempts],
        start_times=[attempt.start_time for attempt in attempts],
        end_times=[attempt.end_time for attempt in attempts],
        occupied_from=[attempt.occupied.start for attempt in attempts],
        occupied_until=[attempt.occupied.end for attempt in attempts],
        now=max(attempt.now for attempt in attempts),
    )
    for row in rows:
        found[row.attempt - 1].append(row)
    return found
