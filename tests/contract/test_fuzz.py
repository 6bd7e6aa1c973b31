"""The running service, fuzzed from its contract: as staff, as a member, and as nobody.

``HOLDFAST_FUZZ_SEED`` and ``HOLDFAST_FUZZ_EXAMPLES`` choose other requests, and more of them.
Reports are in ``reports/fuzz``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.service import service

from . import fuzzing
from .fuzzing import OPERATIONS, RUN_SECONDS, Run
from .town import Town, settle

pytestmark = pytest.mark.timeout(RUN_SECONDS + 60)

ALL = {operation["operationId"] for operation in OPERATIONS.values()}
STAFF_ONLY = {
    operation["operationId"] for operation in OPERATIONS.values() if "403" in operation["responses"]
}

BOOKING_LIFE = {
    ("bookings_create", "bookings_retrieve"),
    ("bookings_create", "bookings_update"),
    ("bookings_create", "bookings_cancel"),
    ("bookings_create", "bookings_history_list"),
    ("bookings_retrieve", "bookings_update"),
    ("bookings_retrieve", "bookings_cancel"),
    ("bookings_update", "bookings_retrieve"),
    ("bookings_update", "bookings_cancel"),
    ("bookings_cancel", "bookings_retrieve"),
    ("bookings_cancel", "bookings_cancel"),
}
FACILITY_LIFE = {
    ("facilities_create", "facilities_retrieve"),
    ("facilities_create", "facilities_update"),
    ("facilities_create", "facilities_archive"),
    ("facilities_retrieve", "facilities_update"),
    ("facilities_list", "facilities_retrieve"),
}
USER_LIFE = {
    ("users_create", "users_retrieve"),
    ("users_create", "users_deactivate"),
    ("users_deactivate", "users_retrieve"),
    ("users_list", "users_retrieve"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A service on a database of its own, and the people in it."""

    base_url: str
    town: Town
    users: Path

    def fuzz(self, name: str, user: str, *options: str) -> Run:
        """A run as one of the people, with the options of ``st run``."""
        return fuzzing.run(
            name, self.base_url, *options, town=self.town, user=user, users=self.users
        )


@pytest.fixture
def target(dsn: str, tmp_path: Path) -> Iterator[Target]:
    """The real service in its own process, on a town that nothing has happened in."""
    town = settle(dsn)
    with service(dsn, tmp_path / "service.log", log_level="warning") as base_url:
        yield Target(base_url, town, tmp_path / "users.json")


def test_nothing_is_found_as_staff(target: Target, tell: dict[str, list[str]]) -> None:
    run = target.fuzz("staff", "staff")
    tell["fuzzed as staff"] = list(run.table())

    _assert_clean(run)
    assert ALL - run.succeeded == set()
    assert [] == [name for name, counts in run.statuses.items() if 403 in counts]


def test_nothing_is_found_as_member(target: Target, tell: dict[str, list[str]]) -> None:
    run = target.fuzz("member", "member")
    tell["fuzzed as member"] = list(run.table())

    _assert_clean(run)
    assert ALL - STAFF_ONLY == run.succeeded
    assert [] == [name for name in STAFF_ONLY if 403 not in run.statuses[name]]


def test_whoever_shows_no_token_learns_nothing(target: Target, tell: dict[str, list[str]]) -> None:
    run = fuzzing.run_anonymously("anonymous", target.base_url)
    tell["fuzzed as nobody"] = list(run.table())

    _assert_clean(run)
    assert {name: {401} for name in ALL} == {
        name: set(counts) for name, counts in run.statuses.items()
    }


@pytest.mark.parametrize(
    ("tag", "user", "life"),
    [
        ("bookings", "member", BOOKING_LIFE),
        ("facilities", "staff", FACILITY_LIFE),
        ("users", "staff", USER_LIFE),
    ],
)
def test_links_are_walked(target: Target, tag: str, user: str, life: set[tuple[str, str]]) -> None:
    run = target.fuzz(
        f"walk-{tag}", user, "--phases", "stateful", "--mode", "positive", "--include-tag", tag
    )

    _assert_clean(run)
    assert life - run.transitions == set()


def _assert_clean(run: Run) -> None:
    if not run.passed:
        pytest.fail(f"Schemathesis found something:\n\n{run.output}", pytrace=False)
    assert [] == [exchange for exchange in run.exchanges if exchange.status >= 500]
