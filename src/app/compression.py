"""Replies of more than a kilobyte, compressed for those who take gzip.

The outermost layer, so that whatever answers is compressed alike. To what is inside,
compression does not exist: a compressed representation has an entity tag of its own
(RFC 9110, 8.8.3), which is the plain one's with an ending, and is taken back off where a
client sends it as a condition.
"""

import asyncio
import zlib
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LEAST_BYTES = 1000
_LEVEL = 4
"""On our JSON, half of the default's time for five per cent more bytes."""

_LONG_BYTES = 2**17
"""What is longer is compressed in a thread, and others are answered meanwhile."""

_ENDING = b'-gzip"'
_CONDITIONS = frozenset({b"if-none-match", b"if-match"})
_NOT_MODIFIED = 304

# Neither what is compressed already nor event streams, which proxies and clients read as they come.
_TEXTS = frozenset(
    {
        b"application/json",
        b"application/problem+json",
        b"application/yaml",
        b"image/svg+xml",
        b"text/css",
        b"text/csv",
        b"text/html",
        b"text/javascript",
        b"text/plain",
    }
)

_Headers = list[tuple[bytes, bytes]]


class Compression:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, compressed where that pays and the client takes it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        takes_gzip = knows_compressed = False
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                takes_gzip = takes_gzip or _takes_gzip(value)
            elif name in _CONDITIONS and _ENDING in value:
                knows_compressed = True
        if knows_compressed:
            scope["headers"] = [
                (name, value.replace(_ENDING, b'"') if name in _CONDITIONS else value)
                for name, value in scope["headers"]
            ]
        reply = _Reply(send, takes_gzip=takes_gzip, knows_compressed=knows_compressed)
        await self.app(scope, receive, reply)


class _Reply:
    """An ASGI ``send`` that compresses one reply, or leaves it as it is."""

    def __init__(self, send: Send, *, takes_gzip: bool, knows_compressed: bool) -> None:
        self._send = send
        self._takes_gzip = takes_gzip
        self._knows_compressed = knows_compressed
        self._start: Message | None = None  # held back until its body is there
        self._stream: _Stream | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
            return
        if self._start is not None:
            start, self._start = self._start, None
            if not message.get("more_body", False):
                await self._whole(start, message)
                return
            await self._go_on_in_pieces(start)
        if self._stream is not None:
            await self._send({**message, "body": self._stream.packed(message)})
        else:
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        headers: _Headers = message["headers"]
        if message["status"] == _NOT_MODIFIED:
            # Of whatever size the representation is that is not sent.
            compressed = self._takes_gzip and self._knows_compressed
            message["headers"] = _varying(headers, compressed=compressed)
        elif _is_worth_it(headers):
            message["headers"] = _varying(headers, compressed=self._takes_gzip)
            if self._takes_gzip:
                message["headers"].append((b"content-encoding", b"gzip"))
                if any(name == b"content-length" for name, _ in headers):
                    self._start = message
                else:
                    await self._go_on_in_pieces(message)
                return
        await self._send(message)

    async def _whole(self, start: Message, message: Message) -> None:
        """The head and the body, which comes in one piece."""
        plain: bytes = message.get("body", b"")
        if len(plain) > _LONG_BYTES:
            body = await asyncio.to_thread(_packed, plain)
        else:
            body = _remembered_packed(plain)
        length = (b"content-length", b"%d" % len(body))
        await self._send({**start, "headers": [*_of_unknown_length(start["headers"]), length]})
        await self._send({**message, "body": body})

    async def _go_on_in_pieces(self, start: Message) -> None:
        self._stream = _Stream()
        await self._send({**start, "headers": _of_unknown_length(start["headers"])})


class _Stream:
    """A body that comes piece by piece, of which each can be read as soon as it is there."""

    def __init__(self) -> None:
        self._compressor = _compressor()

    def packed(self, message: Message) -> bytes:
        more = message.get("more_body", False)
        end = zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH
        return self._compressor.compress(message.get("body", b"")) + self._compressor.flush(end)


def _is_worth_it(headers: _Headers) -> bool:
    """Whether these are the headers of a text that is long, or of unknown length."""
    media_type = length = None
    for name, value in headers:
        if name == b"content-type":
            media_type = value.partition(b";")[0]
        elif name == b"content-length":
            length = value
        elif name == b"content-encoding":
            return False
    return media_type in _TEXTS and (length is None or int(length) >= _LEAST_BYTES)


def _varying(headers: _Headers, *, compressed: bool) -> _Headers:
    """The headers of one of two representations."""
    varying = [(b"vary", b"Accept-Encoding"), *headers]
    if not compressed:
        return varying
    return [
        (name, value[:-1] + _ENDING) if name == b"etag" else (name, value)
        for name, value in varying
    ]


def _of_unknown_length(headers: _Headers) -> _Headers:
    return [header for header in headers if header[0] != b"content-length"]


@lru_cache(maxsize=64)
def _takes_gzip(accepted: bytes) -> bool:
    """Whether an Accept-Encoding takes gzip (RFC 9110, 12.5.3)."""
    weights: dict[str, float] = {}
    for part in accepted.decode("latin-1").lower().split(","):
        coding, *parameters = (text.strip() for text in part.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        weights[coding] = float(weight) if weight.replace(".", "", 1).isdecimal() else 0.0
    weight_of_others = weights.get("*", 0.0)
    return max(weights.get("gzip", weight_of_others), weights.get("x-gzip", 0.0)) > 0


def _packed(plain: bytes) -> bytes:
    compressor = _compressor()
    return compressor.compress(plain) + compressor.flush()


_remembered_packed = lru_cache(maxsize=64)(_packed)
"""Of the same answer again and again, each is compressed once."""


def _compressor() -> "zlib._Compress":
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
