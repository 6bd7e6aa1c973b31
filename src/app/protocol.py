"""uvicorn's HTTP protocol, whose last plain-text answer is made a problem too."""

import asyncio
import socket
import struct
import uuid
from collections.abc import Callable
from typing import cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.joining import Joined
from app.problems import InvalidRequest, problem_of

MOST_HEAD_BYTES = 65_536
"""The longest request line and headers that are read; uvicorn itself knows no bound."""

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
        """Feed the parser, unless a head goes on for too long.

        An offer to speak another protocol is passed over (RFC 9110, 7.8), wherever it is cut into
        pieces and whichever request of a connection makes it. httptools ends such a request with
        its head, and would read the body as one more request: what to do there is smuggled. So
        its head is read again as if nothing had been offered, and the body then by its length.
        To refuse it is no choice: Java's HttpClient offers HTTP/2 with a body.
        """
        if self._head_is_open:
            if self._head_bytes > MOST_HEAD_BYTES:
                self.send_400_response(f"Request line and headers exceed {MOST_HEAD_BYTES} bytes.")
                return
            self._head_bytes += len(data)
        self._unset_keepalive_if_required()
        rest = memoryview(data)
        try:
            while (end := self._feed(rest)) is not None:
                head = self._head_without_offer()
                self.parser = _new_parser(self)
                self.parser.feed_data(head)
                rest = rest[end:]
        except httptools.HttpParserError:
            message = "Invalid HTTP request received."
            self.logger.warning(message)
            self.send_400_response(message)

    def _feed(self, data: memoryview) -> int | None:
        """Where a head ended that offers another protocol, if one did."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            return cast("int", offer.args[0])
        return None

    def _head_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def on_message_begin(self) -> None:
        """A head begins."""
        self._head_bytes, self._head_is_open = 0, True
        super().on_message_begin()
        self.scope["holdfast.wire"] = self  # type: ignore[typeddict-unknown-key]  # ours

    def on_headers_complete(self) -> None:
        """A head is complete, and is a request unless it is going to be read again."""
        self._head_is_open = False
        if not self.parser.should_upgrade():
            super().on_headers_complete()
        elif self.parser.get_method() == b"CONNECT":
            raise httptools.HttpParserError

    def on_message_complete(self) -> None:
        """What comes next is a head."""
        self._head_bytes, self._head_is_open = 0, True
        if not self.parser.should_upgrade():
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


def _new_parser(protocol: HttpToolsProtocol) -> httptools.HttpRequestParser:
    """A parser as uvicorn makes it."""
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser
