"""The hub of streams: what the change feed tells, handed on to everybody who watches.

One listener of the feed for all streams of a process. What it hears it tells a little later,
so that whoever is told and searches finds it, whichever process they ask.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from domain.access import Caller
from domain.errors import TooManyStreams
from live.counters import STREAMS_OPEN
from live.feed import BOUND_SECONDS, Feed
from live.position import Position
from live.streams import MOST_WAITING, Event, Stream, Watched
from sql.changes import ChangeRow

LATER_SECONDS = BOUND_SECONDS + 0.01
"""How long after it was heard of a change is told: then no process answers from before it.

Each may have remembered what was so for BOUND_SECONDS. Timers count by the millisecond.
"""


_NOBODY: set[Stream] = set()


class HubFull(Exception):  # noqa: N818 - an answer, not a malfunction
    """Of streams, this process has as many as it takes."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every stream: how long it lasts, how often it is heard of, and how many.

    ``per_user`` and ``most`` are of each process.
    """

    seconds: float = 3600
    heartbeat_seconds: float = 15
    per_user: int = 32
    most: int = 5000


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes that were heard of, the position after them, and when they are told."""

    rows: Sequence[ChangeRow]
    after: Position
    timer: asyncio.TimerHandle
    is_over: asyncio.Event
    """Set once it is told, or never will be."""


class Hub:
    """All streams of this process. What it hears it tells ``later`` by so many seconds."""

    def __init__(self, feed: Feed, terms: Terms, *, later: float = LATER_SECONDS) -> None:
        self.terms = terms
        self.feed = feed
        self.later = later
        self._position: Position | None = None
        self._heard: Position | None = None
        self._waiting: deque[Batch] = deque()
        self._streams: set[Stream] = set()
        self._of_user: defaultdict[int, set[Stream]] = defaultdict(set)
        self._of_facility: defaultdict[int, set[Stream]] = defaultdict(set)
        self._of_site: defaultdict[int, set[Stream]] = defaultdict(set)
        self._at_site: defaultdict[int, set[Stream]] = defaultdict(set)
        self._of_all: set[Stream] = set()
        feed.listen(self._hear)
        feed.on_gap(self._begin)

    @property
    def position(self) -> Position:
        """What all streams have been told so far."""
        assert self._position is not None  # noqa: S101 - a feed that is fresh has begun
        return self._position

    def __len__(self) -> int:
        """How many streams there are."""
        return len(self._streams)

    async def caught_up(self) -> bool:
        """Wait until all that is committed by now has been told; False where that fails.

        Then this process has told no less than any other had when this was asked.
        """
        if not await self.feed.passed():
            return False
        if self._waiting:
            await self._waiting[-1].is_over.wait()
        return True

    @contextmanager
    def opened(self, caller: Caller, watched: Watched) -> Iterator[Stream]:
        """A stream of what is told from now on, until the exit.

        :raises TooManyStreams: if the caller has as many as this process lets anybody have.
        :raises HubFull: if there are as many as this process takes.
        """
        if len(self._of_user.get(caller.user_id, ())) >= self.terms.per_user:
            detail = (
                f"You have {self.terms.per_user} streams open here, which is as many as one"
                " process of the service lets anybody have: close one that you no longer read."
            )
            raise TooManyStreams(detail)
        if len(self._streams) >= self.terms.most:
            message = f"{self.terms.most} streams are open already."
            raise HubFull(message)
        stream = Stream(caller, watched)
        places = self._places(stream)
        for streams, key in places:
            streams[key].add(stream)
        self._streams.add(stream)
        if watched == Watched():
            self._of_all.add(stream)
        STREAMS_OPEN.inc()
        try:
            yield stream
        finally:
            STREAMS_OPEN.dec()
            self._of_all.discard(stream)
            self._streams.discard(stream)
            for streams, key in places:
                streams[key].discard(stream)
                if not streams[key]:
                    del streams[key]

    def _places(self, stream: Stream) -> Sequence[tuple[defaultdict[int, set[Stream]], int]]:
        """Where it is found again."""
        watched = stream.watched
        places = [(self._of_user, stream.caller.user_id)]
        if watched.facility_id is not None:
            places.append((self._of_facility, watched.facility_id))
            if watched.site_id is not None:
                places.append((self._at_site, watched.site_id))
        elif watched.site_id is not None:
            places.append((self._of_site, watched.site_id))
        return places

    def _groups(self, row: ChangeRow) -> Iterator[set[Stream]]:
        """The streams whose Watched a change concerns, without asking all of them.

        They come by what they watch; no stream is in two of the groups.
        """
        yield self._of_all
        if row.site_id is None and row.facility_id is None:
            for groups in (self._of_site, self._of_facility):
                yield from groups.values()
            return
        if row.site_id is not None:
            yield self._of_site.get(row.site_id, _NOBODY)
        if row.facility_id is not None:
            yield self._of_facility.get(row.facility_id, _NOBODY)
        elif row.site_id is not None:
            yield self._at_site.get(row.site_id, _NOBODY)

    def _begin(self) -> None:
        """The feed has begun, or goes on; where it lost its place, so have all streams.

        Each client comes back with what it had last, and is told what that is worth now.
        """
        if self._heard == self.feed.position:
            return
        for batch in self._waiting:
            batch.timer.cancel()
            batch.is_over.set()
        self._waiting.clear()
        for stream in tuple(self._streams):
            stream.end()
        self._position = self._heard = self.feed.position

    def _hear(self, rows: Sequence[ChangeRow], after: Position) -> None:
        """Have changes told later; but whose rights are others is not told even those before."""
        self._heard = after
        for row in rows:
            if row.record_type == "user":
                # The client has to show anew who it is, and what it may see.
                for stream in self._of_user.get(row.user_id or 0, ()):
                    stream.end()
        timer = asyncio.get_running_loop().call_later(self.later, self._tell_next)
        self._waiting.append(Batch(rows, after, timer, asyncio.Event()))

    def _tell_next(self) -> None:
        """Tell what was heard first, in its turn."""
        batch = self._waiting.popleft()
        try:
            self._tell(batch.rows, batch.after)
        except Exception:
            # Whoever was not told comes back, and finds it in the log.
            for stream in tuple(self._streams):
                stream.end()
            raise
        finally:
            batch.is_over.set()

    def _tell(self, rows: Sequence[ChangeRow], after: Position) -> None:
        """Hand on a batch of changes.

        Those of whom too many are of concern are told to ask anew, and not of each: to tell
        2,000 streams of 1,000 changes would keep all others waiting for half a second.
        """
        before = self.position
        until = after.since if after.until is None else after.until
        told = [row for row in rows if row.record_type != "user"]
        counts = Counter(id(group) for row in told for group in self._groups(row))
        reached: set[Stream] = set()
        skipped: set[int] = set()
        for row in told:
            is_last = after.until is None and row is rows[-1]
            event = Event(row, after if is_last else before.within(until, row.id))
            for group in self._groups(row):
                if counts[id(group)] <= MOST_WAITING:
                    for stream in group:
                        stream.tell(event)
                    reached |= group
                elif id(group) not in skipped:
                    # Others of these streams' groups may have reached them: of those they are told.
                    for stream in group:
                        stream.skip()
                    skipped.add(id(group))
                    reached |= group
            for stream in self._moved(row):
                stream.end()
        for stream in reached:
            stream.pass_on(after)
        self._position = after

    def _moved(self, row: ChangeRow) -> Sequence[Stream]:
        """Streams of a facility that is at another site now, whose changes they would miss."""
        if row.record_type != "facility" or row.facility_id is None:
            return ()
        watching = self._of_facility.get(row.facility_id, _NOBODY)
        return [stream for stream in watching if stream.watched.site_id != row.site_id]
