"""Requests that leave at one moment, over connections that are open, with honest times.

The client must not be what is slow: each request has a connection of its own and
is bytes before the race begins, so that fifty leave within a millisecond or two;
replies are timed as their last byte is read, and looked at when the race is over.
Whatever delays the client makes a reply look slower than it was, never faster.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import cycle, islice
from time import perf_counter
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlsplit

import httptools
import httpx
import orjson
import uvloop

from tests.client import check_reply

TIMEOUT_SECONDS = 30
"""When a reply that has not come is lost."""

FRESH_SECONDS = 2.0
"""How long a connection may lie idle. The service closes those that do for five seconds."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, before it is known which process it goes to."""

    token: str
    method: str
    path: str
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """A reply; ``seconds`` from before its request was sent until its last byte was read."""

    ask: Ask
    base_url: str
    status: int
    headers: httpx.Headers
    content: bytes
    seconds: float

    @cached_property
    def body(self) -> Any:
        """What it says; None where it says nothing."""
        return orjson.loads(self.content) if self.content else None

    @property
    def outcome(self) -> str:
        """Its status, and its type where it is a problem: ``409 booking_conflict``."""
        problem = self.headers.get("content-type") == "application/problem+json"
        return f"{self.status} {self.body['type']}" if problem else str(self.status)

    def check(self) -> None:
        """Hold it against the contract; AssertionError if it is not what that declares."""
        ask = self.ask
        sent = httpx.Request(
            ask.method,
            f"{self.base_url}{ask.path}",
            headers={**ask.headers, "Content-Type": "application/json"},
            content=_encoded(ask.body),
        )
        check_reply(
            httpx.Response(self.status, headers=self.headers, content=self.content, request=sent)
        )


class Crowd(AbstractContextManager["Crowd"]):
    """A client with as many connections as it has requests, to several services."""

    def __init__(self, base_urls: Sequence[str]) -> None:
        self._turns = cycle(base_urls)
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._lanes: dict[str, list[_Lane]] = {base_url: [] for base_url in base_urls}

    def __enter__(self) -> Self:
        """The client, not connected yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        for lanes in self._lanes.values():
            for lane in lanes:
                lane.close()
        self._runner.close()

    def at_once(self, asks: Sequence[Ask]) -> list[Answer]:
        """Send all requests at one moment; the replies in the order of the requests.

        Each goes to the service whose turn it is, after the one that got the last request.
        """
        return self._runner.run(self._race(asks))

    async def _race(self, asks: Sequence[Ask]) -> list[Answer]:
        urls = list(islice(self._turns, len(asks)))
        spare = {url: iter(await self._fresh(url, urls.count(url))) for url in set(urls)}
        starts = [
            (next(spare[url]), _request(ask, url)) for ask, url in zip(asks, urls, strict=True)
        ]
        async with asyncio.timeout(TIMEOUT_SECONDS):
            replies = await asyncio.gather(*[lane.send(content) for lane, content in starts])
        return [
            Answer(
                ask, url, reply.status, httpx.Headers(reply.headers), reply.content, reply.seconds
            )
            for ask, url, reply in zip(asks, urls, replies, strict=True)
        ]

    async def _fresh(self, base_url: str, count: int) -> list["_Lane"]:
        """So many connections that the service will not close for being idle."""
        kept: list[_Lane] = []
        for lane in self._lanes[base_url]:
            if lane.is_fresh():
                kept.append(lane)
            else:
                lane.close()
        url = httpx.URL(base_url)
        loop = asyncio.get_running_loop()
        while len(kept) < count:
            _, lane = await loop.create_connection(_Lane, url.host, url.port or 80)
            kept.append(lane)
        self._lanes[base_url] = kept
        return kept[:count]


@dataclass(slots=True)
class _Reply:
    """What has come of a reply so far."""

    sent_at: float
    done: asyncio.Future["_Reply"]
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    content: bytes = b""
    seconds: float = 0.0


class _Lane(asyncio.Protocol):
    """One connection, for one request at a time. httptools calls the ``on_`` methods."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._reply: _Reply | None = None
        self._parser: Any = None
        self._used_at = perf_counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)

    def send(self, content: bytes) -> asyncio.Future[_Reply]:
        """Send a request at once; the reply when it is complete."""
        assert self._transport is not None
        done: asyncio.Future[_Reply] = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._reply = _Reply(perf_counter(), done)
        self._transport.write(content)
        return done

    def data_received(self, data: bytes) -> None:
        """Some of a reply has come."""
        if self._reply is not None:
            self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header has come."""
        assert self._reply is not None
        self._reply.headers.append((name, value))

    def on_body(self, data: bytes) -> None:
        """Some of the body has come."""
        assert self._reply is not None
        self._reply.content += data

    def on_message_complete(self) -> None:
        """The reply is complete."""
        now = perf_counter()
        reply, self._reply = self._reply, None
        assert reply is not None
        reply.status = self._parser.get_status_code()
        reply.seconds = now - reply.sent_at
        self._used_at = now
        if not reply.done.done():
            reply.done.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed; a reply that was awaited will not come."""
        self._transport = None
        if self._reply is not None and not self._reply.done.done():
            self._reply.done.set_exception(exc or ConnectionError("closed before the reply"))

    def is_fresh(self) -> bool:
        """Whether it can carry another request."""
        return (
            self._transport is not None
            and self._reply is None
            and perf_counter() - self._used_at < FRESH_SECONDS
        )

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.abort()


def _encoded(body: object) -> bytes:
    return b"" if body is None else orjson.dumps(body)


def _request(ask: Ask, base_url: str) -> bytes:
    content = _encoded(ask.body)
    lines = [
        f"{ask.method} {ask.path} HTTP/1.1",
        f"Host: {urlsplit(base_url).netloc}",
        f"Authorization: Bearer {ask.token}",
        *[f"{name}: {value}" for name, value in ask.headers.items()],
    ]
    if content:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content
