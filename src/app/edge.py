"""The outer layer: request ids, errors as problems, media types, one log line a request.

Pure ASGI, around Connexion. What it mends in the stack below is listed in
docs/adr: Connexion skips validation for ``Application/JSON``, parses multipart on
a GET, and Starlette answers 404 and 405 in plain text.
"""

import itertools
import re
import secrets
import time
from collections.abc import Sequence

import structlog
from connexion.middleware.abstract import ROUTING_CONTEXT
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.contract import JSON, allowed_methods, media_type_of
from app.deprecation import announcements
from app.logging import log_request
from app.metrics import count_request
from app.problems import (
    MethodNotAllowed,
    PathNotFound,
    Place,
    UnsupportedMediaType,
    kind_of,
    problem_of,
)

log = structlog.get_logger("holdfast.request")

Headers = list[tuple[bytes, bytes]]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

# Of this process, which may not be forked after this; asking the system for each takes longer.
_PROCESS = secrets.token_hex(10)
_numbers = itertools.count(1)

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_INTERNAL_ERROR = 500


class Edge:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens below."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        reply = _Reply(scope, _request_id(scope["headers"]), send)
        expected = _expected_type(scope)
        scope["extensions"] = {
            "holdfast": {
                "request_id": reply.request_id,
                # Told by the validators, once it is known who asks.
                "media_problem": _media_problem(expected, scope["headers"]),
            }
        }
        scope["headers"] = _plain_headers(expected, scope["headers"])
        # Starlette's routes raise for a wrong method where they see an app, instead of
        # answering in plain text.
        scope["app"] = self
        try:
            await self.app(scope, receive, reply)
        except ClientDisconnect:
            pass  # nobody is there to be told
        except Exception as error:
            if reply.status:
                raise
            await self._answer(error, scope, receive, reply)
        finally:
            _tell(scope, reply, time.perf_counter() - began)

    async def _answer(self, error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        """The error as a problem. What the table does not know is logged with its trace."""
        if isinstance(error, HTTPException) and error.status_code == 404:  # noqa: PLR2004 - as below
            error = PathNotFound(_nowhere(scope["path"]))
        if isinstance(error, HTTPException) and error.status_code == 405:  # noqa: PLR2004 - Starlette's router
            # Of a page outside the contract, Starlette's router knows the methods.
            pages = (error.headers or {}).get("Allow", "").split(", ")
            allowed = allowed_methods(scope["path"]) or sorted(pages)
            error = MethodNotAllowed(scope["method"], allowed)
        exchange = scope["extensions"]["holdfast"]
        kind = kind_of(error)
        if kind.status == _INTERNAL_ERROR and not isinstance(error, HTTPException):
            log.error("unexpected error", request_id=exchange["request_id"], exc_info=error)
        elif kind.status > _INTERNAL_ERROR:
            log.warning(
                "service unavailable", request_id=exchange["request_id"], reason=str(error)[:300]
            )
        place: Place = "body" if scope["method"] in _WITH_BODY else "query"
        response = problem_of(error, exchange["request_id"], place)
        await response(scope, receive, send)


class _Reply:
    """An ASGI ``send`` that knows the reply's status and adds what every reply has."""

    def __init__(self, scope: Scope, request_id: str, send: Send) -> None:
        self.request_id = request_id
        self.status = 0
        self._send = send
        self._scope = scope
        self._private = scope["path"].startswith("/api/")

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [
                *message.get("headers", ()),
                (b"x-request-id", self.request_id.encode()),
                (b"x-content-type-options", b"nosniff"),
                *announcements().get(_operation_id(self._scope) or "", ()),
            ]
            if self._private and not any(name == b"cache-control" for name, _ in headers):
                # It depends on who asks, and may change at any time; ETags still spare the body.
                headers.append((b"cache-control", b"private, no-cache"))
            message["headers"] = headers
        await self._send(message)


def _tell(scope: Scope, reply: _Reply, seconds: float) -> None:
    """Log and count the request, which is over."""
    log_request(
        {
            "method": scope["method"],
            "path": _printable(scope),
            "status": reply.status,
            "ms": round(seconds * 1000, 1),
            "request_id": reply.request_id,
        }
    )
    count_request(_operation_id(scope), reply.status, seconds)


def _operation_id(scope: Scope) -> str | None:
    """The operation that Connexion's routing found, if it came to that and found one."""
    routed: dict[str, str | None] = scope["extensions"].get(ROUTING_CONTEXT, {})
    return routed.get("operation_id")


def _nowhere(path: str) -> str:
    """What to tell whoever asks for a path that is not there: often, a slash is all it is."""
    other = path[:-1] if path.endswith("/") else f"{path}/"
    hint = f"Did you mean {other} ?" if allowed_methods(other) else "See /docs."
    return f"Nothing lies at this path. {hint}"


def _printable(scope: Scope) -> str:
    """The path as it was sent, percent-encoded: a terminal must not obey it."""
    raw: bytes = scope.get("raw_path") or b""
    return raw[:200].decode("ascii", "backslashreplace")


def _request_id(headers: Headers) -> str:
    """The client's X-Request-Id where it is one, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode()
    return f"{_PROCESS}{next(_numbers):012x}"


def _expected_type(scope: Scope) -> str | None:
    """The media type that the contract asks of the request's body, None where it asks for none."""
    method: str = scope["method"]
    return media_type_of(method, scope["path"]) if method in _WITH_BODY else None


def _plain_headers(expected: str | None, headers: Headers) -> Headers:
    """The headers with the one media type there is, or with none where there is no body."""
    rest = [header for header in headers if header[0] != b"content-type"]
    return rest if expected is None else [*rest, (b"content-type", expected.encode())]


def _media_problem(expected: str | None, headers: Headers) -> UnsupportedMediaType | None:
    """What is wrong with a body that is not plain text of the type, as far as the headers tell."""
    if expected is None:
        return None
    if any(name == b"content-encoding" and value.lower() != b"identity" for name, value in headers):
        plain = "JSON" if expected == JSON else "text"
        return UnsupportedMediaType(
            f"The body is compressed (Content-Encoding): send it as plain {plain}."
        )
    types = [value.decode("latin-1") for name, value in headers if name == b"content-type"]
    if not types and not _has_body(headers):
        return None
    if _is_of_type(expected, types):
        return None
    given = ", ".join(types)[:100] or "none"
    return UnsupportedMediaType(
        f"The body's media type is {given}; only {expected} in UTF-8 is read here."
        f" Send 'Content-Type: {expected}'."
    )


def _has_body(headers: Headers) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )


def _is_of_type(expected: str, types: Sequence[str]) -> bool:
    """Whether there is one media type and it is the expected, in UTF-8, in whatever case."""
    media_type, *parameters = (types[0] if len(types) == 1 else "").lower().split(";")
    charsets = [
        text.partition("=")[2].strip(' "')
        for text in parameters
        if text.strip().startswith("charset")
    ]
    return media_type.strip() == expected and all(text == "utf-8" for text in charsets)
