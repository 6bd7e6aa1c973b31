"""The gate against changes that break clients: it sees each kind of them, and nothing else."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.client import CONTRACT

from .breaking import breaks
from .released import PINS, RELEASED, main

TODAY = date(2027, 6, 1)
ROOT = CONTRACT.parents[1]

Json = dict[str, Any]
FIRST: Json = yaml.load((RELEASED / "openapi-1.0.0.yaml").read_bytes(), Loader=yaml.CSafeLoader)
"""A contract that never changes, as no release does."""

Change = Callable[[Json], object]


def _operation(contract: Json, path: str, method: str) -> Json:
    found: Json = contract["paths"][f"/api/v1/{path}"][method]
    return found


def _schema(contract: Json, name: str) -> Json:
    found: Json = contract["components"]["schemas"][name]
    return found


def _member(contract: Json, schema: str, name: str) -> Json:
    found: Json = _schema(contract, schema)["properties"][name]
    return found


def _duration(contract: Json) -> Json:
    parameters = _operation(contract, "availability/search", "get")["parameters"]
    return next(each for each in parameters if each.get("name") == "duration")


def _reply(contract: Json) -> Json:
    found: Json = _operation(contract, "sites/", "get")["responses"]["200"]
    return found


def _stream(contract: Json) -> Json:
    reply = _operation(contract, "availability/stream", "get")["responses"]["200"]
    found: Json = reply["content"]["text/event-stream"]
    return found


def _another(contract: Json, *, required: bool) -> None:
    given = {"name": "colour", "in": "query", "required": required, "schema": {"type": "string"}}
    _operation(contract, "sites/", "get")["parameters"].insert(0, given)


def _demand(contract: Json, name: str) -> None:
    schema = _schema(contract, "CreateBookingRequest")
    schema["properties"].setdefault(name, {"type": "string"})
    schema["required"].append(name)


def _rename(contract: Json) -> None:
    item = contract["paths"].pop("/api/v1/sites/{id}/")
    contract["paths"]["/api/v1/sites/{site_id}/"] = item
    contract["components"]["parameters"]["SitePath"]["name"] = "site_id"


def _drop_title(contract: Json) -> None:
    schema = _schema(contract, "BookingDetail")
    schema["required"].remove("title")
    del schema["properties"]["title"]


def _retire(contract: Json) -> None:
    del contract["paths"]["/api/v1/sites/"]["post"]


def _problems(contract: Json, status: str) -> Json:
    reply = _operation(contract, "bookings/", "post")["responses"][status]
    found: Json = reply["content"]["application/problem+json"]["examples"]
    return found


def _move_problem(contract: Json) -> None:
    name, example = _problems(contract, "422").popitem()
    _problems(contract, "409")[name] = example


LAST_PROBLEM = list(_problems(FIRST, "422"))[-1]


def _another_on_the_path(contract: Json, *, required: bool) -> None:
    given = {"name": "colour", "in": "query", "required": required, "schema": {"type": "string"}}
    contract["paths"]["/api/v1/sites/"]["parameters"] = [given]


def _alternative(contract: Json, pattern: str) -> None:
    title = _member(contract, "CreateBookingRequest", "title")
    title["pattern"] = f"^({title['pattern'][1:-1]}|{pattern})$"


BREAKING: dict[str, tuple[Change, str]] = {
    "an operation is gone": (
        _retire,
        "sites_create: it is gone, and has no x-sunset that has passed.",
    ),
    "an operation is renamed": (
        lambda c: _operation(c, "sites/", "post").update(operationId="sites_make"),
        "sites_create: its operationId is now sites_make, which renames it in every client.",
    ),
    "what was open to all demands a token": (
        lambda c: _operation(c, "session/", "post").update(security=[{"BearerAuth": []}]),
        "session_create: it can no longer be called without a token.",
    ),
    "a way in is closed": (
        lambda c: c["security"].pop(),
        (
            "admin_bookings_list, admin_bookings_decide, analytics_summary and 62 more: "
            "it can no longer be called with SessionCookie."
        ),
    ),
    "a pattern has an alternative and an end that is new": (
        lambda c: _alternative(c, "b)(c"),
        (
            "bookings_create: the pattern of `title` of CreateBookingRequest in requests was "
            r"^[^\x00-\x1f\x7f]*$ and is ^([^\x00-\x1f\x7f]*|b)(c)$."
        ),
    ),
    "a parameter is demanded": (
        lambda c: _duration(c).update(required=True),
        "availability_search: it now demands the query parameter `duration`.",
    ),
    "another parameter is demanded": (
        lambda c: _another(c, required=True),
        "sites_list: it now demands the query parameter `colour`.",
    ),
    "a parameter is gone": (
        lambda c: _operation(c, "availability/search", "get")["parameters"].remove(_duration(c)),
        "availability_search: it no longer takes the query parameter `duration`.",
    ),
    "a parameter is written otherwise": (
        lambda c: _duration(c).update(explode=True),
        "availability_search: the query parameter `duration` is now written otherwise (explode).",
    ),
    "a parameter of the path is renamed": (
        _rename,
        "sites_retrieve, sites_update: it no longer takes the path parameter `id`.",
    ),
    "a default is another": (
        lambda c: c["components"]["parameters"]["PageParameters.limit"]["schema"].update(default=7),
        (
            "admin_bookings_list, audit_log_list, bookings_history_list and 11 more: "
            "the default of the query parameter `limit` was 50 and is 7."
        ),
    ),
    "a body is demanded": (
        lambda c: _operation(c, "sites/{id}/", "get").update(
            requestBody={"required": True, "content": {}}
        ),
        "sites_retrieve: it now demands a body.",
    ),
    "a body is of another type": (
        lambda c: _operation(c, "imports/users/", "post")["requestBody"]["content"].pop("text/csv"),
        "imports_users: it no longer takes a body of text/csv.",
    ),
    "a member is demanded": (
        lambda c: _demand(c, "description"),
        "bookings_create: CreateBookingRequest in requests now demands `description`.",
    ),
    "another member is demanded": (
        lambda c: _demand(c, "colour"),
        "bookings_create: CreateBookingRequest in requests now demands `colour`.",
    ),
    "a member is no longer taken": (
        lambda c: _schema(c, "CreateBookingRequest")["properties"].pop("description"),
        "bookings_create: CreateBookingRequest in requests no longer takes `description`.",
    ),
    "a member can no longer be taken away": (
        lambda c: _member(c, "UpdateBookingRequest", "description").pop("nullable"),
        "bookings_update: `description` of UpdateBookingRequest in requests can no longer be null.",
    ),
    "less is accepted at most": (
        lambda c: _member(c, "CreateBookingRequest", "title").update(maxLength=10),
        (
            "bookings_create: the maxLength of `title` of CreateBookingRequest in requests "
            "was 255 and is 10."
        ),
    ),
    "more is demanded at least": (
        lambda c: _member(c, "CreateBookingRequest", "attendee_count").update(minimum=5),
        (
            "bookings_create: the minimum of `attendee_count` of CreateBookingRequest in requests "
            "was 1 and is 5."
        ),
    ),
    "another form is demanded": (
        lambda c: _member(c, "CreateBookingRequest", "attendee_count").update(multipleOf=2),
        (
            "bookings_create: the multipleOf of `attendee_count` of CreateBookingRequest "
            "in requests was absent and is 2."
        ),
    ),
    "a choice is no longer taken": (
        lambda c: _schema(c, "FacilityType")["enum"].remove("desk"),
        (
            "analytics_summary, analytics_top_facilities, analytics_utilisation and 5 more: "
            "FacilityType in requests can no longer be desk."
        ),
    ),
    "a reply has another choice": (
        lambda c: _schema(c, "BookingStatus")["enum"].append("lost"),
        (
            "admin_bookings_list, admin_bookings_decide, bookings_create and 11 more: "
            "BookingStatus in replies can now be lost."
        ),
    ),
    "a member is gone from a reply": (
        _drop_title,
        (
            "admin_bookings_list, bookings_create, bookings_retrieve and 5 more: "
            "BookingDetail in replies no longer has `title`."
        ),
    ),
    "a member may be missing from a reply": (
        lambda c: _schema(c, "BookingDetail")["required"].remove("title"),
        (
            "admin_bookings_list, bookings_create, bookings_retrieve and 5 more: "
            "BookingDetail in replies may now lack `title`."
        ),
    ),
    "a member of a reply may be null": (
        lambda c: _member(c, "BookingDetail", "title").update(nullable=True),
        (
            "admin_bookings_list, bookings_create, bookings_retrieve and 5 more: "
            "`title` of BookingDetail in replies can now be null."
        ),
    ),
    "a member of a reply is of another type": (
        lambda c: _schema(c, "BookingDetail")["properties"].update(id={"type": "string"}),
        (
            "admin_bookings_list, bookings_create, bookings_retrieve and 5 more: "
            "`id` of BookingDetail in replies was integer int64 and is string."
        ),
    ),
    "a list holds something else": (
        lambda c: _schema(c, "AvailabilityResult")["properties"]["available_slots"].update(
            items={"type": "string"}
        ),
        ("availability_search: TimeSlot in replies was object and is string."),
    ),
    "a reply is one of several": (
        lambda c: _operation(c, "bookings/", "post")["responses"]["201"]["content"][
            "application/json"
        ].update(schema={"anyOf": [{"$ref": "#/components/schemas/BookingDetail"}]}),
        "bookings_create: BookingDetail in replies was object and is one of several.",
    ),
    "a reply is gone": (
        lambda c: _operation(c, "sites/", "get")["responses"].pop("200"),
        "sites_list: it no longer has the reply 200.",
    ),
    "a reply is of another media type": (
        lambda c: _reply(c).update(content={"application/xml": {}}),
        "sites_list: the reply 200 is no longer application/json.",
    ),
    "a header is gone": (
        lambda c: _reply(c)["headers"].pop("Link"),
        "sites_list: the reply 200 no longer has the header Link.",
    ),
    "a header may be missing": (
        lambda c: _reply(c)["headers"]["X-Request-Id"].update(required=False),
        "sites_list: the reply 200 may now lack the header X-Request-Id.",
    ),
    "a problem has another status": (
        _move_problem,
        f"bookings_create: the problem type {LAST_PROBLEM} had the status 422 and has 409.",
    ),
    "a problem is gone": (
        lambda c: _problems(c, "422").pop(LAST_PROBLEM),
        f"bookings_create: it no longer has the problem type {LAST_PROBLEM}.",
    ),
    "another success": (
        lambda c: _operation(c, "bookings/", "post")["responses"].update({"202": {}}),
        "bookings_create: it can now answer with 202.",
    ),
    "a redirection": (
        lambda c: _operation(c, "bookings/", "post")["responses"].update({"307": {}}),
        "bookings_create: it can now answer with 307.",
    ),
    "a member can no longer be written": (
        lambda c: _member(c, "CreateBookingRequest", "title").update(readOnly=True),
        (
            "bookings_create: `title` of CreateBookingRequest in requests "
            "is now for the service alone to write."
        ),
    ),
    "something is no longer taken": (
        lambda c: _member(c, "CreateBookingRequest", "title").update({"not": {"enum": ["x"]}}),
        (
            "bookings_create: the not of `title` of CreateBookingRequest in requests "
            "was absent and is {'enum': ['x']}."
        ),
    ),
    "the service is elsewhere": (
        lambda c: c.update(servers=[{"url": "/v9"}]),
        (
            "admin_bookings_list, admin_bookings_decide, analytics_summary and 63 more: "
            "it is no longer at /."
        ),
    ),
    "an operation is elsewhere": (
        lambda c: _operation(c, "sites/", "get").update(servers=[{"url": "/v9"}]),
        "sites_list: it is no longer at /.",
    ),
    "the path demands a parameter": (
        lambda c: _another_on_the_path(c, required=True),
        "sites_list, sites_create: it now demands the query parameter `colour`.",
    ),
    "an event is gone": (
        lambda c: _stream(c)["x-events"].pop("resync"),
        "availability_stream: the stream no longer has the event resync.",
    ),
}

HARMLESS: dict[str, Change] = {
    "nothing": lambda _: None,
    "another operation": lambda c: c["paths"].update(
        {"/api/v1/x/": {"get": {"operationId": "x_list", "responses": {"200": {}}}}}
    ),
    "another parameter, which may be left out": lambda c: _another(c, required=False),
    "a parameter is no longer demanded": lambda c: [
        each.pop("required")
        for each in _operation(c, "availability/search", "get")["parameters"]
        if each.get("name") == "start_time"
    ],
    "another member, which may be left out": lambda c: _schema(c, "CreateBookingRequest")[
        "properties"
    ].update(colour={"type": "string"}),
    "a member is no longer demanded": lambda c: _schema(c, "CreateBookingRequest")[
        "required"
    ].remove("title"),
    "a wider bound": lambda c: _member(c, "CreateBookingRequest", "title").update(maxLength=999),
    "another alternative": lambda c: _alternative(c, "b"),
    "no bound": lambda c: _member(c, "CreateBookingRequest", "title").pop("pattern"),
    "another member of a reply": lambda c: _schema(c, "BookingDetail")["properties"].update(
        colour={"type": "string"}
    ),
    "a member that is always there": lambda c: _schema(c, "BookingDetail")["required"].append(
        "description"
    ),
    "another status": lambda c: _operation(c, "sites/", "get")["responses"].update(
        {"409": {"description": "Never."}}
    ),
    "another header": lambda c: _reply(c)["headers"].update(
        {"X-Colour": {"schema": {"type": "string"}}}
    ),
    "another media type": lambda c: _reply(c)["content"].update({"text/csv": {}}),
    "another type of problem": lambda c: _schema(c, "ProblemType")["enum"].append("colour_blind"),
    "another event": lambda c: _stream(c)["x-events"].update(
        colour_changed={"$ref": "#/components/schemas/ResyncEvent"}
    ),
    "another way in": lambda c: c["security"].append({"Key": []}),
    "other words": lambda c: _operation(c, "sites/", "get").update(
        description="x", summary="y", tags=["z"], deprecated=True
    ),
    "other examples": lambda c: _schema(c, "BookingDetail").update(example={}),
    "another problem that tells more": lambda c: _operation(c, "bookings/", "post")["responses"][
        "409"
    ]["content"]["application/problem+json"]["schema"]["anyOf"].append(
        {"$ref": "#/components/schemas/ClosureConflict"}
    ),
    "another problem under a status": lambda c: _problems(c, "422").update(
        colour_blind={"value": {"type": "colour_blind", "status": 422}}
    ),
    "nothing new for those who have it": lambda c: _operation(c, "sites/", "get")[
        "responses"
    ].update({"304": {"description": "As it was."}}),
    "another server": lambda c: c["servers"].append({"url": "/elsewhere"}),
    "a parameter of the path, which may be left out": lambda c: _another_on_the_path(
        c, required=False
    ),
    "no links": lambda c: _reply(c).pop("links"),
}


def _changed(change: Change) -> Json:
    contract = copy.deepcopy(FIRST)
    change(contract)
    return contract


@pytest.mark.parametrize("what", BREAKING)
def test_what_breaks_a_client_is_said_in_a_sentence(what: str) -> None:
    change, sentence = BREAKING[what]

    assert sentence in breaks(FIRST, _changed(change), TODAY)


@pytest.mark.parametrize("what", HARMLESS)
def test_what_harms_nobody_is_let_pass(what: str) -> None:
    assert [] == breaks(FIRST, _changed(HARMLESS[what]), TODAY)


def test_alternatives_may_come_to_errors_and_to_what_is_sent() -> None:
    def contract(way: str, *names: str) -> Json:
        alternatives = [{"$ref": f"#/components/schemas/{name}"} for name in names]
        content = {"application/json": {"schema": {"anyOf": alternatives}}}
        place = {
            "sent": ("requestBody", {"content": content}),
            "given": ("responses", {"200": {"content": content}}),
            "refused": ("responses", {"409": {"content": content}}),
        }[way]
        operation = {"operationId": "x_list", "responses": {}} | dict([place])
        return {**FIRST, "paths": {"/x/": {"get": operation}}}

    one, two = ("TimeSlot",), ("TimeSlot", "SiteBasic")
    expected = {
        ("sent", one, two): [],
        ("sent", two, one): ["x_list: the body can no longer be SiteBasic."],
        ("given", one, two): ["x_list: the reply 200 can now be SiteBasic."],
        ("given", two, one): [],
        ("refused", one, two): [],
        ("refused", two, one): [],
    }
    assert expected == {
        (way, old, new): breaks(contract(way, *old), contract(way, *new), TODAY)
        for way, old, new in expected
    }


def test_what_breaks_in_many_places_is_said_once() -> None:
    found = breaks(FIRST, _changed(_drop_title), TODAY)

    assert 1 == len(found), found


@pytest.mark.parametrize(
    ("sunset", "is_allowed"), [("2027-05-31", True), ("2027-06-01", True), ("2027-06-02", False)]
)
def test_an_operation_may_be_gone_from_its_sunset_on(sunset: str, *, is_allowed: bool) -> None:
    announced = _changed(lambda c: _operation(c, "sites/", "post").update({"x-sunset": sunset}))
    gone = _changed(_retire)

    assert is_allowed == (breaks(announced, gone, TODAY) == [])


def test_a_scope_more_breaks_unless_there_were_none_anywhere() -> None:
    def with_scopes(*scopes: str) -> Json:
        return _changed(
            lambda c: _operation(c, "sites/", "post").update({"x-required-scopes": list(scopes)})
        )

    none = _changed(lambda c: _operation(c, "sites/", "post").pop("x-required-scopes", None))
    assert [] == breaks(none, with_scopes("manage"), TODAY)
    assert [] == breaks(with_scopes("book", "manage"), with_scopes("manage"), TODAY)
    assert ["sites_create: it now demands a token with the scope book."] == breaks(
        with_scopes("manage"), with_scopes("book", "manage"), TODAY
    )
    elsewhere = copy.deepcopy(none)
    _operation(elsewhere, "sites/", "get")["x-required-scopes"] = ["read"]
    more = copy.deepcopy(elsewhere)
    _operation(more, "sites/", "post")["x-required-scopes"] = ["manage"]
    assert ["sites_create: it now demands a token with the scope manage."] == breaks(
        elsewhere, more, TODAY
    )


Gate = Callable[..., tuple[int, str, str]]


@pytest.fixture
def gate(capsys: pytest.CaptureFixture[str]) -> Gate:
    """Runs the gate: its status, and what it says on stdout and on stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = main([*map(str, arguments)])
        return status, *capsys.readouterr()

    return run


def _few(contract: Json) -> Json:
    """The contract with some of its operations, which is read sooner. JSON is YAML too."""
    paths = {
        path: item
        for path, item in contract["paths"].items()
        if path in {"/api/v1/bookings/", "/api/v1/sites/", "/api/v1/x/"}
    }
    return {**contract, "paths": paths}


def _release(folder: Path, version: str, contract: Json = FIRST) -> Path:
    info = {**FIRST["info"], "version": version}
    path = folder / f"openapi-{version}.yaml"
    path.write_text(json.dumps({**_few(contract), "info": info}), encoding="utf-8")
    _pin(folder)
    return path


def _pin(folder: Path) -> None:
    lines = [
        f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in folder.glob("openapi-*.yaml")
    ]
    (folder / PINS).write_text("".join(lines), encoding="utf-8")


def test_the_contract_breaks_nothing_that_was_released() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.contract.released"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def test_the_gate_fails_with_the_sentences(gate: Gate, tmp_path: Path) -> None:
    _release(tmp_path, "1.9.0")
    _release(tmp_path, "1.10.0")
    contract = tmp_path / "new.yaml"
    change, sentence = BREAKING["a member is demanded"]
    contract.write_text(json.dumps(_few(_changed(change))), encoding="utf-8")

    status, said, _ = gate("--contract", contract, "--released", tmp_path)

    assert 1 == status
    assert sentence == said.splitlines()[0]
    assert "new.yaml breaks clients of 1.10.0" in said.splitlines()[1]


@pytest.mark.parametrize(
    ("what", "version", "says"),
    [
        ("another operation", "1.0.0", "its info.version must be higher"),
        ("another operation", "1.0.1", "the second number of its info.version, 1.0.1,"),
        ("another operation", "1.1.0", None),
        ("other words", "1.0.0", "its info.version must be higher"),
        ("other words", "1.0.1", None),
        ("nothing", "1.0.0", None),
        ("nothing", "one", "'one', and should be like 1.2.0"),
    ],
)
def test_another_contract_has_another_version(
    gate: Gate, tmp_path: Path, what: str, version: str, says: str | None
) -> None:
    _release(tmp_path, "1.0.0")
    changed = _few(_changed(HARMLESS[what]))
    changed["info"]["version"] = version
    contract = tmp_path / "new.yaml"
    contract.write_text(json.dumps(changed), encoding="utf-8")

    status, *said = gate("--contract", contract, "--released", tmp_path)

    assert (says is None) == (status == 0)
    assert (says or "") in "".join(said)
    assert len("".join(said).splitlines()) == (says is not None)


@pytest.mark.parametrize("content", ["<!doctype html><title>Sign in</title>", "a: [", "", "[]"])
def test_what_is_no_contract_is_said_so(gate: Gate, tmp_path: Path, content: str) -> None:
    contract = tmp_path / "new.yaml"
    contract.write_text(content)

    assert (2, "", f"{contract} is not an OpenAPI document.\n") == gate("--contract", contract)


def test_what_is_missing_is_said_so(gate: Gate, tmp_path: Path) -> None:
    missing = tmp_path / "new.yaml"
    said = f"{missing} cannot be read: No such file or directory.\n"
    assert (2, "", said) == gate("--contract", missing)
    said = f"There is no released contract in {tmp_path}: openapi-X.Y.Z.yaml is missing.\n"
    assert (2, "", said) == gate("--released", tmp_path)


def test_a_release_is_what_its_name_and_its_tag_say(gate: Gate, tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        author = ["-c", "user.name=Qa", "-c", "user.email=qa@example.org"]
        command = ["/usr/bin/env", "git", "-C", str(tmp_path), *author, *arguments]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own words

    released, contract = tmp_path / "spec" / "released", tmp_path / "spec" / "openapi.yaml"
    released.mkdir(parents=True)
    git("init", "--quiet")
    _release(released, "1.0.0").rename(contract)
    _pin(released)
    git("add", ".")
    git("commit", "--quiet", "--message", "A contract")
    git("tag", "contract-1.0.0")
    _release(released, "0.9.0")
    status, said, _ = gate("--contract", contract, "--released", released)
    assert 1 == status
    assert "contract-1.0.0 is tagged, and openapi-1.0.0.yaml is missing" in said

    kept = released / "openapi-1.0.0.yaml"
    kept.write_bytes(contract.read_bytes())
    _pin(released)
    assert (0, "", "") == gate("--contract", contract, "--released", released)

    kept.write_bytes(contract.read_bytes() + b"# edited\n")
    status, said, _ = gate("--contract", contract, "--released", released)
    assert 1 == status
    assert "openapi-1.0.0.yaml is not spec/openapi.yaml as contract-1.0.0 has it" in said

    kept.rename(released / "openapi-1.2.0.yaml")
    _pin(released)
    git("tag", "--delete", "contract-1.0.0")
    status, said, _ = gate("--contract", contract, "--released", released)
    assert 1 == status
    assert "openapi-1.2.0.yaml holds the contract of 1.0.0." in said.splitlines()


def test_what_was_released_after_another_breaks_nothing_of_it_either(
    gate: Gate, tmp_path: Path
) -> None:
    """Who keeps what breaks clients as a release of its own does not get past the gate."""
    change, sentence = BREAKING["a member is demanded"]
    _release(tmp_path, "1.0.0")
    contract = _release(tmp_path, "1.4.0", _changed(change))

    status, said, _ = gate("--contract", contract, "--released", tmp_path)

    assert 1 == status
    assert sentence == said.splitlines()[0]
    assert "So openapi-1.4.0.yaml breaks clients of 1.0.0" in said


def test_a_release_stays_as_it_was(gate: Gate, tmp_path: Path) -> None:
    contract = _release(tmp_path, "1.0.0")
    earlier = _release(tmp_path, "0.9.0")
    asked = ("--contract", contract, "--released", tmp_path)
    assert (0, "", "") == gate(*asked)

    earlier.write_bytes(earlier.read_bytes() + b"\n")
    said = f"openapi-0.9.0.yaml is not what {PINS} pins: a release never changes.\n"
    assert (1, said, "") == gate(*asked)

    earlier.unlink()
    said = f"openapi-0.9.0.yaml is in {PINS}, and is missing: a release stays.\n"
    assert (1, said, "") == gate(*asked)

    (tmp_path / PINS).unlink()
    said = f"openapi-1.0.0.yaml is not in {PINS}: release with --release, which pins it.\n"
    assert (1, said, "") == gate(*asked)


def test_a_contract_is_released_if_it_breaks_nothing(gate: Gate, tmp_path: Path) -> None:
    _release(tmp_path, "1.0.0")
    kept = tmp_path / "openapi-1.1.0.yaml"

    def release(name: str, change: Change) -> tuple[int, str, str]:
        new = _few(_changed(change))
        new["info"]["version"] = "1.1.0"
        (tmp_path / name).write_text(json.dumps(new), encoding="utf-8")
        return gate("--contract", tmp_path / name, "--released", tmp_path, "--release")

    change, sentence = BREAKING["a member is demanded"]
    status, said, _ = release("breaking.yaml", change)
    assert (1, sentence) == (status, said.splitlines()[0])
    assert not kept.exists()

    harmless = HARMLESS["another member, which may be left out"]
    assert (0, "", "") == release("harmless.yaml", harmless)
    assert (tmp_path / "harmless.yaml").read_bytes() == kept.read_bytes()
    assert (0, "", "") == gate("--contract", tmp_path / "harmless.yaml", "--released", tmp_path)

    said = "openapi-1.1.0.yaml is there already: nothing was released.\n"
    assert (2, "", said) == release("again.yaml", harmless)


def test_the_present_contract_can_be_released(gate: Gate, tmp_path: Path) -> None:
    """And what it demands is then the least: one more scope breaks clients of it."""
    for path in RELEASED.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    present = yaml.load(CONTRACT.read_bytes(), Loader=yaml.CSafeLoader)
    if not (tmp_path / f"openapi-{present['info']['version']}.yaml").exists():
        assert (0, "", "") == gate("--released", tmp_path, "--release")
    assert (0, "", "") == gate("--released", tmp_path)

    _operation(present, "sites/", "get")["x-required-scopes"] = ["read", "manage"]
    contract = tmp_path / "new.yaml"
    contract.write_text(json.dumps(present), encoding="utf-8")
    status, said, _ = gate("--contract", contract, "--released", tmp_path)
    assert 1 == status
    assert "sites_list: it now demands a token with the scope manage." in said.splitlines()
