"""One user, many requests at one moment, several processes: a quota is never passed."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests import servers

from . import invariants
from .api import Json, Person, at, path_of, wire
from .arena import Arena, deadlocks, open_arena
from .desk import facility_group, quota
from .racing import Answer, Ask

HOUR = timedelta(hours=1)
EXCEEDED = "422 quota_exceeded"

# A machine that is busy with something else is no reason to give up.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def arena(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """The arena; when its services are gone, nobody in it has ever waited in a circle."""
    log = tmp_path_factory.mktemp("quotas") / "log"
    with servers.clone(server, template) as dsn:
        with open_arena(dsn, log) as arena:
            yield arena
        assert 0 == deadlocks(dsn), "transactions waited for one another"


@pytest.fixture(autouse=True)
def _whole(arena: Arena) -> Iterator[None]:
    """Whatever happened in a test, the database is whole."""
    yield
    invariants.check(arena.api.dsn)


def test_of_fifty_creates_at_once_under_a_quota_of_one_exactly_one_succeeds(arena: Arena) -> None:
    rooms = [arena.api.facility() for _ in range(5)]
    quota(arena.api, group=facility_group(arena.api, *rooms), bookings=1)

    for number in range(5):
        ada = arena.api.person()
        # None of them is in another's way.
        asks = [
            create(
                ada, rooms[place % 5], at(place // 5, day=number), at(place // 5 + 1, day=number)
            )
            for place in range(50)
        ]
        assert {"201": 1, EXCEEDED: 49} == outcomes(arena.crowd.at_once(asks))
        assert 1 == held(arena, ada)


def test_users_do_not_stand_in_each_others_way(arena: Arena) -> None:
    rooms = [arena.api.facility() for _ in range(5)]
    quota(arena.api, group=facility_group(arena.api, *rooms), bookings=1)
    asks = [
        create(person, room, at(place), at(place + 1))
        for place, person in enumerate(arena.people)
        for room in rooms
    ]
    answers = arena.crowd.at_once(asks)
    assert {"201": len(arena.people), EXCEEDED: 20} == outcomes(answers)
    assert [1] * 5 == [held(arena, person) for person in arena.people]


def test_hours_of_a_week_are_never_passed_by_moves_and_creates_together(arena: Arena) -> None:
    rooms = [arena.api.facility() for _ in range(2)]
    monday = at(0) + timedelta(days=-at(0).weekday(), weeks=1)
    quota(arena.api, group=facility_group(arena.api, *rooms), hours=6)

    for _ in range(5):
        ada = arena.api.person()
        booked = [
            ada.book(rooms[0], monday + timedelta(days=day), monday + timedelta(days=day) + HOUR)
            for day in range(4)
        ]
        # Each would be the fifth hour or more, and there are two left.
        longer = [
            Ask(ada.token, "PATCH", path_of(row), {"end_time": wire(end_of(row) + HOUR)})
            for row in booked
        ]
        more = [
            create(ada, rooms[1], monday + hour * HOUR, monday + (hour + 1) * HOUR)
            for hour in range(36, 42)
        ]
        answers = arena.crowd.at_once(longer + more)
        assert {"200", "201", EXCEEDED} >= set(outcomes(answers))
        assert 2 == sum(answer.status < 300 for answer in answers)
        for row in [*booked, *(answer.body for answer in answers if answer.status == 201)]:
            assert ada.delete(path_of(row)).status_code == 204


def test_a_place_that_is_given_up_goes_to_one_request_and_to_no_more(arena: Arena) -> None:
    rooms = [arena.api.facility() for _ in range(3)]
    quota(arena.api, group=facility_group(arena.api, *rooms), bookings=1)

    for number in range(10):
        ada = arena.api.person()
        first = ada.book(rooms[0], at(20, day=number), at(21, day=number))
        asks = [
            Ask(ada.token, "DELETE", path_of(first)),
            *(
                create(ada, rooms[place % 3], at(place, day=number), at(place + 1, day=number))
                for place in range(12)
            ),
        ]
        cancelled, *creates = arena.crowd.at_once(asks)
        assert cancelled.status == 204
        assert {"201", EXCEEDED} >= set(outcomes(creates))
        assert outcomes(creates)["201"] <= 1
        assert held(arena, ada) == outcomes(creates)["201"]


def create(person: Person, facility: Json, start: datetime, end: datetime) -> Ask:
    """A booking is to be made."""
    times = {"start_time": wire(start), "end_time": wire(end)}
    body = {"facility_id": facility["id"], "title": "Stand-up", **times}
    return Ask(person.token, "POST", "/api/v1/bookings/", body)


def end_of(booking: Json) -> datetime:
    """When a booking is over."""
    return datetime.fromisoformat(booking["end_time"])


def held(arena: Arena, person: Person) -> int:
    """How many bookings the person holds."""
    ((count,),) = arena.api.sql(
        "SELECT count(*) FROM bookings WHERE user_id = %s AND status = 'confirmed'", person.id
    )
    return int(count)


def outcomes(answers: list[Answer]) -> Counter[str]:
    """How often there is each outcome."""
    return Counter(answer.outcome for answer in answers)
