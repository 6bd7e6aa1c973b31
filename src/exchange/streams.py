"""Replies of any length: CSV, sent as the database gives it, in constant memory.

A reply that has begun cannot become a problem any more. So the first rows are read
before it begins; and what goes wrong later breaks the connection off, without the
end that a complete reply has (RFC 9112, 8), so that nobody takes a part for the whole.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from typing import TypeAlias

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from domain.tables import csv_text
from exchange.lanes import Lane
from sql.analytics import allow_time
from sql.exports import allow_pauses
from sql.pool import Connection, Pool, transaction

Rows: TypeAlias = AsyncGenerator[Sequence[Sequence[object]], None]

PATIENCE_SECONDS = 20.0
"""How long a reader may take none of what it asked for: it holds a connection meanwhile."""

LONGEST_SECONDS = 1800.0
"""How long a reader may take for the whole, however little and often they read."""

_lane = Lane("exports", 4)


class StalledReader(Exception):  # noqa: N818 - nobody's malfunction
    """A client that does not read on."""


class CsvStream(Response):
    """A table as CSV. ``rows`` gives its lines, the header first, on a connection."""

    media_type = "text/csv"

    def __init__(
        self,
        pool: Pool,
        rows: Callable[[Connection], Rows],
        *,
        file_name: str,
        patience: float = PATIENCE_SECONDS,
        longest: float = LONGEST_SECONDS,
    ) -> None:
        super().__init__(headers={"Content-Disposition": f'attachment; filename="{file_name}"'})
        del self.headers["content-length"]  # nobody knows it
        self.pool = pool
        self.rows = rows
        self.patience = patience
        self.longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything, unless the client hangs up, which ends it at once."""
        sending = asyncio.create_task(self._send_in_time(scope["method"] == "HEAD", send))
        hanging_up = asyncio.create_task(_hung_up(receive))
        try:
            await asyncio.wait({sending, hanging_up}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hanging_up.cancel()
            if not sending.done():
                sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
        if sending.cancelled():
            raise ClientDisconnect

    async def _send_in_time(self, head_only: bool, send: Send) -> None:  # noqa: FBT001
        async with _lane.place():
            bound = asyncio.timeout(self.longest)
            try:
                async with bound:
                    await self._send(head_only, send)
            except TimeoutError as error:
                if not bound.expired():
                    raise
                message = f"A reply was not read within {self.longest:.0f} seconds and cut off."
                raise StalledReader(message) from error

    async def _send(self, head_only: bool, send: Send) -> None:  # noqa: FBT001
        async with (
            transaction(self.pool, actor_id=None, request_id=None) as conn,
            aclosing(self.rows(conn)) as batches,
        ):
            # A reader's pauses are this program's affair, with a bound of their own.
            await allow_pauses(conn, milliseconds=round(self.patience * 2000))
            await allow_time(conn)
            first = await anext(batches)
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            if not head_only:
                await self._chunk(send, first)
                async for batch in batches:
                    await self._chunk(send, batch)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _chunk(self, send: Send, rows: Sequence[Sequence[object]]) -> None:
        body = csv_text(rows).encode()
        try:
            async with asyncio.timeout(self.patience):
                await send({"type": "http.response.body", "body": body, "more_body": True})
        except TimeoutError as error:
            message = f"A reader took nothing for {self.patience:.0f} seconds and was cut off."
            raise StalledReader(message) from error


async def _hung_up(receive: Receive) -> None:
    """Return once the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
