"""Where a search looks: at what is remembered, or at the database alone."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from domain.bookings import Facility
from domain.periods import Period
from live.days import Day, Known, Timeline
from sql.facilities import FacilityRow
from sql.pool import Connection, Pool, reading
from sql.timelines import TimelineRow, list_timelines

Load: TypeAlias = Callable[[Connection], Awaitable[Sequence[FacilityRow]]]


class Source(Protocol):
    """Where a search looks: at what is remembered, or at the database alone."""

    def recall(self, facility_id: int) -> Known | None:
        """What is remembered of a facility."""

    def answer(self, key: object, known: Known, now: datetime) -> bytes | None:
        """The answer to this question about what is known, if it was given and still stands."""

    def keep_answer(
        self, key: object, known: Known, days: Mapping[int, Day], body: bytes, stands: Period
    ) -> None:
        """Remember an answer that stands for this long unless something it rests on changes."""

    async def page(
        self, key: str, load: Load, conn: Connection | None = None
    ) -> Sequence[FacilityRow]:
        """The facilities of a list by the key of its question, loaded if not remembered."""

    async def look(
        self, facility_ids: Sequence[int], period: Period, conn: Connection | None = None
    ) -> dict[int, Timeline]:
        """Those of the facilities that exist, and what happens there within the period.

        Times may reach out of the period, and some lie outside it by a day or less. Who has
        a connection lends it, lest they wait for another while others wait for theirs; its
        transaction must have written nothing that a timeline shows.
        """


class Database:
    """The source that remembers nothing. ``facts_of`` is what the rules know of a facility."""

    def __init__(self, pool: Pool, facts_of: Callable[[FacilityRow], Facility]) -> None:
        self.pool = pool
        self.facts_of = facts_of

    def recall(self, _facility_id: int) -> None:
        """Nothing."""

    def answer(self, _key: object, _known: Known, _now: datetime) -> None:
        """None."""

    def keep_answer(self, *_: object) -> None:
        """Forget it."""

    async def page(
        self, key: str, load: Load, conn: Connection | None = None
    ) -> Sequence[FacilityRow]:
        """What is loaded."""
        if conn is None:
            async with reading(self.pool) as lent:
                return await self.page(key, load, lent)
        return await load(conn)

    async def look(
        self, facility_ids: Sequence[int], period: Period, conn: Connection | None = None
    ) -> dict[int, Timeline]:
        """What the database says."""
        rows = await self.read(facility_ids, period.start, period.end, conn)
        return {row.id: self.timeline(row) for row in rows}

    async def read(
        self,
        facility_ids: Sequence[int],
        start_time: datetime,
        end_time: datetime,
        conn: Connection | None,
    ) -> Sequence[TimelineRow]:
        """The rows of facilities and times, by this connection or one of the pool's."""
        if conn is None:
            async with reading(self.pool) as lent:
                return await self.read(facility_ids, start_time, end_time, lent)
        return await list_timelines(
            conn, facility_ids=facility_ids, start_time=start_time, end_time=end_time
        )

    def timeline(self, row: TimelineRow) -> Timeline:
        """A row as whoever looks sees it."""
        return Timeline(row.facility, self.facts_of(row), row.taken, row.closed)
