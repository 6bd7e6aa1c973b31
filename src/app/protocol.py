"""uvicorn's HTTP protocol, whose last plain-text answer is made a problem too."""

import uuid

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.problems import InvalidRequest, problem_of


class ProblemProtocol(HttpToolsProtocol):
    """Answers bytes that are no HTTP request, which never reach the application."""

    def send_400_response(self, msg: str) -> None:
        """The problem, and the end of the connection."""
        request_id = uuid.uuid4().hex
        detail = f"{msg.rstrip('.')}: what was sent is no well-formed HTTP/1.1 request."
        response = problem_of(InvalidRequest(detail), request_id)
        headers = b"".join(b"%b: %b\r\n" % pair for pair in response.raw_headers)
        head = b"HTTP/1.1 400 Bad Request\r\n%bx-request-id: %b\r\nconnection: close\r\n\r\n"
        self.transport.write(head % (headers, request_id.encode()) + bytes(response.body))
        self.transport.close()
