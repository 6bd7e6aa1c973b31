"""The law, as its users meet it: what availability offers to somebody, create accepts of them.

And what it does not offer is refused, with the reason. Facilities with rules, closures,
groups and bookings are drawn at random; so are the people who ask.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from .api import QUARTER, Api, Json, Person, last_mark, path_of, present, wire
from .desk import closure, site_staff, user_group

SEARCH = "/api/v1/availability/search"
WINDOW = timedelta(days=3)
ZONES = ["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC", "America/St_Johns"]
MINUTE = timedelta(minutes=1)
# What create says of a start before it says that there is no start at all.
SAID_BEFORE = {"booking_in_past", "notice_too_short", "beyond_horizon", "start_not_on_step"}

Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Town:
    """Facilities with rules, and people of every kind."""

    facilities: list[Json]
    people: list[Person]
    rng: Random


@pytest.fixture(scope="module", params=range(4))
def town(api: Api, request: pytest.FixtureRequest) -> Town:
    """A site with a handful of facilities, drawn anew for each parameter."""
    rng = Random(request.param)  # noqa: S311 - no secret
    site = api.site(time_zone=rng.choice(ZONES))
    if rng.random() < 0.7:
        path = f"/api/v1/sites/{site['id']}/"
        assert api.staff.patch(path, {"opening_hours": hours(rng)}).status_code == 200
    members = [api.person() for _ in range(2)]
    group = user_group(api, members[0])
    facilities = [drawn_facility(api, site, group, rng) for _ in range(4)]
    for facility in facilities:
        start = last_mark(present()) + rng.randrange(-8, 200) * QUARTER
        end = start + rng.randint(1, 40) * QUARTER
        if rng.random() < 0.2:
            closure(api, start, end, site=site)
        else:
            closure(api, start, end, facility=facility)
        for _ in range(6):
            start = last_mark(present()) + rng.randrange(1, 250) * QUARTER
            api.staff.ask(facility, start, start + rng.choice([2, 4, 8]) * QUARTER)
    return Town(facilities, [*members, site_staff(api, site), api.staff], rng)


def hours(rng: Random) -> list[Json]:
    """Opening hours on most days, some of them past midnight."""
    return [
        {
            "weekday": weekday,
            "opens": f"{rng.randrange(5, 11):02}:{rng.choice(['00', '30', '45'])}",
            "closes": f"{rng.choice([13, 17, 22, 1, 3]):02}:{rng.choice(['00', '15'])}",
        }
        for weekday in ["monday", "tuesday", "wednesday", "thursday", "friday", "sunday"]
        if rng.random() < 0.9
    ]


def drawn_facility(api: Api, site: Json, group: int, rng: Random) -> Json:
    """A facility with rules of its own."""
    shortest = rng.choice([15, 30, 60])
    more: dict[str, Any] = {}
    if rng.random() < 0.5:
        more["opening_hours"] = hours(rng)
    if rng.random() < 0.3:
        more["user_group_ids"] = [group]
    return api.facility(
        site,
        rules={
            "min_duration_minutes": shortest,
            "max_duration_minutes": rng.choice([60, 120, 480]),
            "min_notice_minutes": rng.choice([0, 0, 45, 600]),
            "horizon_days": rng.choice([None, 1, 2, 30]),
            "start_step_minutes": rng.choice([15, 30, 60]),
            "buffer_before_minutes": rng.choice([0, 0, 15, 60]),
            "buffer_after_minutes": rng.choice([0, 0, 30, 240]),
            "requires_approval": rng.random() < 0.3,
        },
        **more,
    )


def offer(person: Person, facility: Json, window: Window, length: timedelta) -> Json:
    """What availability says of the facility to that person."""
    params = {
        "facility_id": facility["id"],
        "start_time": wire(window[0]),
        "end_time": wire(window[1]),
        "duration": length // MINUTE,
    }
    response = person.get(SEARCH, params=params)
    assert response.status_code == 200
    (answer,) = response.json()
    found: Json = answer
    return found


def slots_of(answer: Json) -> list[Window]:
    """The free periods that were offered."""
    return [
        (datetime.fromisoformat(slot["start_time"]), datetime.fromisoformat(slot["end_time"]))
        for slot in answer["available_slots"]
    ]


def samples(rng: Random, slots: list[Window], window: Window, length: timedelta) -> set[datetime]:
    """Starts about the edges of what is offered, and anywhere in the window."""
    edges = [edge for start, end in slots for edge in (start, end - length)]
    about = rng.sample(edges, k=min(4, len(edges)))
    starts = {edge + quarters * QUARTER for edge in about for quarters in (-1, 0, 1)}
    latest = (window[1] - window[0] - length) // QUARTER
    starts |= {window[0] + rng.randint(0, latest) * QUARTER for _ in range(6)}
    # What would reach out of the window, it does not tell of.
    return {start for start in starts if window[0] <= start <= window[1] - length}


def on_step(answer: Json, start: datetime) -> bool:
    """Whether bookings of the facility may begin then, by its own clock."""
    local = start.astimezone(ZoneInfo(answer["facility"]["time_zone"]))
    return local.minute % int(answer["rules"]["start_step_minutes"]) == 0


def test_what_is_offered_is_accepted_and_what_is_not_is_refused(town: Town) -> None:
    outcomes: Counter[str] = Counter()
    for facility in town.facilities:
        for person in town.rng.sample(town.people, k=2):
            length = town.rng.choice([1, 2, 4, 9]) * QUARTER
            begin = last_mark(present()) + town.rng.choice([-2, 1, 40]) * QUARTER
            outcomes += judged(town.rng, person, facility, (begin, begin + WINDOW), length)
    # The town is such that both happen.
    assert outcomes["201"] > 0, outcomes
    assert len(outcomes) > 2, outcomes


def judged(
    rng: Random, person: Person, facility: Json, window: Window, length: timedelta
) -> Counter[str]:
    """How often there was each outcome, all of which were as availability said."""
    outcomes: Counter[str] = Counter()
    answer = offer(person, facility, window, length)
    slots = slots_of(answer)
    if "refusal" in answer:
        assert (slots, "next_available" in answer) == ([], False)
    for start in sorted(samples(rng, slots, window, length)):
        free = any(begin <= start and start + length <= end for begin, end in slots)
        response = person.ask(facility, start, start + length)
        if free and on_step(answer, start):
            assert response.status_code == 201, (answer, response.text)
            assert person.delete(path_of(response.json())).status_code == 204
            outcomes["201"] += 1
            continue
        assert response.status_code in {409, 422}, (answer, start, response.text)
        problem = response.json()
        if "refusal" in answer and problem["type"] not in SAID_BEFORE:
            assert problem["type"] == answer["refusal"]["type"]
        outcomes[problem["type"]] += 1
    return outcomes


def test_the_next_free_start_is_accepted_and_none_before_it(town: Town) -> None:
    for facility in town.facilities:
        person = town.rng.choice(town.people)
        length = timedelta(hours=1)
        begin = last_mark(present()) + town.rng.choice([1, 30]) * QUARTER
        answer = offer(person, facility, (begin, begin + QUARTER), length)
        if "next_available" not in answer:
            continue
        first = datetime.fromisoformat(answer["next_available"])
        wanted = [begin + number * QUARTER for number in range((first - begin) // QUARTER)]
        for start in town.rng.sample(wanted, k=min(6, len(wanted))):
            assert person.ask(facility, start, start + length).status_code in {409, 422}
        booking = person.book(facility, first, first + length)
        assert person.delete(path_of(booking)).status_code == 204
