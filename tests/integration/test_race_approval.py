"""Decisions against expiry, cancellation and each other: exactly one of them happens, once."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

import pytest

from tests import servers

from . import invariants
from .api import Json, Person, at, path_of, wire
from .arena import Arena, deadlocks, open_arena
from .desk import expired
from .racing import Answer, Ask

EXPIRED = "409 approval_expired"
NOT_PENDING = "409 booking_not_pending"
CONFLICT = "409 booking_conflict"

# A machine that is busy with something else is no reason to give up.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def arena(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """The arena; when its services are gone, nobody in it has ever waited in a circle."""
    log = tmp_path_factory.mktemp("approval") / "log"
    with servers.clone(server, template) as dsn:
        with open_arena(dsn, log, upkeep_seconds="0.01") as arena:
            yield arena
        assert 0 == deadlocks(dsn), "transactions waited for one another"


@pytest.fixture(autouse=True)
def _whole(arena: Arena) -> Iterator[None]:
    """Whatever happened in a test, the database is whole."""
    yield
    invariants.check(arena.api.dsn)


@pytest.fixture
def hall(arena: Arena) -> Json:
    """Where the staff have to agree."""
    return arena.api.facility(rules={"requires_approval": True})


def test_approval_and_expiry_never_both_happen(arena: Arena, hall: Json) -> None:
    for number in range(20):
        booking = arena.people[0].book(hall, at(9, day=number), at(10, day=number))
        # Approvals leave around the instant at which it expires; upkeep sweeps all the time.
        soon = datetime.now(UTC) + timedelta(milliseconds=arena.rng.randrange(-10, 60))
        arena.api.sql("UPDATE bookings SET decide_by = %s WHERE id = %s", soon, booking["id"])
        answers: list[Answer] = []
        while not answers or datetime.now(UTC) < soon + timedelta(milliseconds=20):
            answers += arena.crowd.at_once([decision(arena, booking, "approve")] * 4)
        told = Counter(answer.outcome for answer in answers)

        assert {"200", EXPIRED, NOT_PENDING} >= set(told)
        status, cause = settled(arena, booking)
        if told["200"]:
            assert (told["200"], status, cause) == (1, "confirmed", None)
        else:
            assert (status, cause) == ("cancelled", "expired")
        assert 1 == decisions_of(arena, booking)


def test_of_many_decisions_one_happens(arena: Arena, hall: Json) -> None:
    for number in range(10):
        booking = arena.people[0].book(hall, at(9, day=number), at(10, day=number))
        asks = [decision(arena, booking, word) for word in ["approve", "reject"] * 10]
        answers = arena.race(asks)
        told = Counter(answer.outcome for answer in answers)
        assert {"200": 1, NOT_PENDING: 19} == told
        (winner,) = (answer for answer in answers if answer.status == 200)
        assert winner.body["status"] == settled(arena, booking)[0]
        assert 1 == decisions_of(arena, booking)


def test_an_approval_and_a_cancellation_happen_in_one_order_or_the_other(
    arena: Arena, hall: Json
) -> None:
    for number in range(10):
        ada = arena.people[0]
        booking = ada.book(hall, at(9, day=number), at(10, day=number))
        asks = [decision(arena, booking, "approve"), Ask(ada.token, "DELETE", path_of(booking))]
        arena.rng.shuffle(asks)
        told = {answer.ask.method: answer.outcome for answer in arena.race(asks)}
        assert told["DELETE"] == "204"
        assert told["POST"] in {"200", NOT_PENDING}
        assert settled(arena, booking) == ("cancelled", "owner")
        assert decisions_of(arena, booking) == (2 if told["POST"] == "200" else 1)


def test_who_comes_when_a_booking_expires_gets_its_place_once(arena: Arena, hall: Json) -> None:
    for number in range(10):
        lost = arena.people[0].book(hall, at(9, day=number), at(10, day=number))
        expired(arena.api, lost)
        asks = [create(person, hall, number) for person in arena.people] * 6
        told = Counter(answer.outcome for answer in arena.race(asks))
        assert {"201": 1, CONFLICT: 29} == told
        assert settled(arena, lost) == ("cancelled", "expired")
        assert 1 == decisions_of(arena, lost)


def create(person: Person, facility: Json, day: int) -> Ask:
    """A booking is to be made of the nine o'clock hour."""
    times = {"start_time": wire(at(9, day=day)), "end_time": wire(at(10, day=day))}
    body = {"facility_id": facility["id"], "title": "Stand-up", **times}
    return Ask(person.token, "POST", "/api/v1/bookings/", body)


def decision(arena: Arena, booking: Json, word: str) -> Ask:
    """A booking is to be approved, or rejected."""
    body = {"reason": "Because"}
    return Ask(arena.api.staff.token, "POST", f"{path_of(booking)}{word}/", body)


def settled(arena: Arena, booking: Json) -> tuple[str, str | None]:
    """What became of the booking, and why, once it waits no longer."""
    deadline = monotonic() + 20
    while True:
        ((status, cause),) = arena.api.sql(
            "SELECT status::text, cancellation_cause::text FROM bookings WHERE id = %s",
            booking["id"],
        )
        if status != "pending":
            return status, cause
        assert monotonic() < deadline, "it waits for ever"
        sleep(0.01)


def decisions_of(arena: Arena, booking: Json) -> int:
    """How many changes of its status the history of the booking has."""
    ((count,),) = arena.api.sql(
        """
        SELECT count(*)
          FROM booking_audit
         WHERE booking_id = %s
           AND old_values ->> 'status' <> new_values ->> 'status'
        """,
        booking["id"],
    )
    return int(count)
