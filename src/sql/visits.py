"""Visits to the timeline: how many ended how, and after how long. Whose they were is not kept."""

from dataclasses import dataclass
from datetime import date

from domain.visits import Outcome
from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)


@dataclass(frozen=True, slots=True)
class VisitsRow:
    """So many visits of a week, all alike; ``seconds`` as ``domain.visits`` rounds them."""

    week: date
    outcome: Outcome
    seconds: int
    had_conflict: bool
    count: int


@dataclass(frozen=True, slots=True)
class AdoptionRow:
    """For how many users bookings were made in a week, and for how many of them the first ones."""

    week: date
    users: int
    new_users: int


async def count_visit(
    conn: Connection, *, date: date, outcome: Outcome, seconds: int, had_conflict: bool
) -> None:
    """Count one more visit of a day."""
    parameters = {
        "date": date,
        "outcome": outcome,
        "seconds": seconds,
        "had_conflict": had_conflict,
    }
    await _QUERIES["count_visit"].exec(conn, parameters)


async def report_visits(conn: Connection, *, start_date: date, end_date: date) -> list[VisitsRow]:
    """The visits of these days, both counted, by week."""
    parameters = {"start_date": start_date, "end_date": end_date}
    return await _QUERIES["report_visits"].many(conn, VisitsRow, parameters)


async def report_adoption(
    conn: Connection, *, start_date: date, end_date: date
) -> list[AdoptionRow]:
    """Who booked on these days, both counted, by week."""
    parameters = {"start_date": start_date, "end_date": end_date}
    return await _QUERIES["report_adoption"].many(conn, AdoptionRow, parameters)
