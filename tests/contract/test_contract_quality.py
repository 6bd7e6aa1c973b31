"""What this project asks of its contract beyond what OpenAPI's own lint does.

The contract is read as it is published. Nothing here needs a running service.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NotRequired, get_args, get_origin, get_type_hints

import pydantic
import pytest
import yaml

from app.contract import METHODS, resolved
from wire import models, replies

SPEC = Path(__file__).resolve().parents[2] / "spec"
VERBS = {
    "add",
    "anonymise",
    "approve",
    "archive",
    "cancel",
    "create",
    "deactivate",
    "decide",
    "delete",
    "export",
    "list",
    "record",
    "reject",
    "remove",
    "retrieve",
    "revoke",
    "search",
    "stream",
    "timeline",
    "update",
}
# Operations of these tags are named by what is reported, or imported: the tag is the verb.
LISTS = ("_list", "_search", "_timeline")

VERSIONED_LISTS = {"availability_search", "availability_timeline"}

VERBS_AS_TAGS = {"analytics", "imports"}

# Strings of these formats are bounded by what they are.
BOUNDED_FORMATS = {"date-time"}

# All others are for staff only.
FOR_EVERYBODY = {
    "availability_search",
    "availability_stream",
    "availability_timeline",
    "bookings_cancel",
    "bookings_create",
    "bookings_history_list",
    "bookings_retrieve",
    "bookings_update",
    "closures_list",
    "closures_retrieve",
    "facilities_list",
    "facilities_retrieve",
    "me_export",
    "me_retrieve",
    "my_bookings_list",
    "my_tokens_create",
    "my_tokens_list",
    "my_tokens_revoke",
    "session_create",
    "session_delete",
    "sites_list",
    "sites_retrieve",
    "usage_record",
}
# Who asks it has no token yet, and so none that may be used for too little.
WITHOUT_TOKEN = {"session_create"}
# What changes something with the scope `book`; all other changes need `manage`.
BOOKS = {"bookings_create", "bookings_update", "bookings_cancel", "usage_record"}
# Who is signed in can sign out, whatever their scopes.
WITHOUT_SCOPE = {"session_delete"}

# Their bodies have nothing in them that a rule could refuse.
WITHOUT_RULES = {"bookings_approve", "session_create", "usage_record"}

# Parameters that only the service can make up.
OPAQUE = {"cursor", "last_event_id"}

# What is CSV and not JSON: the operation's body, or its reply.
CSV = {"exports_retrieve": "reply", "imports_facilities": "body", "imports_users": "body"}

# What goes on and on, and so is neither JSON nor one version of anything.
STREAMS = {"availability_stream"}

# Phase 1 of the project published these: members may be added, never changed or removed.
# Schema: (required members, optional members).
PUBLISHED_SCHEMAS = {
    "AvailabilityResult": ({"facility", "available_slots"}, {"next_available"}),
    "BookingDetail": (
        {
            "id",
            "facility",
            "user",
            "start_time",
            "end_time",
            "title",
            "attendee_count",
            "status",
            "created_at",
            "updated_at",
        },
        {"description"},
    ),
    "ConflictResponse": (
        {"type", "title", "status", "detail"},
        {"conflicting_booking", "suggested_alternatives"},
    ),
    "CreateBookingRequest": (
        {"facility_id", "start_time", "end_time", "title"},
        {"description", "attendee_count"},
    ),
    "TimeSlot": ({"start_time", "end_time", "duration_minutes"}, set()),
}
# Operation: (method, path, parameters).
PUBLISHED_OPERATIONS = {
    "availability_search": (
        "get",
        "/api/v1/availability/search",
        {"facility_id", "start_time", "end_time", "duration"},
    ),
    "bookings_create": ("post", "/api/v1/bookings/", set()),
    "bookings_retrieve": ("get", "/api/v1/bookings/{id}/", {"id"}),
    "bookings_update": ("patch", "/api/v1/bookings/{id}/", {"id"}),
    "bookings_cancel": ("delete", "/api/v1/bookings/{id}/", {"id"}),
    "my_bookings_list": ("get", "/api/v1/me/bookings/", {"start_date", "end_date"}),
}

Schema = dict[str, Any]


class Operation:
    """One operation of the contract, its references resolved one step deep."""

    def __init__(self, path: str, method: str, found: dict[str, Any]) -> None:
        self.path = path
        self.method = method
        self.id: str = found["operationId"]
        self.found = found
        self.parameters = [resolved(item) for item in found["parameters"]]
        self.responses: dict[str, Any] = found["responses"]

    @property
    def body(self) -> Schema | None:
        """Its body as the contract describes it, with a schema and examples."""
        if "requestBody" not in self.found:
            return None
        media_type = "text/csv" if CSV.get(self.id) == "body" else "application/json"
        assert [media_type] == list(self.found["requestBody"]["content"])
        body: Schema = self.found["requestBody"]["content"][media_type]
        return body

    @property
    def is_for_staff(self) -> bool:
        """Whether nobody but staff may call it."""
        return self.id not in FOR_EVERYBODY

    @property
    def is_single(self) -> bool:
        """Whether it shows one thing, as one version of it."""
        shows = self.method == "get" and not self.id.endswith(LISTS)
        return shows and self.id not in CSV and self.id not in STREAMS

    @property
    def types(self) -> dict[str, set[str]]:
        """The problem types that the examples of each error name, by status."""
        return {
            status: set(response["content"]["application/problem+json"]["examples"])
            for status, response in self.responses.items()
            if status >= "400"
        }

    def names(self, place: str) -> set[str]:
        """The names of its parameters in one part of the request."""
        return {item["name"] for item in self.parameters if item["in"] == place}


@cache
def document() -> dict[str, Any]:
    """The contract as it is published."""
    found: dict[str, Any] = yaml.safe_load((SPEC / "openapi.yaml").read_bytes())
    return found


OPERATIONS = [
    Operation(path, method, item[method])
    for path, item in document()["paths"].items()
    for method in METHODS
    if method in item
]
SCHEMAS: dict[str, Schema] = document()["components"]["schemas"]
PROBLEMS: dict[str, Any] = {
    name: example["value"] for name, example in document()["components"]["examples"].items()
}
TELLING: dict[str, type[pydantic.BaseModel]] = {
    "booking_conflict": models.ConflictResponse,
    "closure_affects_bookings": models.ClosureConflict,
    "import_refused": models.ImportRefusedResponse,
}
"""The problems that tell more than others do, each by a model of its own."""
PROBLEM_TYPES: set[str] = {*SCHEMAS["ProblemType"]["enum"], *TELLING}

each_operation = pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda operation: operation.id
)
each_schema = pytest.mark.parametrize("name", SCHEMAS)
each_problem = pytest.mark.parametrize("name", PROBLEMS)


def parts(schema: Schema, where: str) -> Iterator[tuple[str, Schema]]:
    """A schema and every schema inside it that is not a reference, each with its place."""
    if "$ref" in schema:
        return
    yield where, schema
    for name, inner in schema.get("properties", {}).items():
        yield from parts(inner, f"{where}.{name}")
    if "items" in schema:
        yield from parts(schema["items"], f"{where}[]")
    for kind in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(kind, []):
            yield from parts(inner, where)


def all_parts() -> Iterator[tuple[str, Schema]]:
    """Every schema of the contract: of components, parameters, bodies, replies and headers."""
    for name, schema in SCHEMAS.items():
        yield from parts(schema, name)
    for operation in OPERATIONS:
        for item in operation.parameters:
            yield from parts(item["schema"], f"{operation.id}.{item['name']}")
        if operation.body is not None:
            yield from parts(operation.body["schema"], f"{operation.id}.body")
        for status, response in operation.responses.items():
            where = f"{operation.id}.{status}"
            for name, header in response.get("headers", {}).items():
                yield from parts(header["schema"], f"{where}.{name}")
            for content in response.get("content", {}).values():
                yield from parts(content["schema"], where)


def test_operations_are_named_by_what_they_are_about_and_what_they_do() -> None:
    names = [operation.id for operation in OPERATIONS]
    assert len(names) == len(set(names))
    assert [] == [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)]
    assert VERBS == {
        operation.id.rpartition("_")[2]
        for operation in OPERATIONS
        if operation.found["tags"][0] not in VERBS_AS_TAGS
    }


def test_what_was_published_before_is_still_there() -> None:
    for name, (required, optional) in PUBLISHED_SCHEMAS.items():
        assert required <= set(SCHEMAS[name]["required"]), name
        assert optional <= set(SCHEMAS[name]["properties"]) - set(SCHEMAS[name]["required"]), name
    assert ["booking_conflict"] == SCHEMAS["ConflictResponse"]["properties"]["type"]["enum"]
    assert ["confirmed", "cancelled", "pending"] == SCHEMAS["BookingStatus"]["enum"]
    by_id = {operation.id: operation for operation in OPERATIONS}
    for name, (method, path, parameters) in PUBLISHED_OPERATIONS.items():
        assert (method, path) == (by_id[name].method, by_id[name].path)
        assert parameters <= by_id[name].names("query") | by_id[name].names("path")


@each_operation
def test_an_operation_says_what_it_does(operation: Operation) -> None:
    assert re.fullmatch(r"[A-Z][^.]{3,60}", operation.found["summary"])
    assert operation.found["description"].endswith(".")
    assert 1 == len(operation.found["tags"])
    for item in operation.parameters:
        assert item["description"].endswith("."), item["name"]
    for status, response in operation.responses.items():
        assert response["description"].endswith("."), status


@each_operation
def test_an_operation_shows_success_and_every_problem(operation: Operation) -> None:
    for status, response in operation.responses.items():
        if status < "300":
            examples = [
                {"example", "examples"} & set(one) for one in response.get("content", {}).values()
            ]
            assert all(examples), status
        elif status >= "400":
            assert operation.types[status], status
    if operation.body is not None:
        assert {"example", "examples"} & set(operation.body)


def is_choice(schema: Schema) -> bool:
    """Whether a schema lists its values, itself or by what it is composed of."""
    found = resolved(schema)
    return "enum" in found or any(is_choice(part) for part in found.get("allOf", []))


@each_operation
def test_an_operation_shows_what_each_parameter_is_like(operation: Operation) -> None:
    """What is neither a choice nor handed out by the service: no reader can guess those."""
    without = [
        item["name"]
        for item in operation.parameters
        if item["in"] in {"path", "query"}
        and item["name"] not in OPAQUE
        and not {"example", "examples"} & set(item)
        and resolved(item["schema"]).get("type") != "boolean"
        and not is_choice(item["schema"])
    ]
    assert [] == without


@each_operation
def test_a_reply_is_json_csv_or_a_stream_and_an_error_is_a_problem(operation: Operation) -> None:
    for status, response in operation.responses.items():
        media_types = list(response.get("content", {}))
        if status in {"204", "304"}:
            assert [] == media_types
        elif status < "300":
            expected = "text/csv" if CSV.get(operation.id) == "reply" else "application/json"
            expected = "text/event-stream" if operation.id in STREAMS else expected
            assert [expected] == media_types
        else:
            assert ["application/problem+json"] == media_types


@each_operation
def test_an_operation_declares_every_status_it_can_give(operation: Operation) -> None:
    has_rules = operation.body is not None and operation.id not in WITHOUT_RULES
    expected = {"400", "401", "500", "503"}
    expected |= {"403"} if operation.id not in WITHOUT_TOKEN else set()
    expected |= {"404"} if "id" in operation.names("path") else set()
    expected |= (
        {"404"}
        if operation.id in {"availability_search", "availability_timeline", *STREAMS}
        else set()
    )
    expected |= {"422", "429"} if operation.id in STREAMS else set()
    is_versioned = operation.is_single or operation.id in VERSIONED_LISTS
    expected |= {"304"} if is_versioned else set()
    expected |= {"412"} if "If-Match" in operation.names("header") else set()
    expected |= {"413", "415"} if operation.body is not None else set()
    expected |= {"422"} if has_rules else set()
    expected |= {"422"} if {"cursor", "start_date"} & operation.names("query") else set()
    created = "201" if operation.id.endswith("_create") else "200"
    created = "204" if operation.id == "usage_record" else created
    success = {"post": created, "put": "204", "delete": "204"}.get(operation.method, "200")
    assert expected | {success} == set(operation.responses) - {"409"}
    assert is_versioned == ("If-None-Match" in operation.names("header"))


@each_operation
def test_what_only_staff_may_do_says_so(operation: Operation) -> None:
    description = " ".join(operation.found["description"].split())
    said = re.search(r"Only staff( of the facility's site)? may\b", description)
    assert operation.is_for_staff == (said is not None)


@each_operation
def test_an_operation_that_wants_a_token_names_the_scopes_it_needs(operation: Operation) -> None:
    changes = ["book"] if operation.id in BOOKS else ["manage"]
    expected = ["read"] if operation.method == "get" else changes
    if operation.id in WITHOUT_TOKEN | WITHOUT_SCOPE:
        expected = []
    wants_token = operation.found.get("security") != [{}]
    assert wants_token == ("x-required-scopes" in operation.found)
    assert wants_token == (operation.id not in WITHOUT_TOKEN)
    assert expected == operation.found.get("x-required-scopes", [])
    assert {*expected} <= {*SCHEMAS["TokenScope"]["enum"]}


@each_operation
def test_what_is_said_of_scopes_to_people_is_what_programs_read(operation: Operation) -> None:
    said = operation.found["description"].splitlines()[-1]
    match operation.found.get("x-required-scopes"):
        case [scope]:
            assert f"Needs the scope `{scope}`." == said
        case []:
            assert "Any token will do, whatever its scopes." == said
        case None:
            assert "scope" not in said


@each_operation
def test_who_lacks_a_scope_is_told_which_by_a_challenge(operation: Operation) -> None:
    needs = bool(operation.found.get("x-required-scopes"))
    refuses = "insufficient_scope" in operation.types.get("403", set())
    headers = operation.responses.get("403", {}).get("headers", {})
    assert needs == refuses == ("WWW-Authenticate" in headers)
    if needs:
        scope = " ".join(operation.found["x-required-scopes"])
        shown = f'Bearer realm="holdfast", error="insufficient_scope", scope="{scope}"'
        assert shown == headers["WWW-Authenticate"]["example"]


@each_operation
def test_who_has_no_token_is_told_to_bring_one_and_of_no_scope(operation: Operation) -> None:
    headers = operation.responses.get("401", {}).get("headers", {})
    if "WWW-Authenticate" in headers:
        assert 'Bearer realm="holdfast"' == headers["WWW-Authenticate"]["example"]


@each_operation
def test_what_can_be_changed_has_a_version_to_name(operation: Operation) -> None:
    changes = operation.id.endswith("_update")
    if changes:
        assert "If-Match" in operation.names("header")
    if changes or operation.is_single:
        assert "ETag" in operation.responses["200"]["headers"]


@each_operation
def test_a_list_is_paged_and_bounded(operation: Operation) -> None:
    paged = {"limit", "cursor"} <= operation.names("query")
    assert paged == operation.id.endswith(LISTS)
    if paged:
        response = operation.responses["200"]
        limit = next(item for item in operation.parameters if item["name"] == "limit")["schema"]
        assert (
            limit["maximum"]
            == resolved(response["content"]["application/json"]["schema"])["maxItems"]
        )
        assert "Link" in response["headers"]


@each_operation
def test_a_description_names_the_problems_that_the_examples_show(operation: Operation) -> None:
    for status, types in operation.types.items():
        named = set(re.findall(r"`(\w+)`:", operation.responses[status]["description"]))
        assert types == named, status


@each_operation
def test_a_problem_has_the_status_it_is_shown_under(operation: Operation) -> None:
    for status, types in operation.types.items():
        assert {int(status)} == {PROBLEMS[name]["status"] for name in types}


def test_every_problem_type_has_an_example_and_a_sentence() -> None:
    described = set(re.findall(r"- `(\w+)` \(\d{3}\): ", SCHEMAS["ProblemType"]["description"]))
    assert PROBLEM_TYPES == set(PROBLEMS)
    assert PROBLEM_TYPES - set(TELLING) == described


@each_problem
def test_the_example_of_a_problem_is_one(name: str) -> None:
    TELLING.get(name, models.ErrorResponse).model_validate(PROBLEMS[name])
    assert name == PROBLEMS[name]["type"]
    for error in PROBLEMS[name].get("errors", []):
        assert error["pointer"].startswith("/")


def test_every_problem_type_can_occur_somewhere() -> None:
    shown = {
        name for operation in OPERATIONS for types in operation.types.values() for name in types
    }
    # What answers 405 is a path that has no such operation.
    assert PROBLEM_TYPES - {"method_not_allowed"} == shown


def test_every_string_array_and_integer_is_bounded() -> None:
    unbounded = [where for where, schema in all_parts() if not bounded(schema)]
    assert [] == unbounded


def bounded(schema: Schema) -> bool:
    """Whether the values of a schema have a largest size."""
    match schema.get("type"):
        case "string":
            return (
                bool({"maxLength", "enum"} & set(schema)) or schema.get("format") in BOUNDED_FORMATS
            )
        case "array":
            return "maxItems" in schema
        case "integer" | "number":
            return {"minimum", "maximum"} <= set(schema) or "enum" in schema
        case _:
            return True


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, False),
        ({"type": "string", "format": "uri"}, False),
        ({"type": "string", "maxLength": 9}, True),
        ({"type": "string", "enum": ["a"]}, True),
        ({"type": "string", "format": "date-time"}, True),
        ({"type": "array", "minItems": 1}, False),
        ({"type": "array", "maxItems": 9}, True),
        ({"type": "integer", "maximum": 9}, False),
        ({"type": "number", "minimum": 9}, False),
        ({"type": "integer", "minimum": 1, "maximum": 9}, True),
        ({"type": "integer", "enum": [15, 30]}, True),
        ({"type": "boolean"}, True),
        ({"type": "object"}, True),
    ],
)
def test_what_is_not_bounded_is_seen(schema: Schema, *, expected: bool) -> None:
    assert expected == bounded(schema)


def test_bounds_are_looked_for_in_every_part_of_every_message() -> None:
    places = {where for where, _ in all_parts()}
    assert {"BookingDetail.title", "Amenity", "sites_list.limit", "sites_list.200.Link"} <= places
    unlisted = {schema.get("type") for _, schema in all_parts()} - {
        *("array", "boolean", "integer", "number", "object", "string"),
        None,
    }
    assert set() == unlisted


@each_schema
def test_a_schema_and_its_properties_say_what_they_are(name: str) -> None:
    assert SCHEMAS[name]["description"].endswith("."), name
    for member, schema in SCHEMAS[name].get("properties", {}).items():
        assert resolved(schema)["description"].endswith("."), member


def test_requests_are_closed_and_replies_are_open() -> None:
    sent = {
        name
        for operation in OPERATIONS
        if operation.body is not None
        for name in named_in(operation.body["schema"])
    }
    given = {
        name
        for operation in OPERATIONS
        for response in operation.responses.values()
        for content in response.get("content", {}).values()
        for name in named_in(content["schema"])
    }
    closed = {name for name in SCHEMAS if SCHEMAS[name].get("additionalProperties") is False}
    objects = {name for name in SCHEMAS if SCHEMAS[name].get("type") == "object"}
    assert objects & sent - given == closed


def named_in(schema: Any) -> set[str]:
    """The named schemas that a schema is made of, at any depth."""
    if isinstance(schema, list):
        return {name for item in schema for name in named_in(item)}
    if not isinstance(schema, dict):
        return set()
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {name} | named_in(SCHEMAS[name])
    return {name for item in schema.values() for name in named_in(item)}


def test_bodies_are_requests() -> None:
    bodies = {
        operation.body["schema"]["$ref"]
        for operation in OPERATIONS
        if operation.body is not None and operation.id not in CSV
    }
    assert {
        f"#/components/schemas/{name}" for name in SCHEMAS if name.endswith("Request")
    } == bodies


def test_a_request_demands_nothing_that_only_the_service_writes() -> None:
    read_only = [
        where
        for where, schema in all_parts()
        if schema.get("readOnly") and where.partition(".")[0].endswith("Request")
    ]
    assert [] == read_only


def test_only_what_can_be_taken_away_can_be_null() -> None:
    nullable = {where for where, schema in all_parts() if schema.get("nullable")}
    assert {
        "CreateFacilityRequest.opening_hours",
        "FacilityRulesChange.horizon_days",
        "UpdateBookingRequest.description",
        "UpdateFacilityRequest.description",
        "UpdateFacilityRequest.opening_hours",
        "UpdateQuotaRequest.max_active_bookings",
        "UpdateQuotaRequest.max_hours_per_week",
        "UpdateSiteRequest.holiday_calendar",
        "UpdateSiteRequest.opening_hours",
        "UpdateUserRequest.display_name",
    } == nullable


@each_operation
def test_a_link_leads_to_an_operation_and_its_parameters(operation: Operation) -> None:
    by_id = {other.id: other for other in OPERATIONS}
    for response in operation.responses.values():
        for name, link in response.get("links", {}).items():
            target = by_id[link["operationId"]]
            known = target.names("path") | target.names("query") | target.names("header")
            assert name == target.id
            assert set(link.get("parameters", {})) <= known
            schema = resolved((target.body or {}).get("schema", {}))
            assert set(link.get("x-request-body", {})) <= set(schema.get("properties", {}))
            assert "requestBody" not in link, "OpenAPI Generator refuses one that is an object"


def test_what_is_created_can_be_looked_at_next() -> None:
    by_id = {operation.id: operation for operation in OPERATIONS}
    created = [name for name in by_id if name.endswith("_create")]
    shown = {name: name.replace("_create", "_retrieve") for name in created}
    assert [] == [
        name
        for name, retrieve in shown.items()
        if retrieve in by_id and retrieve not in by_id[name].responses["201"]["links"]
    ]


@pytest.mark.parametrize("name", ["events", "headers", "links", "problems"])
def test_every_action_of_an_overlay_changed_the_contract(name: str) -> None:
    overlay = yaml.safe_load((SPEC / f"{name}.overlay.yaml").read_bytes())
    for action in overlay["actions"]:
        targets = list(found_at(document(), steps(action["target"])))
        assert targets, action["target"]
        assert all(contains(target, action["update"]) for target in targets), action["target"]


def steps(target: str) -> list[str]:
    """The steps of the few JSONPath expressions that the overlays use."""
    scoped = r"\[(\?)@\['x-required-scopes'\]\[0\] == '(\w+)'\]"
    found = re.findall(rf"{scoped}|\['([^']+)'\]|\.([\w*]+)", target)
    return ["".join(parts) for parts in found]


def found_at(node: Any, path: list[str]) -> Iterator[Any]:
    """What a path leads to; `*` is any member, `?read` any that needs the scope `read` first."""
    if not path:
        yield node
    elif isinstance(node, dict):
        for name, member in node.items():
            if path[0] in {"*", name} or _needs(member, path[0]):
                yield from found_at(member, path[1:])


def _needs(member: Any, step: str) -> bool:
    scopes = member.get("x-required-scopes", []) if isinstance(member, dict) else []
    return [step] == [f"?{scope}" for scope in scopes[:1]]


def contains(node: Any, update: Any) -> bool:
    """Whether a node says all that the update says."""
    if isinstance(update, dict):
        return isinstance(node, dict) and all(
            name in node and contains(node[name], value) for name, value in update.items()
        )
    return bool(node == update)


@each_schema
def test_a_schema_is_known_to_python(name: str) -> None:
    assert hasattr(replies, name)
    if "enum" in SCHEMAS[name]:
        assert tuple(SCHEMAS[name]["enum"]) == get_args(getattr(replies, name))
    elif SCHEMAS[name]["type"] == "object":
        model = getattr(models, name)
        assert issubclass(model, pydantic.BaseModel)
        fields = {
            field.alias or own: field.is_required() for own, field in model.model_fields.items()
        }
        required = set(SCHEMAS[name].get("required", []))
        assert {member: member in required for member in SCHEMAS[name]["properties"]} == fields
        hints = get_type_hints(getattr(replies, name), include_extras=True)
        assert required == {
            key for key, hint in hints.items() if get_origin(hint) is not NotRequired
        }


def test_the_lock_of_the_tools_for_the_contract_names_no_registry() -> None:
    lock = json.loads((SPEC / "package-lock.json").read_bytes())
    assert [] == [name for name, package in lock["packages"].items() if "resolved" in package]


def test_the_guide_lists_the_operations_as_the_contract_has_them() -> None:
    guide = (SPEC.parent / "docs" / "api.md").read_text(encoding="utf-8")
    listed = re.findall(
        r"^\| `([A-Z]+ \S+)` \| `(\w+)` \| (.+) \| (?:(\w+) )?\|$", guide, re.MULTILINE
    )
    declared = [
        (
            f"{method.upper()} {path}",
            operation["operationId"],
            operation["summary"],
            " ".join(operation.get("x-required-scopes", [])),
        )
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]
    assert sorted(declared) == sorted(listed)


def test_numbers_that_are_listed_are_integers_to_generators_too() -> None:
    assert [] == [
        where for where, schema in all_parts() if "enum" in schema and schema["type"] == "number"
    ]
