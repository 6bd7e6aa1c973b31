"""No answer is older than the bound, on whichever process, with a shared cache and without.

Writers and readers race over several processes. Each facility has one writer, so at every
moment it is known in which states it can be; every answer is held against the states that
were current since the bound before it was asked for.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from threading import Event
from time import monotonic, sleep
from typing import Any, TypeAlias

import pytest

from tests import servers, service
from tests.client import Client, connection

from .api import DAY, Api, Json, Person, at, created, path_of, running_api, slot, unique, wire

BOUND_SECONDS = 0.25

SEARCH = "/api/v1/availability/search"
CLOSURES = "/api/v1/closures/"

STALE = (str(Path(__file__).with_name("stale_service.py")),)

FACILITIES = 4
WRITES = 40
READERS = 4

Hours: TypeAlias = frozenset[int]
"""The hours of the day that are taken or closed."""


@dataclass(frozen=True, slots=True)
class Replica:
    """A service with so many workers."""

    url: str
    workers: int


@dataclass(frozen=True, slots=True)
class Town:
    """Replicas on one database, and one that remembers nothing, which sets up what is needed."""

    api: Api
    replicas: Sequence[Replica]
    connections: ExitStack

    def person(self, person: Person, replica: Replica) -> Person:
        """Somebody who talks to this one, over connections of their own."""
        http = self.connections.enter_context(connection(replica.url))
        return Person(replica.url, person.token, http, person.user)


@contextmanager
def a_town(dsn: str, logs: Path, redis_url: str | None, *programs: Sequence[str]) -> Iterator[Town]:
    """A replica of each program, the second with two workers."""
    with ExitStack() as stack:
        api = stack.enter_context(running_api(dsn, logs / "plain.log", cache="off"))
        replicas = []
        for number, program in enumerate(programs, 1):
            url = stack.enter_context(
                service.service(
                    dsn,
                    logs / f"{number}.log",
                    redis_url=redis_url,
                    program=program,
                    workers=str(number),
                    feed_seconds="60" if program is STALE else "0.05",
                )
            )
            replicas.append(Replica(url, number))
        yield Town(api, replicas, stack)


@pytest.fixture(scope="module", params=["alone", "with Redis"])
def town(
    server: str,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Town]:
    """Two replicas, one of them with two workers."""
    logs = tmp_path_factory.mktemp("consistency")
    with ExitStack() as stack:
        dsn = stack.enter_context(servers.clone(server, template))
        if request.param == "alone":
            yield stack.enter_context(a_town(dsn, logs, None, service.AS_IT_IS, service.AS_IT_IS))
            return
        redis = stack.enter_context(servers.redis_server())
        yield stack.enter_context(a_town(dsn, logs, redis.url, service.AS_IT_IS, service.AS_IT_IS))
        with redis.client() as client:
            assert client.info("stats")["keyspace_hits"] > 0, "nobody used Redis"


# The race


@dataclass(frozen=True, slots=True)
class Write:
    """A write that was acknowledged, and the state it led to."""

    began: float
    acknowledged: float
    replica: Replica
    after: Hours


@dataclass(frozen=True, slots=True)
class Read:
    """An answer about one facility."""

    began: float
    ended: float
    replica: Replica
    shown: list[Json]


@dataclass(slots=True)
class History:
    """All that was done to a facility, in order, and all that was told of it."""

    facility: Json
    writes: list[Write] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)

    def wrong(self) -> list[Read]:
        """The answers that show no state that was current since the bound before they began."""
        return [read for read in self.reads if read.shown not in self._possible(read)]

    def _possible(self, read: Read) -> list[list[Json]]:
        never = Write(float("inf"), float("inf"), read.replica, frozenset())
        return [
            free(write.after)
            for write, later in pairwise([*self.writes, never])
            if write.began <= read.ended and read.began < later.acknowledged + _bound(later, read)
        ]


def _bound(write: Write, read: Read) -> float:
    """How late a write may be shown: not at all, where one worker did it and is asked."""
    is_same = write.replica == read.replica and read.replica.workers == 1
    return 0 if is_same else BOUND_SECONDS


def free(taken: Hours) -> list[Json]:
    """The rest of the day, as the service tells it."""
    ends = [-1, *sorted(taken), 24]
    return [slot(at(one + 1), at(other)) for one, other in pairwise(ends) if one + 1 < other]


class Writer:
    """The only one who changes a facility. Each write goes to whichever replica."""

    def __init__(
        self, town: Town, history: History, replicas: Sequence[Replica], rng: Random
    ) -> None:
        self.history = history
        self.rng = rng
        self.replicas = replicas
        self.people = {replica: town.person(town.api.staff, replica) for replica in replicas}
        self.booked: dict[int, Json] = {}
        self.closed: dict[int, Json] = {}
        history.writes.append(Write(monotonic(), monotonic(), replicas[0], frozenset()))

    def write(self, times: int) -> None:
        """Change it so often, and look at it after each time."""
        for _ in range(times):
            replica = self.rng.choice(self.replicas)
            person = self.people[replica]
            choices = [self._book, self._close]
            choices += [self._cancel, self._move, self._move] if self.booked else []
            choices += [self._reopen] if self.closed else []
            began = monotonic()
            self.rng.choice(choices)(person)
            after = frozenset(self.booked) | frozenset(self.closed)
            self.history.writes.append(Write(began, monotonic(), replica, after))
            for _ in range(2):
                look(person, replica, [self.history])
            if self.rng.random() < 0.2:
                sleep(1.2 * BOUND_SECONDS)  # so that nothing before it may be shown any more

    def _free_hour(self) -> int:
        taken = self.booked.keys() | self.closed.keys()
        return self.rng.choice([hour for hour in range(24) if hour not in taken])

    def _book(self, person: Person) -> None:
        hour = self._free_hour()
        self.booked[hour] = person.book(self.history.facility, at(hour), at(hour + 1))

    def _cancel(self, person: Person) -> None:
        hour = self.rng.choice(list(self.booked))
        assert person.delete(path_of(self.booked.pop(hour))).status_code == 204

    def _move(self, person: Person) -> None:
        hour, target = self.rng.choice(list(self.booked)), self._free_hour()
        times = {"start_time": wire(at(target)), "end_time": wire(at(target + 1))}
        response = person.patch(path_of(self.booked.pop(hour)), times)
        assert response.status_code == 200, response.text
        self.booked[target] = response.json()

    def _close(self, person: Person) -> None:
        hour = self._free_hour()
        self.closed[hour] = close(person, at(hour), facility_id=self.history.facility["id"])

    def _reopen(self, person: Person) -> None:
        closure = self.closed.pop(self.rng.choice(list(self.closed)))
        assert person.delete(f"{CLOSURES}{closure['id']}/").status_code == 204


def close(person: Person, start: datetime, **scope: int) -> Json:
    """Close something for an hour."""
    times = {"start_time": wire(start), "end_time": wire(start + timedelta(hours=1))}
    return created(person.post(CLOSURES, {**times, **scope, "reason": "Repairs"}))


def look(client: Client, replica: Replica, histories: Sequence[History], **params: Any) -> None:
    """Search for free time at one facility, or by the given parameters at all of these."""
    if not params:
        params = {"facility_id": histories[0].facility["id"]}
    params |= {"start_time": wire(at(0)), "end_time": wire(at(24))}
    headers = {"Authorization": f"Bearer {client.token}"}
    began = monotonic()
    # Past the client's own check of each reply, which takes longer than the reply.
    response = client.http.get(SEARCH, params=params, headers=headers)
    ended = monotonic()
    assert response.status_code == 200, response.text
    shown = {each["facility"]["id"]: each["available_slots"] for each in response.json()}
    for history in histories:
        history.reads.append(Read(began, ended, replica, shown[history.facility["id"]]))


def read(town: Town, histories: Sequence[History], rng: Random, stop: Event) -> None:
    """Search at whichever replica, over and over, until it is enough."""
    clients = [(replica, town.person(town.api.staff, replica)) for replica in town.replicas]
    site_id = histories[0].facility["site"]["id"]
    while not stop.is_set():
        replica, client = rng.choice(clients)
        if rng.random() < 0.2:
            look(client, replica, histories, site_id=site_id)
        else:
            look(client, replica, [rng.choice(histories)])


def race(town: Town, writers_at: Sequence[Replica], seed: int) -> list[History]:
    """What was done and told while all of them wrote and read at once."""
    site = town.api.site(time_zone="UTC")
    histories = [History(town.api.facility(site)) for _ in range(FACILITIES)]
    writers = [
        Writer(town, history, writers_at, Random(seed * 100 + number))  # noqa: S311 - no secret
        for number, history in enumerate(histories)
    ]
    stop = Event()
    with ThreadPoolExecutor(FACILITIES + READERS) as threads:
        readers = [
            threads.submit(read, town, histories, Random(seed * 1000 + number), stop)  # noqa: S311
            for number in range(READERS)
        ]
        try:
            for writing in [threads.submit(writer.write, WRITES) for writer in writers]:
                writing.result(100)
        finally:
            stop.set()
        for reading in readers:
            reading.result(30)
    return histories


@pytest.mark.parametrize("seed", [1, 2])
def test_no_answer_is_older_than_the_bound(town: Town, seed: int) -> None:
    histories = race(town, town.replicas, seed)
    assert [] == [wrong for history in histories for wrong in history.wrong()]
    for history in histories:
        assert WRITES + 1 == len(history.writes)
        assert len(history.reads) > 2 * WRITES


def test_a_service_that_is_late_is_found_out(dsn: str, tmp_path: Path) -> None:
    """The judge of the race is no use if it lets everything pass."""
    with a_town(dsn, tmp_path, None, service.AS_IT_IS, STALE) as town:
        punctual, late = town.replicas
        histories = race(town, [punctual], seed=3)
        wrong = {read.replica for history in histories for read in history.wrong()}
    assert {late} == wrong


# One change of each kind


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere that a change is about to be made, by staff of the replica that makes it."""

    api: Api
    staff: Person
    member: Person
    site: Json
    facility: Json
    booking: Json

    def rule(self, **rules: Any) -> None:
        """Change the facility."""
        path = f"/api/v1/facilities/{self.facility['id']}/"
        assert self.staff.patch(path, rules).status_code == 200

    def change(self, **more: Any) -> None:
        """Change the booking."""
        assert self.staff.patch(path_of(self.booking), more).status_code == 200


Change: TypeAlias = Callable[[Place], Callable[[], object]]
"""What is to be done before all look, which says what is done then."""


def books(place: Place) -> Callable[[], object]:
    return lambda: place.staff.book(place.facility, at(20), at(21))


def cancels(place: Place) -> Callable[[], object]:
    return lambda: place.staff.delete(path_of(place.booking))


def moves(place: Place) -> Callable[[], object]:
    return lambda: place.change(start_time=wire(at(15)), end_time=wire(at(16)))


def moves_away(place: Place) -> Callable[[], object]:
    other = place.api.facility(place.site)
    return lambda: place.change(facility_id=other["id"])


def closes_the_facility(place: Place) -> Callable[[], object]:
    return lambda: close(place.staff, at(12), facility_id=place.facility["id"])


def closes_the_site(place: Place) -> Callable[[], object]:
    return lambda: close(place.staff, at(12), site_id=place.site["id"])


def closes_everything(place: Place) -> Callable[[], object]:
    return lambda: close(place.staff, at(13), cancel_bookings=True)


def reopens_everything(place: Place) -> Callable[[], object]:
    closure = close(place.staff, at(17), cancel_bookings=True)
    return lambda: place.staff.delete(f"{CLOSURES}{closure['id']}/")


def has_another_rule(place: Place) -> Callable[[], object]:
    return lambda: place.rule(rules={"buffer_before_minutes": 60})


def has_another_name(place: Place) -> Callable[[], object]:
    return lambda: place.rule(name=unique("Renamed"))


def is_archived(place: Place) -> Callable[[], object]:
    return lambda: place.staff.delete(f"/api/v1/facilities/{place.facility['id']}/")


def has_other_hours(place: Place) -> Callable[[], object]:
    hours = [{"weekday": f"{DAY:%A}".lower(), "opens": "07:00", "closes": "18:00"}]
    path = f"/api/v1/sites/{place.site['id']}/"
    return lambda: place.staff.patch(path, {"opening_hours": hours})


def is_let_in(place: Place) -> Callable[[], object]:
    group = created(place.staff.post("/api/v1/user-groups/", {"name": unique("Group")}))
    place.rule(user_group_ids=[group["id"]])
    path = f"/api/v1/user-groups/{group['id']}/members/{place.member.id}/"
    return lambda: place.staff.request("PUT", path)


def expires(place: Place) -> Callable[[], object]:
    decide_by = datetime.now(UTC) + timedelta(seconds=2)
    place.api.sql(
        "UPDATE bookings SET status = 'pending', decide_by = %s WHERE id = %s",
        decide_by,
        place.booking["id"],
    )

    def wait() -> None:
        sleep(max(0, (decide_by - datetime.now(UTC)).total_seconds()))

    return wait


CHANGES: Sequence[Change] = (
    books, cancels, moves, moves_away, expires,
    closes_the_facility, closes_the_site, closes_everything, reopens_everything,
    has_another_rule, has_another_name, has_other_hours, is_archived, is_let_in,
)  # fmt: skip


def told(url: str, person: Person, facility: Json, times: int) -> list[Any]:
    """What somebody is told there of a facility and of its site, so often."""
    day = {"start_time": wire(at(0)), "end_time": wire(at(24))}
    with connection(url) as http:
        client = Client(url, person.token, http)
        questions = [{"facility_id": facility["id"]}, {"site_id": facility["site"]["id"]}]
        return [
            [client.get(SEARCH, params={**question, **day}).json() for question in questions]
            for _ in range(times)
        ]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_changes_shows_everywhere(town: Town, change: Change) -> None:
    api, writing = town.api, town.replicas[0]
    api.sql("DELETE FROM closures")
    site, staff = api.site(time_zone="UTC"), town.person(api.staff, writing)
    room, member = api.facility(site), api.person()
    place = Place(api, staff, member, site, room, staff.book(room, at(9), at(10)))
    act = change(place)
    sleep(BOUND_SECONDS)
    (before,) = told(api.base_url, member, room, 1)
    for replica in town.replicas:
        assert [before] * 4 == told(replica.url, member, room, 4)

    act()
    acknowledged = monotonic()
    (at_once,) = told(writing.url, member, room, 1)
    assert before != at_once
    sleep(max(0.0, acknowledged + BOUND_SECONDS - monotonic()))
    seen = [answer for replica in town.replicas for answer in told(replica.url, member, room, 6)]
    (after,) = told(api.base_url, member, room, 1)
    assert [after] * 12 == seen
    assert before != after


@pytest.mark.parametrize("number", [0, 1], ids=["by one worker", "by one of two"])
def test_a_token_that_is_revoked_opens_nothing_anywhere(town: Town, number: int) -> None:
    writing = town.replicas[number]
    for _ in range(5):
        person = town.api.person()
        for replica in town.replicas:
            assert {200} == set(statuses(replica, person))
        mine = town.person(person, writing)
        (token,) = mine.get("/api/v1/me/tokens/").json()
        assert mine.delete(f"/api/v1/me/tokens/{token['id']}/").status_code == 204
        sleep(BOUND_SECONDS)
        for replica in town.replicas:
            assert {401} == set(statuses(replica, person))


def statuses(replica: Replica, person: Person) -> list[int]:
    """What somebody is answered over several connections."""
    found = []
    for _ in range(3 * replica.workers):
        with connection(replica.url) as http:
            found.append(Client(replica.url, person.token, http).get("/api/v1/me/").status_code)
    return found
