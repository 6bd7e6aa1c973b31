"""Timelines through the API: what takes time up, who may see what of it, and who is told why."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from .api import Api, Json, Person, at, created, last_mark, present, refused, wire

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIMELINE = "/api/v1/availability/timeline"


@pytest.fixture(scope="module")
def ada(api: Api) -> Person:
    """Somebody who books."""
    return api.person(display_name="Ada Lovelace")


def timeline(person: Person, facility: Json, start: datetime, end: datetime, **more: Any) -> Json:
    """The timeline of one facility."""
    asked = {"facility_id": facility["id"], "start_time": wire(start), "end_time": wire(end)}
    response = person.get(TIMELINE, params={**asked, **more})
    assert response.status_code == 200, response.text
    (found,) = response.json()
    assert isinstance(found, dict)
    return found


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def block(kind: str, start: datetime, end: datetime, **more: Any) -> Json:
    return {"kind": kind, "start_time": wire(start), "end_time": wire(end), **more}


def test_a_timeline_tells_the_facility_its_rules_and_what_takes_its_time(
    api: Api, ada: Person
) -> None:
    facility = api.facility(
        amenities=["projector", "whiteboard"],
        rules={"buffer_after_minutes": 15},
        opening_hours=[{"weekday": day, "opens": "08:00", "closes": "20:00"} for day in WEEK],
        time_zone="UTC",
    )
    booking = ada.book(facility, at(10), at(11), title="Analytical engine")
    shut = {"facility_id": facility["id"], "reason": "New carpet"}
    times = {"start_time": wire(at(18)), "end_time": wire(at(22))}
    created(api.staff.post("/api/v1/closures/", {**shut, **times}))

    found = timeline(ada, facility, at(6), at(22))

    mine = {"id": booking["id"], "title": "Analytical engine", "user": ada.basic}
    assert {
        "facility": {name: facility[name] for name in BASIC},
        "amenities": ["projector", "whiteboard"],
        "rules": facility["rules"],
        "blocks": [
            block("outside_opening_hours", at(6), at(8)),
            block("buffer", at(9.75), at(10)),
            block("booked", at(10), at(11), booking=mine),
            block("buffer", at(11), at(11.25)),
            block("closed", at(18), at(22), reason="New carpet"),
        ],
    } == found


WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
BASIC = ("id", "name", "site", "facility_type", "capacity", "time_zone")


def test_whose_booking_it_is_is_for_its_user_and_the_staff_of_its_site(
    api: Api, ada: Person
) -> None:
    site, elsewhere = api.site(), api.site()
    facility = api.facility(site)
    booking = ada.book(facility, at(10), at(11))
    told = {"id": booking["id"], "title": booking["title"], "user": ada.basic}

    def shown(person: Person) -> Json | None:
        (found,) = timeline(person, facility, at(9), at(12))["blocks"]
        assert "booked" == found["kind"]
        seen: Json | None = found.get("booking")
        return seen

    assert told == shown(ada)
    assert told == shown(api.staff)
    assert told == shown(api.person(site_ids=[site["id"]]))
    assert shown(api.person()) is None
    assert shown(api.person(site_ids=[elsewhere["id"]])) is None


def test_what_waits_for_approval_is_pending_and_holds_nothing_when_its_time_is_over(
    api: Api, ada: Person
) -> None:
    facility = api.facility(rules={"requires_approval": True})
    booking = ada.book(facility, at(10), at(11))
    assert ["pending"] == [each["kind"] for each in blocks_of(ada, facility)]
    api.sql("UPDATE bookings SET decide_by = now() - INTERVAL '1 s' WHERE id = %s", booking["id"])
    assert [] == blocks_of(ada, facility)


def blocks_of(person: Person, facility: Json) -> list[Json]:
    return list(timeline(person, facility, at(9), at(12))["blocks"])


def test_what_is_bare_can_be_booked_and_what_is_not_cannot(api: Api, ada: Person) -> None:
    facility = api.facility(rules={"buffer_before_minutes": 30})
    ada.book(facility, at(10), at(11))
    bob = api.person()
    blocks = timeline(bob, facility, at(8), at(13))["blocks"]
    assert [wire(at(9.5)), wire(at(10))] == [each["start_time"] for each in blocks[:2]]
    body = {"facility_id": facility["id"], "title": "Beside"}
    beside = {**body, "start_time": wire(at(11.5)), "end_time": wire(at(12))}
    too_near = {**body, "start_time": wire(at(11.25)), "end_time": wire(at(12))}
    refused(bob.post("/api/v1/bookings/", too_near), 409, "booking_conflict")
    created(bob.post("/api/v1/bookings/", beside))


def test_the_past_is_taken_up_and_so_is_what_is_too_far_ahead(api: Api, ada: Person) -> None:
    facility = api.facility(rules={"min_notice_minutes": 60, "horizon_days": 1})
    now = present()
    found = timeline(ada, facility, now - DAY, now + 3 * DAY)["blocks"]
    assert ["notice", "beyond_horizon"] == [each["kind"] for each in found]
    assert last_mark(now + 0.5 * HOUR) < instant(found[0]["end_time"]) <= now + 2 * HOUR
    assert now + 0.9 * DAY < instant(found[1]["start_time"]) <= now + 1.1 * DAY


def test_who_may_never_book_it_is_told_why(api: Api, ada: Person) -> None:
    group = created(api.staff.post("/api/v1/user-groups/", {"name": "Divers of the timeline"}))
    facility = api.facility(user_group_ids=[group["id"]])
    refusal = timeline(ada, facility, at(9), at(12))["refusal"]
    assert "facility_restricted" == refusal["type"]
    assert "refusal" not in timeline(api.staff, facility, at(9), at(12))


def test_what_is_the_same_need_not_be_sent_again(api: Api, ada: Person) -> None:
    facility = api.facility()
    asked = {
        "facility_id": facility["id"],
        "start_time": wire(at(9)),
        "end_time": wire(at(12)),
    }
    first = ada.get(TIMELINE, params=asked)
    again = {"If-None-Match": first.headers["etag"]}
    assert 304 == ada.get(TIMELINE, params=asked, headers=again).status_code
    ada.book(facility, at(10), at(11))
    assert 200 == ada.get(TIMELINE, params=asked, headers=again).status_code


def test_a_facility_that_is_archived_has_no_timeline_and_one_that_never_was_is_not_found(
    api: Api, ada: Person
) -> None:
    times = {"start_time": wire(at(9)), "end_time": wire(at(12))}
    archived = ada.get(TIMELINE, params={**times, "facility_id": api.archived()["id"]})
    assert [] == archived.json()
    missing = ada.get(TIMELINE, params={**times, "facility_id": 2**31 - 1})
    refused(missing, 404, "not_found", pointer="/facility_id", place="query")
