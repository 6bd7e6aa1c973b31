"""A reply's head and its body, sent together.

uvicorn writes one after the other, and uvloop sends each at once: two calls of the system,
two packets, and a client that is woken twice for each reply.
"""

import asyncio
from typing import Any


class Joined:
    """A transport on which what is written waits for what follows in the same turn of the loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None
        self._turn: asyncio.Handle | None = None

    def write(self, data: bytes) -> None:
        """Send the data with what is held, or hold it until the end of this turn."""
        held = self._taken()
        if held is None:
            self._held = data
            self._turn = self._loop.call_soon(self._flush)
        else:
            self._transport.writelines((held, data))

    def close(self) -> None:
        """Close, once all is sent."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close, whatever is not sent yet."""
        self._taken()
        self._transport.abort()

    def _flush(self) -> None:
        held = self._taken()
        if held is not None and not self._transport.is_closing():
            self._transport.write(held)

    def _taken(self) -> bytes | None:
        """What was held, and is not any more."""
        held, self._held = self._held, None
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        return held

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - of any type
        """All else is the transport's own."""
        return getattr(self._transport, name)
