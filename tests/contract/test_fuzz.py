"""The running service, fuzzed from its contract: as everybody there is, and as nobody.

``HOLDFAST_FUZZ_SEED`` and ``HOLDFAST_FUZZ_EXAMPLES`` choose other requests, and more of them.
Reports are in ``reports/fuzz``; what is allowed, and why, is in ``schemathesis.toml`` and in
``hooks.py``.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pytest

from tests import servers
from tests.service import service

from . import fuzzing
from .conftest import Reached
from .fuzzing import EXAMPLES, OPERATIONS, RUN_SECONDS, SEED, Run
from .town import Town, settle

pytestmark = pytest.mark.timeout(RUN_SECONDS + 60)

ALL = {str(operation["operationId"]) for operation in OPERATIONS.values()}


def _described(pattern: str) -> set[str]:
    """The operations whose descriptions say this."""
    return {
        str(each["operationId"])
        for each in OPERATIONS.values()
        if re.search(pattern, " ".join(each["description"].split()))
    }


STAFF_ONLY = _described(r"Only staff( of the facility's site)? may\b")
HOUSE_ONLY = _described("Only staff may, of the house")

WALKS = {
    "a booking is moved": (
        "member",
        {
            ("bookings_create", "bookings_retrieve"),
            ("bookings_create", "bookings_update"),
            ("bookings_retrieve", "bookings_update"),
            ("bookings_update", "bookings_retrieve"),
        },
    ),
    "a booking is moved and cancelled": (
        "member",
        {
            ("bookings_create", "bookings_update"),
            ("bookings_create", "bookings_cancel"),
            ("bookings_update", "bookings_cancel"),
            ("bookings_cancel", "bookings_cancel"),
        },
    ),
    "a booking is cancelled and looked at": (
        "staff",
        {
            ("bookings_create", "bookings_retrieve"),
            ("bookings_retrieve", "bookings_cancel"),
            ("bookings_cancel", "bookings_retrieve"),
            ("bookings_create", "bookings_history_list"),
        },
    ),
    "a free period is found and booked": (
        "member",
        {
            ("facilities_list", "availability_search"),
            ("availability_search", "bookings_create"),
            ("bookings_create", "bookings_retrieve"),
        },
    ),
    "a facility is changed and archived": (
        "staff",
        {
            ("sites_create", "facilities_create"),
            ("facilities_create", "facilities_retrieve"),
            ("facilities_create", "facilities_update"),
            ("facilities_create", "facilities_archive"),
            ("facilities_create", "quotas_create"),
            ("facilities_create", "closures_create"),
            ("facilities_retrieve", "facilities_update"),
        },
    ),
    "a user is let in and out": (
        "staff",
        {
            ("users_list", "users_retrieve"),
            ("sites_list", "users_create"),
            ("users_create", "users_retrieve"),
            ("users_create", "users_deactivate"),
            ("users_deactivate", "users_retrieve"),
            ("users_deactivate", "users_update"),
        },
    ),
    "a user is given a token, told all and forgotten": (
        "staff",
        {
            ("sites_list", "users_create"),
            ("users_create", "user_tokens_create"),
            ("users_create", "users_export"),
            ("users_create", "users_anonymise"),
            ("users_anonymise", "users_retrieve"),
        },
    ),
    "what waits is decided about": (
        "staff",
        {
            ("sites_list", "admin_bookings_list"),
            ("admin_bookings_list", "bookings_approve"),
            ("admin_bookings_list", "bookings_reject"),
            ("admin_bookings_list", "admin_bookings_decide"),
            ("bookings_approve", "bookings_retrieve"),
            ("bookings_reject", "bookings_retrieve"),
            ("admin_bookings_decide", "bookings_retrieve"),
        },
    ),
    "a group of users is filled and emptied": (
        "staff",
        {
            ("user_groups_create", "user_groups_retrieve"),
            ("user_groups_create", "user_group_members_add"),
            ("user_group_members_add", "user_group_members_list"),
            ("user_group_members_add", "user_group_members_remove"),
            ("user_groups_create", "user_groups_delete"),
        },
    ),
    "a group is renamed": (
        "staff",
        {
            ("user_groups_create", "user_groups_update"),
            ("user_groups_retrieve", "user_groups_update"),
            ("user_groups_update", "user_groups_retrieve"),
            ("user_groups_update", "user_groups_delete"),
        },
    ),
    "facilities are grouped and limited": (
        "staff",
        {
            ("facility_groups_create", "facility_groups_retrieve"),
            ("facility_groups_create", "facility_groups_update"),
            ("facility_groups_create", "facility_groups_delete"),
            ("facility_groups_create", "quotas_create"),
            ("quotas_create", "quotas_retrieve"),
            ("quotas_create", "quotas_update"),
            ("quotas_create", "quotas_delete"),
        },
    ),
    "a place is closed and opened again": (
        "staff",
        {
            ("sites_create", "closures_create"),
            ("sites_create", "sites_update"),
            ("closures_create", "closures_retrieve"),
            ("closures_create", "closures_delete"),
        },
    ),
}
"""Who walks, and from which operation's reply to which other operation."""

MOST_WALKS = 5
SCENARIOS = max(15, EXAMPLES)
"""In each walk: a few lead nowhere."""


@dataclass(frozen=True, slots=True)
class Target:
    """A service on a database of its own, and the people in it."""

    base_url: str
    town: Town
    users: Path

    def fuzz(self, name: str, user: str, *options: str) -> Run:
        """A run as one of the people, with the options of ``st run``."""
        return fuzzing.fuzz(
            name, self.base_url, *options, town=self.town, user=user, users=self.users
        )


@contextmanager
def serving(dsn: str, directory: Path) -> Iterator[Target]:
    """The real service in its own process, on a town that nothing has happened in."""
    town = settle(dsn)
    # Schemathesis reads each stream to its end.
    settings = {"log_level": "warning", "stream_seconds": "0.1"}
    with service(dsn, directory / "service.log", **settings) as base_url:
        yield Target(base_url, town, directory / "users.json")


@pytest.fixture
def target(dsn: str, tmp_path: Path) -> Iterator[Target]:
    """A service for one test alone."""
    with serving(dsn, tmp_path) as target:
        yield target


@pytest.fixture(scope="module")
def shared_target(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A service for tests that do not mind what others did in it."""
    with (
        servers.clone(server, template) as dsn,
        serving(dsn, tmp_path_factory.mktemp("shared")) as target,
    ):
        yield target


def test_nothing_is_found_as_staff(target: Target, reached: Reached) -> None:
    run = target.fuzz("staff", "staff")
    reached["staff"] = run.statuses

    _assert_clean(run)
    assert set() == ALL - run.succeeded
    assert [] == [name for name, counts in run.statuses.items() if 403 in counts]


def test_nothing_is_found_as_staff_of_a_site(target: Target, reached: Reached) -> None:
    run = target.fuzz("keeper", "keeper")
    reached["keeper"] = run.statuses

    _assert_clean(run)
    assert ALL - HOUSE_ONLY == run.succeeded
    assert [] == [name for name in HOUSE_ONLY if 403 not in run.statuses[name]]


def test_nothing_is_found_as_member(target: Target, reached: Reached) -> None:
    run = target.fuzz("member", "member")
    reached["member"] = run.statuses

    _assert_clean(run)
    assert ALL - STAFF_ONLY == run.succeeded
    assert [] == [name for name in STAFF_ONLY if 403 not in run.statuses[name]]


def test_who_shows_no_token_learns_nothing(shared_target: Target, reached: Reached) -> None:
    few = str(max(5, EXAMPLES // 5))  # None gets further than the others.
    run = fuzzing.fuzz_anonymously("nobody", shared_target.base_url, "--max-examples", few)
    reached["nobody"] = run.statuses

    _assert_clean(run)
    # Whoever asks for a session has none yet, and is told what is wrong with what they send.
    expected = {name: {401} for name in ALL} | {"session_create": {400, 401, 415}}
    assert expected == {name: set(counts) for name, counts in run.statuses.items()}


def test_who_may_only_read_changes_nothing(shared_target: Target, reached: Reached) -> None:
    few = str(max(5, EXAMPLES // 5))  # As above.
    token = shared_target.town.staff.reading
    changes = {
        str(operation["operationId"])
        for operation in OPERATIONS.values()
        if {"book", "manage"} & set(operation.get("x-required-scopes", []))
    }
    run = fuzzing.fuzz_reading(
        "reading",
        shared_target.base_url,
        token,
        *("--max-examples", few),
        *(f"--include-operation-id={name}" for name in sorted(changes)),
    )
    reached["reading"] = run.statuses

    _assert_clean(run)
    assert {name: {403} for name in changes} == {name: set(run.statuses[name]) for name in changes}


@pytest.mark.parametrize("walk", WALKS)
def test_links_lead_on(shared_target: Target, walk: str) -> None:
    user, expected = WALKS[walk]
    missing = set(expected)
    for seed in range(SEED, SEED + MOST_WALKS):  # Some end after a few steps.
        run = shared_target.fuzz(
            f"walk-{walk}".replace(" ", "-"),
            user,
            *("--phases", "stateful", "--mode", "positive", "--seed", str(seed)),
            *("--max-examples", str(SCENARIOS)),
            *(f"--include-operation-id={name}" for name in sorted({*chain(*expected)})),
        )
        _assert_clean(run)
        missing -= run.transitions
        if not missing:
            break

    assert set() == missing


def _assert_clean(run: Run) -> None:
    if not run.passed:
        pytest.fail(f"Schemathesis found something:\n\n{run.output}", pytrace=False)
    assert [] == [exchange for exchange in run.exchanges if exchange.status >= 500]
