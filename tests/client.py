"""A client of the service for tests, which holds every reply against the contract.

openapi-core is the third opinion, beside Connexion and Schemathesis: it sees the
replies of handlers and of error handlers alike, as they left the process.
"""

import ssl
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema_rs
import orjson
import yaml
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from app.contract import json_schema

if TYPE_CHECKING:
    from collections.abc import Callable

CONTRACT = Path(__file__).parents[1] / "spec" / "openapi.yaml"

PROBLEM_JSON = "application/problem+json"

OWN_SCHEMAS = {"booking_conflict", "closure_affects_bookings", "import_refused"}
"""The problem types that are no ErrorResponse."""

exercised: set[str] = set()
"""The operationIds that this test run has called."""


@cache
def document() -> dict[str, Any]:
    """The contract as it is published."""
    loaded = yaml.load(CONTRACT.read_bytes(), Loader=yaml.CSafeLoader)
    assert isinstance(loaded, dict)
    return loaded


@cache
def _openapi() -> OpenAPI:
    deserializers: dict[str, Callable[[bytes], Any]] = {
        PROBLEM_JSON: orjson.loads,
        "text/csv": _text,
        "text/event-stream": _first_event,
    }
    config = Config(extra_media_type_deserializers=deserializers)
    return OpenAPI.from_dict(document(), config=config)


def _text(raw: bytes, **_: str) -> str:
    """The text of a reply that is not JSON; UnicodeDecodeError if it is not UTF-8."""
    return raw.decode()


def _first_event(raw: bytes, **_: str) -> dict[str, str]:
    """The first event of a stream, which is what its schema describes one by one."""
    first = next(text for text in raw.decode().split("\n\n") if "\nevent: " in text)
    event = dict(line.split(": ", 1) for line in first.splitlines())
    check_event(event)
    return event


@cache
def _schema(reference: str) -> jsonschema_rs.Validator:
    schema = json_schema({"$ref": reference})
    return jsonschema_rs.Draft4Validator(schema, validate_formats=True)


def check_event(event: dict[str, str]) -> None:
    """Hold an event of the stream, and its data, against the contract; ValidationError if not."""
    reply = document()["paths"]["/api/v1/availability/stream"]["get"]["responses"]["200"]
    content = reply["content"]["text/event-stream"]
    _schema(content["schema"]["$ref"]).validate(event)
    _schema(content["x-events"][event["event"]]["$ref"]).validate(orjson.loads(event["data"]))


@cache
def _problem() -> jsonschema_rs.Validator:
    schema = json_schema(document()["components"]["schemas"]["ErrorResponse"])
    return jsonschema_rs.Draft4Validator(schema, validate_formats=True)


def connection(base_url: str) -> httpx.Client:
    """Connections to the service, for any number of clients to share.

    The service speaks no TLS here; loading the certificates that it would be
    checked against takes longer than a hundred requests.
    """
    return httpx.Client(
        base_url=base_url, timeout=30, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )


class Client:
    """HTTP with a token, or with none. Every reply is held against the contract.

    A client without ``http`` has connections of its own, which ``close`` ends.
    """

    def __init__(
        self, base_url: str, token: str | None = None, http: httpx.Client | None = None
    ) -> None:
        self.base_url = base_url
        self.token = token
        self.http = http or connection(base_url)

    def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **kwargs: Any
    ) -> httpx.Response:
        """Send a request; an exception if the reply is not what the contract declares.

        Replies come as they are, unless packed ones are asked for: those have other tags.
        """
        mine = {"Accept-Encoding": "identity"}
        if self.token:
            mine["Authorization"] = f"Bearer {self.token}"
        response = self.http.request(method, path, headers={**mine, **(headers or {})}, **kwargs)
        check_reply(response)
        return response

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        """GET."""
        return self.request("GET", path, **kwargs)

    def post(self, path: str, json: object = None, **kwargs: Any) -> httpx.Response:
        """POST."""
        return self.request("POST", path, json=json, **kwargs)

    def patch(self, path: str, json: object = None, **kwargs: Any) -> httpx.Response:
        """PATCH."""
        return self.request("PATCH", path, json=json, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> httpx.Response:
        """DELETE."""
        return self.request("DELETE", path, **kwargs)

    def close(self) -> None:
        """Close the connections."""
        self.http.close()


def check_reply(response: httpx.Response) -> None:
    """Hold a reply against the contract, and an error outside its operations too.

    Raises openapi-core's errors, or AssertionError.
    """
    request = response.request
    path = request.url.raw_path.decode().partition("?")[0]
    assert len(response.headers.get_list("x-request-id")) == 1, "not exactly one request id"
    if response.is_error:
        _check_error(response)
    operation = operation_of(request.method, path)
    if operation is None:
        return
    exercised.add(operation)
    mock_request = MockRequest(
        host_url=f"{request.url.scheme}://{request.url.netloc.decode()}",
        method=request.method.lower(),
        path=path,
    )
    mock_response = MockResponse(
        data=response.content,
        status_code=response.status_code,
        headers=dict(response.headers),
        content_type=response.headers.get("content-type", ""),
    )
    _openapi().validate_response(mock_request, mock_response)


def check_problem(problem: object) -> None:
    """Hold a problem against the contract's ErrorResponse; ValidationError if it is none."""
    _problem().validate(problem)


def _check_error(response: httpx.Response) -> None:
    """An error is a problem that knows its own status and request.

    Some types have a schema of their own, which openapi-core holds them against.
    """
    assert response.headers["content-type"] == PROBLEM_JSON
    if response.request.method == "HEAD":
        return
    problem = response.json()
    assert problem["status"] == response.status_code
    # A replay is the first reply to the letter, and so names the first request.
    if "idempotency-replayed" not in response.headers:
        assert problem["request_id"] == response.headers["x-request-id"]
    if problem["type"] not in OWN_SCHEMAS:
        check_problem(problem)


def operation_of(method: str, path: str) -> str | None:
    """The operationId that a concrete path and method belong to."""
    parts = path.split("/")
    for template, item in document()["paths"].items():
        names = template.split("/")
        if len(names) == len(parts) and all(
            name in {part, "{table}"} or (name.startswith("{") and part.isdigit())
            for name, part in zip(names, parts, strict=True)
        ):
            operation = item.get(method.lower())
            if operation is not None:
                return str(operation["operationId"])
    return None
