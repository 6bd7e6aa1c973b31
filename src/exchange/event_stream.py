"""Replies that go on: server-sent events, for as long as the client listens.

Two tasks for each stream: one sends, one notices that the client is gone. sse-starlette has
four, and learns of the service's end by asking for it every half second (docs/adr/0022).
"""

import asyncio
import random
from collections.abc import Callable
from typing import Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from exchange.lanes import Lane
from exchange.request import Request
from live.hub import Hub
from live.position import parse
from live.resuming import missed
from live.streams import Event, Stream, Watched, beginning, heartbeat, resync
from sql.pool import reading

PATIENCE_SECONDS = 20.0
"""How long a client may take none of what it was sent."""

_resuming = Lane("streams that go on", 4)


class FeedAway(Exception):  # noqa: N818 - an answer, not a malfunction
    """The database does not answer, so nothing could be told of what changes in it."""


class Wire(Protocol):
    """The connection that a reply goes out on, as the server leaves it in the scope."""

    is_stopping: bool
    """Whether the service waits for its last replies."""

    on_stop: Callable[[], None] | None
    """What to call when it begins to."""

    def abort(self) -> None:
        """End the connection, whatever the client has not read yet."""


class EventStream(Response):
    """The changes of what is watched, from the client's last event on, or from now on."""

    media_type = "text/event-stream"

    def __init__(self, request: Request, watched: Watched, last_id: str | None) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]  # nobody knows it
        self.request = request
        self.watched = watched
        self.last_id = last_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it until the client is gone, or has to come back."""
        hub = self.request.service.live.streams
        # So that it begins after everything that any client can have been told by now.
        if not await hub.caught_up():
            raise FeedAway
        with hub.opened(self.request.caller, self.watched) as stream:
            first = await self._first(hub, stream)
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            if scope["method"] == "HEAD":
                await _finish(send)
                return
            wire: Wire = scope["holdfast.wire"]
            stream.hang_up = wire.abort
            wire.on_stop = stream.end
            if wire.is_stopping:
                stream.end()
            leaving = asyncio.create_task(_gone(receive))
            leaving.add_done_callback(lambda _: stream.end())
            try:
                await self._send(hub, stream, send, first)
            finally:
                wire.on_stop = None
                leaving.cancel()

    async def _first(self, hub: Hub, stream: Stream) -> bytes:
        """The first blocks, with what the client has missed; the end for whose rights are others.

        Whoever lost them after they were let in, and before the stream was there, went unnoticed.
        """
        begun = hub.position
        if not await self._is_as_before():
            stream.end()
            return b""
        if self.last_id is None:
            return beginning(begun)
        last = parse(self.last_id)
        if last is None:
            return beginning(begun) + resync(begun, "unknown_position")
        async with _resuming.place(), reading(self.request.pool) as conn:
            found = await missed(conn, last, begun)
        if isinstance(found, str):
            return beginning(begun) + resync(begun, found)
        events = [
            Event(row, position).told_to(stream.caller)
            for row, position in found
            if row.record_type != "user" and self.watched.concerns(row)
        ]
        return b"".join([beginning(last), *events, heartbeat(begun)])

    async def _is_as_before(self) -> bool:
        """Whether the token is still valid, and it and its user may do what they were found to."""
        request, callers = self.request, self.request.service.live.callers
        known = callers.remembered(request.token_hash, request.now())
        if known is None:
            known = await callers.find(request.token_hash)
        found = (request.caller, request.token_scopes)
        return known is not None and (known.caller, known.scopes) == found

    async def _send(self, hub: Hub, stream: Stream, send: Send, first: bytes) -> None:
        """Send all there is until the end, and then the end."""
        ends = asyncio.get_running_loop().time() + self._seconds(hub)
        await _chunk(stream, send, first)
        while not stream.is_over:
            left = ends - asyncio.get_running_loop().time()
            if left <= 0:
                break
            content = await stream.take(min(left, hub.terms.heartbeat_seconds))
            if not stream.is_over:
                await _chunk(stream, send, content or heartbeat(hub.position))
        await _finish(send)

    def _seconds(self, hub: Hub) -> float:
        """How long it lasts. Not all that begin together end together."""
        seconds = hub.terms.seconds * random.uniform(0.9, 1)  # noqa: S311 - no secret
        until = self.request.token_expires_at
        if until is None:
            return seconds
        return min(seconds, (until - self.request.now()).total_seconds())


async def _chunk(stream: Stream, send: Send, content: bytes) -> None:
    """Send it, unless the client does not take it: then its connection ends."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await send({"type": "http.response.body", "body": content, "more_body": True})
    except TimeoutError:
        stream.cut_off()


async def _finish(send: Send) -> None:
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    """Return once the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
