"""What the fuzzer would find: every check finds the fault that is made for it."""

import importlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from schemathesis.checks import CHECKS

from tests import servers

from . import fuzzing
from .faulty import Faults, Reply, faulty
from .fuzzing import RUN_SECONDS, Run
from .suite import serving
from .town import Town

pytestmark = pytest.mark.timeout(RUN_SECONDS + 60)

LIMIT_SECONDS = 2.0

FOUND = {
    "allow_header_conformance": "OPTIONS /api/v1/me/",
    "content_type_conformance": "me_retrieve",
    "ensure_resource_availability": "my_tokens_revoke",
    "ignored_auth": "my_tokens_list",
    "max_response_time": "bookings_cancel",
    "missing_required_header": "my_tokens_list",
    "negative_data_rejection": "me_retrieve",
    "not_a_server_error": "my_tokens_revoke",
    "object_level_authorization": "bookings_retrieve",
    "positive_data_acceptance": "bookings_history_list",
    "problems_agree_with_their_replies": "bookings_history_list",
    "response_headers_conformance": "facilities_retrieve",
    "response_schema_conformance": "facilities_retrieve",
    "status_code_conformance": "bookings_history_list",
    "unsupported_method": "PUT /api/v1/me/",
    "use_after_free": "bookings_retrieve",
}
"""Each check, and the operation in which it finds something."""

RUNS = {
    "coverage,fuzzing": {
        "bookings_history_list",
        "facilities_retrieve",
        "me_retrieve",
        "my_tokens_list",
        "my_tokens_revoke",
    },
    "stateful": {"bookings_create", "bookings_retrieve", "bookings_cancel"},
    "examples,stateful": {"my_tokens_create", "my_tokens_revoke"},
}
"""The operations that are fuzzed in each run, by its phases. Two work as they should."""


def _faults(town: Town) -> Faults:
    neighbour = f"Bearer {town.people['neighbour'].token}"
    member = town.people["member"].token
    delays = iter([1.2 * LIMIT_SECONDS])

    def slow_once(reply: Reply) -> Reply:
        time.sleep(next(delays, 0))
        return reply

    return Faults(
        spoils={
            "bookings_cancel": slow_once,
            "bookings_history_list": _in_turn(
                _at(200, lambda reply: _problem(reply, 400, "invalid_request")),
                _at(404, lambda reply: reply.saying({**reply.json(), "request_id": "another"})),
                _at(422, lambda reply: replace(reply, status=418)),
            ),
            "bookings_retrieve": _at(200, _never_cancelled),
            "facilities_retrieve": _at(200, _without_capacity_and_tag),
            "me_retrieve": _in_turn(
                _at(200, lambda reply: reply.with_header("content-type", "text/html")),
                _at(400, lambda reply: _problem(reply, 422, "name_blank")),
            ),
            "my_tokens_revoke": _in_turn(
                _at(404, lambda reply: _problem(reply, 500, "internal_error")),
                _at(204, lambda reply: _problem(reply, 404, "not_found")),
            ),
            "OPTIONS /api/v1/me/": lambda reply: reply.with_header("allow", "GET, POST"),
            "PUT /api/v1/me/": lambda reply: replace(reply, status=200),
        },
        lends={
            "bookings_retrieve": lambda given: member if given == neighbour else None,
            "my_tokens_list": lambda _: member,
        },
    )


def _at(status: int, spoil: Callable[[Reply], Reply]) -> Callable[[Reply], Reply]:
    return lambda reply: spoil(reply) if reply.status == status else reply


def _in_turn(*spoils: Callable[[Reply], Reply]) -> Callable[[Reply], Reply]:
    """The first that changes the reply."""
    return lambda reply: next(
        (spoilt for spoil in spoils if (spoilt := spoil(reply)) != reply), reply
    )


def _problem(reply: Reply, status: int, kind: str) -> Reply:
    """A problem that is sound in itself, in place of the reply."""
    body = {
        "type": kind,
        "title": kind,
        "status": status,
        "detail": "Made up.",
        "request_id": reply.headers["x-request-id"],
    }
    problem = replace(reply, status=status).saying(body)
    return problem.with_header("content-type", "application/problem+json")


def _without_capacity_and_tag(reply: Reply) -> Reply:
    facility = {name: value for name, value in reply.json().items() if name != "capacity"}
    return reply.saying(facility).without_header("etag")


def _never_cancelled(reply: Reply) -> Reply:
    booking = reply.json()
    seen = "confirmed" if booking["status"] == "cancelled" else booking["status"]
    return reply.saying({**booking, "status": seen})


@pytest.fixture(scope="module")
def runs(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Run]]:
    """Runs against the service with all the faults at once."""
    directory = tmp_path_factory.mktemp("faulty")
    with (
        servers.clone(server, template) as dsn,
        serving(dsn, directory) as target,
        faulty(target.base_url, _faults(target.town)) as faulty_url,
    ):
        yield [
            fuzzing.fuzz(
                f"faulty-{phases}",
                faulty_url,
                *("--phases", phases, "--max-examples", "8", "--no-shrink"),
                *("--max-response-time", str(LIMIT_SECONDS)),
                *(f"--include-operation-id={name}" for name in sorted(operations)),
                town=target.town,
                user="member",
            )
            for phases, operations in RUNS.items()
        ]


def test_there_is_a_fault_for_every_check() -> None:
    importlib.import_module("schemathesis.specs.openapi.checks")  # It registers them.
    ours = {"problems_agree_with_their_replies", "max_response_time"}

    assert {*CHECKS.get_all_names(), *ours} == set(FOUND)


@pytest.mark.parametrize("check", FOUND)
def test_a_check_finds_the_fault_made_for_it(runs: list[Run], check: str) -> None:
    output = "\n\n".join(run.output for run in runs)

    assert any((check, FOUND[check]) in run.failures for run in runs), output


def test_what_is_sound_is_not_blamed(runs: list[Run]) -> None:
    blamed = {operation for run in runs for _, operation in run.failures}

    assert set() == blamed - set(FOUND.values())
