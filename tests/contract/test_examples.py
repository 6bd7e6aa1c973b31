"""The contract's examples: of everything, true to their schemas, to each other and to the demo."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import jsonschema_rs
import orjson
import pytest

from app.contract import METHODS, document, json_schema, resolved
from demo.house import FACILITY_GROUPS, USER_GROUPS
from demo.loading import SITES
from demo.people import PEOPLE

Json = Any

# What the demo's rows are numbered by: the order in which they are loaded.
FACILITIES = {
    number: (facility, site)
    for number, (facility, site) in enumerate(
        ((facility, site) for site in SITES for facility in site.facilities), 1
    )
}
NAMES = {
    "site": dict(enumerate((site.name for site in SITES), 1)),
    "user": dict(enumerate((person.username for person in PEOPLE), 1)),
    "user_group": dict(enumerate(USER_GROUPS, 1)),
    "facility_group": dict(enumerate(FACILITY_GROUPS, 1)),
    "facility": {number: facility.name for number, (facility, _) in FACILITIES.items()},
}
# Where an identifier that is not a member of its own record stands, and what of.
REFERENCES = {
    "site": "site",
    "sites": "site",
    "user": "user",
    "changed_by": "user",
    "booked_by": "user",
    "groups": "user_group",
    "open_to": "user_group",
    "facility_group": "facility_group",
    "facility": "facility",
    "alternative_facilities": "facility",
}
# What the records of an operation are, by its tag.
RECORDS = {
    "sites": "site",
    "users": "user",
    "me": "user",
    "user_groups": "user_group",
    "facility_groups": "facility_group",
    "facilities": "facility",
}
QUARTER = timedelta(minutes=15)


class Example(NamedTuple):
    """One example, where it stands, and the schema that it is one of."""

    where: str
    value: Json
    schema: Json


class Operation(NamedTuple):
    """What an operation's examples are."""

    found: dict[str, Any]
    path: str
    parameters: dict[str, Json]
    request: Json
    reply: Json

    @property
    def id(self) -> str:
        """Its operationId."""
        return str(self.found["operationId"])


def examples_of(item: dict[str, Any], where: str) -> Iterator[Example]:
    """The examples of a parameter, a body or a reply."""
    if "example" in item:
        yield Example(where, item["example"], item["schema"])
    for name, example in item.get("examples", {}).items():
        yield Example(f"{where}/{name}", resolved(example)["value"], item["schema"])


def operations() -> Iterator[Operation]:
    """Every operation with its own examples."""
    for path, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                yield operation_of(path, item[method])


def operation_of(path: str, found: dict[str, Any]) -> Operation:
    """An operation with the first example of each of its parts, None where it has none."""

    def first(item: dict[str, Any]) -> Json:
        return next((example.value for example in examples_of(item, "")), None)

    def content(item: dict[str, Any]) -> Json:
        return next((first(one) for one in item.get("content", {}).values()), None)

    success = next(reply for status, reply in found["responses"].items() if status < "300")
    return Operation(
        found=found,
        path=path,
        parameters={item["name"]: first(item) for item in map(resolved, found["parameters"])},
        request=content(found.get("requestBody", {})),
        reply=content(success),
    )


@cache
def all_examples() -> tuple[Example, ...]:
    """Every example of every operation."""
    return tuple(
        example
        for operation in operations()
        for where, item in parts_of(operation.found)
        for example in examples_of(item, f"{operation.id}/{where}")
    )


def parts_of(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What of an operation can have examples."""
    for item in map(resolved, found["parameters"]):
        yield item["name"], item
    for content in found.get("requestBody", {}).get("content", {}).values():
        yield "body", content
    for status, response in found["responses"].items():
        for content in response.get("content", {}).values():
            yield status, content


def closed(schema: Json) -> Json:
    """The schema without room for members that it does not name, so that none is misspelt."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.items()}
    return {"additionalProperties": False, **inner} if "properties" in schema else inner


@cache
def validator(schema: bytes) -> jsonschema_rs.Validator:
    plain = closed(json_schema(orjson.loads(schema)))
    return jsonschema_rs.Draft4Validator(plain, validate_formats=True)


EACH = [pytest.param(operation, id=operation.id) for operation in operations()]
each_operation = pytest.mark.parametrize("operation", EACH)


@each_operation
def test_an_operation_shows_what_is_sent_and_what_comes_back(operation: Operation) -> None:
    assert ("requestBody" in operation.found) == (operation.request is not None)
    success = min(operation.found["responses"])
    assert (success == "204") == (operation.reply is None)
    parameters = map(resolved, operation.found["parameters"])
    needed = {item["name"] for item in parameters if item["required"]}
    assert {name for name in needed if operation.parameters[name] is None} == set()


@each_operation
def test_an_example_is_what_its_schema_says(operation: Operation) -> None:
    mine = [one for one in all_examples() if one.where.startswith(f"{operation.id}/")]
    wrong = [
        f"{example.where}: {error.message}"
        for example in mine
        for error in validator(orjson.dumps(example.schema)).iter_errors(example.value)
    ]
    assert [] == wrong


def test_a_misspelt_member_would_be_found() -> None:
    schema = orjson.dumps({"$ref": "#/components/schemas/BookingDetail"})
    booking = next(one.value for one in all_examples() if one.where == "bookings_create/201")
    assert validator(schema).is_valid(booking)
    assert not validator(schema).is_valid({**booking, "titel": "Portfolio meeting"})


@each_operation
def test_what_is_sent_comes_back(operation: Operation) -> None:
    """The reply to a write says what the request said, wherever it has such a member."""
    if not isinstance(operation.request, dict) or not isinstance(operation.reply, dict):
        return
    sent = {name: value for name, value in operation.request.items() if name in operation.reply}
    if operation.id == "session_create":
        sent = {}
    for name, value in sent.items():
        given = operation.reply[name]
        part = {key: given[key] for key in value} if isinstance(value, dict) else given
        assert value == part, name
    for name, record in (("facility_id", "facility"), ("user_id", "user"), ("site_id", "site")):
        if name in operation.request and record in operation.reply:
            assert operation.request[name] == operation.reply[record]["id"]


@each_operation
def test_the_record_asked_for_is_the_one_that_comes(operation: Operation) -> None:
    number = operation.parameters.get("id")
    last = operation.path.rstrip("/").rpartition("/")[2]
    if number is not None and last in {"{id}", "approve", "reject", "anonymise"}:
        assert isinstance(operation.reply, dict | None)
        assert operation.reply is None or number == operation.reply["id"]
    for name in ("site_id", "facility_id"):
        asked = operation.parameters.get(name)
        if asked is not None and isinstance(operation.reply, list):
            record = name.removesuffix("_id")
            found = [row[record]["id"] for row in operation.reply if record in row]
            assert set(found) <= {asked}


def records(node: Json, kind: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every record in an example that is said to be of some kind, with the kind."""
    if isinstance(node, list):
        for item in node:
            yield from records(item, kind)
    elif isinstance(node, dict):
        if kind is not None and "id" in node:
            yield kind, node
        for name, value in node.items():
            yield from records(value, REFERENCES.get(name))


@each_operation
def test_who_and_what_is_named_lives_in_the_demo(operation: Operation) -> None:
    kind = RECORDS.get(operation.found["tags"][0])
    is_such = operation.path.count("/") <= 5 and "bookings" not in operation.path
    own = kind if is_such and "tokens" not in operation.path else None
    named = [*records(operation.reply, own)]
    if operation.id == "user_group_members_list":
        named = [*records(operation.reply, "user")]
    for kind, record in named:
        known = NAMES[kind]
        name = record.get("username", record.get("name"))
        if operation.id in {f"{tag}_create" for tag in RECORDS} and record is operation.reply:
            assert max(known) + 1 == record["id"]
            assert name not in known.values()
        elif operation.id != "users_anonymise":
            assert known[record["id"]] == name
    for kind, record in named:
        if kind == "facility" and "time_zone" in record and record["id"] in FACILITIES:
            facility, site = FACILITIES[record["id"]]
            assert (site.name, site.time_zone, facility.facility_type) == (
                record["site"]["name"],
                record["time_zone"],
                record["facility_type"],
            )
            if operation.id != "facilities_update":
                assert facility.capacity == record["capacity"]


def test_problems_name_what_lives_in_the_demo() -> None:
    named = [
        one
        for example in document()["components"]["examples"].values()
        for one in records(example["value"])
    ]
    assert {"facility", "site", "user"} == {kind for kind, _ in named}
    for kind, record in named:
        assert NAMES[kind][record["id"]] == record.get("username", record.get("name"))


def periods(node: Json) -> Iterator[tuple[datetime, datetime, Json]]:
    """Every start and end in an example, with what they are of."""
    if isinstance(node, list):
        for item in node:
            yield from periods(item)
    elif isinstance(node, dict):
        if {"start_time", "end_time"} <= set(node):
            yield (
                datetime.fromisoformat(node["start_time"]),
                datetime.fromisoformat(node["end_time"]),
                node,
            )
        for value in node.values():
            yield from periods(value)


def test_times_are_on_marks_and_lengths_are_what_they_say() -> None:
    found = [(one.where, *period) for one in all_examples() for period in periods(one.value)]
    assert len(found) > 20
    for where, start, end, record in found:
        assert start < end, where
        for instant in (start, end):
            assert timedelta() == (instant - datetime.min.replace(tzinfo=start.tzinfo)) % QUARTER
        if "duration_minutes" in record:
            assert timedelta(minutes=record["duration_minutes"]) == end - start, where
