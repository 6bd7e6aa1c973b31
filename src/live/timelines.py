"""Facilities and when they are taken, remembered by facility and day until a change is told.

What is remembered may be used only while the feed is fresh: then it is at most
``feed.BOUND_SECONDS`` behind the database. A look that began before a change was told is never
remembered after it, so that the past is not kept as the present.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeAlias
from weakref import WeakValueDictionary

from cachetools import LRUCache

from domain.bookings import Facility
from domain.periods import Period
from live.counters import CACHE_HITS, CACHE_MISSES
from live.feed import Feed
from live.position import Position
from sql.changes import ChangeRow
from sql.facilities import FacilityRow
from sql.pool import Connection, Pool, reading
from sql.timelines import Taken, TimelineRow, list_timelines

Closed: TypeAlias = tuple[datetime, datetime]
Load: TypeAlias = Callable[[], Awaitable[Sequence[FacilityRow]]]

MOST_DAYS = 60_000
"""Days that a process remembers, of all facilities together: of those asked for last. They
take about 40 MB."""

MOST_PAGES = 256
"""Pages of lists of facilities that it remembers."""

MOST_ANSWER_BYTES = 16 * 2**20
"""How much it remembers of answers."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_LONGEST_BUFFER = timedelta(hours=4)
_ANSWER_OVERHEAD = 400


@dataclass(frozen=True, slots=True)
class Day:
    """What happens at a facility on a day of UTC: all that shares any moment with it."""

    taken: Sequence[Taken]
    closed: Sequence[Closed]


@dataclass(slots=True, eq=False)
class Known:
    """What is remembered of a facility.

    As long as it is the same object, the facility has not changed, and as long as a day in
    it is the same object, nothing on that day has.
    """

    row: FacilityRow
    facility: Facility
    days: dict[int, Day] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A facility and, in no order, when it is taken and closed within a time.

    ``known`` and ``days``, by their numbers, are what it was made of where that is remembered.
    """

    row: FacilityRow
    facility: Facility
    taken: Sequence[Taken]
    closed: Sequence[Closed]
    known: Known | None = None
    days: Mapping[int, Day] = field(default_factory=dict)


class Shared(Protocol):
    """A cache that replicas share; see live.shared."""

    async def fetch(
        self, wanted: Sequence[tuple[int, int]], versions: Callable[[int], int]
    ) -> dict[tuple[int, int], Day]:
        """Those of the wanted days, by facility, that it has and that are not older."""

    def store(self, days: dict[tuple[int, int], Day], transaction_id: int) -> None:
        """Keep days that were read when all before this transaction was over."""


@dataclass(slots=True, eq=False)
class _Flight:
    """A look at the database that is under way, and which facilities changed since it began."""

    facility_ids: Sequence[int]
    first: int
    last: int
    spoilt: set[int] = field(default_factory=set)
    all_spoilt: bool = False

    def is_good_for(self, facility_ids: Iterable[int]) -> bool:
        """Whether what it brings of these facilities is still so."""
        return not self.all_spoilt and self.spoilt.isdisjoint(facility_ids)


@dataclass(frozen=True, slots=True)
class _Answer:
    """Bytes that stand between the one instant and the other, if all they rest on does."""

    known: Known
    days: Mapping[int, Day]
    since: datetime
    until: datetime
    body: bytes

    def stands_at(self, now: datetime, known: Known) -> bool:
        """Whether it may be given again."""
        return (
            self.known is known
            and self.since < now < self.until
            and all(known.days.get(number) is day for number, day in self.days.items())
        )


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

    async def page(self, key: str, load: Load) -> Sequence[FacilityRow]:
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

    async def page(self, _key: str, load: Load) -> Sequence[FacilityRow]:
        """What is loaded."""
        return await load()

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


class Timelines:
    """One process's memory of its database, while ``is_on``."""

    def __init__(
        self,
        database: Database,
        feed: Feed,
        *,
        is_on: bool = True,
        shared: Shared | None = None,
    ) -> None:
        self._database = database
        self._feed = feed
        self._is_on = is_on
        self._shared = shared
        self._known: LRUCache[int, Known] = LRUCache(MOST_DAYS, lambda known: 1 + len(known.days))
        self._pages: LRUCache[str, Sequence[FacilityRow]] = LRUCache(MOST_PAGES)
        self._answers: LRUCache[Any, _Answer] = LRUCache(
            MOST_ANSWER_BYTES, lambda answer: len(answer.body) + _ANSWER_OVERHEAD
        )
        self._flights: set[_Flight] = set()
        self._flying: dict[object, tuple[_Flight, asyncio.Task[dict[int, Timeline]]]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._listed = object()  # another one whenever lists of facilities may have changed
        self._versions: dict[int, int] = {}
        self._version_of_all = 0
        feed.listen(self._hear)
        feed.on_gap(self._forget_all)

    async def source(self) -> Source:
        """Itself, if what it remembers is recent, waiting a moment for it; or the database."""
        return self if self._is_on and await self._feed.refresh() else self._database

    def recall(self, facility_id: int) -> Known | None:
        """What is remembered of a facility."""
        return self._known.get(facility_id)

    def answer(self, key: object, known: Known, now: datetime) -> bytes | None:
        """The answer to this question about what is known, if it was given and still stands."""
        found = self._answers.get(key)
        if found is None or not found.stands_at(now, known):
            CACHE_MISSES.labels("answers").inc()
            return None
        CACHE_HITS.labels("answers").inc()
        return found.body

    def keep_answer(
        self, key: object, known: Known, days: Mapping[int, Day], body: bytes, stands: Period
    ) -> None:
        """Remember an answer that stands for this long unless something it rests on changes."""
        if len(body) < MOST_ANSWER_BYTES:
            self._answers[key] = _Answer(known, days, stands.start, stands.end, body)

    async def page(self, key: str, load: Load) -> Sequence[FacilityRow]:
        """The facilities of a list by the key of its question, loaded if not remembered."""
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = asyncio.Lock()
        async with turn:  # who asks the same meanwhile finds it loaded
            rows = self._pages.get(key)
            if rows is not None:
                CACHE_HITS.labels("pages").inc()
                return rows
            CACHE_MISSES.labels("pages").inc()
            listed = self._listed
            loaded = await load()
            if listed is self._listed:
                # The rows that are known are kept once, in however many lists they are.
                self._pages[key] = [self._remember(row).row for row in loaded]
            return loaded

    async def look(
        self, facility_ids: Sequence[int], period: Period, conn: Connection | None = None
    ) -> dict[int, Timeline]:
        """What is remembered, and for the rest what the database says."""
        first = _day_of(period.start - _LONGEST_BUFFER)
        last = _day_of(period.end + _LONGEST_BUFFER)
        found, missing = {}, []
        for facility_id in facility_ids:
            known = self._known.get(facility_id)
            timeline = None if known is None else _assembled(known, first, last)
            if timeline is None:
                missing.append(facility_id)
            else:
                found[facility_id] = timeline
        CACHE_HITS.labels("timelines").inc(len(found))
        if missing:
            CACHE_MISSES.labels("timelines").inc(len(missing))
            # With the day after, which is often asked for next.
            brought = await self._bring(_Flight(missing, first, last + 1), conn)
            for facility_id, timeline in brought.items():
                known = timeline.known
                found[facility_id] = (known and _assembled(known, first, last)) or timeline
        return found

    async def _bring(self, flight: _Flight, conn: Connection | None) -> dict[int, Timeline]:
        """What a look at the database brings, by this connection or together with others."""
        if conn is None:
            return await self._fly_together(flight)
        self._flights.add(flight)
        try:
            return await self._fly(flight, conn)
        finally:
            self._flights.discard(flight)

    async def _fly_together(self, flight: _Flight) -> dict[int, Timeline]:
        """A look at the database, the same for all who ask for the same meanwhile."""
        key = (tuple(flight.facility_ids), flight.first, flight.last)
        found = self._flying.get(key)
        if found is None or not found[0].is_good_for(flight.facility_ids):
            task = asyncio.create_task(self._fly(flight, None))
            self._flights.add(flight)
            self._flying[key] = found = (flight, task)
            task.add_done_callback(lambda _: self._land(key, flight))
        # Shielded: who goes away does not take it from the others.
        return await asyncio.shield(found[1])

    def _land(self, key: object, flight: _Flight) -> None:
        self._flights.discard(flight)
        found = self._flying.get(key)
        if found is not None and found[0] is flight:
            del self._flying[key]

    async def _fly(self, flight: _Flight, conn: Connection | None) -> dict[int, Timeline]:
        found = await self._shared_days(flight)
        asked = [each for each in flight.facility_ids if each not in found]
        if asked:
            start, end = _start_of(flight.first), _start_of(flight.last + 1)
            for row in await self._database.read(asked, start, end, conn):
                found[row.id] = self._learn(row, flight)
        return found

    def _learn(self, row: TimelineRow, flight: _Flight) -> Timeline:
        """Remember what was read, unless it changed meanwhile."""
        facility_id = row.id
        if not flight.is_good_for([facility_id]):
            return self._database.timeline(row)
        known = self._remember(row.facility)
        days = _by_day(row.taken, row.closed, flight.first, flight.last)
        self._add(known, days)
        if self._shared is not None:
            shared = {(facility_id, number): day for number, day in days.items()}
            self._shared.store(shared, row.transaction_id)
        return Timeline(known.row, known.facility, row.taken, row.closed, known, days)

    async def _shared_days(self, flight: _Flight) -> dict[int, Timeline]:
        """What the shared cache has of facilities that are known but for these days."""
        if self._shared is None:
            return {}
        wanted = [
            (facility_id, number)
            for facility_id in flight.facility_ids
            if facility_id in self._known
            for number in range(flight.first, flight.last + 1)
            if number not in self._known[facility_id].days
        ]
        days = await self._shared.fetch(wanted, self._version) if wanted else {}
        for (facility_id, number), day in days.items():
            known = self._known.get(facility_id)
            if known is not None and flight.is_good_for([facility_id]):
                self._add(known, {number: day})
        found = {}
        for facility_id in flight.facility_ids:
            known = self._known.get(facility_id)
            timeline = known and _assembled(known, flight.first, flight.last)
            if timeline:
                found[facility_id] = timeline
        return found

    def _remember(self, row: FacilityRow) -> Known:
        known = self._known.get(row.id)
        if known is None or known.row != row:  # what is new was seen before it was told
            known = self._known[row.id] = Known(row, self._database.facts_of(row))
        return known

    def _add(self, known: Known, days: Mapping[int, Day]) -> None:
        if len(known.days) + len(days) >= MOST_DAYS:
            known.days.clear()
        known.days |= days
        if len(known.days) < MOST_DAYS:
            self._known[known.row.id] = known  # counts its days, and forgets others for them

    def _version(self, facility_id: int) -> int:
        """What is shared of a facility must have seen all transactions before this one."""
        return max(self._versions.get(facility_id, 0), self._version_of_all)

    def _hear(self, rows: Sequence[ChangeRow], _after: Position) -> None:
        """Forget what changed."""
        for row in rows:
            if row.record_type == "user":
                continue
            if row.record_type in ("facility", "site"):
                self._listed = object()
                self._pages.clear()
            if row.facility_id is None:
                self._forget_everything(row.transaction_id + 1)
            else:
                self._forget_facility(row.facility_id, row)

    def _forget_facility(self, facility_id: int, row: ChangeRow) -> None:
        version = self._versions.get(facility_id, 0)
        self._versions[facility_id] = max(version, row.transaction_id + 1)
        for flight in self._flights:
            flight.spoilt.add(facility_id)
        known = self._known.get(facility_id)
        if known is None:
            return
        if row.start_time is None or row.end_time is None:
            del self._known[facility_id]
            return
        first, last = _day_of(row.start_time), _day_of(row.end_time)
        for number in [each for each in known.days if first <= each <= last]:
            del known.days[number]

    def _forget_everything(self, version: int) -> None:
        """A site changed, or everything was closed: seldom enough to begin anew."""
        self._version_of_all = max(self._version_of_all, version)
        for flight in self._flights:
            flight.all_spoilt = True
        self._known.clear()
        self._answers.clear()

    def _forget_all(self) -> None:
        """What came before is not known: what others share must be newer than this."""
        position = self._feed.position
        assert position is not None  # noqa: S101 - the feed has begun, or would not tell
        self._listed = object()
        self._pages.clear()
        self._versions.clear()
        told = position.until or position.since
        self._forget_everything(int(told.split(":")[1]))


def _day_of(instant: datetime) -> int:
    return (instant - _EPOCH) // _DAY


def _start_of(number: int) -> datetime:
    return _EPOCH + number * _DAY


def _assembled(known: Known, first: int, last: int) -> Timeline | None:
    """What happens on these days; None if one of them is not known."""
    days: dict[int, Day] = {}
    for number in range(first, last + 1):
        day = known.days.get(number)
        if day is None:
            return None
        days[number] = day
    # What goes on past midnight is there on both days.
    taken = dict.fromkeys(taken for day in days.values() for taken in day.taken)
    closed = dict.fromkeys(closed for day in days.values() for closed in day.closed)
    return Timeline(known.row, known.facility, list(taken), list(closed), known, days)


def _by_day(
    taken: Iterable[Taken], closed: Iterable[Closed], first: int, last: int
) -> dict[int, Day]:
    """Each of the days with all that shares any moment with it."""
    days = {number: Day([], []) for number in range(first, last + 1)}
    for one in taken:
        for number in _days_of(one.start_time, one.end_time, first, last):
            days[number].taken.append(one)  # type: ignore[attr-defined]  # lists until it is done
    for start, end in closed:
        for number in _days_of(start, end, first, last):
            days[number].closed.append((start, end))  # type: ignore[attr-defined]
    return days


def _days_of(start: datetime, end: datetime, first: int, last: int) -> range:
    """The days that share any moment with a time, among these."""
    final = _day_of(end - timedelta.resolution)
    return range(max(_day_of(start), first), min(final, last) + 1)
