"""Facilities with when they are taken and closed: all that availability rests on."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter

from sql.facilities import FacilityRow
from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)

_of_facility = attrgetter(*(field.name for field in fields(FacilityRow)))


@dataclass(frozen=True, slots=True)
class Taken:
    """A time that a booking occupies, its buffers included.

    It is taken until ``decide_by`` only, where the booking is one that waits for a decision.
    """

    start_time: datetime
    end_time: datetime
    decide_by: datetime | None


@dataclass(frozen=True, slots=True)
class TimelineRow(FacilityRow):
    """A facility, archived or not, and in no order when it is taken and closed.

    The lists are in parts, all of one length, and None where there is nothing. Every change
    by a transaction that began before ``transaction_id`` is in it. ``look`` is whose it is.
    """

    taken_from: list[datetime] | None
    taken_until: list[datetime] | None
    decided_by: list[datetime | None] | None
    closed_from: list[datetime] | None
    closed_until: list[datetime] | None
    transaction_id: int
    look: int

    @property
    def facility(self) -> FacilityRow:
        """The facility by itself."""
        return FacilityRow(*_of_facility(self))

    @property
    def taken(self) -> list[Taken]:
        """What bookings occupy."""
        if self.taken_from is None or self.taken_until is None or self.decided_by is None:
            return []
        return list(map(Taken, self.taken_from, self.taken_until, self.decided_by))

    @property
    def closed(self) -> list[tuple[datetime, datetime]]:
        """From when to when it is closed."""
        if self.closed_from is None or self.closed_until is None:
            return []
        return list(zip(self.closed_from, self.closed_until, strict=True))


async def list_timelines(
    conn: Connection,
    *,
    looks: Sequence[int],
    facility_ids: Sequence[int],
    start_times: Sequence[datetime],
    end_times: Sequence[datetime],
) -> list[TimelineRow]:
    """What looks see, by their numbers, each at a facility from one instant to another.

    All four are of one length. In no order; nothing of facilities that do not exist.
    """
    parameters = {
        "looks": list(looks),
        "facility_ids": list(facility_ids),
        "start_times": list(start_times),
        "end_times": list(end_times),
    }
    return await _QUERIES["list_timelines"].many(conn, TimelineRow, parameters)


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A booking that holds its facility, or that nobody has decided about by ``decide_by``."""

    id: int
    facility_id: int
    user_id: int
    username: str
    user_display_name: str | None
    title: str
    start_time: datetime
    end_time: datetime
    occupied_from: datetime
    occupied_until: datetime
    status: str
    decide_by: datetime | None


async def list_holds(
    conn: Connection, *, facility_ids: Sequence[int], start_time: datetime, end_time: datetime
) -> list[HoldRow]:
    """What holds these facilities from one instant to another, or nearly: by facility and start."""
    parameters = {
        "facility_ids": list(facility_ids),
        "start_time": start_time,
        "end_time": end_time,
    }
    return await _QUERIES["list_holds"].many(conn, HoldRow, parameters)
