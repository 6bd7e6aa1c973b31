"""Facilities and when they are taken, remembered by facility and day until a change is told.

What is remembered may be used only while the feed is fresh: then it is at most
``feed.BOUND_SECONDS`` behind the database. A look that began before a change was told is never
remembered after it, so that the past is not kept as the present.
"""

import asyncio
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, Protocol

from cachetools import Cache, LRUCache

from domain.periods import Period
from domain.rules import LONGEST_BUFFER
from live.counters import CACHE_HITS, CACHE_MISSES
from live.days import (
    PARTS,
    Day,
    Known,
    Timeline,
    assembled,
    by_day,
    day_of,
    parts_of,
    start_of,
)
from live.feed import Feed
from live.findings import Findings, Present
from live.looks import Look
from live.position import Position
from live.source import Database, Load, Source
from sql.changes import ChangeRow
from sql.facilities import FacilityRow
from sql.pool import Connection
from sql.timelines import TimelineRow

MOST_REMEMBERED = 150_000
"""How much a process remembers of all facilities together, those asked for last: each day,
booking and closure counts one. It takes 30 to 60 MB."""

MOST_PAGES = 1024
"""Pages of lists of facilities that it remembers."""

MOST_ANSWER_BYTES = 16 * 2**20
"""How much it remembers of answers."""

_COUNTED = (CACHE_HITS, CACHE_MISSES)
_HITS_OF_ANSWERS, _MISSES_OF_ANSWERS = (each.labels("answers") for each in _COUNTED)
_HITS_OF_PAGES, _MISSES_OF_PAGES = (each.labels("pages") for each in _COUNTED)
_HITS_OF_TIMELINES, _MISSES_OF_TIMELINES = (each.labels("timelines") for each in _COUNTED)


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
    """A look at the database that is under way, and which facilities changed since it began.

    ``spoilt``: of each of these, the last transaction that changed it.
    """

    facility_ids: Sequence[int]
    first: int
    last: int
    spoilt: dict[int, int] = field(default_factory=dict)
    all_spoilt: bool = False

    def is_good_for(self, facility_ids: Iterable[int]) -> bool:
        """Whether what it brings of these facilities is still so, whenever it looked."""
        return not self.all_spoilt and self.spoilt.keys().isdisjoint(facility_ids)

    def saw_all(self, row: TimelineRow) -> bool:
        """Whether what it brought of a facility has in it all that changed meanwhile."""
        return not self.all_spoilt and self.spoilt.get(row.id, -1) < row.transaction_id


@dataclass(frozen=True, slots=True)
class _Answer:
    """Bytes that stand between the one instant and the other, if all they rest on does.

    It holds serials and not what they are of, which would outlive being forgotten: ``days`` is
    the number of a day, the first of its parts and the one after the last, their serials, and so
    on. It begins with ``head``, as others do.
    """

    known: int
    days: tuple[Any, ...]
    since: datetime
    until: datetime
    head: bytes
    rest: bytes

    def stands_at(self, now: datetime, known: Known) -> bool:
        """Whether it may be given again."""
        if self.known != known.serial or not self.since < now < self.until:
            return False
        each = iter(self.days)
        for number, first, last, serials in zip(each, each, each, each, strict=True):
            day = known.days.get(number)
            if day is None or day.serials[first:last] != serials:
                return False
        return True

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes."""
        return len(self.rest) + 700 + 35 * len(self.days)


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
        self._known: LRUCache[int, Known] = LRUCache(MOST_REMEMBERED, lambda known: known.weight)
        self._pages: LRUCache[str, Sequence[FacilityRow]] = LRUCache(MOST_PAGES)
        self._answers: LRUCache[Any, _Answer] = LRUCache(
            MOST_ANSWER_BYTES, lambda answer: answer.weight
        )
        self._findings = Findings(self._known)
        self._flights: set[_Flight] = set()
        self._flying: dict[object, tuple[_Flight, asyncio.Task[dict[int, Timeline]]]] = {}
        self._loading: dict[str, tuple[object, asyncio.Task[Sequence[FacilityRow]]]] = {}
        self._listed = object()  # another one whenever lists of facilities may have changed
        self._turns = 0  # one more whenever what is remembered becomes another
        self._versions: dict[int, int] = {}
        self._version_of_all = 0
        feed.listen(self._hear)
        feed.on_gap(self._forget_all)

    async def source(self) -> Source:
        """Itself, if what it remembers is recent, waiting a moment for it; or the database."""
        return self if self._is_on and await self._feed.refresh() else self._database

    def source_at_once(self) -> Source:
        """As ``source``, for who must not wait: for what is recent only if it is by now."""
        return self if self._is_on and self._feed.is_fresh else self._database

    def recall(self, facility_id: int) -> Known | None:
        """What is remembered of a facility."""
        return self._known.get(facility_id)

    def answer(self, key: object, known: Known, now: datetime) -> bytes | None:
        """The answer to this question about what is known, if it was given and still stands."""
        found = self._answers.get(key)
        if found is None or not found.stands_at(now, known):
            return None
        _HITS_OF_ANSWERS.inc()
        return found.head + found.rest

    def missed(self, count: int) -> None:
        """Take note of so many answers that had to be made."""
        _MISSES_OF_ANSWERS.inc(count)

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
        if known.head != body[:common]:
            known.head = body[:common]
        parts = ((number, _parts(number, within), day) for number, day in days.items())
        serials = tuple(
            chain.from_iterable(
                (number, first, last, day.serials[first:last])
                for number, (first, last), day in parts
                if first < last
            )
        )
        rest = body[common:]
        answer = _Answer(known.serial, serials, stands.start, stands.end, known.head, rest)
        if answer.weight < MOST_ANSWER_BYTES:
            self._answers[key] = answer

    def present(self) -> Present:
        """The state of this memory."""
        return Present(self._listed, self._turns)

    def finding(self, key: object, now: datetime) -> Any:  # noqa: ANN401 - as it was kept
        """What was found, if the same would be found again; else None."""
        return self._findings.get(key, now, self.present())

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
        if since == self.present():
            self._findings.keep(key, found, times, stands, self._listed)

    def glance(self, facility_id: int, period: Period) -> Timeline | None:
        """What happens at a facility within the period, where all of it is remembered."""
        known = self._known.get(facility_id)
        if known is None:
            return None
        return assembled(known, day_of(period.start), day_of(period.end))

    def not_taken(self, rows: Sequence[FacilityRow], period: Period) -> list[FacilityRow]:
        """Those of the facilities that no booking is remembered to hold within the period."""
        number, start, end = day_of(period.start), period.start, period.end
        peek, memory = Cache[int, Known].__getitem__, self._known  # who is sieved out is not used
        found = []
        for row in rows:
            known = peek(memory, row.id) if row.id in memory else None
            day = None if known is None else known.days.get(number)
            for one in () if day is None else day.taken:
                if one.start_time < end and start < one.end_time and one.decide_by is None:
                    break
            else:
                found.append(row)
        return found

    async def page(
        self, key: str, load: Load, conn: Connection | None = None
    ) -> Sequence[FacilityRow]:
        """The facilities of a list by the key of its question, loaded if not remembered."""
        rows = self._pages.get(key)
        if rows is not None:
            _HITS_OF_PAGES.inc()
            return rows
        _MISSES_OF_PAGES.inc()
        if conn is not None:
            return await self._load(key, load, conn, self._listed)
        found = self._loading.get(key)
        if found is None or found[0] is not self._listed:
            task = asyncio.create_task(self._load(key, load, None, self._listed))
            self._loading[key] = found = (self._listed, task)
            task.add_done_callback(lambda _: self._loaded(key, task))
        return await asyncio.shield(found[1])

    async def _load(
        self, key: str, load: Load, conn: Connection | None, listed: object
    ) -> Sequence[FacilityRow]:
        rows = await self._database.page(key, load, conn)
        if listed is self._listed:
            # The rows that are known are kept once, in however many lists they are.
            rows = self._pages[key] = [self._remember(row).row for row in rows]
        return rows

    def _loaded(self, key: str, task: "asyncio.Task[Sequence[FacilityRow]]") -> None:
        found = self._loading.get(key)
        if found is not None and found[1] is task:
            del self._loading[key]

    async def look(
        self, facility_ids: Sequence[int], period: Period, conn: Connection | None = None
    ) -> dict[int, Timeline]:
        """What is remembered, and for the rest what the database says."""
        first = day_of(period.start - LONGEST_BUFFER)
        last = day_of(period.end + LONGEST_BUFFER)
        found, missing = {}, []
        for facility_id in facility_ids:
            known = self._known.get(facility_id)
            timeline = None if known is None else assembled(known, first, last)
            if timeline is None:
                missing.append(facility_id)
            else:
                found[facility_id] = timeline
        _HITS_OF_TIMELINES.inc(len(found))
        if missing:
            _MISSES_OF_TIMELINES.inc(len(missing))
            # With the day after, which is often asked for next.
            brought = await self._bring(_Flight(missing, first, last + 1), conn)
            for facility_id, timeline in brought.items():
                known = timeline.known
                found[facility_id] = (known and assembled(known, first, last)) or timeline
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
            start, end = start_of(flight.first), start_of(flight.last + 1)
            for row in await self._database.read(Look(asked, start, end), conn):
                found[row.id] = self._learn(row, flight)
        return found

    def _learn(self, row: TimelineRow, flight: _Flight) -> Timeline:
        """Remember what was read, unless it changed meanwhile."""
        facility_id = row.id
        if not flight.saw_all(row):
            return self._database.timeline(row)
        known = self._remember(row.facility)
        days = by_day(row.taken, row.closed, flight.first, flight.last, row.transaction_id)
        # A look is wider than what was forgotten: answers that rest on the rest of it still stand.
        before = ChainMap(known.days, known.gone)
        days = {number: day.after(number, before.get(number)) for number, day in days.items()}
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
            timeline = known and assembled(known, flight.first, flight.last)
            if timeline:
                found[facility_id] = timeline
        return found

    def _remember(self, row: FacilityRow) -> Known:
        known = self._known.get(row.id)
        if known is None or known.row != row:  # what is new was seen before it was told
            self._turns += 1
            known = self._known[row.id] = Known(row, self._database.facts_of(row))
        return known

    def _add(self, known: Known, days: Mapping[int, Day]) -> None:
        self._turns += 1
        known.days |= days
        for number in days:
            known.gone.pop(number, None)
        if known.weight > MOST_REMEMBERED:
            known.days, known.gone = dict(days), {}
        if known.weight <= MOST_REMEMBERED:
            self._known[known.row.id] = known  # is weighed anew, and others go for it

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
        if row.start_time is not None and row.end_time is not None:
            self.changed(facility_id, row.start_time, row.end_time, row.transaction_id)
        else:  # it may be any day
            self._spoil(facility_id, row.transaction_id)
            self._known.pop(facility_id, None)

    def changed(
        self, facility_id: int, start_time: datetime, end_time: datetime, transaction_id: int
    ) -> None:
        """Forget what a transaction changed at a facility within a time.

        The feed tells of every change. Whoever made one tells of it before they reply, and so
        need not wait for the feed; what was looked at between the two has it, and stays.
        """
        self._spoil(facility_id, transaction_id)
        known = self._known.get(facility_id)
        if known is None:
            return
        first, last = day_of(start_time), day_of(end_time)
        for number in [each for each in known.days if first <= each <= last]:
            if known.days[number].seen <= transaction_id:
                known.gone[number] = known.days.pop(number)

    def _spoil(self, facility_id: int, transaction_id: int) -> None:
        self._turns += 1
        version = self._versions.get(facility_id, 0)
        self._versions[facility_id] = max(version, transaction_id + 1)
        for flight in self._flights:
            last = flight.spoilt.get(facility_id, transaction_id)
            flight.spoilt[facility_id] = max(last, transaction_id)

    def _forget_everything(self, version: int) -> None:
        """A site changed, or everything was closed: seldom enough to begin anew."""
        self._turns += 1
        self._version_of_all = max(self._version_of_all, version)
        for flight in self._flights:
            flight.all_spoilt = True
        self._known.clear()
        self._answers.clear()
        self._findings.clear()

    def _forget_all(self) -> None:
        """What came before is not known: what others share must be newer than this."""
        position = self._feed.position
        assert position is not None  # noqa: S101 - the feed has begun, or would not tell
        self._listed = object()
        self._pages.clear()
        self._versions.clear()
        told = position.until or position.since
        self._forget_everything(int(told.split(":")[1]))


def _parts(number: int, within: Period | None) -> tuple[int, int]:
    return (0, PARTS) if within is None else parts_of(number, within.start, within.end)
