"""Looks at the database that are asked for at about the same time, made by one statement.

Half of what a small look costs the service is sending a statement and waking up for its answer.
While some are on their way, those that come meanwhile wait for each other, and share the next one:
the busier the service, the less each costs. Each still sees what is committed when it was asked.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg_pool import PoolTimeout

from sql.pool import Connection, Pool, reading
from sql.timelines import TimelineRow, list_timelines

MOST_AT_ONCE = 64
"""Facilities, times the days they are looked at, that share a statement."""

MOST_UNDER_WAY = 2
"""Statements under way: with one, PostgreSQL would idle while its answer is read."""


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


_Place = tuple[Look, asyncio.Future[Sequence[TimelineRow]]]


class Together:
    """Makes looks on connections of a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: deque[_Place] = deque()
        self._under_way = 0
        self._runners: set[asyncio.Task[None]] = set()  # or they might be collected

    async def look(self, look: Look) -> Sequence[TimelineRow]:
        """What a look sees: those of its facilities that exist, in no order.

        It must weigh MOST_AT_ONCE at most.
        """
        place: asyncio.Future[Sequence[TimelineRow]] = asyncio.get_running_loop().create_future()
        self._waiting.append((look, place))
        if self._under_way < MOST_UNDER_WAY:
            self._under_way += 1
            runner = asyncio.create_task(self._run())
            self._runners.add(runner)
            runner.add_done_callback(self._runners.discard)
        return await place

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._make(self._next())
        finally:
            # In the turn in which nobody waited: who comes after it begins another.
            self._under_way -= 1

    async def _make(self, places: Sequence[_Place]) -> None:
        if not places:
            return
        try:
            async with reading(self._pool) as conn:
                found = await make(conn, [look for look, _ in places])
        except PoolTimeout as error:
            # Nor would those get a connection who would try after them.
            _fail([*places, *self._waiting], error)
            self._waiting.clear()
        except Exception as error:  # noqa: BLE001 - it is theirs who wait
            _fail(places, error)
        else:
            for (_, place), rows in zip(places, found, strict=True):
                if not place.done():
                    place.set_result(rows)

    def _next(self) -> Sequence[_Place]:
        """Those who waited longest and are still there; one at least, if any are."""
        places: list[_Place] = []
        weight = 0
        while self._waiting and weight + self._waiting[0][0].weight <= MOST_AT_ONCE:
            look, place = self._waiting.popleft()
            if not place.done():
                places.append((look, place))
                weight += look.weight
        return places


def _fail(places: Sequence[_Place], error: Exception) -> None:
    for _, place in places:
        if not place.done():
            place.set_exception(error)
