"""Facilities with when they are taken and closed: all that availability rests on."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sql.facilities import FacilityRow
from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)

_OF_FACILITY = len(fields(FacilityRow)) - 1
"""How many columns a facility has before its groups of users, which come later."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A time that a booking occupies, its buffers included.

    It is taken until ``decide_by`` only, where the booking is one that waits for a decision.
    """

    start_time: datetime
    end_time: datetime
    decide_by: datetime | None


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """A facility, archived or not, and in no order when it is taken and closed.

    Every change by a transaction that began before ``transaction_id`` is in it.
    """

    facility: FacilityRow
    taken: Sequence[Taken]
    closed: Sequence[tuple[datetime, datetime]]
    transaction_id: int


async def list_timelines(
    conn: Connection, *, facility_ids: Sequence[int], start_time: datetime, end_time: datetime
) -> Sequence[TimelineRow]:
    """Those of these facilities that exist, in no order, and what happens there within the time."""
    parameters = {
        "facility_ids": list(facility_ids),
        "start_time": start_time,
        "end_time": end_time,
    }
    return await _QUERIES["list_timelines"].many(conn, _row, parameters)


def _row(*values: Any) -> TimelineRow:  # noqa: ANN401 - the query's columns
    of_facility, others = values[:_OF_FACILITY], values[_OF_FACILITY:]
    starts, ends, decide_bys, closed_starts, closed_ends, user_group_ids, transaction_id = others
    return TimelineRow(
        facility=FacilityRow(*of_facility, user_group_ids),  # type: ignore[call-arg]  # a tuple
        # An aggregate over no rows is NULL.
        taken=[] if starts is None else list(map(Taken, starts, ends, decide_bys)),
        closed=[] if closed_starts is None else list(zip(closed_starts, closed_ends, strict=True)),
        transaction_id=transaction_id,
    )
