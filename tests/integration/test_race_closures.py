"""Closures against creates, moves, cancels and one another, of several processes at one moment.

Whatever wins: no active booking ever lies in a closure, every reply is one that the same
requests would have got one after the other, and nobody waits in a circle.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from tests import servers

from . import invariants
from .api import Json, Person, at, path_of, wire
from .arena import Arena, deadlocks, open_arena
from .racing import Answer, Ask

CLOSED = "422 facility_closed"
AFFECTS = "409 closure_affects_bookings"
CONFLICT = "409 booking_conflict"
CANCELLED = "409 booking_cancelled"

# A machine that is busy with something else is no reason to give up.
pytestmark = pytest.mark.timeout(300)

# The question uses neither the rules nor what any reply said.
_INSIDE = """
SELECT b.id, c.id
  FROM closures AS c
  JOIN facilities AS f
    ON f.id = c.facility_id
       OR f.site_id = c.site_id
       OR (c.facility_id IS NULL AND c.site_id IS NULL)
  JOIN bookings AS b ON b.facility_id = f.id
 WHERE b.start_time < c.end_time
   AND b.end_time > c.start_time
   AND b.status <> 'cancelled'
"""


@pytest.fixture(scope="module")
def arena(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """The arena; when its services are gone, nobody in it has ever waited in a circle."""
    log = tmp_path_factory.mktemp("closures") / "log"
    with servers.clone(server, template) as dsn:
        with open_arena(dsn, log) as arena:
            yield arena
        assert 0 == deadlocks(dsn), "transactions waited for one another"


@pytest.fixture(autouse=True)
def _whole(arena: Arena) -> Iterator[None]:
    """Whatever happened in a test, no active booking is in a closure and the database is whole."""
    yield
    assert [] == arena.api.sql(_INSIDE)
    invariants.check(arena.api.dsn)


def create(person: Person, facility: Json, start: float, end: float, day: int) -> Ask:
    """A booking to ask for."""
    body = {
        "facility_id": facility["id"],
        "start_time": wire(at(start, day=day)),
        "end_time": wire(at(end, day=day)),
        "title": "Race",
    }
    return Ask(person.token, "POST", "/api/v1/bookings/", body)


def close(arena: Arena, start: float, end: float, day: int, **more: object) -> Ask:
    """A closure to ask for, which cancels what is in its way unless ``more`` says otherwise."""
    body = {
        "start_time": wire(at(start, day=day)),
        "end_time": wire(at(end, day=day)),
        "reason": "Race",
        "cancel_bookings": True,
        **more,
    }
    return Ask(arena.api.staff.token, "POST", "/api/v1/closures/", body)


def outcomes(answers: Sequence[Answer]) -> Counter[str]:
    """How many of which kind there are."""
    return Counter(answer.outcome for answer in answers)


def active(arena: Arena, facility: Json, day: int) -> int:
    """How many active bookings the facility has on a day."""
    rows = arena.api.sql(
        "SELECT count(*) FROM bookings"
        " WHERE facility_id = %s AND start_time >= %s AND start_time < %s"
        "   AND status <> 'cancelled'",
        facility["id"],
        at(0, day=day),
        at(24, day=day),
    )
    return int(rows[0][0])


def test_a_closure_sees_a_create_or_the_create_sees_it(arena: Arena) -> None:
    site = arena.api.site()
    rooms = [arena.api.facility(site) for _ in range(4)]
    scopes: list[dict[str, int]] = [
        {"facility_id": rooms[0]["id"]},
        {"site_id": site["id"]},
        {},
    ]
    for number in range(15):
        scope = scopes[number % 3]
        asks = [
            create(person, room, hour, hour + 1, number)
            for room in rooms
            for person, hour in zip([*arena.people] * 3, range(8, 20), strict=False)
        ]
        place = arena.rng.randrange(len(asks))
        asks.insert(place, close(arena, 8, 20, number, **scope))

        answers = arena.race(asks)

        closure = answers[place]
        booked = [answer for answer in answers if answer.outcome == "201" and answer != closure]
        assert {"201", CLOSED} >= set(outcomes(answers))
        told = {each["id"] for each in closure.body["cancelled_bookings"]}
        assert len(told) == closure.body["cancelled_count"]
        held = {
            answer.body["id"]
            for answer in booked
            if "facility_id" not in scope or answer.body["facility"]["id"] == rooms[0]["id"]
        }
        assert held == told
        expected = 0 if "facility_id" not in scope else 36
        assert expected == sum(active(arena, room, number) for room in rooms)


def test_a_closure_that_is_to_cancel_nothing_wins_or_its_rivals_do(arena: Arena) -> None:
    room = arena.api.facility()
    for number in range(100, 115):
        asks = [create(person, room, 9, 10, number) for person in [*arena.people] * 5]
        asks.insert(
            arena.rng.randrange(len(asks)),
            close(arena, 8, 12, number, cancel_bookings=False, facility_id=room["id"]),
        )
        found = outcomes(arena.race(asks))
        rivals = len(asks) - 1
        assert found in ({"201": 1, CLOSED: rivals}, {"201": 1, AFFECTS: 1, CONFLICT: rivals - 1})


def test_moves_cancels_and_closures_wait_for_one_another_and_not_in_a_circle(arena: Arena) -> None:
    site = arena.api.site()
    rooms = [arena.api.facility(site) for _ in range(2)]
    rng = arena.rng
    for number in range(200, 210):
        entries = [
            create(person, room, hour, hour + 1, number)
            for room in rooms
            for person, hour in zip([*arena.people] * 2, range(10), strict=False)
        ]
        booked = arena.all_of(entries, 201)
        asks = []
        for answer in booked:
            path = path_of(answer.body)
            hour = rng.randrange(0, 22)
            body = {
                "facility_id": rng.choice(rooms)["id"],
                "start_time": wire(at(hour, day=number)),
                "end_time": wire(at(hour + 1, day=number)),
            }
            asks.append(Ask(answer.ask.token, "PATCH", path, body))
            if rng.random() < 0.3:
                asks.append(Ask(arena.api.staff.token, "DELETE", path))
        for room in rooms:
            start = rng.randrange(0, 20)
            asks.append(close(arena, start, start + 2, number, facility_id=room["id"]))
        asks.append(close(arena, 5, 9, number, site_id=site["id"]))
        asks.append(close(arena, 12, 13, number))
        rng.shuffle(asks)

        found = outcomes(arena.race(asks))

        assert {"200", "201", "204", CLOSED, CONFLICT, CANCELLED} >= set(found)
        assert 4 == found["201"]


def test_a_facility_that_comes_while_its_site_is_closed_is_closed_too(arena: Arena) -> None:
    for number in range(300, 308):
        site, other = arena.api.site(), arena.api.site()
        room = arena.api.facility(other)
        booked = arena.people[0].book(room, at(9, day=number), at(10, day=number))
        staff = arena.api.staff.token
        new = {
            "site_id": site["id"],
            "name": "New",
            "facility_type": "room",
            "capacity": 2,
        }
        path = f"/api/v1/facilities/{room['id']}/"
        asks = [
            Ask(staff, "PATCH", path, {"site_id": site["id"]}),
            Ask(staff, "POST", "/api/v1/facilities/", new),
            close(arena, 8, 20, number, site_id=site["id"]),
        ]
        arena.rng.shuffle(asks)
        answers = arena.race(asks)
        assert {"200": 1, "201": 2} == outcomes(answers)
        # A facility that moves brings its bookings along: that is a change of rules, which
        # touches none and names them; whoever came first, somebody is told.
        closure = next(each for each in answers if "reason" in (each.body or {}))
        moved = next(each for each in answers if each.ask.method == "PATCH")
        told = {each["id"] for each in closure.body["cancelled_bookings"]} | {
            each["booking"]["id"] for each in moved.body.get("bookings_outside_rules", [])
        }
        assert {booked["id"]} == told
        arena.people[0].delete(path_of(booked))


def test_hours_that_change_while_bookings_are_made_name_all_that_they_leave_outside(
    arena: Arena,
) -> None:
    site = arena.api.site(time_zone="UTC")
    rooms = [arena.api.facility(site) for _ in range(2)]
    for number in range(40, 55):  # on which nothing is closed
        path = f"/api/v1/sites/{site['id']}/"
        arena.all_of([Ask(arena.api.staff.token, "PATCH", path, {"opening_hours": None})], 200)
        asks = [
            create(person, room, hour, hour + 1, number)
            for room in rooms
            for person, hour in zip([*arena.people] * 4, range(20), strict=False)
        ]
        place = arena.rng.randrange(len(asks))
        asks.insert(place, Ask(arena.api.staff.token, "PATCH", path, {"opening_hours": []}))

        answers = arena.race(asks)

        assert {"200", "201", "422 outside_opening_hours"} >= set(outcomes(answers))
        told = {
            each["booking"]["id"] for each in answers[place].body.get("bookings_outside_rules", [])
        }
        assert {answer.body["id"] for answer in answers if answer.status == 201} == told
        arena.all_of(
            [
                Ask(answer.ask.token, "DELETE", path_of(answer.body))
                for answer in answers
                if answer.status == 201
            ],
            204,
        )
