"""Where a search looks: at what is remembered, or at the database alone."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Protocol, TypeAlias

from cachetools import LRUCache

from domain.bookings import Facility
from domain.periods import Period
from live.days import Day, Known, Timeline
from live.looks import Look, make
from live.together import MOST_AT_ONCE, Together
from sql.facilities import FacilityRow
from sql.pool import Connection, Pool, reading
from sql.timelines import TimelineRow

_MOST_FACTS = 4096
"""Facilities of which it is remembered what follows from their rows."""

Load: TypeAlias = Callable[[Connection], Awaitable[Sequence[FacilityRow]]]


class Source(Protocol):
    """Where a search looks: at what is remembered, or at the database alone."""

    def recall(self, facility_id: int) -> Known | None:
        """What is remembered of a facility."""

    def answer(self, key: object, known: Known, now: datetime) -> bytes | None:
        """The answer to this question about what is known, if it was given and still stands."""

    def missed(self, count: int) -> None:
        """Take note of so many answers that had to be made."""

    def keep_answer(  # noqa: PLR0913, PLR0917 - what is asked, and all that is told of it
        self,
        key: object,
        known: Known,
        days: Mapping[int, Day],
        body: bytes,
        stands: Period,
        common: int = 0,
        within: Period | None = None,
    ) -> None:
        """Remember an answer that stands for this long unless something it rests on changes.

        Its first bytes, ``common`` of them, are those of other answers about the facility. Of
        the days it rests on what lies ``within`` a period, or else all.
        """

    def present(self) -> object:
        """The state of what is remembered: another whenever any of that is."""

    def finding(self, key: object, now: datetime) -> Any:  # noqa: ANN401 - as it was kept
        """What was found, if the same would be found again; else None."""

    def keep_finding(
        self,
        key: object,
        found: object,
        times: Mapping[int, Period],
        stands: Period,
        since: object,
    ) -> None:
        """Remember what was found, unless anything became another ``since`` it was begun.

        ``times`` are when it matters what happens, by facility; ``stands`` is until when it is so
        by the clock.
        """

    def glance(self, facility_id: int, period: Period) -> Timeline | None:
        """What happens at a facility within the period, where all of it is remembered."""

    def not_taken(self, rows: Sequence[FacilityRow], period: Period) -> list[FacilityRow]:
        """Those of the facilities that no booking is remembered to hold within the period.

        No more than a sieve before a look: buffers, deadlines and all else are left to that.
        """

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
        self._facts_of = facts_of
        self._facts: LRUCache[int, tuple[FacilityRow, Facility]] = LRUCache(_MOST_FACTS)
        self._together = Together(pool, make, attrgetter("weight"))

    def facts_of(self, row: FacilityRow) -> Facility:
        """What the rules know of a facility: worked out once for each row that differs."""
        found = self._facts.get(row.id)
        if found is None or found[0] != row:
            found = self._facts[row.id] = (row, self._facts_of(row))
        return found[1]

    def recall(self, _facility_id: int) -> None:
        """Nothing."""

    def answer(self, _key: object, _known: Known, _now: datetime) -> None:
        """None."""

    def missed(self, _count: int) -> None:
        """Count nothing: none could have been remembered."""

    def keep_answer(self, *_: object) -> None:
        """Forget it."""

    def present(self) -> None:
        """Nothing."""

    def finding(self, _key: object, _now: datetime) -> None:
        """None."""

    def keep_finding(self, *_: object) -> None:
        """Forget it."""

    def glance(self, _facility_id: int, _period: Period) -> None:
        """Nothing."""

    def not_taken(self, rows: Sequence[FacilityRow], _period: Period) -> list[FacilityRow]:
        """All of them."""
        return list(rows)

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
        rows = await self.read(Look(facility_ids, period.start, period.end), conn)
        return {row.id: self.timeline(row) for row in rows}

    async def read(self, look: Look, conn: Connection | None) -> Sequence[TimelineRow]:
        """What a look sees, by this connection or one of the pool's."""
        if conn is not None:
            (rows,) = await make(conn, [look])
            return rows
        if look.weight <= MOST_AT_ONCE:
            return await self._together.ask(look)
        async with reading(self.pool) as lent:
            return await self.read(look, lent)

    def timeline(self, row: TimelineRow) -> Timeline:
        """A row as whoever looks sees it."""
        facility = row.facility
        return Timeline(facility, self.facts_of(facility), row.taken, row.closed)
