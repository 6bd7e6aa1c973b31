"""A few new requests in each turn of the loop, so that those under way are not kept waiting.

A turn of the loop lasts as long as all that became ready since the last one. Were fifty requests
let in at once, whoever has asked the database something would wait for all fifty at each step: for
the connection, for the answer, for what follows it. What is let in later waits no longer for its
answer than it would have; what is under way waits a tenth.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

MOST_IN_A_TURN = 4


class Turnstile:
    """ASGI middleware; see the module. Requests go in in the order in which they came."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._let_in = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request as soon as it is its turn."""
        if self._let_in < MOST_IN_A_TURN:
            self._let_in += 1
            if self._let_in == 1:
                asyncio.get_running_loop().call_soon(self._turn)
        else:
            place = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            await place
        await self.app(scope, receive, send)

    def _turn(self) -> None:
        """A turn is over: let in the next."""
        self._let_in = 0
        for place in self._next():
            place.set_result(None)
            # They begin in the next turn: whoever comes before it is over waits behind them.
            self._let_in = MOST_IN_A_TURN
        if self._let_in:
            asyncio.get_running_loop().call_soon(self._turn)

    def _next(self) -> Sequence["asyncio.Future[None]"]:
        """Those who waited longest, and still do."""
        found: list[asyncio.Future[None]] = []
        while self._waiting and len(found) < MOST_IN_A_TURN:
            place = self._waiting.popleft()
            if not place.done():  # cancelled, that is
                found.append(place)
        return found
