"""Our own rules for the contract: each finds the fault that is made for it."""

import copy
from collections.abc import Callable
from typing import Any

import pydantic
import pytest

from app.contract import METHODS

from . import test_contract_quality as rules

Json = dict[str, Any]

SOUND = rules.document()


def _operation(contract: Json, name: str) -> Json:
    return next(
        operation
        for item in contract["paths"].values()
        for operation in item.values()
        if operation["operationId"] == name
    )


def _reply(contract: Json, name: str, status: str) -> Json:
    found: Json = _operation(contract, name)["responses"][status]
    return found


def _schema(contract: Json, name: str) -> Json:
    found: Json = contract["components"]["schemas"][name]
    return found


def _problem(contract: Json, name: str) -> Json:
    found: Json = contract["components"]["examples"][name]["value"]
    return found


def _unshown(contract: Json) -> None:
    content = _reply(contract, "sites_retrieve", "200")["content"]["application/json"]
    content.pop("example", None)
    content.pop("examples", None)


def _unguessable(contract: Json) -> None:
    for each in _operation(contract, "availability_search")["parameters"]:
        each.pop("example", None)
        each.pop("examples", None)


def _a_link_elsewhere(contract: Json) -> None:
    links = _reply(contract, "bookings_create", "201")["links"]
    links["bookings_retrieve"]["parameters"] = {"colour": "red"}


def _no_link(contract: Json) -> None:
    del _reply(contract, "bookings_create", "201")["links"]["bookings_retrieve"]


def _never(contract: Json) -> None:
    """A problem type that no operation has."""
    schema = _schema(contract, "ProblemType")
    schema["enum"].append("colour_blind")
    schema["description"] += "\n- `colour_blind` (422): Never."
    value = {**_problem(contract, "not_found"), "type": "colour_blind"}
    contract["components"]["examples"]["colour_blind"] = {"value": value}


def _in_half_hours(contract: Json) -> None:
    _schema(contract, "TimeSlot")["properties"]["duration_minutes"].update(
        type="number", enum=[30, 60]
    )


FAULTS: dict[Callable[..., None], Callable[[Json], object]] = {
    rules.test_operations_are_named_by_what_they_are_about_and_what_they_do: lambda c: _operation(
        c, "sites_list"
    ).update(operationId="listSites"),
    rules.test_what_was_published_before_is_still_there: lambda c: _schema(c, "TimeSlot")[
        "required"
    ].remove("duration_minutes"),
    rules.test_an_operation_says_what_it_does: lambda c: _operation(c, "sites_list").update(
        description="No full stop"
    ),
    rules.test_an_operation_shows_success_and_every_problem: _unshown,
    rules.test_an_operation_shows_what_each_parameter_is_like: _unguessable,
    rules.test_a_reply_is_json_csv_or_a_stream_and_an_error_is_a_problem: lambda c: _reply(
        c, "sites_list", "200"
    )["content"].update({"application/xml": {}}),
    rules.test_an_operation_declares_every_status_it_can_give: lambda c: _operation(
        c, "sites_retrieve"
    )["responses"].pop("404"),
    rules.test_what_only_staff_may_do_says_so: lambda c: _operation(c, "users_list").update(
        description="Lists the users."
    ),
    rules.test_an_operation_that_wants_a_token_names_the_scopes_it_needs: lambda c: _operation(
        c, "sites_create"
    ).update({"x-required-scopes": ["book"]}),
    rules.test_what_is_said_of_scopes_to_people_is_what_programs_read: lambda c: _operation(
        c, "sites_list"
    ).update(description="Lists the sites."),
    rules.test_who_lacks_a_scope_is_told_which_by_a_challenge: lambda c: _reply(
        c, "sites_create", "403"
    )["headers"].pop("WWW-Authenticate"),
    rules.test_who_has_no_token_is_told_to_bring_one_and_of_no_scope: lambda c: _reply(
        c, "sites_create", "401"
    )["headers"]["WWW-Authenticate"].update(example='Bearer realm="holdfast", scope="manage"'),
    rules.test_what_can_be_changed_has_a_version_to_name: lambda c: _reply(
        c, "sites_update", "200"
    )["headers"].pop("ETag"),
    rules.test_a_list_is_paged_and_bounded: lambda c: _reply(c, "sites_list", "200")["headers"].pop(
        "Link"
    ),
    rules.test_a_description_names_the_problems_that_the_examples_show: lambda c: _reply(
        c, "sites_create", "422"
    ).update(description="Refused."),
    rules.test_a_problem_has_the_status_it_is_shown_under: lambda c: _problem(
        c, "not_found"
    ).update(status=410),
    rules.test_every_problem_type_has_an_example_and_a_sentence: lambda c: _schema(
        c, "ProblemType"
    )["enum"].append("colour_blind"),
    rules.test_the_example_of_a_problem_is_one: lambda c: _problem(c, "not_found").pop("title"),
    rules.test_every_problem_type_can_occur_somewhere: _never,
    rules.test_every_string_array_and_integer_is_bounded: lambda c: _schema(c, "BookingDetail")[
        "properties"
    ]["title"].pop("maxLength"),
    rules.test_bounds_are_looked_for_in_every_part_of_every_message: lambda c: _schema(
        c, "BookingDetail"
    )["properties"]["title"].update(type="file"),
    rules.test_a_schema_and_its_properties_say_what_they_are: lambda c: _schema(
        c, "TimeSlot"
    ).update(description="No full stop"),
    rules.test_requests_are_closed_and_replies_are_open: lambda c: _schema(
        c, "CreateBookingRequest"
    ).pop("additionalProperties"),
    rules.test_bodies_are_requests: lambda c: _operation(c, "sites_create")["requestBody"][
        "content"
    ]["application/json"].update(schema={"$ref": "#/components/schemas/SiteDetail"}),
    rules.test_a_request_demands_nothing_that_only_the_service_writes: lambda c: _schema(
        c, "CreateBookingRequest"
    )["properties"]["title"].update(readOnly=True),
    rules.test_only_what_can_be_taken_away_can_be_null: lambda c: _schema(c, "TimeSlot")[
        "properties"
    ]["duration_minutes"].update(nullable=True),
    rules.test_a_link_leads_to_an_operation_and_its_parameters: _a_link_elsewhere,
    rules.test_what_is_created_can_be_looked_at_next: _no_link,
    rules.test_every_action_of_an_overlay_changed_the_contract: _no_link,
    rules.test_a_schema_is_known_to_python: lambda c: _schema(c, "BookingStatus")["enum"].append(
        "lost"
    ),
    rules.test_the_guide_lists_the_operations_as_the_contract_has_them: lambda c: _operation(
        c, "sites_list"
    ).update(summary="Show the places"),
    rules.test_numbers_that_are_listed_are_integers_to_generators_too: _in_half_hours,
}
"""Each rule, and what is done to the contract for it to find."""

NO_RULES = {
    # It is about a rule, which it feeds.
    rules.test_what_is_not_bounded_is_seen,
    # It is about the lock of the tools.
    rules.test_the_lock_of_the_tools_for_the_contract_names_no_registry,
}


def test_there_is_a_fault_for_every_rule() -> None:
    there = {each for name, each in vars(rules).items() if name.startswith("test_")}
    assert there - NO_RULES == FAULTS.keys()


@pytest.mark.parametrize("rule", FAULTS, ids=lambda rule: rule.__name__)
def test_a_rule_finds_the_fault_made_for_it(
    monkeypatch: pytest.MonkeyPatch, rule: Callable[..., None]
) -> None:
    contract = copy.deepcopy(SOUND)
    FAULTS[rule](contract)
    _read(monkeypatch, contract)

    with pytest.raises((AssertionError, pydantic.ValidationError)):
        _hold(rule)


@pytest.mark.parametrize("rule", FAULTS, ids=lambda rule: rule.__name__)
def test_what_is_sound_passes(monkeypatch: pytest.MonkeyPatch, rule: Callable[..., None]) -> None:
    """So what a rule finds is the fault, and not how it is fed."""
    _read(monkeypatch, copy.deepcopy(SOUND))

    _hold(rule)


def _read(monkeypatch: pytest.MonkeyPatch, contract: Json) -> None:
    """Let the rules read this contract instead of the published one."""
    schemas = contract["components"]["schemas"]
    examples = contract["components"]["examples"]
    monkeypatch.setattr(rules, "document", lambda: contract)
    monkeypatch.setattr(rules, "SCHEMAS", schemas)
    monkeypatch.setattr(rules, "PROBLEMS", {name: examples[name]["value"] for name in examples})
    monkeypatch.setattr(rules, "PROBLEM_TYPES", {*schemas["ProblemType"]["enum"], *rules.TELLING})
    operations = [
        rules.Operation(path, method, item[method])
        for path, item in contract["paths"].items()
        for method in METHODS
        if method in item
    ]
    monkeypatch.setattr(rules, "OPERATIONS", operations)


def _hold(rule: Callable[..., None]) -> None:
    """Run a rule over all that it is for."""
    marks = [mark for mark in getattr(rule, "pytestmark", []) if mark.name == "parametrize"]
    if not marks:
        rule()
        return
    (mark,) = marks
    over: Any = {
        id(rules.each_operation.mark.args[1]): rules.OPERATIONS,
        id(rules.each_schema.mark.args[1]): rules.SCHEMAS,
        id(rules.each_problem.mark.args[1]): rules.PROBLEMS,
    }.get(id(mark.args[1]), mark.args[1])
    for each in over:
        rule(each)
