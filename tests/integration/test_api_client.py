"""The judge of all tests of the API: it sees a reply that the contract does not declare.

A test client that lets everything pass would prove nothing, so each kind of fault
is put into a good reply, and must be noticed.
"""

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest
from jsonschema_rs import ValidationError
from openapi_core.exceptions import OpenAPIError

from tests.client import check_reply, exercised, operation_of

from .api import Api, Json, at, path_of

Change = Callable[[Json, dict[str, str]], Any]


@pytest.fixture(scope="module")
def good(api: Api) -> httpx.Response:
    """A booking as the service answers it."""
    ada = api.person()
    return ada.get(path_of(ada.book(api.facility(), at(9), at(10))))


@pytest.fixture(scope="module")
def refusal(api: Api) -> httpx.Response:
    """A problem as the service answers it."""
    return api.staff.get("/api/v1/bookings/9007199254740991/")


def changed(response: httpx.Response, change: Change, status: int | None = None) -> httpx.Response:
    """The reply with a change of its body and headers."""
    body, headers = response.json(), dict(response.headers)
    headers.pop("content-length")
    body = change(body, headers) or body
    return httpx.Response(
        status or response.status_code,
        headers=headers,
        content=body if isinstance(body, bytes) else orjson.dumps(body),
        request=response.request,
    )


def test_what_the_service_answers_passes(good: httpx.Response, refusal: httpx.Response) -> None:
    for response in (good, refusal):
        check_reply(changed(response, lambda _body, _headers: None))
    assert "bookings_retrieve" in exercised


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda body, _: body.pop("title") and None, id="a member less"),
        pytest.param(lambda body, _: body.update(id=0), id="below its minimum"),
        pytest.param(lambda body, _: body["facility"].update(id=2**31), id="beyond 32 bits"),
        pytest.param(lambda body, _: body.update(id="7"), id="of another type"),
        pytest.param(lambda body, _: body.update(description=None), id="null"),
        pytest.param(lambda body, _: body.update(status="over"), id="not in its enumeration"),
        pytest.param(lambda body, _: body.update(start_time="yesterday"), id="no date-time"),
        pytest.param(lambda body, _: body.update(title="x" * 256), id="too long"),
        pytest.param(lambda body, _: [body], id="an array"),
        pytest.param(lambda _, __: b"{", id="not JSON"),
        pytest.param(lambda _, __: b" ", id="nothing"),
        pytest.param(lambda _, headers: headers.pop("etag") and None, id="a header less"),
        pytest.param(lambda _, headers: headers.update(etag="x" * 101), id="too long a header"),
        pytest.param(lambda _, headers: headers.pop("x-request-id") and None, id="no request id"),
        pytest.param(
            lambda _, headers: headers.update({"content-type": "text/html"}), id="media type"
        ),
    ],
)
def test_a_fault_in_a_reply_is_noticed(good: httpx.Response, fault: Change) -> None:
    with pytest.raises((OpenAPIError, AssertionError)):
        check_reply(changed(good, fault))


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda body, _: body.update(type="oh_no"), id="an unknown type"),
        pytest.param(lambda body, _: body.update(status=400), id="another status"),
        pytest.param(lambda body, _: body.pop("detail") and None, id="no detail"),
        pytest.param(lambda body, _: body.update(request_id="x"), id="another request"),
        pytest.param(lambda body, _: body.update(errors=[{"in": "mind"}]), id="a bad error"),
        pytest.param(
            lambda _, headers: headers.update({"content-type": "application/json"}),
            id="media type",
        ),
    ],
)
def test_a_fault_in_a_problem_is_noticed_at_every_path(
    refusal: httpx.Response, fault: Change
) -> None:
    with pytest.raises((OpenAPIError, AssertionError, ValidationError)):
        check_reply(changed(refusal, fault))
    elsewhere = httpx.Request("GET", refusal.request.url.copy_with(path="/nowhere"))
    response = changed(refusal, fault)
    response.request = elsewhere
    with pytest.raises((AssertionError, ValidationError)):
        check_reply(response)


@pytest.mark.parametrize("status", [201, 202, 402, 409, 418])
def test_a_status_that_the_operation_does_not_declare_is_noticed(
    refusal: httpx.Response, status: int
) -> None:
    def restated(body: Json, _: dict[str, str]) -> None:
        body["status"] = status

    with pytest.raises(OpenAPIError):
        check_reply(changed(refusal, restated, status))


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/api/v1/bookings/7/", "bookings_retrieve"),
        ("PATCH", "/api/v1/bookings/7/", "bookings_update"),
        ("GET", "/api/v1/bookings/7/history/", "bookings_history_list"),
        ("POST", "/api/v1/bookings/", "bookings_create"),
        ("PUT", "/api/v1/bookings/", None),
        ("GET", "/api/v1/bookings/x/", None),
        ("GET", "/api/v1/bookings/7", None),
        ("GET", "/healthz", None),
    ],
)
def test_a_request_is_known_by_its_method_and_path(
    method: str, path: str, operation: str | None
) -> None:
    assert operation == operation_of(method, path)
