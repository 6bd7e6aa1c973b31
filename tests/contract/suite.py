"""What the fuzz suite is made of: who is fuzzed as, and which walks along links must be found.

``test_fuzz`` holds the service to it with a fixed seed, ``fuzz`` runs it for whoever asks.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tests.service import service

from . import fuzzing
from .connecting import connection
from .coverage import Statuses
from .fuzzing import OPERATIONS, USUAL, Plan, Run
from .probes import send_all
from .settling import settle_empty
from .town import Town

CALLERS = ("staff", "keeper", "member")
"""The people who are fuzzed as; whoever shows no token comes after them."""
NOBODY = "nobody"
READING = "reading"
"""Staff, over what changes something, with a token that may only read."""
PROBES = "probes"
"""The requests of ``probes``, which are the same whatever the seed."""

WALKS: Mapping[str, tuple[str, set[tuple[str, str]]]] = {
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
            ("facilities_list", "availability_timeline"),
            ("availability_timeline", "availability_search"),
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

CHANGES = {
    str(operation["operationId"])
    for operation in OPERATIONS.values()
    if {"book", "manage"} & set(operation.get("x-required-scopes", []))
}
"""What a token that may only read is not enough for."""

MOST_WALKS = 5
"""Some end after a few steps, and are tried again with the seeds that come after."""


@dataclass(frozen=True, slots=True)
class Target:
    """A running service, the town in it, and how much is sent to it."""

    base_url: str
    town: Town
    plan: Plan = USUAL

    def fuzz(self, name: str, user: str, *options: str) -> Run:
        """A run as one of the people, with the options of ``st run``."""
        return fuzzing.fuzz(
            name, self.base_url, *options, town=self.town, user=user, plan=self.plan
        )

    def fuzz_as_nobody(self) -> Run:
        """A run without a token. Few examples: none gets further than the others."""
        few = str(max(5, self.plan.examples // 5))
        return fuzzing.fuzz_anonymously(
            NOBODY, self.base_url, "--max-examples", few, plan=self.plan
        )

    def fuzz_reading(self) -> Run:
        """A run over what changes something, by one of the staff whose token may only read."""
        few = str(max(5, self.plan.examples // 5))  # As above.
        return fuzzing.fuzz_reading(
            READING,
            self.base_url,
            self.town.people["staff"].reading,
            *("--max-examples", few),
            *(f"--include-operation-id={name}" for name in sorted(CHANGES)),
            plan=self.plan,
        )

    def probe(self) -> tuple[Statuses, Sequence[str]]:
        """What probes reached, and a remark on each that was not answered as it must be."""
        with connection(self.base_url) as http:
            return send_all(http, self.town)

    def walk(self, name: str) -> tuple[Sequence[Run], set[tuple[str, str]]]:
        """The runs of a walk, and the links that none of them followed with success."""
        user, links = WALKS[name]
        scenarios = max(15, self.plan.examples)  # In each run: a few lead nowhere.
        runs: list[Run] = []
        missing = set(links)
        for seed in range(self.plan.seed, self.plan.seed + MOST_WALKS):
            run = self.fuzz(
                f"walk-{name}".replace(" ", "-"),
                user,
                *("--phases", "stateful", "--mode", "positive", "--seed", str(seed)),
                *("--max-examples", str(scenarios)),
                *(f"--include-operation-id={each}" for each in sorted({*chain(*links)})),
            )
            runs.append(run)
            missing -= run.transitions
            if not missing or not run.passed:
                break
        return runs, missing


@contextmanager
def serving(dsn: str, directory: Path, plan: Plan = USUAL) -> Iterator[Target]:
    """The real service in its own process, on a town that nothing has happened in."""
    # Schemathesis reads each stream to its end.
    settings = {"log_level": "warning", "stream_seconds": "0.1"}
    with service(dsn, directory / "service.log", **settings) as base_url:
        yield Target(base_url, settle_empty(base_url, dsn), plan)
