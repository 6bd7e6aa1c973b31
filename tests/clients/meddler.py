"""A proxy before the real service, which does to a client what networks and years do.

Each request that is not for the proxy itself takes the next of the queued faults; with none it
passes as it is. What was asked is kept in order.

    PUT    /meddler/faults   the names of faults, a JSON array: see ``Fault``
    GET    /meddler/seen     the requests since the faults were queued
    POST   /meddler/break    breaks every reply off that is under way, such as a stream
"""

import json
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

PROBLEM = "application/problem+json"

OF_THE_CONNECTION = {"connection", "content-length", "date", "server", "transfer-encoding"}
"""The headers that are not passed on, because they are of one of the two connections alone."""


class Fault(StrEnum):
    """What can happen to a request and its reply."""

    NONE = "none"
    LOSE = "lose"
    """It is carried out, and nobody hears of it."""
    CUT = "cut"
    """The reply ends in the middle."""
    AWAY = "away"
    """The database is away: 503, at once."""
    AWAY_LONG = "away for long"
    """As ``AWAY``, with a ``Retry-After`` of an hour."""
    BUSY = "busy"
    """Somebody has the key just now: 409."""
    GATEWAY = "gateway"
    """A proxy's own page: 502, in HTML."""
    WEBSITE = "website"
    """There is something else at that address: 200, in HTML."""
    NEW_PROBLEM = "new problem"
    """A problem of a type that came to be after the client."""
    NEW_VALUES = "new values"
    """A reply with a member and a status of bookings that came to be after the client."""
    ELSEWHERE = "elsewhere"
    """A list whose next page is at another host."""
    LESS = "less"
    """A reply without a member that the contract promises, as of another contract."""
    NEXT_MAJOR = "next major"
    NEXT_MINOR = "next minor"
    LAST_MAJOR = "last major"
    """The contract, of another version."""


OTHER_HOST = "localhost"
"""Another origin than that of the service, where the meddler is to be reached as well."""

VERSIONS = {Fault.NEXT_MAJOR: "2.3.0", Fault.NEXT_MINOR: "1.999.0", Fault.LAST_MAJOR: "0.9.0"}


@dataclass
class Meddling:
    """What the proxy shares between its threads."""

    upstream: str
    faults: deque[Fault] = field(default_factory=deque)
    seen: list[dict[str, str]] = field(default_factory=list)
    under_way: set[socket.socket] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    meddling: Meddling

    def log_message(self, *_: object) -> None:
        """Nothing: the tests say what was wrong."""

    def answer(self) -> None:
        """Any request."""
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/meddler/"):
            self._reply(200, "application/json", json.dumps(self._control()).encode())
            return
        with self.meddling.lock:
            fault = self.meddling.faults.popleft() if self.meddling.faults else Fault.NONE
            self.meddling.seen.append({"method": self.command, "path": self.path, **self._told()})
        match fault:
            case Fault.AWAY | Fault.AWAY_LONG:
                wait = "0" if fault is Fault.AWAY else "3600"
                self._problem(503, "service_unavailable", {"Retry-After": wait})
            case Fault.BUSY:
                self._problem(409, "idempotency_key_in_use", {"Retry-After": "0"})
            case Fault.NEW_PROBLEM:
                self._problem(422, "moon_in_the_wrong_phase", {})
            case Fault.GATEWAY:
                self._reply(502, "text/html", b"<h1>Bad Gateway</h1>")
            case Fault.WEBSITE:
                self._reply(200, "text/html", b"<!doctype html><title>Bakery</title>")
            case _:
                self._pass_on(fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815 - as it calls them

    def _told(self) -> dict[str, str]:
        names = ("Idempotency-Key", "Last-Event-ID", "Content-Type")
        return {name: self.headers[name] for name in names if name in self.headers}

    def _control(self) -> object:
        meddling = self.meddling
        with meddling.lock:
            match self.command, self.path:
                case "PUT", "/meddler/faults":
                    meddling.faults = deque(map(Fault, json.loads(self.body)))
                    meddling.seen.clear()
                case "GET", "/meddler/seen":
                    return meddling.seen
                case "POST", "/meddler/break":
                    for each in meddling.under_way:
                        with suppress(OSError):
                            each.shutdown(socket.SHUT_RDWR)
        return None

    def _pass_on(self, fault: Fault) -> None:
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in {"accept-encoding", "host", *OF_THE_CONNECTION}
        }
        connection = HTTPConnection(urlsplit(self.meddling.upstream).netloc, timeout=60)
        try:
            connection.request(self.command, self.path, self.body or None, headers)
            upstream = connection.getresponse()
            if fault is Fault.LOSE:
                upstream.read()
                self._hang_up()
            elif upstream.headers.get_content_type() == "text/event-stream":
                self._stream(upstream)
            else:
                self._reply_as(upstream, fault)
        finally:
            connection.close()

    def _reply_as(self, upstream: HTTPResponse, fault: Fault) -> None:
        content = changed(upstream.read(), fault)
        self.send_response(upstream.status)
        for name, value in upstream.getheaders():
            if name.lower() not in OF_THE_CONNECTION:
                self.send_header(name, value)
        if fault is Fault.ELSEWHERE:
            port = self.connection.getsockname()[1]
            self.send_header("Link", f'<http://{OTHER_HOST}:{port}/x>; rel="next"')
        if upstream.status not in {204, 304}:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault is Fault.CUT:
            self.wfile.write(content[: len(content) // 2])
            self._hang_up()
        else:
            self.wfile.write(content)

    def _stream(self, upstream: HTTPResponse) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        with self.meddling.lock:
            self.meddling.under_way.add(self.connection)
        try:
            while chunk := upstream.read1(65536):
                self.wfile.write(chunk)
        except OSError:
            pass
        finally:
            with self.meddling.lock:
                self.meddling.under_way.discard(self.connection)

    def _problem(self, status: int, type_: str, headers: dict[str, str]) -> None:
        problem = {
            "type": type_,
            "title": type_.replace("_", " ").title(),
            "status": status,
            "detail": "Said by the meddler.",
            "request_id": "meddler",
        }
        self._reply(status, PROBLEM, json.dumps(problem).encode(), headers)

    def _reply(
        self, status: int, media_type: str, content: bytes, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def changed(content: bytes, fault: Fault) -> bytes:
    """The body of a reply, as the fault has it."""
    if fault in VERSIONS:
        document: dict[str, Any] = json.loads(content)
        document["info"]["version"] = VERSIONS[fault]
        return json.dumps(document).encode()
    if fault in {Fault.NEW_VALUES, Fault.LESS}:
        booking: dict[str, Any] = json.loads(content)
        if fault is Fault.LESS:
            del booking["facility"]
        else:
            booking |= {"status": "levitating", "colour": "blue"}
        return json.dumps(booking).encode()
    return content


class Server(ThreadingHTTPServer):
    """One thread for each connection, none of which outlives the tests."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Nothing: connections break here, and are meant to."""


@contextmanager
def meddler(upstream: str) -> Iterator[str]:
    """The proxy before the service at ``upstream``; yields its base URL."""
    handler = type("Meddler", (Handler,), {"meddling": Meddling(upstream)})
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
