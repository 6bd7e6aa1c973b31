"""Streams of events: what is watched, what is told of it and to whom, and how it is written.

Each stream has a short queue, and nobody waits for it: a client that does not read is cut off,
and comes back to where it was. An event is written once for all who may see the same of it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import orjson

from domain.access import Caller, may_see
from live.counters import STREAMS_CUT_OFF, STREAMS_RESYNC
from live.position import Position
from live.resuming import Reason
from sql.changes import ChangeRow

MOST_WAITING = 256
"""Events that may wait for a client to read; with one more it is cut off.

As many may come at once: of more, such as an import brings, the client is told to ask anew.
"""

RETRY_MILLISECONDS = 2000
"""How long a client is asked to wait before it comes back."""

HangUp: TypeAlias = Callable[[], None]
"""Ends a connection at once, whatever the client has not read yet."""


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

    __slots__ = (
        "_batch",
        "_is_behind",
        "_waiting",
        "_wake",
        "caller",
        "hang_up",
        "is_over",
        "watched",
    )

    def __init__(self, caller: Caller, watched: Watched) -> None:
        self.caller = caller
        self.watched = watched
        self.hang_up: HangUp | None = None
        self.is_over = False
        self._batch: list[bytes] = []
        self._is_behind = False
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

    def skip(self) -> None:
        """Have the client ask anew instead: there is too much in a batch."""
        self._is_behind = True

    def pass_on(self, after: Position) -> None:
        """A batch is complete; the end of the stream where too much waits already."""
        batch, self._batch = self._batch, []
        is_behind, self._is_behind = self._is_behind, False
        if is_behind or len(batch) > MOST_WAITING:
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
