"""uvicorn's HTTP protocol, whose last plain-text answer is made a problem too."""

import uuid

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.problems import InvalidRequest, problem_of

MOST_HEAD_BYTES = 65_536
"""The longest request line and headers that are read; uvicorn itself knows no bound."""


class ProblemProtocol(HttpToolsProtocol):
    """Answers bytes that are no HTTP request, which never reach the application."""

    _head_bytes = 0
    _head_is_open = True

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless a head goes on for too long."""
        if self._head_is_open:
            if self._head_bytes > MOST_HEAD_BYTES:
                self.send_400_response(f"Request line and headers exceed {MOST_HEAD_BYTES} bytes.")
                return
            self._head_bytes += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A head begins."""
        self._head_bytes, self._head_is_open = 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is complete."""
        self._head_is_open = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """The problem, and the end of the connection."""
        request_id = uuid.uuid4().hex
        detail = f"{msg.rstrip('.')}: what was sent is no HTTP/1.1 request that is read here."
        response = problem_of(InvalidRequest(detail), request_id)
        headers = b"".join(b"%b: %b\r\n" % pair for pair in response.raw_headers)
        head = b"HTTP/1.1 400 Bad Request\r\n%bx-request-id: %b\r\nconnection: close\r\n\r\n"
        self.transport.write(head % (headers, request_id.encode()) + bytes(response.body))
        self.transport.close()
