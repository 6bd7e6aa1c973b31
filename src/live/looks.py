"""Looks at the database: what happens at some facilities within a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sql.pool import Connection
from sql.timelines import TimelineRow, list_timelines


@dataclass(frozen=True, slots=True)
class Look:
    """A look at facilities: at what happens there from the one instant to the other."""

    facility_ids: Sequence[int]
    start_time: datetime
    end_time: datetime

    @property
    def weight(self) -> int:
        """How much there is to look at: facilities, times days."""
        return len(self.facility_ids) * ((self.end_time - self.start_time).days + 1)


async def make(conn: Connection, looks: Sequence[Look]) -> list[list[TimelineRow]]:
    """What each of the looks sees: those of its facilities that exist, in no order."""
    asked = [
        (number, facility_id, look.start_time, look.end_time)
        for number, look in enumerate(looks)
        for facility_id in look.facility_ids
    ]
    found: list[list[TimelineRow]] = [[] for _ in looks]
    if asked:
        numbers, facility_ids, starts, ends = zip(*asked, strict=True)
        rows = await list_timelines(
            conn, looks=numbers, facility_ids=facility_ids, start_times=starts, end_times=ends
        )
        for row in rows:
            found[row.look].append(row)
    return found
