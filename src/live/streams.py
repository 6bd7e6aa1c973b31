"""The hub of streams: what the change feed tells, handed on to everybody who watches.

One listener of the feed for all streams of a process. Each stream has a short queue, and
nobody waits for it: a client that does not read is cut off, and comes back to where it was.
An event is written once for all who may see the same of it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property

import orjson

from domain.access import Caller, may_see
from domain.errors import TooManyStreams
from live.counters import STREAMS_CUT_OFF, STREAMS_OPEN, STREAMS_RESYNC
from live.feed import Feed
from live.position import Position
from live.resuming import Reason
from sql.changes import ChangeRow

MOST_WAITING = 256
"""Events that may wait for a client to read; with one more it is cut off.

As many may come at once: of more, such as an import brings, the client is told to ask anew.
"""

RETRY_MILLISECONDS = 2000
"""How long a client is asked to wait before it comes back."""


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
class Watched:
    """What a stream is about: a facility, with the site it is at, or a site, or everything."""

    facility_id: int | None = None
    site_id: int | None = None

    def concerns(self, row: ChangeRow) -> bool:
        """Whether a change is about it: of a site's facilities all, of a facility its site."""
        if self.facility_id is not None and row.facility_id is not None:
            return self.facility_id == row.facility_id
        return self.site_id is None or row.site_id is None or self.site_id == row.site_id


class Event:
    """A change at its place in the stream, as it is written."""

    def __init__(self, row: ChangeRow, position: Position) -> None:
        self.row = row
        self.position = position

    def told_to(self, caller: Caller) -> bytes:
        """The block for somebody, who may or may not know which booking it was."""
        row = self.row
        if row.booking_id is None or row.user_id is None or row.site_id is None:
            return self._plain
        return self._full if may_see(caller, row.user_id, row.site_id) else self._plain

    @cached_property
    def _plain(self) -> bytes:
        return block(self.position, "availability_changed", self._data)

    @cached_property
    def _full(self) -> bytes:
        data = {**self._data, "booking_id": self.row.booking_id}
        return block(self.position, "availability_changed", data)

    @cached_property
    def _data(self) -> dict[str, object]:
        row = self.row
        data = {
            "record": row.record_type,
            "facility_id": row.facility_id,
            "site_id": row.site_id,
            "start_time": row.start_time,
            "end_time": row.end_time,
        }
        return {name: value for name, value in data.items() if value is not None}


class Stream:
    """One client's stream. Whoever sends it takes from it; ``hang_up`` ends the connection."""

    __slots__ = ("_batch", "_waiting", "_wake", "caller", "hang_up", "is_over", "watched")

    def __init__(self, caller: Caller, watched: Watched) -> None:
        self.caller = caller
        self.watched = watched
        self.hang_up: Callable[[], None] | None = None
        self.is_over = False
        self._batch: list[bytes] = []
        self._waiting: list[bytes] = []
        self._wake = asyncio.Event()

    async def take(self, seconds: float) -> bytes:
        """All that waits to be sent, as soon as there is anything; nothing after so long.

        Nothing either once it is over: what was not sent yet is asked for again.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()
        blocks, self._waiting = self._waiting, []
        return b"" if self.is_over else b"".join(blocks)

    def tell(self, event: Event) -> None:
        """Have an event of a batch sent, with the rest of it."""
        if len(self._batch) <= MOST_WAITING:
            self._batch.append(event.told_to(self.caller))

    def pass_on(self, after: Position) -> None:
        """A batch is complete; the end of the stream where too much waits already."""
        batch, self._batch = self._batch, []
        if len(batch) > MOST_WAITING:
            # Nothing that waits before it matters any more.
            self._waiting = [resync(after, "too_far_behind")]
        elif len(self._waiting) + len(batch) > MOST_WAITING:
            self.cut_off()
        else:
            self._waiting += batch
        self._wake.set()

    def end(self) -> None:
        """Let the client come back, if it wants to."""
        self.is_over = True
        self._wake.set()

    def cut_off(self) -> None:
        """End it without waiting for the client to read what it was sent."""
        if self.is_over:
            return
        STREAMS_CUT_OFF.inc()
        self.end()
        if self.hang_up is not None:
            self.hang_up()


class Hub:
    """All streams of this process."""

    def __init__(self, feed: Feed, terms: Terms) -> None:
        self.terms = terms
        self.feed = feed
        self._position: Position | None = None
        self._streams: set[Stream] = set()
        self._of_user: defaultdict[int, set[Stream]] = defaultdict(set)
        self._of_facility: defaultdict[int, set[Stream]] = defaultdict(set)
        self._of_site: defaultdict[int, set[Stream]] = defaultdict(set)
        self._at_site: defaultdict[int, set[Stream]] = defaultdict(set)
        self._of_all: set[Stream] = set()
        feed.listen(self._told)
        feed.on_gap(self._begun)

    @property
    def position(self) -> Position:
        """What all streams have been told so far."""
        assert self._position is not None  # noqa: S101 - a feed that is fresh has begun
        return self._position

    def __len__(self) -> int:
        """How many streams there are."""
        return len(self._streams)

    @contextmanager
    def opened(self, caller: Caller, watched: Watched) -> Iterator[Stream]:
        """A stream of what is told from now on, until the exit.

        :raises TooManyStreams: if the caller has as many as anybody may have.
        :raises HubFull: if there are as many as this process takes.
        """
        if len(self._of_user.get(caller.user_id, ())) >= self.terms.per_user:
            detail = (
                f"You have {self.terms.per_user} streams open, which is as many as anybody may"
                " have: close one that you no longer read."
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

    def audience(self, row: ChangeRow) -> Iterable[Stream]:
        """The streams whose Watched a change concerns, each once, without asking all of them."""
        if row.site_id is None:
            if row.facility_id is None:
                return tuple(self._streams)
            return (*self._of_all, *self._of_facility.get(row.facility_id, ()))
        of_site = self._of_site.get(row.site_id, ())
        if row.facility_id is None:
            return (*self._of_all, *of_site, *self._at_site.get(row.site_id, ()))
        return (*self._of_all, *of_site, *self._of_facility.get(row.facility_id, ()))

    def _begun(self) -> None:
        """The feed has begun, or goes on; where it lost its place, so have all streams.

        Each client comes back with what it had last, and is told what that is worth now.
        """
        if self._position is not None and self._position != self.feed.position:
            for stream in tuple(self._streams):
                stream.end()
        self._position = self.feed.position

    def _told(self, rows: Sequence[ChangeRow], after: Position) -> None:
        """Hand on a batch of changes."""
        before = self.position
        until = after.since if after.until is None else after.until
        reached: set[Stream] = set()
        for row in rows:
            if row.record_type == "user":
                # The client has to show anew who it is, and what it may see.
                for stream in self._of_user.get(row.user_id or 0, ()):
                    stream.end()
                continue
            is_last = after.until is None and row is rows[-1]
            event = Event(row, after if is_last else Position(before.since, until, row.id))
            for stream in self.audience(row):
                stream.tell(event)
                reached.add(stream)
                if _moves(row, stream.watched):
                    stream.end()
        for stream in reached:
            stream.pass_on(after)
        self._position = after


def _moves(row: ChangeRow, watched: Watched) -> bool:
    """Whether the facility is at another site now, whose changes the stream would miss."""
    is_its = row.record_type == "facility" and row.facility_id == watched.facility_id
    return is_its and row.site_id != watched.site_id


def block(position: Position, name: str, data: object) -> bytes:
    """An event as it is written."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (
        str(position).encode(),
        name.encode(),
        orjson.dumps(data, option=orjson.OPT_UTC_Z),
    )


def beginning(position: Position) -> bytes:
    """The first block: when to come back, and with what if nothing has happened until then."""
    return b"retry: %d\nid: %b\n\n" % (RETRY_MILLISECONDS, str(position).encode())


def heartbeat(position: Position) -> bytes:
    """A sign of life, which moves the client's last id on and is no event."""
    return b":\nid: %b\n\n" % str(position).encode()


def resync(position: Position, reason: Reason) -> bytes:
    """What a client is told whose events are missing."""
    STREAMS_RESYNC.labels(reason).inc()
    return block(position, "resync", {"reason": reason})
