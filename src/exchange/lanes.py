"""Lanes: how much of what takes long runs at once, so that it leaves connections to others."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

WAIT_SECONDS = 5.0
"""How long anybody waits for a place."""


class LaneFull(Exception):  # noqa: N818 - an answer, not a malfunction
    """So many of a kind are running that this one was not begun."""


class Lane:
    """So many ``places`` of this process; ``name`` is what takes them, in the plural."""

    def __init__(self, name: str, places: int, wait_seconds: float = WAIT_SECONDS) -> None:
        self.name = name
        self.places = places
        self.wait_seconds = wait_seconds
        self._free = asyncio.Semaphore(places)

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None, None]:
        """A place until the exit; LaneFull if none is free in time."""
        try:
            async with asyncio.timeout(self.wait_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            message = f"{self.places} {self.name} are running already."
            raise LaneFull(message) from error
        try:
            yield
        finally:
            self._free.release()
