"""What is asked of the database at about the same time, asked by one statement.

Half of what a small question costs the service is sending a statement and waking up for its answer.
While some are on their way, those that come meanwhile wait for each other, and share the next one:
the busier the service, the less each costs. Each still sees what is committed when it was asked.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from psycopg_pool import PoolTimeout

from sql.pool import Connection, Pool, reading

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

MOST_AT_ONCE = 64
"""What those who share a statement weigh together."""

MOST_UNDER_WAY = 2
"""Statements under way: with one, PostgreSQL would idle while its answer is read."""


class Together(Generic[Asked, Answer]):
    """Asks one kind of question on connections of a pool.

    ``make`` asks several at once, and gives the answers in their order; ``weigh`` tells how much
    there is to do for one.
    """

    def __init__(
        self,
        pool: Pool,
        make: Callable[[Connection, Sequence[Asked]], Awaitable[Sequence[Answer]]],
        weigh: Callable[[Asked], int],
    ) -> None:
        self._pool = pool
        self._make = make
        self._weigh = weigh
        self._waiting: deque[tuple[Asked, asyncio.Future[Answer]]] = deque()
        self._under_way = 0
        self._runners: set[asyncio.Task[None]] = set()  # or they might be collected

    async def ask(self, asked: Asked) -> Answer:
        """The answer to a question; one that weighs more than MOST_AT_ONCE is asked by itself."""
        place: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, place))
        if self._under_way < MOST_UNDER_WAY:
            self._under_way += 1
            runner = asyncio.create_task(self._run())
            self._runners.add(runner)
            runner.add_done_callback(self._runners.discard)
        return await place

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._answer(self._next())
        finally:
            # In the turn in which nobody waited: who comes after it begins another.
            self._under_way -= 1

    async def _answer(self, places: Sequence[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        if not places:
            return
        try:
            async with reading(self._pool) as conn:
                answers = await self._make(conn, [asked for asked, _ in places])
            answered = list(zip(places, answers, strict=True))
        except PoolTimeout as error:
            # Nor would those get a connection who would try after them.
            _fail([place for _, place in [*places, *self._waiting]], error)
            self._waiting.clear()
        except Exception as error:  # noqa: BLE001 - it is theirs who wait
            _fail([place for _, place in places], error)
        else:
            for (_, place), answer in answered:
                if not place.done():
                    place.set_result(answer)

    def _next(self) -> Sequence[tuple[Asked, asyncio.Future[Answer]]]:
        """Those who waited longest and are still there; one at least, if any are."""
        places: list[tuple[Asked, asyncio.Future[Answer]]] = []
        weight = 0
        while self._waiting:
            asked, place = self._waiting[0]
            if places and weight + self._weigh(asked) > MOST_AT_ONCE:
                break
            self._waiting.popleft()
            if not place.done():
                places.append((asked, place))
                weight += self._weigh(asked)
        return places


def _fail(places: Sequence[asyncio.Future[Answer]], error: Exception) -> None:
    for place in places:
        if not place.done():
            place.set_exception(error)
