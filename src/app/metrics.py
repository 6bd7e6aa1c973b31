"""What is counted and measured of the service, as Prometheus scrapes it.

Requests and the pool are measured here, what is remembered and told in live.counters.
Where several workers share a port, each writes what it counts to files in a directory of
theirs, and whichever is scraped adds them up.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from pathlib import Path

import psutil
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from live.background import background
from live.counters import FEED_LAG, INVALIDATIONS
from live.feed import Feed
from live.position import Position
from sql.changes import ChangeRow
from sql.pool import Pool

# The client library reads it when it is first imported, which a worker does once it is there.
_SHARED = "PROMETHEUS_MULTIPROC_DIR"

_SAMPLE_SECONDS = 1.0

disable_created_metrics()  # type: ignore[no-untyped-call]

REQUESTS = Counter(
    "holdfast_requests",
    "Requests by operation and status: none is no operation, 0 a client that went away.",
    ["operation", "status"],
)
REQUEST_SECONDS = Histogram(
    "holdfast_request_seconds",
    "From a request's head to the end of its reply.",
    ["operation"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)

POOL_SIZE = Gauge("holdfast_pool_size", "Connections to the database.", multiprocess_mode="livesum")
POOL_AVAILABLE = Gauge(
    "holdfast_pool_available", "Connections that nobody uses.", multiprocess_mode="livesum"
)
POOL_WAITING = Gauge(
    "holdfast_pool_waiting", "Requests that wait for a connection.", multiprocess_mode="livesum"
)
POOL_WAITS = Counter("holdfast_pool_waits", "Times that a connection had to be waited for.")
POOL_WAIT_SECONDS = Counter(
    "holdfast_pool_wait_seconds", "How long connections were waited for, added up."
)


_AS_LONG_AS_ANYBODY_LISTENS = frozenset({"availability_stream"})


def count_request(operation_id: str | None, status: int, seconds: float) -> None:
    """Count a request that is over, and its time if that is the service's doing.

    ``status`` is 0 where no reply began.
    """
    operation = operation_id or "none"
    _count_of(operation, status).inc()
    if operation not in _AS_LONG_AS_ANYBODY_LISTENS:
        _seconds_of(operation).observe(seconds)


@cache
def _count_of(operation: str, status: int) -> Counter:
    return REQUESTS.labels(operation, str(status))


@cache
def _seconds_of(operation: str) -> Histogram:
    return REQUEST_SECONDS.labels(operation)


@asynccontextmanager
async def observing(pool: Pool, feed: Feed) -> AsyncIterator[None]:
    """Measure the pool and the feed, and count what it tells, until the exit."""
    feed.listen(_count_changes)
    try:
        async with background(_look_again_and_again(pool, feed), "metrics"):
            yield
    finally:
        feed.forget(_count_changes)


def _count_changes(rows: Sequence[ChangeRow], _: Position) -> None:
    for row in rows:
        INVALIDATIONS.labels(row.record_type).inc()


async def _look_again_and_again(pool: Pool, feed: Feed) -> None:
    waits, waited_ms = 0, 0
    while True:
        FEED_LAG.set(feed.lag)
        stats = pool.get_stats()
        POOL_SIZE.set(stats["pool_size"])
        POOL_AVAILABLE.set(stats["pool_available"])
        POOL_WAITING.set(stats["requests_waiting"])
        # Not there before the first wait.
        now_waits, now_ms = stats.get("requests_queued", 0), stats.get("requests_wait_ms", 0)
        POOL_WAITS.inc(now_waits - waits)
        POOL_WAIT_SECONDS.inc((now_ms - waited_ms) / 1000)
        waits, waited_ms = now_waits, now_ms
        await asyncio.sleep(_SAMPLE_SECONDS)


@contextmanager
def added_up() -> Iterator[None]:
    """Let workers that are started within it count as one."""
    with tempfile.TemporaryDirectory(prefix="holdfast-metrics-") as directory:
        os.environ[_SHARED] = directory
        try:
            yield
        finally:
            del os.environ[_SHARED]


def exposition() -> bytes:
    """Everything there is, in Prometheus's text format."""
    directory = os.environ.get(_SHARED)
    if directory is None:
        return generate_latest(REGISTRY)
    for path in Path(directory).glob("gauge_live*.db"):
        pid = int(path.stem.rpartition("_")[2])
        if not psutil.pid_exists(pid):
            with suppress(FileNotFoundError):  # another worker, scraped too, did it first
                mark_process_dead(pid, directory)  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
