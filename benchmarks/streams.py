"""Many idle streams on one worker, and a write a second: who is told when, and what they cost."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import cast

import httpx
import psutil
import uvloop

from app.embedded import throwaway
from app.migrations import migrate
from benchmarks.findings import Streams
from benchmarks.processes import MEGABYTE, Running, ours
from domain.scopes import SCOPES
from exchange.secrets import new_secret
from sql.facilities import insert_facility
from sql.pool import Connection, connect
from sql.sites import insert_site
from sql.tokens import insert_token
from sql.users import insert_user

STREAMS = 2000
WRITES = 20

PER_USER = 32
"""As many streams as the service lets one user have."""

SIGN = b"event: availability_changed\n"
PATIENCE_SECONDS = 60.0
OPENING_AT_ONCE = 100


class _Arrivals:
    """When the events of one write came."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.complete = asyncio.Event()
        self.times: list[float] = []

    def clear(self) -> None:
        """Wait for another write's."""
        self.times.clear()
        self.complete.clear()

    def note(self, count: int) -> None:
        """So many came just now."""
        self.times += [time.monotonic()] * count
        if len(self.times) >= self.expected:
            self.complete.set()


class _Listener(asyncio.Protocol):
    """A client of the stream: it counts events and notes when they came."""

    def __init__(self, head: bytes, arrivals: _Arrivals) -> None:
        self.head = head
        self.arrivals = arrivals
        self.begun = asyncio.get_running_loop().create_future()
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        cast("asyncio.Transport", transport).write(self.head)

    def data_received(self, data: bytes) -> None:
        """Count what came, across the bounds of packets."""
        seen = self._tail + data
        if not self.begun.done():
            if b"retry: " not in seen:
                self._tail = seen
                return
            self.begun.set_result(None)
        found = seen.count(SIGN)
        self.arrivals.note(found)
        after = seen.rfind(SIGN) + len(SIGN) if found else 0
        self._tail = seen[max(after, len(seen) - len(SIGN) + 1) :]

    def connection_lost(self, exc: Exception | None) -> None:
        """A stream that was never there, which nobody should count."""
        if not self.begun.done():
            self.begun.set_exception(exc or ConnectionError(self._tail[:300].decode("latin-1")))


async def measure(
    running: Running, tokens: Sequence[str], facility_id: int, *, streams: int, writes: int
) -> Streams:
    """Open the streams, with each token as many as it may have, then write once a second."""
    before = sum(running.worker_megabytes())
    arrivals = _Arrivals(streams)
    owners = [token for token in tokens for _ in range(PER_USER)][:streams]
    transports: list[asyncio.BaseTransport] = []
    for first in range(0, streams, OPENING_AT_ONCE):
        some = owners[first : first + OPENING_AT_ONCE]
        opened = await asyncio.gather(*(_open(running.base_url, t, arrivals) for t in some))
        transports += opened
    memory = sum(running.worker_megabytes()) - before
    cpu, began = running.cpu_seconds(), time.monotonic()
    delays: list[float] = []
    async with httpx.AsyncClient(base_url=running.base_url, timeout=20) as client:
        for number in range(writes):
            delays += await _write(client, tokens[0], _booking(facility_id, number), arrivals)
    share = (running.cpu_seconds() - cpu) / (time.monotonic() - began)
    for transport in transports:
        transport.close()
    return Streams(
        streams=streams,
        writes=writes,
        told=len(delays),
        median_seconds=median(delays),
        p95_seconds=quantiles(delays, n=20)[-1],
        longest_seconds=max(delays),
        kilobytes_each=memory * MEGABYTE / 1000 / streams,
        cpu_share=share,
    )


async def _open(base_url: str, token: str, arrivals: _Arrivals) -> asyncio.BaseTransport:
    url = httpx.URL(base_url)
    head = (
        f"GET /api/v1/availability/stream HTTP/1.1\r\nHost: {url.host}\r\n"
        f"Authorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n"
    ).encode()
    transport, listener = await asyncio.get_running_loop().create_connection(
        lambda: _Listener(head, arrivals), url.host, url.port or 80
    )
    await asyncio.wait_for(listener.begun, PATIENCE_SECONDS)
    return transport


async def _write(
    client: httpx.AsyncClient, token: str, booking: dict[str, object], arrivals: _Arrivals
) -> list[float]:
    """The delays of one write's events; it takes a second at least."""
    arrivals.clear()
    sent = time.monotonic()
    response = await client.post(
        "/api/v1/bookings/", json=booking, headers={"Authorization": f"Bearer {token}"}
    )
    response.raise_for_status()
    with suppress(TimeoutError):
        await asyncio.wait_for(arrivals.complete.wait(), PATIENCE_SECONDS)
    await asyncio.sleep(max(0.0, sent + 1 - time.monotonic()))
    return [arrived - sent for arrived in arrivals.times]


def _booking(facility_id: int, number: int) -> dict[str, object]:
    """A quarter of an hour that no other number has."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + timedelta(days=2, minutes=15 * number)
    return {
        "facility_id": facility_id,
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(minutes=15)).isoformat(),
        "title": "A write a second",
    }


async def _settle(dsn: str, users: int) -> tuple[list[str], int]:
    """A facility, and so many users' tokens."""
    async with await connect(dsn) as conn:
        site = await insert_site(conn, name="Harbour", time_zone="UTC")
        facility = await insert_facility(
            conn,
            site_id=site.id,
            name="Anvil",
            description=None,
            facility_type="room",
            capacity=8,
            amenities=(),
            time_zone="UTC",
        )
        return [await _user(conn, number) for number in range(users)], facility.id


async def _user(conn: Connection, number: int) -> str:
    user = await insert_user(conn, username=f"user{number}", display_name=None, is_staff=False)
    secret = new_secret()
    await insert_token(
        conn,
        user_id=user.id,
        token_hash=secret.hash,
        token_prefix=secret.prefix,
        name="streams",
        scopes=SCOPES,
        expires_at=None,
    )
    return secret.plain


def on_its_own(port: int, *, streams: int = STREAMS, writes: int = WRITES) -> Streams:
    """What one worker does on a database of its own, which is gone afterwards."""
    most = psutil.Process().rlimit(psutil.RLIMIT_NOFILE)[1]
    psutil.Process().rlimit(psutil.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as directory, throwaway(None) as dsn:
        migrate(dsn)
        tokens, facility_id = asyncio.run(_settle(dsn, -(-streams // PER_USER)))
        with ours(dsn, port, Path(directory) / "service.log") as running:
            return uvloop.run(measure(running, tokens, facility_id, streams=streams, writes=writes))
