"""A service that breaks its contract: a proxy that spoils what the real one answers."""

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import orjson
from uvicorn import Config, Server

from .fuzzing import OPERATIONS

RawHeaders = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in. ``what`` is its operationId, or its method and path."""

    what: str
    method: str
    url: str
    headers: RawHeaders
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply on its way out."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed."""
        return orjson.loads(self.body)

    def saying(self, body: Mapping[str, object]) -> "Reply":
        """The same reply with another body."""
        return replace(self, body=orjson.dumps(body))

    def with_header(self, name: str, value: str) -> "Reply":
        """The same reply with another value of one header."""
        return replace(self, headers={**self.headers, name: value})

    def without_header(self, name: str) -> "Reply":
        """The same reply without one header."""
        rest = {each: value for each, value in self.headers.items() if each != name}
        return replace(self, headers=rest)


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong, by operationId, or by method and path.

    A reply is spoilt on its way out. A token is lent to a request on its way in, if its own
    Authorization header is such that the function gives one.
    """

    spoils: Mapping[str, Callable[[Reply], Reply]]
    lends: Mapping[str, Callable[[str], str | None]]


class Proxy:
    """Passes every request on to the service, with the faults. An ASGI application."""

    def __init__(self, client: httpx.AsyncClient, faults: Faults) -> None:
        self.client = client
        self.faults = faults

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        asked = await _asked(scope, receive)
        reply = await self._pass_on(asked)
        spoil = self.faults.spoils.get(asked.what)
        if spoil is not None:
            reply = spoil(reply)
        headers = {**reply.headers, "content-length": str(len(reply.body))}
        start = {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        await send(start)
        await send({"type": "http.response.body", "body": reply.body})

    async def _pass_on(self, asked: Asked) -> Reply:
        headers = [(name, value) for name, value in asked.headers if name != b"host"]
        lend = self.faults.lends.get(asked.what)
        if lend is not None:
            token = lend(dict(headers).get(b"authorization", b"").decode("latin-1"))
            if token is not None:
                headers = [each for each in headers if each[0] != b"authorization"]
                headers.append((b"authorization", f"Bearer {token}".encode()))
        response = await self.client.request(
            asked.method, asked.url, headers=headers, content=asked.body
        )
        # The client has unpacked the body.
        spent = {"content-length", "content-encoding"}
        kept = {name: value for name, value in response.headers.items() if name not in spent}
        return Reply(response.status_code, kept, response.content)


@contextmanager
def faulty(base_url: str, faults: Faults) -> Iterator[str]:
    """The proxy, listening in a thread of its own; yields its base URL."""
    client = httpx.AsyncClient(base_url=base_url, timeout=30)
    server = Server(Config(Proxy(client, faults), log_config=None, lifespan="off"))

    async def serve(sock: socket.socket) -> None:
        async with client:
            await server.serve(sockets=[sock])

    # asyncio spares only sockets that say they are TCP from Nagle's 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=asyncio.run, args=(serve(sock),))
        thread.start()
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


async def _asked(scope: Any, receive: Any) -> Asked:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    path, query = scope["raw_path"].decode(), scope["query_string"].decode("latin-1")
    return Asked(
        what=_operation_id(scope["method"], path) or f"{scope['method']} {path}",
        method=scope["method"],
        url=f"{path}?{query}" if query else path,
        headers=scope["headers"],
        body=b"".join(parts),
    )


def _operation_id(method: str, path: str) -> str | None:
    for (known, template), operation in OPERATIONS.items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if known == method and re.fullmatch(pattern, path):
            return str(operation["operationId"])
    return None
