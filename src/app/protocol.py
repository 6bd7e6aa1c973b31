"""uvicorn's HTTP protocol, whose last plain-text answer is made a problem too."""

import asyncio
import re
import socket
import struct
import uuid
from collections.abc import Callable
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.joining import Joined
from app.problems import InvalidRequest, problem_of

MOST_HEAD_BYTES = 65_536
"""The longest request line and headers that are read; uvicorn itself knows no bound."""


_UPGRADE = re.compile(rb"(?<=\r\n)upgrade(?=[ \t]*:)", re.IGNORECASE)

_NO_LINGERING = struct.pack("ii", 1, 0)  # on, for no seconds


class ProblemProtocol(HttpToolsProtocol):
    """Answers bytes that are no HTTP request, which never reach the application.

    To a reply that goes on it is the exchange.event_stream.Wire.
    """

    is_stopping = False
    on_stop: Callable[[], None] | None = None

    _head_bytes = 0
    _head_is_open = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody is there."""
        super().connection_made(cast("asyncio.Transport", Joined(transport, self.loop)))

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless a head goes on for too long."""
        if self._head_is_open:
            if self._head_bytes > MOST_HEAD_BYTES:
                self.send_400_response(f"Request line and headers exceed {MOST_HEAD_BYTES} bytes.")
                return
            self._head_bytes += len(data)
            if b"pgrade" in data:
                data = _without_upgrade(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A head begins."""
        self._head_bytes, self._head_is_open = 0, True
        super().on_message_begin()
        self.scope["holdfast.wire"] = self  # type: ignore[typeddict-unknown-key]  # ours

    def on_headers_complete(self) -> None:
        """A head is complete."""
        self._head_is_open = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes next is a head."""
        self._head_bytes, self._head_is_open = 0, True
        super().on_message_complete()

    def shutdown(self) -> None:
        """The service stops as soon as its last replies are sent."""
        super().shutdown()
        self.is_stopping = True
        if self.on_stop is not None:
            self.on_stop()

    def abort(self) -> None:
        """End the connection now, without what the client has not read yet.

        Else the system would go on offering it for minutes.
        """
        if not self.transport.is_closing():
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """The problem, and the end of the connection."""
        request_id = uuid.uuid4().hex
        detail = f"{msg.rstrip('.')}: what was sent is no HTTP/1.1 request that is read here."
        response = problem_of(InvalidRequest(detail), request_id)
        headers = b"".join(b"%b: %b\r\n" % pair for pair in response.raw_headers)
        head = b"HTTP/1.1 400 Bad Request\r\n%bx-request-id: %b\r\nconnection: close\r\n\r\n"
        self.transport.write(head % (headers, request_id.encode()) + bytes(response.body))
        self.transport.close()


def _without_upgrade(data: bytes) -> bytes:
    """What was sent, with a request to speak another protocol under a name that nobody looks for.

    A server may pass over it (RFC 9110, 7.8). httptools would take the request to end with its
    head, and the body for another request. Java's client, for one, offers HTTP/2 each time.
    """
    end = data.find(b"\r\n\r\n")
    head = data if end < 0 else data[:end]
    return _UPGRADE.sub(b"x-upgrade", head) + data[len(head) :]
