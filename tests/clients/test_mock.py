"""A mock server that serves the contract's examples to those who have no service yet.

Every operation is asked as the contract's examples say, and what the mock answers is held against
the contract, as the service's own replies are.
"""

import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.contract import resolved
from holdfast_client import NO_RETRY, BookingConflict, Holdfast
from holdfast_client.api.bookings import bookings_create
from holdfast_client.api.facilities import facilities_list
from holdfast_client.models import CreateBookingRequest
from tests.client import PROBLEM_JSON, check_problem, check_reply, document
from tests.integration.api import at
from tests.service import free_port

from .conftest import ROOT, Node

START_SECONDS = 60

Operation = dict[str, Any]

OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, item in document()["paths"].items()
    for method, operation in item.items()
}

STREAM = "availability_stream"
"""Prism answers at once or not at all, and so has no streams."""


@pytest.fixture(scope="module")
def mock(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Prism with the contract; yields its base URL."""
    port = free_port()
    log = tmp_path_factory.mktemp("mock") / "prism.log"
    program = ROOT / "clients/typescript/node_modules/@stoplight/prism-cli/dist/index.js"
    command = ["node", str(program), "mock", "--port", str(port), "spec/openapi.yaml"]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the tests' own words
            ["/usr/bin/env", *command], cwd=ROOT, env=node.environment, stdout=output, stderr=output
        )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_SECONDS
        while "Prism is listening" not in log.read_text(encoding="utf-8"):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    """Connections to it."""
    with httpx.Client(timeout=30) as http:
        yield http


def example_of(part: Operation) -> Any:
    """The first example of a parameter or a body; None if it has none."""
    if "example" in part:
        return part["example"]
    for each in part.get("examples", {}).values():
        return resolved(each)["value"]
    return resolved(part.get("schema", {})).get("example")


def request(base_url: str, name: str) -> httpx.Request:
    """The request that the contract's examples make of an operation."""
    method, path, operation = OPERATIONS[name]
    query: dict[str, Any] = {}
    for parameter in map(resolved, operation.get("parameters", [])):
        value = example_of(parameter)
        if parameter["in"] == "path":
            assert value is not None, f"{name}: {parameter['name']} has no example"
            path = path.replace(f"{{{parameter['name']}}}", str(value))
        elif parameter["in"] == "query" and parameter.get("required"):
            assert value is not None, f"{name}: {parameter['name']} has no example"
            query[parameter["name"]] = value
    content: dict[str, Any] = {}
    if "requestBody" in operation:
        ((media_type, body),) = operation["requestBody"]["content"].items()
        value = example_of(body)
        assert value is not None, f"{name}: the body has no example"
        content = {"json": value} if media_type == "application/json" else {"content": value}
        content["headers"] = {"Content-Type": media_type}
    asked = httpx.Request(method.upper(), base_url + path, params=query, **content)
    # Where no token is asked for, Prism takes one for a mistake.
    if operation.get("security") != [{}]:
        asked.headers["Authorization"] = "Bearer hf_anybody"
    return asked


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - {STREAM}))
def test_the_mock_answers_an_operation_as_the_contract_says(
    mock: str, http: httpx.Client, name: str
) -> None:
    answered = http.send(request(mock, name))
    assert answered.is_success, answered.text
    assert "sl-violations" not in answered.headers
    check_reply(answered)
    said = [value for header, value in answered.headers.items() if header != "link"]
    assert "string" not in said, f"a header has no example: {answered.headers}"
    if answered.headers.get("content-type") == "application/json":
        assert [] == nonsense(answered.json())


IN_ORDER = (
    ("start_time", "end_time"),
    ("opens", "closes"),
    ("created_at", "updated_at"),
    ("created_at", "expires_at"),
    ("created_at", "deactivated_at"),
    ("deactivated_at", "anonymised_at"),
)
"""Of each pair the first is not later than the second, as text, whole seconds at least."""

CAN_BE_READ = re.compile(r"(?!string$).*\w", re.DOTALL)
"""Text that says something, other than the word that a mock puts where it knows no better."""


def members(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object within, and the member that it is, or is an item of."""
    found = [("", value)]
    while found:
        name, each = found.pop()
        if isinstance(each, list):
            found += [(name, item) for item in each]
        elif isinstance(each, dict):
            yield name, each
            found += each.items()


def nonsense(value: Any) -> list[str]:
    """What in an example no service would answer: text without a word, and time that runs back."""
    found = []
    for _, each in members({"": value}):
        found += [
            f"{name} is {text!r}"
            for name, texts in each.items()
            for text in (texts if isinstance(texts, list) else [texts])
            if isinstance(text, str) and not CAN_BE_READ.match(text)
        ]
        found += [
            f"{second} is before {first}"
            for first, second in IN_ORDER
            if first in each and second in each and each[first] > each[second]
        ]
    return found


def named(value: Any) -> Iterator[tuple[tuple[str, int], str]]:
    """The facilities, sites and users in an example, by kind and id, and what each is called."""
    for member, each in members(value):
        if "username" in each and "id" in each:
            yield ("user", each["id"]), each["username"]
        elif "name" in each and "id" in each:
            kind = "facility" if "facility_type" in each else member
            if kind in {"facility", "site"}:
                yield (kind, each["id"]), each["name"]


def answers() -> Iterator[tuple[str, Any]]:
    """The example of each operation's success, where it answers in JSON."""
    for name, (_, _, operation) in sorted(OPERATIONS.items()):
        for status, reply in operation["responses"].items():
            body = resolved(reply).get("content", {}).get("application/json")
            if status.startswith("2") and body is not None:
                yield name, example_of(body)


def test_the_examples_are_of_one_world() -> None:
    # Whom somebody anonymises has another name from then on.
    called: dict[tuple[str, int], set[str]] = {}
    for name, answer in answers():
        if name != "users_anonymise":
            for who, what in named(answer):
                called.setdefault(who, set()).add(what)
    assert len(called) > 5
    assert {} == {who: names for who, names in called.items() if len(names) > 1}

    asked = {
        (member.removesuffix("_id"), value)
        for _, _, operation in OPERATIONS.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
        for _, each in members(example_of(operation["requestBody"]["content"]["application/json"]))
        for member, value in each.items()
        if member in {"facility_id", "site_id", "user_id"}
    }
    assert asked
    assert set() == asked - called.keys()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"title": "Stand-up"}, []),
        ([{"title": "string"}], ["title is 'string'"]),
        ({"site": {"name": " -"}}, ["name is ' -'"]),
        ({"tags": ["piano", ""]}, ["tags is ''"]),
        ("string", [" is 'string'"]),
        ({"opens": "07:00", "closes": "22:00"}, []),
        ([{"opens": "22:00", "closes": "07:00"}], ["closes is before opens"]),
    ],
)
def test_nonsense_is_known_when_it_is_seen(value: Any, expected: list[str]) -> None:
    assert expected == nonsense(value)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        (name, status)
        for name, (_, _, operation) in sorted(OPERATIONS.items())
        for status in operation["responses"]
        if status in {"409", "412", "422"}
    ],
)
def test_the_mock_shows_any_problem_that_is_asked_for(
    mock: str, http: httpx.Client, name: str, status: str
) -> None:
    asked = request(mock, name)
    asked.headers["Prefer"] = f"code={status}"
    answered = http.send(asked)
    assert str(answered.status_code) == status
    assert answered.headers["content-type"] == PROBLEM_JSON
    problem = answered.json()
    assert problem["status"] == answered.status_code
    if problem["type"] not in {"booking_conflict", "closure_affects_bookings", "import_refused"}:
        check_problem(problem)


def test_the_mock_has_no_stream_as_the_guide_says(mock: str, http: httpx.Client) -> None:
    answered = http.send(request(mock, STREAM))
    assert answered.status_code == 500
    assert answered.json()["type"].endswith("NO_COMPLEX_OBJECT_TEXT")


def test_who_shows_no_token_is_told_so(mock: str) -> None:
    answered = httpx.get(f"{mock}/api/v1/me/")
    assert (answered.status_code, answered.json()["type"]) == (401, "authentication_required")


def test_the_client_works_with_the_mock(mock: str) -> None:
    body = CreateBookingRequest(facility_id=1, start_time=at(9), end_time=at(10), title="Stand-up")
    with Holdfast(mock, "hf_anybody", retry=NO_RETRY) as client:
        assert bookings_create.sync(client=client, body=body).id == 1
        assert ["Speicher Auditorium"] == [
            each.name for each in facilities_list.sync_each(client=client)
        ]
    headers = {"Prefer": "code=409, example=booking_conflict"}
    with (
        Holdfast(mock, "hf_anybody", retry=NO_RETRY, headers=headers) as client,
        pytest.raises(BookingConflict) as refused,
    ):
        bookings_create.sync(client=client, body=body)
    assert refused.value.conflict.suggested_alternatives
