"""Who gets a place when many ask at one moment, of several processes on one database.

Two things are held against every race. The replies are such as the same requests
would have got one after the other, in one order or another. And nobody waits in a
circle: no reply takes a second, and PostgreSQL has found no deadlock at the end.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, count, islice
from random import Random

import pytest

from tests import servers

from . import invariants
from .api import QUARTER, Json, Person, at, path_of, wire
from .arena import PROCESSES, Arena, deadlocks, open_arena
from .racing import Answer, Ask
from .scenes import SCENE_HOURS, SCENES, Ending, Place, Scene

HOUR = timedelta(hours=1)
CONFLICT = "409 booking_conflict"
IN_USE = "409 idempotency_key_in_use"

# A machine that is busy with something else is no reason to give up.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def arena(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """The arena; when its services are gone, nobody in it has ever waited in a circle."""
    log = tmp_path_factory.mktemp("races") / "log"
    with servers.clone(server, template) as dsn:
        with open_arena(dsn, log) as arena:
            yield arena
        assert 0 == deadlocks(dsn), "transactions waited for one another"


@pytest.fixture(autouse=True)
def _whole(arena: Arena) -> Iterator[None]:
    """Whatever happened in a test, the database is whole."""
    yield
    invariants.check(arena.api.dsn)


def test_of_fifty_overlapping_creates_at_once_exactly_one_gets_the_place(arena: Arena) -> None:
    rounds = 100
    room = arena.api.facility()
    spare = arena.api.facility(room["site"])

    for number in range(rounds):
        asks = [
            create(person, room, *around(at(12, day=number), arena.rng), title=f"Ask {place}")
            for place, person in enumerate([*arena.people] * 10)
        ]
        answers = arena.race(asks)
        assert {"201": 1, CONFLICT: 49} == outcomes(answers)
        (winner,) = (answer for answer in answers if answer.status == 201)
        winner.check()
        for loser in answers:
            if loser is not winner:
                names_what_is_in_the_way(loser, winner, spare)

    # The rows, their audit rows, and the bookings that have any.
    counted = arena.api.sql(
        """
        SELECT count(DISTINCT b.id), count(h.id), count(DISTINCT h.booking_id)
          FROM bookings AS b
          LEFT JOIN booking_audit AS h ON h.booking_id = b.id
         WHERE b.facility_id = %s
        """,
        room["id"],
    )
    assert [(rounds, rounds, rounds)] == counted


def test_bookings_that_move_into_each_others_places_end_as_if_one_had_gone_after_the_other(
    arena: Arena,
) -> None:
    site = arena.api.site()
    theatres = [[arena.api.facility(site), arena.api.facility(site)] for _ in range(2)]
    begins = (at(SCENE_HOURS * number) for number in count())

    for _ in range(20):
        # Every scene in both theatres: some fifty moves at once. Those of one scene leave
        # one after the other, and so for different processes.
        acts = [
            Act(scene, stages, next(begins), arena.rng.sample(arena.people, k=3))
            for scene in arena.rng.sample(SCENES, k=len(SCENES))
            for stages in theatres
        ]
        entries = [act.entries() for act in acts]
        booked = shares(arena.all_of([*chain(*entries)], 201), entries)
        moves = [act.moves(answers) for act, answers in zip(acts, booked, strict=True)]
        moved = shares(arena.race([*chain(*moves)]), moves)
        now = arena.api.sql("SELECT id, facility_id, start_time, end_time FROM bookings")
        where = {booking_id: place for booking_id, *place in now}
        for act, entered, answers in zip(acts, booked, moved, strict=True):
            assert {"200", CONFLICT} >= set(outcomes(answers))
            ending = Ending(
                tuple(answer.status == 200 for answer in answers),
                tuple(act.place(*where[answer.body["id"]]) for answer in entered),
            )
            assert ending in act.scene.endings(), act.scene.name


def test_fifty_moves_of_eight_bookings_at_once_happen_as_the_replies_say(arena: Arena) -> None:
    rooms = [arena.api.facility(), arena.api.facility()]
    rng = arena.rng

    for number in range(20):
        morning = at(0, day=number)
        owners = rng.choices(arena.people, k=8)
        starts = [morning + place * HOUR for place in range(0, 16, 2)]
        entered = arena.all_of(
            [
                create(owner, room, start, start + HOUR)
                for owner, room, start in zip(owners, rooms * 4, starts, strict=True)
            ],
            201,
        )
        # Nearly every move wants a place that is taken, by somebody who may be leaving it.
        asks = []
        for who in rng.choices(range(8), k=50):
            start = morning + rng.randrange(4 * 16) * QUARTER
            end = start + rng.randint(1, 6) * QUARTER
            asks.append(move(owners[who], entered[who].body, rng.choice(rooms), start, end))

        answers = arena.race(asks)
        assert {"200", CONFLICT} == set(outcomes(answers))
        told = {
            answer.headers["X-Request-Id"]: times_of(answer.body)
            for answer in answers
            if answer.status == 200
        }
        done = {
            request_id: times_of(values)
            for request_id, values in arena.api.sql(
                """
                SELECT request_id, new_values
                  FROM booking_audit
                 WHERE action = 'updated'
                   AND request_id = ANY (%s)
                """,
                [answer.headers["X-Request-Id"] for answer in answers],
            )
        }
        # A booking that was where it was told to be has not moved.
        assert told.items() >= done.items()
        assert len(done) > 1


def test_a_place_that_is_given_up_goes_to_one_of_the_moves_and_creates_that_ask_for_it(
    arena: Arena,
) -> None:
    given_away = 0
    room = arena.api.facility()
    elsewhere = arena.api.facility(room["site"])

    for number in range(20):
        first, *others = people = arena.rng.sample(arena.people, k=len(arena.people))
        wanted = at(12, day=number)
        holder = first.book(room, wanted, wanted + HOUR)
        movers = [
            (person.book(facility, start, start + HOUR), person)
            for person, facility, start in (
                (others[0], room, wanted + 4 * HOUR),
                (others[1], room, wanted - 4 * HOUR),
                (others[2], elsewhere, wanted),
            )
        ]
        away = {"start_time": wire(wanted + 6 * HOUR), "end_time": wire(wanted + 7 * HOUR)}
        leave = (
            Ask(first.token, "PATCH", path_of(holder), away)
            if number % 2
            else Ask(first.token, "DELETE", path_of(holder))
        )
        asks = [
            move(person, booking, room, *around(wanted, arena.rng)) for booking, person in movers
        ] * 2
        while len(asks) < 49:
            asks.append(create(arena.rng.choice(people), room, *around(wanted, arena.rng)))
        arena.rng.shuffle(asks)
        asks.insert(arena.rng.randrange(20), leave)

        answers = arena.race(asks)
        winners = set()
        for answer in answers:
            if answer.ask is leave:
                assert answer.status in {200, 204}
            elif answer.outcome != CONFLICT:
                assert {"POST": 201, "PATCH": 200}[answer.ask.method] == answer.status
                winners.add(answer.body["id"])
        assert len(winners) <= 1
        given_away += len(winners)
        # If nobody has it, then everybody had asked before it was given up.
        late = arena.crowd.at_once([create(first, room, wanted, wanted + QUARTER)])
        assert {CONFLICT if winners else "201": 1} == outcomes(late)

    assert given_away > 0


def test_twenty_requests_at_once_under_one_key_make_one_booking(arena: Arena) -> None:
    room = arena.api.facility()
    ann, ben = arena.people[:2]

    for number in range(20):
        # The two have different keys, which they happen to call by the same name.
        start = at(12, day=number)
        key = {"Idempotency-Key": f"key-{number}"}
        hers = replace(create(ann, room, start, start + HOUR), headers=key)
        his = replace(create(ben, room, start + HOUR, start + 2 * HOUR), headers=key)
        asks = [[hers] * 20, [his] * 20]
        for ask, answers in zip(
            (hers, his), shares(arena.race([*chain(*asks)]), asks), strict=True
        ):
            assert {"201", IN_USE} >= set(outcomes(answers))
            (original,) = (answer for answer in answers if is_original(answer))
            original.check()
            # Once at each process, when nobody else is asking.
            retried = [answer for _ in range(PROCESSES) for answer in arena.all_of([ask], 201)]
            assert not any(is_original(answer) for answer in retried)
            for answer in [*answers, *retried]:
                if answer.status == 201:
                    is_the_same(answer, original)
                else:
                    assert "1" == answer.headers["Retry-After"]

    booked = "SELECT user_id, count(*) FROM bookings WHERE facility_id = %s GROUP BY user_id"
    assert {(ann.id, 20), (ben.id, 20)} == set(arena.api.sql(booked, room["id"]))


@dataclass(frozen=True, slots=True)
class Act:
    """A scene, played on these stages, at a time of its own, by these people."""

    scene: Scene
    stages: Sequence[Json]
    begin: datetime
    people: Sequence[Person]

    def entries(self) -> list[Ask]:
        """Everybody takes their place."""
        return [
            create(person, *self._at(place), title=self.scene.name)
            for person, place in zip(self.people, self.scene.places, strict=False)
        ]

    def moves(self, entered: Sequence[Answer]) -> list[Ask]:
        """Everybody goes where they are sent."""
        return [
            move(self.people[who], entered[who].body, *self._at(target))
            for who, target in self.scene.moves
        ]

    def place(self, facility_id: int, start: datetime, end: datetime) -> Place:
        """What the scene calls it."""
        stage = [facility["id"] for facility in self.stages].index(facility_id)
        return Place(stage, (start - self.begin) / HOUR, (end - self.begin) / HOUR)

    def _at(self, place: Place) -> tuple[Json, datetime, datetime]:
        start, end = (self.begin + hours * HOUR for hours in (place.start, place.end))
        return self.stages[place.stage], start, end


def create(
    person: Person, facility: Json, start: datetime, end: datetime, *, title: str = "Stand-up"
) -> Ask:
    """A booking is to be made."""
    return Ask(
        person.token, "POST", "/api/v1/bookings/", {**_when(facility, start, end), "title": title}
    )


def move(person: Person, booking: Json, facility: Json, start: datetime, end: datetime) -> Ask:
    """A booking is to be moved."""
    return Ask(person.token, "PATCH", path_of(booking), _when(facility, start, end))


def _when(facility: Json, start: datetime, end: datetime) -> Json:
    return {"facility_id": facility["id"], "start_time": wire(start), "end_time": wire(end)}


def times_of(booking: Json) -> tuple[datetime, datetime]:
    """When a booking begins and is over, as the service or the log writes it."""
    start, end = (datetime.fromisoformat(booking[name]) for name in ("start_time", "end_time"))
    return start, end


def around(instant: datetime, rng: Random) -> tuple[datetime, datetime]:
    """A period that holds the quarter of an hour which begins at the instant."""
    return instant - rng.randint(0, 3) * QUARTER, instant + rng.randint(1, 4) * QUARTER


def outcomes(answers: Sequence[Answer]) -> Counter[str]:
    """How often there is each outcome."""
    return Counter(answer.outcome for answer in answers)


def shares(answers: Sequence[Answer], parts: Sequence[Sequence[Ask]]) -> list[list[Answer]]:
    """The replies, parted as the requests were."""
    rest = iter(answers)
    return [list(islice(rest, len(part))) for part in parts]


def is_original(answer: Answer) -> bool:
    """Whether it is the reply of the request that made the booking."""
    return answer.status == 201 and "Idempotency-Replayed" not in answer.headers


def is_the_same(answer: Answer, original: Answer) -> None:
    """The same reply, to the byte."""
    assert original.content == answer.content
    for name in ("Content-Type", "ETag", "Location"):
        assert original.headers[name] == answer.headers[name]


def names_what_is_in_the_way(loser: Answer, winner: Answer, spare: Json) -> None:
    """The winner's booking, as much of it as the loser may see, and what is free instead."""
    booking, conflict = winner.body, loser.body
    seen = ["start_time", "end_time"]
    if loser.ask.token == winner.ask.token:
        seen += ["id", "title", "user"]
    expected = {name: booking[name] for name in seen}
    assert expected == conflict["conflicting_booking"]
    assert [expected] == conflict["conflicting_bookings"]

    asked = loser.ask.body
    assert isinstance(asked, dict)
    start, end = times_of(asked)
    free = conflict["suggested_alternatives"]
    assert [(end - start) // timedelta(minutes=1)] * 5 == [
        slot["duration_minutes"] for slot in free
    ]
    for slot in free:
        assert (
            slot["end_time"] <= booking["start_time"] or booking["end_time"] <= slot["start_time"]
        )
    assert spare["id"] == conflict["alternative_facilities"][0]["id"]
