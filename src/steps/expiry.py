"""Pending bookings that nobody decided about in time, and that are in somebody's way.

Upkeep cancels them within seconds. Who comes sooner clears them away first: they hold
nothing from the moment they expire.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import TypeVar

from domain.lifecycle import has_expired
from exchange.request import Request
from sql import bookings
from sql.bookings import BookingRow, InTheWayRow
from sql.pool import retrying, transaction

T = TypeVar("T")


class Expired(Exception):  # noqa: N818 - a finding, not a malfunction
    """What is in the way at a facility holds nothing any more."""

    def __init__(self, facility_id: int) -> None:
        super().__init__(facility_id)
        self.facility_id = facility_id


def check_none_expired(in_the_way: Iterable[BookingRow | InTheWayRow], now: datetime) -> None:
    """Raise Expired if one of the bookings only waits to be cleared away."""
    for row in in_the_way:
        if has_expired(row.status, row.decide_by, now):
            raise Expired(row.facility_id)


async def clearing(request: Request, work: Callable[[], Awaitable[T]]) -> T:
    """What the work returns; where it raises Expired it is done again on a cleared facility.

    The clearing is a transaction of its own and nobody's: whoever happened to come by has
    no part in what became of somebody else's booking.
    """
    while True:  # each time there is at least one less
        try:
            return await work()
        except Expired as found:
            await _clear(request, found.facility_id)


async def _clear(request: Request, facility_id: int) -> None:
    async def attempt() -> None:
        async with transaction(request.pool, actor_id=None, request_id=None) as conn:
            await bookings.expire_in_the_way(conn, facility_id=facility_id, now=request.now())

    await retrying(attempt)
