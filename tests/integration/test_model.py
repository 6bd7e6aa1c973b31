"""Whatever people do with a few rooms, the service says of them what a simple model says.

Hypothesis lets three members and one of the staff create, move, edit, cancel, read,
list and search, and the staff shrink, archive and restore rooms, and change how much
is kept free around bookings. By default it is
the same few hundred steps each time. ``MODEL_EXAMPLES=500`` takes a longer walk,
another one each time, and looks for the shortest way to what it finds.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import combinations
from math import floor, log, log2
from typing import Any

import httpx
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests import servers

from . import invariants
from .api import Api, Json, Person, at, listed, path_of, running_api, wire
from .diary import BEYOND, DAY, LONGEST, PAST, QUARTER, Diary, Draft, Entry, Room, Slot, touches

EXAMPLES = os.environ.get("MODEL_EXAMPLES")

EVENING = 18 * 60
"""For the ten hours from here, over midnight, everybody wants the same rooms."""

# What may be wrong with a draft, one thing or two.
SPOILERS: dict[str, Callable[[Draft], Draft]] = {
    "blank": lambda draft: replace(draft, title="   "),
    "starts off the marks": lambda draft: replace(draft, start=draft.start + 7),
    "ends off the marks": lambda draft: replace(draft, end=draft.end + 1),
    "ends as it starts": lambda draft: replace(draft, end=draft.start),
    "too long": lambda draft: replace(draft, end=draft.start + LONGEST + QUARTER),
    "over": lambda draft: _later(draft, PAST - 2 * DAY),
    "too far ahead": lambda draft: _later(draft, BEYOND + 60 * DAY),
    "too many": lambda draft: replace(draft, attendees=100),
    "nowhere": lambda draft: replace(draft, room=None),
}

# What a change may name, and what the contract calls it.
MEMBERS = {
    "room": "facility_id",
    "start": "start_time",
    "end": "end_time",
    "title": "title",
    "description": "description",
    "attendees": "attendee_count",
}
MOVES = (("start", "end"), ("room", "start", "end"), ("room",), ("start",), ("end",))
EDITS = (("title", "description"), ("attendees",), tuple(MEMBERS))


def _later(draft: Draft, minutes: int) -> Draft:
    return replace(draft, start=draft.start + minutes, end=draft.end + minutes)


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Mostly what may be booked, if the room is free."""
    start = EVENING + QUARTER * draw(st.integers(0, 39))
    draft = Draft(
        room=draw(st.sampled_from([0, 0, 0, 1, 1, 2])),
        start=start,
        end=start + QUARTER * draw(st.integers(1, 12)),
        title=draw(st.sampled_from(["Stand-up", " Übung ☕ ", "x" * 255])),
        description=draw(st.sampled_from([None, None, "", "Bring\nnothing."])),
        attendees=draw(st.integers(1, 5)),
    )
    if draw(st.sampled_from([False] * 5 + [True])):
        spoilers = st.lists(st.sampled_from(sorted(SPOILERS)), min_size=1, max_size=2, unique=True)
        for name in draw(spoilers):
            draft = SPOILERS[name](draft)
    return draft


# What availability tells of the rooms' rules, which stay as they are.
RULES = {
    "min_duration_minutes": 15,
    "max_duration_minutes": 480,
    "start_step_minutes": 15,
    "requires_approval": False,
}

# What the staff do to a room: change it so, or with None archive it.
ALTERATIONS: list[Json | None] = [
    {"capacity": 3},
    {"capacity": 9},
    {"status": "active"},
    *(
        {"rules": {"buffer_before_minutes": before, "buffer_after_minutes": after}}
        for before, after in ((0, 0), (15, 0), (0, 45), (30, 15))
    ),
    None,
]

PEOPLE = st.integers(0, 3)
OWNER_OR_OTHER = st.sampled_from([None, None, None, *range(4)])
LIMITS = st.sampled_from([1, 2, 5, 50])
STATUSES = st.sampled_from([None, None, "confirmed", "cancelled", "pending"])
CONDITIONS = st.sampled_from([None, None, None, None, "*", "first", "other"])


class Company(RuleBasedStateMachine):
    """A site of its own with three rooms; three members, and one of the staff."""

    entries = Bundle("entries")

    def __init__(self, api: Api) -> None:
        super().__init__()
        self.api = api
        self.site = api.site()
        sizes = (("room", 4), ("room", 8), ("lab", 6))
        rooms = [
            api.facility(self.site, name=letter, facility_type=kind, capacity=capacity)
            for letter, (kind, capacity) in zip("ABC", sizes, strict=True)
        ]
        self.rooms = [Room(_basic(room)) for room in rooms]
        self.diary = Diary(self.rooms)
        self.staff = api.person(is_staff=True)
        self.people = [api.person(), api.person(display_name="Bo"), api.person(), self.staff]
        self.first: dict[int, httpx.Response] = {}
        self.keyed: dict[tuple[int, str], tuple[Json, httpx.Response]] = {}

    @initialize(
        target=entries, asks=st.lists(st.tuples(PEOPLE, drafts()), min_size=12, max_size=12)
    )
    def fill(self, asks: list[tuple[int, Draft]]) -> Any:
        """The diary is not empty when it begins."""
        made = [self._create(who, draft, None) for who, draft in asks]
        return multiple(*(entry for entry in made if entry is not None))

    @rule(
        target=entries,
        who=PEOPLE,
        draft=drafts(),
        key=st.sampled_from([None, None, None, "one", '"two"']),
    )
    def create(self, who: int, draft: Draft, key: str | None) -> Any:
        """Somebody books, perhaps under a key, which may be one that they have used."""
        if key is not None and (who, key) in self.keyed:
            self._check_repeated(who, key, draft.values(self.rooms))
            return multiple()
        entry = self._create(who, draft, key)
        return multiple() if entry is None else entry

    @precondition(lambda self: self.keyed)
    @rule(number=st.integers(0, 7))
    def repeat(self, number: int) -> None:
        """Somebody sends again what they sent under a key."""
        (who, key), (body, _) = list(self.keyed.items())[number % len(self.keyed)]
        self._check_repeated(who, key, body)

    @rule(
        entry=entries,
        who=OWNER_OR_OTHER,
        draft=drafts(),
        names=st.sampled_from(MOVES),
        condition=CONDITIONS,
    )
    def move(
        self,
        entry: Entry,
        who: int | None,
        draft: Draft,
        names: Sequence[str],
        condition: str | None,
    ) -> None:
        """Somebody moves a booking to where the draft is, or some of the way."""
        self._change(entry, self._person(who, entry), draft, names, condition)

    @rule(
        entry=entries,
        who=OWNER_OR_OTHER,
        draft=drafts(),
        names=st.sampled_from(EDITS),
        condition=CONDITIONS,
    )
    def edit(
        self,
        entry: Entry,
        who: int | None,
        draft: Draft,
        names: Sequence[str],
        condition: str | None,
    ) -> None:
        """Somebody makes a booking say some of what the draft says, or all of it."""
        self._change(entry, self._person(who, entry), draft, names, condition)

    @rule(entry=entries, who=OWNER_OR_OTHER, condition=CONDITIONS)
    def cancel(self, entry: Entry, who: int | None, condition: str | None) -> None:
        """Somebody cancels a booking, perhaps not for the first time."""
        person = self._person(who, entry)
        headers, holds = self._condition(entry, condition)
        response = person.delete(_path(entry), headers=headers)
        # A cancel that is repeated is answered as the first was, whatever it demands.
        holds = holds or entry.status == "cancelled"
        answer = self._refusal(entry, person, holds=holds) or "204"
        assert answer == outcome(response)
        if answer == "204" and entry.status != "cancelled":
            self.diary.cancel(entry, person)

    @rule(entry=entries, who=OWNER_OR_OTHER)
    def read(self, entry: Entry, who: int | None) -> None:
        """Somebody looks at a booking, and again unless it is what it was when it was made."""
        person, first = self._person(who, entry), self.first[entry.id]
        response = person.get(_path(entry))
        answer = self._refusal(entry, person) or "200"
        assert answer == outcome(response)
        if answer == "200":
            self._check_shown(entry, response.json())
            same = first.content == response.content
            again = person.get(_path(entry), headers={"If-None-Match": first.headers["ETag"]})
            assert ("304" if same else "200") == outcome(again)

    @rule(entry=entries, who=OWNER_OR_OTHER, limit=LIMITS)
    def read_history(self, entry: Entry, who: int | None, limit: int) -> None:
        """Somebody asks what was done to a booking."""
        person = self._person(who, entry)
        path = f"{_path(entry)}history/"
        if self._refusal(entry, person):
            assert "404 not_found" == outcome(person.get(path))
            return
        told = listed(person, path, limit=limit)
        befores = [None, *(values for _, _, values in entry.history)]
        expected = [
            (action, by.basic, before, values)
            for before, (action, by, values) in zip(befores, entry.history, strict=False)
        ]
        assert expected == [
            (one["action"], one["changed_by"], one.get("old_values"), one["new_values"])
            for one in told
        ]

    @rule(
        who=PEOPLE,
        first=st.sampled_from([None, 0, 1]),
        days=st.sampled_from([None, 0, 1]),
        status=STATUSES,
        limit=LIMITS,
    )
    def list_own(
        self, who: int, first: int | None, days: int | None, status: str | None, limit: int
    ) -> None:
        """Somebody lists their bookings of some days, which are days in UTC."""
        person = self.people[who]
        last = None if days is None else (first or 0) + days
        params: Json = {
            "start_date": None if first is None else str(at(0, day=first).date()),
            "end_date": None if last is None else str(at(0, day=last).date()),
            "status": status,
            "limit": limit,
        }
        begin = None if first is None else first * DAY
        end = None if last is None else (last + 1) * DAY
        expected = [
            _summary(self.diary.shown(entry))
            for entry in self._listed(begin, end, status)
            if entry.owner is person
        ]
        told = listed(person, "/api/v1/me/bookings/", **_given(params))
        assert expected == told

    @rule(
        room=st.integers(0, 2),
        owner=st.sampled_from([None, None, 0, 1, 2]),
        start=st.integers(EVENING, EVENING + 12 * 60),
        length=st.sampled_from([None, None, 1, 60, 600]),
        status=STATUSES,
        limit=LIMITS,
    )
    def list_all(  # noqa: PLR0913, PLR0917 - one for each filter
        self,
        room: int,
        owner: int | None,
        start: int,
        length: int | None,
        status: str | None,
        limit: int,
    ) -> None:
        """The staff list everybody's bookings of a room."""
        begin, end = (None, None) if length is None else (start, start + length)
        params: Json = {
            "facility_id": self.rooms[room].id,
            "user_id": None if owner is None else self.people[owner].id,
            "start_time": None if begin is None else _wire(begin),
            "end_time": None if end is None else _wire(end),
            "status": status,
            "limit": limit,
        }
        expected = [
            entry
            for entry in self._listed(begin, end, status)
            if entry.draft.room == room and (owner is None or entry.owner is self.people[owner])
        ]
        told = listed(self.staff, "/api/v1/admin/bookings/", **_given(params))
        assert [entry.id for entry in expected] == [row["id"] for row in told]
        for entry, row in zip(expected, told, strict=True):
            self._check_shown(entry, row)

    @rule(
        who=PEOPLE,
        room=st.sampled_from([None, None, 0, 1, 2]),
        start=st.integers(EVENING - 120, EVENING + 14 * 60),
        length=st.integers(1, 2 * DAY),
        duration=st.sampled_from([None, 15, 60, 240, 480]),
        capacity=st.sampled_from([None, None, 5, 7]),
        limit=st.sampled_from([1, 2, 50]),
    )
    def search(  # noqa: PLR0913, PLR0917 - one for each filter
        self,
        who: int,
        room: int | None,
        start: int,
        length: int,
        duration: int | None,
        capacity: int | None,
        limit: int,
    ) -> None:
        """Somebody asks when a room is free, or all that are large enough."""
        window, minutes = (start, start + length), duration or QUARTER
        params: Json = {
            "facility_id": None if room is None else self.rooms[room].id,
            "site_id": self.site["id"],
            "start_time": _wire(window[0]),
            "end_time": _wire(window[1]),
            "duration": duration,
            "min_capacity": capacity,
            "limit": limit,
        }
        expected = [
            {
                "facility": one.shown,
                "rules": RULES,
                "available_slots": [
                    _slot(slot) for slot in self.diary.free_slots(number, window, minutes)
                ],
                "next_available": _wire(self.diary.first_free(number, start, minutes)),
            }
            for number, one in enumerate(self.rooms)
            if one.is_active and one.capacity >= (capacity or 0) and room in {None, number}
        ]
        told = listed(self.people[who], "/api/v1/availability/search", **_given(params))
        assert expected == told

    @rule(
        number=st.sampled_from([1, 2]),
        what=st.sampled_from(ALTERATIONS),
    )
    def alter_room(self, number: int, what: Json | None) -> None:
        """The staff shrink, enlarge, restore or archive a room, or change its buffers."""
        room = self.rooms[number]
        path = f"/api/v1/facilities/{room.id}/"
        response = self.staff.delete(path) if what is None else self.staff.patch(path, what)
        assert ("204" if what is None else "200") == outcome(response)
        if what is None:
            room.is_active = False
        elif "capacity" in what:
            room.shown["capacity"] = what["capacity"]
        elif "rules" in what:
            room.before = what["rules"]["buffer_before_minutes"]
            room.after = what["rules"]["buffer_after_minutes"]
        else:
            room.is_active = True

    def teardown(self) -> None:
        """The database has every booking, and of each every change, once."""
        told = self.api.sql(
            """
            SELECT b.id, b.status::text, count(h.id)
              FROM bookings AS b
              JOIN booking_audit AS h ON h.booking_id = b.id
             WHERE b.facility_id = ANY (%s)
             GROUP BY b.id
             ORDER BY b.id
            """,
            [room.id for room in self.rooms],
        )
        entries = sorted(self.diary.entries, key=lambda entry: entry.id)
        assert [(entry.id, entry.status, len(entry.history)) for entry in entries] == told

    def _person(self, who: int | None, entry: Entry) -> Person:
        """Somebody; the booking's owner where nobody is named."""
        return entry.owner if who is None else self.people[who]

    def _create(self, who: int, draft: Draft, key: str | None) -> Entry | None:
        person, body = self.people[who], draft.values(self.rooms)
        response = self._post(person, body, key)
        if key is not None:
            self.keyed[who, key] = body, response
        answer = self.diary.answer_to_new(draft)
        assert answer == outcome(response)
        if answer == "409 booking_conflict":
            self._check_conflict(response.json(), person, draft, None)
        if answer != "201":
            return None
        entry = self.diary.add(response.json(), person, draft)
        self._check_shown(entry, response.json())
        assert f"/api/v1/bookings/{entry.id}/" == response.headers["Location"]
        self.first[entry.id] = response
        return entry

    def _change(
        self,
        entry: Entry,
        person: Person,
        draft: Draft,
        names: Sequence[str],
        condition: str | None,
    ) -> None:
        revised = replace(entry.draft, **{name: getattr(draft, name) for name in names})
        values = {"description": None, **revised.values(self.rooms)}
        body = {MEMBERS[name]: values[MEMBERS[name]] for name in names}
        headers, holds = self._condition(entry, condition)
        response = person.patch(_path(entry), body, headers=headers)

        answer = self._refusal(entry, person, holds=holds) or self.diary.answer_to_change(
            entry, revised
        )
        assert answer == outcome(response)
        if answer == "409 booking_conflict":
            self._check_conflict(response.json(), person, revised, entry)
        if answer == "200":
            if revised != entry.draft:
                self.diary.change(entry, revised, person)
            self._check_shown(entry, response.json())

    def _post(self, person: Person, body: Json, key: str | None) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return person.post("/api/v1/bookings/", body, headers=headers)

    def _check_repeated(self, who: int, key: str, body: Json) -> None:
        known, first = self.keyed[who, key]
        response = self._post(self.people[who], body, key)
        if body == known:
            assert (first.status_code, first.content) == (response.status_code, response.content)
            assert "true" == response.headers["Idempotency-Replayed"]
        else:
            assert "422 idempotency_key_reused" == outcome(response)

    def _condition(self, entry: Entry, which: str | None) -> tuple[dict[str, str], bool]:
        """An If-Match, and whether it holds."""
        if which == "first":
            first, now = self.first[entry.id], entry.owner.get(_path(entry))
            self._check_shown(entry, now.json())
            return {"If-Match": first.headers["ETag"]}, first.content == now.content
        if which == "other":
            return {"If-Match": '"0123456789abcdef"'}, False
        return {} if which is None else {"If-Match": which}, True

    def _refusal(self, entry: Entry, person: Person, *, holds: bool = True) -> str | None:
        """What everybody is answered before any rule is asked."""
        if person is not entry.owner and person is not self.staff:
            return "404 not_found"
        return None if holds else "412 precondition_failed"

    def _listed(self, begin: int | None, end: int | None, status: str | None) -> Iterator[Entry]:
        """The bookings of that status that touch the time, as lists have them."""
        for entry in self.diary.in_order():
            if (
                (begin is None or entry.draft.end > begin)
                and (end is None or entry.draft.start < end)
                and status in {None, entry.status}
            ):
                yield entry

    def _check_shown(self, entry: Entry, booking: Json) -> None:
        """It says what the model says; its stamps tell when it was made, and changed."""
        shown = {**self.diary.shown(entry), "created_at": entry.created_at}
        updated_at = booking.pop("updated_at")
        assert shown == booking
        if entry.is_touched:
            assert _instant(entry.updated_at) < _instant(updated_at)
            entry.updated_at, entry.is_touched = updated_at, False
        assert entry.updated_at == updated_at

    def _check_conflict(
        self, problem: Json, person: Person, draft: Draft, moved: Entry | None
    ) -> None:
        """It says what is in the way, and offers what is truly free."""
        assert draft.room is not None
        rivals = [self._rival(entry, person) for entry in self.diary.in_the_way(draft, moved)]
        assert rivals == problem["conflicting_bookings"]
        assert rivals[0] == problem["conflicting_booking"]

        slots = [_minutes(slot) for slot in problem["suggested_alternatives"]]
        assert [draft.end - draft.start] * 5 == [end - start for start, end in slots]
        assert all(self.diary.is_free(draft.room, slot, moved) for slot in slots)
        assert not any(touches(slot, other) for slot, other in combinations(slots, 2))
        distances = [abs(start - draft.start) for start, _ in slots]
        assert sorted(distances) == distances
        assert self.diary.nearest_free(draft, moved) == distances[0]

        wanted = self.rooms[draft.room]
        kind = wanted.shown["facility_type"]
        elsewhere = [
            room.shown
            for number, room in enumerate(self.rooms)
            if room is not wanted
            and room.is_active
            and room.capacity >= draft.attendees
            and self.diary.is_free(number, draft.slot, moved)
        ]
        size = log(1.4 * 2 ** floor(log2(wanted.capacity)))
        elsewhere.sort(key=lambda room: (abs(log(room["capacity"]) - size), room["id"]))
        alike = [room for room in elsewhere if room["facility_type"] == kind]
        others = [room for room in elsewhere if room["facility_type"] != kind]
        # Those of the type at other sites come after them, and those of other types last.
        offered = problem["alternative_facilities"]
        assert alike == offered[: len(alike)]
        of_type = [room for room in offered if room["facility_type"] == kind]
        assert of_type == offered[: len(of_type)]
        last = offered[len(of_type) :]
        assert others[: len(last)] == last[: len(others)]

    def _rival(self, entry: Entry, person: Person) -> Json:
        """As much of a booking as this person may see of one that is in their way."""
        names = ["start_time", "end_time"]
        if not self._refusal(entry, person):
            names += ["id", "title", "user"]
        shown = self.diary.shown(entry)
        return {name: shown[name] for name in names}


def outcome(response: httpx.Response) -> str:
    """Its status, and its type where it is a problem."""
    if response.status_code < 400:
        return str(response.status_code)
    return f"{response.status_code} {response.json()['type']}"


def _basic(facility: Json) -> Json:
    names = ("id", "name", "site", "facility_type", "capacity", "time_zone")
    return {name: facility[name] for name in names}


def _summary(booking: Json) -> Json:
    left_out = {"user", "description", "buffer_before_minutes", "buffer_after_minutes"}
    return {name: booking[name] for name in booking.keys() - left_out}


def _given(params: Json) -> Json:
    return {name: value for name, value in params.items() if value is not None}


def _path(entry: Entry) -> str:
    return path_of({"id": entry.id})


def _wire(minutes: int) -> str:
    return wire(at(minutes / 60))


def _slot(slot: Slot) -> Json:
    start, end = slot
    return {"start_time": _wire(start), "end_time": _wire(end), "duration_minutes": end - start}


def _minutes(slot: Json) -> Slot:
    minute = timedelta(minutes=1)
    start, end = ((_instant(slot[name]) - at(0)) // minute for name in ("start_time", "end_time"))
    return start, end


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.timeout(300 if EXAMPLES is None else 3600)
def test_the_service_and_the_model_agree_on_every_answer(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    walk = settings(
        max_examples=int(EXAMPLES or 20),
        derandomize=EXAMPLES is None,
        stateful_step_count=40,
        phases=[Phase.generate] if EXAMPLES is None else [Phase.generate, Phase.shrink],
        deadline=None,
        database=None,
    )
    log = tmp_path_factory.mktemp("model") / "log"
    with servers.clone(server, template) as dsn:
        with running_api(dsn, log) as api:
            run_state_machine_as_test(partial(Company, api), settings=walk)  # type: ignore[arg-type]  # any factory will do
        invariants.check(dsn)
