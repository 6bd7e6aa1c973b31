"""The cache that replicas share: days of facilities, in Redis.

It can make nothing wrong and nothing late beyond the feed's bound. A day is used only if it
was read after all was over that its reader has been told of, whoever stored it and whenever;
and a Redis that does not answer at once is left alone for a while.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

import orjson
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from live.counters import CACHE_HITS, CACHE_MISSES, REDIS_FAILURES
from live.days import Closed, Day
from sql.timelines import Taken

log = structlog.get_logger("holdfast.shared")

T = TypeVar("T")

READ_SECONDS = 0.05
"""How long a reader waits for it; the database would have answered by then."""

WRITE_SECONDS = 1.0
"""How long a write may take, for which nobody waits."""

PAUSE_SECONDS = 1.0
"""How long it is left alone after a failure."""

KEPT_SECONDS = 60
"""How long it keeps a day."""

MOST_READERS = 16
"""Who may ask it at once; others ask the database meanwhile."""

MOST_WAITING = 2000
"""Days that may wait to be stored; further ones are not."""

_MOST_AT_ONCE = 200

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta.resolution

_HITS = CACHE_HITS.labels("shared")
_MISSES = CACHE_MISSES.labels("shared")

Place: TypeAlias = tuple[int, int]
"""A facility and a day, by its number since the epoch."""


def check_url(url: str) -> None:
    """Raise ValueError or TypeError if it is no URL of a Redis."""
    parts = urlsplit(url)
    if parts.scheme != "unix" and not re.fullmatch(r"/?[0-9]*", parts.path):
        message = f"{parts.path} is no number of a database"
        raise ValueError(message)
    # A connection looks at the rest of it when it is made, which is before it is opened.
    _client_of(url).connection_pool.make_connection()  # type: ignore[no-untyped-call]


def _client_of(url: str) -> "Redis":
    """A client that fails at once instead of trying again."""
    return Redis.from_url(
        url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=WRITE_SECONDS,
        socket_connect_timeout=WRITE_SECONDS,
        max_connections=MOST_READERS + 1,
    )


class SharedDays:
    """Days of facilities in Redis.

    ``origin`` tells the databases apart whose services share it: see ``Feed.origin``.
    """

    def __init__(self, url: str, origin: Callable[[], str | None]) -> None:
        self._client = _client_of(url)
        self._origin = origin
        self._reading = _Door("read")
        self._writing = _Door("write")
        self._readers = 0
        self._waiting: dict[str, tuple[Place, Day, int]] = {}
        self._wake = asyncio.Event()
        self._is_over = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Store what is to be stored, until the exit."""
        task = asyncio.create_task(self._write_on(), name="shared days")
        try:
            yield
        finally:
            self._is_over = True  # the client may keep a cancellation to itself
            self._wake.set()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self._client.aclose()

    async def fetch(
        self, wanted: Sequence[Place], versions: Callable[[int], int]
    ) -> dict[Place, Day]:
        """Those of the wanted days that it has and that are not older than their versions."""
        keys = self._keys(wanted)
        if not keys or self._readers >= MOST_READERS:
            return {}
        self._readers += 1
        try:
            values = await self._reading.attempt(partial(self._get, keys), READ_SECONDS)
        finally:
            self._readers -= 1
        found = {}
        for place, value in zip(wanted, values or (), strict=False):
            stored = None if value is None else _decoded(place, value)
            if stored is not None and stored[1] >= versions(place[0]):
                found[place] = stored[0]
        _HITS.inc(len(found))
        _MISSES.inc(len(wanted) - len(found))
        return found

    def store(self, days: Mapping[Place, Day], transaction_id: int) -> None:
        """Keep days that were read when all before this transaction was over."""
        for place, key in zip(days, self._keys(days), strict=False):
            if len(self._waiting) < MOST_WAITING:
                self._waiting[key] = (place, days[place], transaction_id)
        self._wake.set()

    def _keys(self, places: Sequence[Place] | Mapping[Place, Day]) -> list[str]:
        """The keys in the order of the places; none while it is not known whose they are."""
        origin = self._origin()
        if origin is None:
            return []
        return [f"holdfast:{origin}:{facility_id}:{day}" for facility_id, day in places]

    async def _get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        values = await self._client.mget(keys)
        return cast("Sequence[bytes | None]", values)  # since it is not to decode them

    async def _write_on(self) -> None:
        while not self._is_over:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting and not self._is_over:
                batch = list(islice(self._waiting, _MOST_AT_ONCE))
                values = {key: _encoded(*self._waiting.pop(key)) for key in batch}
                await self._writing.attempt(partial(self._set, values), WRITE_SECONDS)

    async def _set(self, values: Mapping[str, bytes]) -> None:
        async with self._client.pipeline(transaction=False) as pipeline:
            for key, value in values.items():
                # Awaiting it would only give the pipeline back.
                pipeline.set(key, value, ex=KEPT_SECONDS)  # type: ignore[unused-awaitable]
            await pipeline.execute()


class _Door:
    """The way to a server that may be slow or away; each outage is logged once."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_out = False
        self._left_alone_until = float("-inf")
        self._failed_at = float("-inf")

    async def attempt(self, ask: Callable[[], Awaitable[T]], seconds: float) -> T | None:
        """What is answered; None if it is not in time, or is not asked for now."""
        began = time.monotonic()
        if began < self._left_alone_until:
            return None
        if self._is_out:
            self._left_alone_until = began + PAUSE_SECONDS  # one at a time finds out
        try:
            async with asyncio.timeout(seconds):
                answer = await ask()
        except Exception as error:  # noqa: BLE001 - whatever it answers, it costs latency only
            self._fail(error)
            return None
        if self._is_out and began > self._failed_at:
            self._is_out = False
            self._left_alone_until = float("-inf")
            log.info("shared cache is back", what=self._what)
        return answer

    def _fail(self, error: Exception) -> None:
        REDIS_FAILURES.inc()
        self._failed_at = time.monotonic()
        self._left_alone_until = self._failed_at + PAUSE_SECONDS
        if not self._is_out:
            self._is_out = True
            reason = str(error)[:300] or type(error).__name__
            log.warning("shared cache is left alone", what=self._what, reason=reason)


def _encoded(place: Place, day: Day, transaction_id: int) -> bytes:
    """JSON of integers. What it is about is in it, so that no reply is taken for another."""
    taken = [
        (_number(one.start_time), _number(one.end_time), one.decide_by and _number(one.decide_by))
        for one in day.taken
    ]
    closed = [(_number(start), _number(end)) for start, end in day.closed]
    return orjson.dumps((*place, transaction_id, taken, closed))


def _decoded(place: Place, value: Any) -> tuple[Day, int] | None:  # noqa: ANN401 - a stranger's
    """The day, and the transaction before which all was over; None if it is no such thing."""
    try:
        facility_id, number, transaction_id, taken, closed = orjson.loads(value)
        day = Day([_taken(*one) for one in taken], [_closed(*one) for one in closed])
    except (ValueError, TypeError, OverflowError):
        REDIS_FAILURES.inc()
        return None
    if (facility_id, number) != place or not isinstance(transaction_id, int):
        REDIS_FAILURES.inc()
        return None
    return day, transaction_id


def _taken(start: int, end: int, decide_by: int | None) -> Taken:
    return Taken(_instant(start), _instant(end), None if decide_by is None else _instant(decide_by))


def _closed(start: int, end: int) -> Closed:
    return _instant(start), _instant(end)


def _number(instant: datetime) -> int:
    """Microseconds since the epoch."""
    return (instant - _EPOCH) // _MICROSECOND


def _instant(number: int) -> datetime:
    return _EPOCH + number * _MICROSECOND
