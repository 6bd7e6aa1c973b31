"""A closed loop of HTTP clients, as light as they can be beside what is measured.

Each client holds one connection and sends its next request when it has the answer
to the last. It does no more with an answer than find its status and its end.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass(frozen=True, slots=True)
class Call:
    """A request to send."""

    method: str
    path: str
    token: str
    body: bytes = b""

    def encode(self, host: str) -> bytes:
        """The bytes on the wire."""
        head = (
            f"{self.method} {self.path} HTTP/1.1\r\nHost: {host}\r\n"
            f"Authorization: Bearer {self.token}\r\n"
        )
        if self.body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n"
        return head.encode() + b"\r\n" + self.body


@dataclass(slots=True)
class Result:
    """What a run gave: seconds of each answer, and how many answers of each status."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """The latency in milliseconds that this share of the answers stayed below."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


async def run(
    base_url: str, calls: Callable[[int], Iterator[Call]], clients: int, seconds: float
) -> Result:
    """Let ``clients`` send what ``calls(client)`` yields, for ``seconds``."""
    result = Result()
    began = time.perf_counter()
    deadline = began + seconds
    await asyncio.gather(
        *(_client(base_url, calls(number), deadline, result) for number in range(clients))
    )
    result.seconds = time.perf_counter() - began
    return result


async def _client(base_url: str, calls: Iterator[Call], deadline: float, result: Result) -> None:
    url = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    try:
        for call in calls:
            began = time.perf_counter()
            if began >= deadline:
                break
            writer.write(call.encode(url.netloc))
            result.statuses[await _answer(reader)] += 1
            result.latencies.append(time.perf_counter() - began)
    finally:
        writer.close()
        await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read one answer to its end; its status."""
    head = await reader.readuntil(_END_OF_HEAD)
    at = head.lower().find(_LENGTH)
    if at >= 0:
        at += len(_LENGTH)
        await reader.readexactly(int(head[at : head.index(b"\r\n", at)]))
    return int(head[9:12])
