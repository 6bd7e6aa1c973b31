"""The change feed: every process learns of every change, in the order of the commits.

A process asks the log, on a connection of its own, for what its last snapshot did not show
and the present one does. So nothing is skipped, however ids and commits cross, and nobody
waits for a long transaction. Why it asks instead of being notified: docs/adr/0020.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import structlog
from psycopg import Error

from live.background import background
from live.counters import FEED_POLLS
from live.position import Position, Snapshot
from sql import changes
from sql.changes import ChangeRow
from sql.pool import Connection

log = structlog.get_logger("holdfast.feed")

BOUND_SECONDS = 0.25
"""How late what is remembered may be: for so long after a poll began it may be used."""

RETRY_SECONDS = 0.5
"""The pause between attempts to reach a database that is away."""

PATIENCE_SECONDS = 1.0
"""How long anybody waits for a poll; who comes until it is answered does not wait for it too."""

ANSWER_SECONDS = 5.0
"""How long the database may take to answer; then it is asked on another connection."""

LONGEST_GAP_SECONDS = 10.0
"""The process, or its machine, stood still if polls are further apart: the log may be pruned."""

MOST_AT_ONCE = 1000
"""Changes told in one batch; more are told in several."""

_GAP_SECONDS = 0.004
"""The pause after each poll: writers who come in the meantime share the next one."""

_NEVER = float("-inf")

Listener = Callable[[Sequence[ChangeRow], Position], None]
"""Told of changes, and of the position after them; of none where the position moved alone."""

Forgetter = Callable[[], None]
"""Told that anything may have changed."""


async def changes_after(
    conn: Connection, position: Position, limit: int
) -> tuple[Snapshot, Sequence[ChangeRow]]:
    """What a reader at a position has not been told, and the snapshot by which that is visible.

    Up to the end of its batch where it is within one. There may be more where there are
    ``limit`` changes.
    """
    rows = await changes.list_changes(
        conn,
        since=position.since,
        until=position.until,
        after_id=position.after_id,
        limit=limit,
    )
    return rows[0].snapshot, [row for row in rows if row.id]


class Feed:
    """One process's reader of the log. ``connect`` makes its connection, in autocommit."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], seconds: float) -> None:
        self.seconds = seconds
        self._connect = connect
        self._listeners: list[Listener] = []
        self._forgetters: list[Forgetter] = []
        self._position: Position | None = None
        self._confirmed = _NEVER  # when the last poll that told all there was began
        self._distrusted = _NEVER  # polls that began before then confirm nothing
        self._last = time.monotonic()
        self._took = 0.0
        self._begun = 0
        self._ended = 0
        self._turn = asyncio.Event()
        self._wake = asyncio.Event()
        self._is_answered = False

    @property
    def position(self) -> Position | None:
        """What the listeners have been told so far; None before the first poll."""
        return self._position

    @property
    def origin(self) -> str | None:
        """Whose snapshots these are (``sql.changes.get_origin``); None before the first poll."""
        return None if self._position is None else self._position.origin

    @property
    def is_fresh(self) -> bool:
        """Whether what the listeners know was so at most BOUND_SECONDS ago."""
        return time.monotonic() < self._confirmed + BOUND_SECONDS

    @property
    def lag(self) -> float:
        """How many seconds ago the last poll that was answered began."""
        return time.monotonic() - self._last

    def listen(self, listener: Listener) -> None:
        """Tell a listener of all that changes from now on."""
        self._listeners.append(listener)

    def forget(self, listener: Listener) -> None:
        """Tell a listener no more."""
        self._listeners.remove(listener)

    def on_gap(self, forgetter: Forgetter) -> None:
        """Have told when what came before is no longer known: at the start, and after an outage."""
        self._forgetters.append(forgetter)

    async def refresh(self) -> bool:
        """Whether the listeners know what was so a moment ago, waiting for that if need be.

        False where the database does not answer in time. A busy process may take longer than
        BOUND_SECONDS to come back from a poll; but one that began after this was asked told
        all that whoever asks can expect.
        """
        return self.is_fresh or await self.passed()

    async def passed(self) -> bool:
        """Wait until all that is committed by now has been told.

        False where that fails; then nothing is fresh before another poll.
        """
        wanted = self._begun + 1
        self._wake.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while self._ended < wanted and self._is_answered:
                    await self._turn.wait()
        if self._ended >= wanted:
            return True
        self._distrusted = time.monotonic()
        self._lose()
        return False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read the log until the exit; it has begun unless the database does not answer."""
        async with background(self._run(), "feed"):
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._turn.wait()
            yield

    async def _run(self) -> None:
        while True:
            try:
                conn = await self._connect()
                async with conn:
                    await self._begin(conn)
                    while True:
                        await self._poll(conn)
                        await self._pause()
                        if self.lag > LONGEST_GAP_SECONDS:
                            await self._begin(conn)
            except Error as error:
                log.warning("feed interrupted", reason=str(error)[:300])
            except TimeoutError:
                log.warning("feed interrupted", reason="the database does not answer")
                # Where it was there may be more to tell than can be found in that time.
                self._position = None
            except Exception:
                log.exception("feed failed")
            finally:
                self._lose()
            FEED_POLLS.labels("failed").inc()
            await asyncio.sleep(RETRY_SECONDS)

    async def _begin(self, conn: Connection) -> None:
        """Go on where this was, if that is a place in this database; else from its present."""
        async with asyncio.timeout(ANSWER_SECONDS):
            position = await self._place(conn)
        # From here on nothing is awaited, so that what was before is remembered by nobody.
        self._position = position
        for forgetter in self._forgetters:
            forgetter()
        self._is_answered = True

    async def _place(self, conn: Connection) -> Position:
        """Where to go on in this database."""
        await changes.disown_changes(conn)
        origin, position = await changes.get_origin(conn), self._position
        if position is not None and position.origin == origin:
            reach = await changes.get_reach(conn, position.since)
            if reach.is_kept and reach.is_known:
                return position
        return Position(origin, await changes.present(conn))

    async def _poll(self, conn: Connection) -> None:
        """Tell of all that became visible since the last poll."""
        began = time.monotonic()
        self._begun += 1
        await self._tell(conn)
        if began >= self._distrusted:
            self._confirmed = began
        self._last = began
        self._took = time.monotonic() - began
        self._ended = self._begun
        self._is_answered = True
        self._pass_turn()
        FEED_POLLS.labels("answered").inc()

    async def _tell(self, conn: Connection) -> None:
        position = self._position
        assert position is not None  # noqa: S101 - set by _begin
        while True:
            is_new = position.until is None  # else it goes on with a batch begun before
            async with asyncio.timeout(ANSWER_SECONDS):
                until, rows = await changes_after(conn, position, MOST_AT_ONCE)
            is_all = len(rows) < MOST_AT_ONCE
            after = position.at(until) if is_all else position.within(until, rows[-1].id)
            if after != position:
                for listener in tuple(self._listeners):
                    listener(rows, after)
                position = self._position = after
            if is_all and is_new:
                return

    async def _pause(self) -> None:
        """Wait for somebody who wants to know, or for the next poll's time.

        Where the process is so busy that polls take long, the next is begun early enough to
        end before what is remembered may be used no more: else all would wait for it.
        """
        await asyncio.sleep(_GAP_SECONDS)
        spare = BOUND_SECONDS - 2.5 * self._took
        with suppress(TimeoutError):
            async with asyncio.timeout(min(self.seconds, max(spare, 0))):
                await self._wake.wait()
        self._wake.clear()

    def _lose(self) -> None:
        """Have nobody use what is remembered, nor wait, before the next answer."""
        self._is_answered = False
        self._confirmed = _NEVER
        self._pass_turn()

    def _pass_turn(self) -> None:
        """Let those who wait look again."""
        self._turn.set()
        self._turn = asyncio.Event()
