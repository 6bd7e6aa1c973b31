"""Bookings made at once: as the rules are at that moment, on every process, and shown by the next.

All changes are made by direct SQL on a connection of its own, and obeyed without any delay.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, pairwise
from threading import Event, Thread
from time import sleep
from typing import Any, TypeAlias

import httpx
import psycopg
import pytest

from tests import servers, service
from tests.client import connection

from . import invariants
from .api import QUARTER, Api, Json, Person, at, created, path_of, running_api, unique, wire
from .racing import Answer, Ask, Crowd

# A machine that is busy with something else is no reason to give up.
pytestmark = pytest.mark.timeout(300)

SEARCH = "/api/v1/availability/search"
BOOKINGS = "/api/v1/bookings/"

KEYED = pytest.mark.parametrize("keyed", [False, True], ids=["without a key", "with a key"])

_hours = count()


def next_hour() -> datetime:
    """The beginning of an hour of the day after most tests book that nobody asked for before.

    After 24 hours it is one of the days after: all of them within what is remembered as one.
    """
    number = next(_hours)
    return at(number % 12, day=1 + number // 12 % 12)


@dataclass(frozen=True, slots=True)
class Houses:
    """Services on one database: one of one worker, and one of two."""

    api: Api
    urls: Sequence[str]

    def do(self, query: str, *parameters: object) -> int:
        """Direct SQL, after which nothing is waited for; the first number that it gives, or 0."""
        cursor = self.api.database.execute(query.encode(), parameters or None)
        row = cursor.fetchone() if cursor.description else None
        return 0 if row is None else int(row[0])

    def ask_everywhere(
        self, person: Person, facility: Json, *, keyed: bool
    ) -> list[httpx.Response]:
        """Ask each service for an hour of its own, four times and over connections of their own."""
        found = []
        for url in self.urls:
            for _ in range(4):
                with connection(url) as http:
                    caller = Person(url, person.token, http, person.user)
                    found.append(ask(caller, facility, next_hour(), keyed=keyed))
        return found


@pytest.fixture(scope="module")
def houses(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Houses]:
    """The services; at the end the database is whole."""
    logs = tmp_path_factory.mktemp("creating")
    with ExitStack() as stack:
        dsn = stack.enter_context(servers.clone(server, template))
        api = stack.enter_context(running_api(dsn, logs / "1.log"))
        two = stack.enter_context(service.service(dsn, logs / "2.log", workers="2"))
        yield Houses(api, [api.base_url, two])
        invariants.check(dsn)


def ask(
    person: Person, facility: Json, start: datetime, *, keyed: bool = False, **more: Any
) -> httpx.Response:
    """Ask for an hour."""
    key = unique("key") if keyed else None
    return person.ask(facility, start, start + timedelta(hours=1), key=key, **more)


def outcome(response: httpx.Response) -> str:
    """Its status, and its type where it is a problem."""
    problem = response.headers["content-type"] == "application/problem+json"
    return f"{response.status_code} {response.json()['type']}" if problem else "201"


# What is so is obeyed at once


@dataclass(frozen=True, slots=True)
class Place:
    """A facility at a site of its own, in a group of its own, and somebody who books there."""

    houses: Houses
    site: Json
    facility: Json
    group: int
    person: Person

    @property
    def scope(self) -> dict[str, object]:
        """What statements name."""
        return {
            "site": self.site["id"],
            "facility": self.facility["id"],
            "group": self.group,
            "user": self.person.id,
        }

    def do(self, statement: str) -> None:
        """Direct SQL about this place."""
        self.houses.api.database.execute(statement.encode(), self.scope)

    def outcomes(self, *, keyed: bool) -> set[str]:
        """What all processes answer."""
        return set(
            map(outcome, self.houses.ask_everywhere(self.person, self.facility, keyed=keyed))
        )


@pytest.fixture
def place(houses: Houses) -> Iterator[Place]:
    """A place that every process has the terms of, as it was booked before."""
    api = houses.api
    site = api.site(time_zone="UTC")
    facility = api.facility(site)
    group = houses.do(
        "INSERT INTO facility_groups (name) VALUES (%s) RETURNING id", unique("group")
    )
    place = Place(houses, site, facility, group, api.person())
    place.do("INSERT INTO facility_group_members VALUES (%(group)s, %(facility)s)")
    assert {"201"} == place.outcomes(keyed=False)
    yield place
    houses.do("DELETE FROM closures")
    houses.do("DELETE FROM quotas")


def _closing(facility: str, site: str) -> str:
    columns = "facility_id, site_id, start_time, end_time, reason"
    days = "date_trunc('day', now()), date_trunc('day', now()) + INTERVAL '90 days'"
    return f"INSERT INTO closures ({columns}) VALUES ({facility}, {site}, {days}, 'Repairs')"  # noqa: S608 - ours


def _limiting(facility: str, group: str) -> str:
    columns = "facility_id, facility_group_id, max_active_bookings"
    return f"INSERT INTO quotas ({columns}) VALUES ({facility}, {group}, 1)"  # noqa: S608 - ours


_LET_A_GROUP_IN = """
    WITH made AS (INSERT INTO user_groups (name) VALUES (gen_random_uuid()) RETURNING id)
    INSERT INTO facility_user_groups SELECT %(facility)s, m.id FROM made AS m
"""

_JOIN_A_GROUP = """
    WITH made AS (INSERT INTO facility_groups (name) VALUES (gen_random_uuid()) RETURNING id),
         limited AS (INSERT INTO quotas (facility_group_id, max_active_bookings)
                     SELECT m.id, 1 FROM made AS m)
    INSERT INTO facility_group_members SELECT m.id, %(facility)s FROM made AS m
"""

CLOSED, QUOTA = "422 facility_closed", "422 quota_exceeded"

CHANGES = {
    "a closure": (_closing("%(facility)s", "NULL"), "DELETE FROM closures", CLOSED),
    "a closure of the site": (_closing("NULL", "%(site)s"), "DELETE FROM closures", CLOSED),
    "a closure of everything": (_closing("NULL", "NULL"), "TRUNCATE closures", CLOSED),
    "a rule": (
        "UPDATE facilities SET max_duration_minutes = 30 WHERE id = %(facility)s",
        "UPDATE facilities SET max_duration_minutes = 480 WHERE id = %(facility)s",
        "422 booking_too_long",
    ),
    "the hours of the site": (
        "UPDATE sites SET opening_hours = '{}' WHERE id = %(site)s",
        "UPDATE sites SET opening_hours = NULL WHERE id = %(site)s",
        "422 outside_opening_hours",
    ),
    "a group of users": (
        _LET_A_GROUP_IN,
        "DELETE FROM facility_user_groups WHERE facility_id = %(facility)s",
        "422 facility_restricted",
    ),
    "a quota": (_limiting("%(facility)s", "NULL"), "DELETE FROM quotas", QUOTA),
    "a quota of the group": (_limiting("NULL", "%(group)s"), "TRUNCATE quotas", QUOTA),
    "a quota of all": (_limiting("NULL", "NULL"), "DELETE FROM quotas", QUOTA),
    "a group with a quota": (
        _JOIN_A_GROUP,
        "DELETE FROM facility_group_members WHERE facility_id = %(facility)s",
        QUOTA,
    ),
    "archiving": (
        "UPDATE facilities SET status = 'archived' WHERE id = %(facility)s",
        "UPDATE facilities SET status = 'active' WHERE id = %(facility)s",
        "422 facility_archived",
    ),
}


@KEYED
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_forbidden_is_refused_at_once_everywhere_and_allowed_again_as_soon(
    place: Place, change: str, *, keyed: bool
) -> None:
    forbid, allow, expected = CHANGES[change]
    for _ in range(2):
        place.do(forbid)
        assert {expected} == place.outcomes(keyed=keyed)
        place.do(allow)
        assert {"201"} == place.outcomes(keyed=keyed)


@KEYED
def test_what_the_rules_make_of_a_booking_is_made_of_the_next(place: Place, *, keyed: bool) -> None:
    place.do(
        "UPDATE facilities SET requires_approval = TRUE, buffer_after_minutes = 30, capacity = 77,"
        "                      name = 'Renamed' WHERE id = %(facility)s"
    )
    for response in place.houses.ask_everywhere(place.person, place.facility, keyed=keyed):
        if outcome(response) != "201":  # for the buffers: what was asked for before is near
            assert "409 booking_conflict" == outcome(response)
            continue
        body = response.json()
        assert ("pending", 30) == (body["status"], body["buffer_after_minutes"])
        assert "Renamed" == body["facility"]["name"]
        assert "decide_by" in body


@KEYED
def test_who_is_deactivated_books_nothing_any_more(place: Place, *, keyed: bool) -> None:
    place.do("UPDATE users SET deactivated_at = now() WHERE id = %(user)s")
    refusals = {"401 authentication_required", "403 permission_denied"}
    assert refusals >= place.outcomes(keyed=keyed)
    query = "SELECT count(*) FROM bookings WHERE user_id = %s"
    assert 8 == place.houses.do(query, place.person.id)  # those of before


# The next answer shows it


SETTINGS = {
    "plain": (),
    "with a quota": (
        "INSERT INTO quotas (facility_id, max_active_bookings) VALUES (%(facility)s, 9999)",
    ),
    "with approval": ("UPDATE facilities SET requires_approval = TRUE WHERE id = %(facility)s",),
}


def slots_of(person: Person, facility: Json, day: int) -> list[tuple[str, str]]:
    """What a search shows of a day to be free, past the client's own check of each reply."""
    params = {
        "facility_id": facility["id"],
        "start_time": wire(at(0, day=day)),
        "end_time": wire(at(24, day=day)),
    }
    headers = {"Authorization": f"Bearer {person.token}"}
    response = person.http.get(SEARCH, params=params, headers=headers)
    assert response.status_code == 200, response.text
    (found,) = response.json()
    return [(each["start_time"], each["end_time"]) for each in found["available_slots"]]


def free(taken: Sequence[datetime], day: int) -> list[tuple[str, str]]:
    """The rest of a day, when these quarters are taken."""
    marks = [at(0, day=day) - QUARTER, *sorted(taken), at(24, day=day)]
    return [
        (wire(one + QUARTER), wire(other))
        for one, other in pairwise(marks)
        if one + QUARTER < other
    ]


@KEYED
@pytest.mark.parametrize("setting", SETTINGS)
def test_what_is_booked_is_in_the_next_answer_of_the_process(
    place: Place, setting: str, *, keyed: bool
) -> None:
    """While others look all the time, whose looks are under way as it is booked."""
    for statement in SETTINGS[setting]:
        place.do(statement)
    person, facility = place.person, place.facility
    stop = Event()

    def go_on_looking() -> None:
        with connection(person.base_url) as http:
            other = Person(person.base_url, person.token, http, person.user)
            while not stop.is_set():
                slots_of(other, facility, 20)
                slots_of(other, facility, 21)

    looking = [Thread(target=go_on_looking) for _ in range(2)]
    for thread in looking:
        thread.start()
    try:
        booked: dict[int, list[datetime]] = {20: [], 21: [], 22: []}
        for number in range(200):
            day = 20 + number % 3  # the third of which nobody looks at but now
            start = at(number // 3 * 0.25, day=day)
            headers = {"Authorization": f"Bearer {person.token}"}
            if keyed:
                headers["Idempotency-Key"] = unique("key")
            body = {
                "facility_id": facility["id"],
                "start_time": wire(start),
                "end_time": wire(start + QUARTER),
                "title": "Stand-up",
            }
            response = person.http.post(BOOKINGS, json=body, headers=headers)
            assert response.status_code == 201, response.text
            booked[day].append(start)
            assert free(booked[day], day) == slots_of(person, facility, day), number
    finally:
        stop.set()
        for thread in looking:
            thread.join()


# The reply


def members(body: object) -> object:
    """The names that an object has, and those that its objects have."""
    if isinstance(body, dict):
        return {name: members(value) for name, value in body.items()}
    return type(body)


_BUFFERS = (
    "UPDATE facilities SET buffer_before_minutes = 15, buffer_after_minutes = 30"
    " WHERE id = %(facility)s"
)

VARIANTS: dict[str, tuple[str, Json]] = {
    "plain": ("", {}),
    "with a description": ("", {"description": "About\nnothing", "attendee_count": 3}),
    "with buffers": (
        _BUFFERS,
        {},
    ),
    "with approval": (
        "UPDATE facilities SET requires_approval = TRUE WHERE id = %(facility)s",
        {},
    ),
    "with a quota": (
        "INSERT INTO quotas (facility_id, max_active_bookings) VALUES (%(facility)s, 99)",
        {},
    ),
    "of a person with a name": (
        "UPDATE users SET display_name = 'Ada L.' WHERE id = %(user)s",
        {},
    ),
}


@KEYED
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_booking_made_at_once_is_told_of_as_one_made_step_by_step(
    place: Place, variant: str, *, keyed: bool
) -> None:
    statement, more = VARIANTS[variant]
    if statement:
        place.do(statement)
    staff = place.houses.api.staff
    at_once = ask(place.person, place.facility, at(1, day=15), keyed=keyed, **more)
    on_behalf = ask(
        staff, place.facility, at(4, day=15), keyed=keyed, user_id=place.person.id, **more
    )
    mine, theirs = created(at_once), created(on_behalf)
    if variant == "with approval":  # staff need none
        assert ("pending", "confirmed") == (mine["status"], theirs["status"])
        mine.pop("decide_by")
    assert staff.basic == theirs.pop("booked_by")
    assert members(theirs) == members(mine)
    assert list(theirs) == list(mine)
    same = {"id", "start_time", "end_time", "status", "created_at", "updated_at"}
    assert {name: mine[name] for name in mine.keys() - same} == {
        name: theirs[name] for name in theirs.keys() - same
    }
    assert set(on_behalf.headers) == set(at_once.headers)


@KEYED
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_booking_is_retrieved_as_its_reply_told_it(
    place: Place, variant: str, *, keyed: bool
) -> None:
    statement, more = VARIANTS[variant]
    if statement:
        place.do(statement)
    made = ask(place.person, place.facility, at(8, day=15), keyed=keyed, **more)
    assert path_of(created(made)) == made.headers["location"]
    found = place.person.get(made.headers["location"])
    assert made.content == found.content
    assert made.headers["etag"] == found.headers["etag"]


@KEYED
def test_the_audit_has_whose_doing_it_was_and_for_which_request(
    place: Place, *, keyed: bool
) -> None:
    for number in range(3):
        made = ask(place.person, place.facility, at(number, day=16), keyed=keyed)
        rows = place.houses.api.sql(
            "SELECT action, changed_by, request_id FROM booking_audit WHERE booking_id = %s",
            created(made)["id"],
        )
        assert [("created", place.person.id, made.headers["x-request-id"])] == rows


@KEYED
def test_a_booking_tells_of_the_transaction_that_made_it_once(place: Place, *, keyed: bool) -> None:
    made = created(ask(place.person, place.facility, at(3, day=16), keyed=keyed))
    assert 1 == place.houses.do("SELECT count(*) FROM changes WHERE booking_id = %s", made["id"])


# Conflicts


@KEYED
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("remembered", [False, True], ids=["unheard of", "remembered"])
def test_every_refusal_for_a_taken_time_is_recorded_once(
    place: Place, setting: str, *, remembered: bool, keyed: bool
) -> None:
    for statement in SETTINGS[setting]:
        place.do(statement)
    rival, start = place.houses.api.person(), at(1, day=17)
    created(ask(rival, place.facility, start))
    for number in range(1, 4):
        if remembered:
            slots_of(place.person, place.facility, 17)
        key = unique("key") if keyed else None
        for _ in range(1 + keyed):  # a replay is no second refusal
            response = place.person.ask(place.facility, start, start + timedelta(hours=1), key=key)
            assert "409 booking_conflict" == outcome(response)
        query = "SELECT user_id, start_time, end_time FROM booking_conflicts WHERE facility_id = %s"
        expected = (place.person.id, start, start + timedelta(hours=1))
        assert [expected] * number == place.houses.api.sql(query, place.facility["id"])


@KEYED
@pytest.mark.parametrize("remembered", [False, True], ids=["unheard of", "remembered"])
def test_what_has_expired_is_in_nobodys_way_and_no_conflict(
    place: Place, *, remembered: bool, keyed: bool
) -> None:
    place.do(SETTINGS["with approval"][0])
    start = at(1, day=18)
    waiting = created(ask(place.houses.api.person(), place.facility, start))
    place.houses.do(
        "UPDATE bookings SET decide_by = now() - INTERVAL '1 second' WHERE id = %s", waiting["id"]
    )
    if remembered:
        slots_of(place.person, place.facility, 18)
    created(ask(place.person, place.facility, start, keyed=keyed))
    query = "SELECT count(*) FROM booking_conflicts WHERE facility_id = %s"
    assert 0 == place.houses.do(query, place.facility["id"])
    query = "SELECT count(*) FROM bookings WHERE id = %s AND cancellation_cause = 'expired'"
    assert 1 == place.houses.do(query, waiting["id"])


# Races


RIVALS = 24

Closed: TypeAlias = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Closer:
    """Closes an hour and opens it again, over and over, by direct SQL.

    ``closed``: from when to when it was closed for sure.
    """

    dsn: str
    facility_id: int
    start: datetime
    has_begun: Event = field(default_factory=Event)
    stop: Event = field(default_factory=Event)
    closed: list[Closed] = field(default_factory=list)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """It has closed it once by then; at the end it is open."""
        thread = Thread(target=self._work)
        thread.start()
        try:
            assert self.has_begun.wait(20)
            yield
        finally:
            self.stop.set()
            thread.join()

    def _work(self) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            while not self.stop.is_set():
                with conn.transaction():
                    # Held as the service holds it: who books step by step holds no more.
                    hold = "SELECT FROM facilities WHERE id = %s FOR NO KEY UPDATE"
                    conn.execute(hold, [self.facility_id])
                    conn.execute(
                        "INSERT INTO closures (facility_id, start_time, end_time, reason)"
                        " VALUES (%s, %s, %s, 'Repairs')",
                        [self.facility_id, self.start, self.start + timedelta(hours=1)],
                    )
                since = _clock(conn)
                self.has_begun.set()
                sleep(0.004)
                self.closed.append((since, _clock(conn)))
                conn.execute("DELETE FROM closures WHERE facility_id = %s", [self.facility_id])
                sleep(0.004)


def _clock(conn: psycopg.Connection[Any]) -> datetime:
    row = conn.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    now: datetime = row[0]
    return now


def test_nobody_books_within_a_closure_however_they_come_and_go(houses: Houses) -> None:
    api = houses.api
    people = [api.person() for _ in range(RIVALS)]
    found: Counter[str] = Counter()
    with Crowd(houses.urls) as crowd:
        for number in range(12):
            facility, start = api.facility(), at(number, day=25)
            created(ask(people[0], facility, at(number, day=26)))  # so that its terms are known
            asks = [
                Ask(
                    person.token,
                    "POST",
                    BOOKINGS,
                    {
                        "facility_id": facility["id"],
                        "start_time": wire(start),
                        "end_time": wire(start + timedelta(hours=1)),
                        "title": "Race",
                    },
                    {"Idempotency-Key": unique("key")} if place % 3 == 0 else {},
                )
                for place, person in enumerate(people)
            ]
            closer = Closer(api.dsn, facility["id"], start)
            with closer.at_work():
                answers = crowd.at_once(asks)
            check_race(houses, facility, answers, closer.closed)
            # Now that it is open one of them wins, unless somebody has it.
            again = crowd.at_once([renamed(each) for each in asks])
            winners = [each for each in [*answers, *again] if each.status == 201]
            assert 1 == len(winners)
            found.update(each.outcome for each in answers)
    assert found[CLOSED] > 0, "no closure was met: the race proves nothing"


def renamed(asked: Ask) -> Ask:
    """The same under another key, if it had one."""
    keys = {name: unique("key") for name in asked.headers}
    return Ask(asked.token, asked.method, asked.path, asked.body, keys)


def check_race(
    houses: Houses, facility: Json, answers: Sequence[Answer], closed: Sequence[Closed]
) -> None:
    """Nobody booked while it was closed, at most one at all, and each conflict is on record."""
    outcomes = Counter(each.outcome for each in answers)
    assert {"201", CLOSED, "409 booking_conflict"} >= set(outcomes), outcomes
    assert outcomes["201"] <= 1
    assert outcomes["201"] == 1 or not outcomes["409 booking_conflict"]
    made = [each.body["id"] for each in answers if each.status == 201]
    rows = houses.api.database.execute(
        "SELECT changed_at FROM booking_audit WHERE booking_id = ANY (%s)", [made]
    ).fetchall()
    for (booked_at,) in rows:
        assert not any(since <= booked_at <= until for since, until in closed)
    recorded = houses.do(
        "SELECT count(*) FROM booking_conflicts WHERE facility_id = %s", facility["id"]
    )
    assert outcomes["409 booking_conflict"] == recorded


@pytest.mark.parametrize("setting", SETTINGS)
def test_of_many_at_once_exactly_one_wins_and_each_other_is_on_record(
    place: Place, setting: str
) -> None:
    for statement in SETTINGS[setting]:
        place.do(statement)
    people = [place.houses.api.person() for _ in range(RIVALS)]
    before = place.houses.do(
        "SELECT count(*) FROM booking_conflicts WHERE facility_id = %s", place.facility["id"]
    )
    with Crowd(place.houses.urls) as crowd:
        for number in range(10):
            body = {
                "facility_id": place.facility["id"],
                "start_time": wire(at(number, day=19)),
                "end_time": wire(at(number + 1, day=19)),
                "title": "Race",
            }
            answers = crowd.at_once(
                [
                    Ask(
                        person.token,
                        "POST",
                        BOOKINGS,
                        body,
                        {"Idempotency-Key": unique("key")} if turn % 2 else {},
                    )
                    for turn, person in enumerate(people)
                ]
            )
            outcomes = Counter(each.outcome for each in answers)
            assert {"201": 1, "409 booking_conflict": RIVALS - 1} == outcomes
            before += RIVALS - 1
            assert before == place.houses.do(
                "SELECT count(*) FROM booking_conflicts WHERE facility_id = %s",
                place.facility["id"],
            )


def test_each_refusal_is_on_record_once_though_users_go_while_they_are_refused(
    place: Place,
) -> None:
    """Many are refused by one statement, and some of them are deactivated as that is under way."""
    api, facility, start = place.houses.api, place.facility, at(1, day=35)
    created(ask(place.person, facility, start))
    statuses: Counter[int] = Counter()
    with Crowd(place.houses.urls) as crowd, psycopg.connect(api.dsn, autocommit=True) as conn:
        for turn in range(6):
            people = [api.person() for _ in range(RIVALS)]
            leaving = [person.id for person in people[::2]]
            body = {
                "facility_id": facility["id"],
                "start_time": wire(start),
                "end_time": wire(start + timedelta(hours=1)),
                "title": "Race",
            }
            asks = [Ask(person.token, "POST", BOOKINGS, body) for person in people] * 2
            left: dict[int, datetime] = {}
            going = Thread(target=_deactivate, args=(conn, leaving, left, turn / 2000))
            going.start()
            answers = crowd.at_once(asks)
            going.join()
            told = Counter[int]()
            for answer, person in zip(answers, people * 2, strict=True):
                statuses[answer.status] += 1
                if person.id not in leaving or answer.status == 409:
                    assert "409 booking_conflict" == answer.outcome
                    told[person.id] += 1
                else:
                    assert answer.outcome in REFUSED_WHO_LEFT
            rows = api.database.execute(
                "SELECT user_id, count(*), max(occurred_at), min(start_time), max(end_time)"
                "  FROM booking_conflicts WHERE user_id = ANY (%s) GROUP BY user_id",
                [[person.id for person in people]],
            ).fetchall()
            assert told == {user_id: number for user_id, number, *_ in rows}
            for user_id, _, occurred_at, since, until in rows:
                assert (start, start + timedelta(hours=1)) == (since, until)
                # Nobody leaves anything behind after they are gone.
                assert user_id not in left or occurred_at < left[user_id]
    assert 0 < statuses[409] < statuses.total(), "nobody left in time: the race proves nothing"


REFUSED_WHO_LEFT = {"401 authentication_required", "403 permission_denied"}


def _deactivate(
    conn: psycopg.Connection[Any], user_ids: Sequence[int], left: dict[int, datetime], wait: float
) -> None:
    """Deactivate each, one after the other; ``left`` has when that was over for sure."""
    sleep(wait)
    for user_id in user_ids:
        with conn.transaction():
            conn.execute("UPDATE users SET deactivated_at = now() WHERE id = %s", [user_id])
            sleep(0.001)
        left[user_id] = _clock(conn)


def test_of_many_bookings_of_one_user_no_more_are_made_than_a_quota_allows(place: Place) -> None:
    place.do("INSERT INTO quotas (facility_id, max_active_bookings) VALUES (%(facility)s, 3)")
    # Who has more by now is refused everywhere, and so it is known everywhere.
    assert {QUOTA} == place.outcomes(keyed=False)
    with Crowd(place.houses.urls) as crowd:
        for number in range(5):
            user = place.houses.api.person()
            asks = [
                Ask(
                    user.token,
                    "POST",
                    BOOKINGS,
                    {
                        "facility_id": place.facility["id"],
                        "start_time": wire(at(hour, day=30 + number)),
                        "end_time": wire(at(hour + 1, day=30 + number)),
                        "title": "Race",
                    },
                    {"Idempotency-Key": unique("key")} if hour % 2 else {},
                )
                for hour in range(20)
            ]
            outcomes = Counter(each.outcome for each in crowd.at_once(asks))
            assert {"201": 3, QUOTA: 17} == outcomes
