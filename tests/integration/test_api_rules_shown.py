"""The house rules as availability shows them, and as create, move and a conflict keep to them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from .api import QUARTER, Api, Json, Person, at, last_mark, path_of, present, refused, slot, wire
from .desk import closure, facility_group, move, quota, site_staff, user_group

SEARCH = "/api/v1/availability/search"
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WORKING_HOURS = [{"weekday": day, "opens": "09:00", "closes": "17:00"} for day in WEEKDAYS]


def availability(
    person: Person, facility: Json, start: datetime, end: datetime, **more: Any
) -> Json:
    """What availability says of one facility."""
    params = {"facility_id": facility["id"], "start_time": wire(start), "end_time": wire(end)}
    response = person.get(SEARCH, params={**params, **more})
    assert response.status_code == 200
    (result,) = response.json()
    answer: Json = result
    return answer


@pytest.fixture(scope="module")
def site(api: Api) -> Json:
    """A site whose clock shows UTC."""
    return api.site(time_zone="UTC")


@pytest.fixture(scope="module")
def ada(api: Api) -> Person:
    """Who asks."""
    return api.person()


def test_what_is_free_lies_within_opening_hours_and_outside_closures(
    api: Api, ada: Person, site: Json
) -> None:
    facility = api.facility(site, opening_hours=WORKING_HOURS)
    closure(api, at(12), at(13), facility=facility)
    result = availability(ada, facility, at(0), at(24))
    assert [slot(at(9), at(12)), slot(at(13), at(17))] == result["available_slots"]
    refused(ada.ask(facility, at(8.75), at(9.75)), 422, "outside_opening_hours", "/start_time")
    refused(ada.ask(facility, at(16.25), at(17.25)), 422, "outside_opening_hours", "/start_time")
    response = ada.ask(facility, at(11.5), at(12.25))
    refused(response, 422, "facility_closed", "/start_time", says=["Floor polish"])


def test_a_closure_of_the_site_closes_its_facilities(api: Api, ada: Person) -> None:
    there = api.site()
    facility, other = api.facility(there), api.facility()
    closure(api, at(12), at(13), site=there)
    assert availability(ada, facility, at(12), at(13))["available_slots"] == []
    assert availability(ada, other, at(12), at(13))["available_slots"] != []


def test_a_free_period_begins_on_a_step(api: Api, ada: Person, site: Json) -> None:
    facility = api.facility(site, rules={"start_step_minutes": 60})
    ada.book(facility, at(9), at(10.25))
    result = availability(ada, facility, at(9), at(12.5), duration=60)
    assert [slot(at(11), at(12.5))] == result["available_slots"]
    refused(ada.ask(facility, at(11.25), at(12.25)), 422, "start_not_on_step", "/start_time")


@pytest.mark.parametrize(
    ("duration", "refusal"), [(15, "booking_too_short"), (120, "booking_too_long")]
)
def test_a_length_that_is_not_allowed_is_refused_as_create_would(
    api: Api, ada: Person, site: Json, duration: int, refusal: str
) -> None:
    facility = api.facility(site, rules={"min_duration_minutes": 30, "max_duration_minutes": 90})
    result = availability(ada, facility, at(9), at(12), duration=duration)
    assert (result["available_slots"], "next_available" in result) == ([], False)
    end = at(9) + timedelta(minutes=duration)
    problem = refused(ada.ask(facility, at(9), end), 422, refusal, "/end_time")
    assert {"type": refusal, "detail": problem["detail"]} == result["refusal"]


def test_without_a_length_the_shortest_of_each_facility_counts(
    api: Api, ada: Person, site: Json
) -> None:
    facility = api.facility(site, rules={"min_duration_minutes": 60})
    ada.book(facility, at(9.75), at(11))
    result = availability(ada, facility, at(9), at(12))
    assert [slot(at(11), at(12))] == result["available_slots"]
    assert result["rules"]["min_duration_minutes"] == 60
    assert "refusal" not in result


def test_availability_differs_between_people_by_groups_alone(api: Api, site: Json) -> None:
    bob, eve = api.person(), api.person()
    facility = api.facility(site, user_group_ids=[user_group(api, bob)])
    everybody = [bob, eve, site_staff(api, site), site_staff(api, api.site()), api.staff]
    found = [availability(person, facility, at(9), at(12)) for person in everybody]

    assert ["refusal" in result for result in found] == [False, True, False, True, False]
    assert found[1]["refusal"]["type"] == "facility_restricted"
    assert found[1]["available_slots"] == []
    assert found[0] == found[2] == found[4]
    refused(eve.ask(facility, at(9), at(10)), 422, "facility_restricted", "/facility_id")


def test_the_next_free_start_keeps_every_rule(api: Api, ada: Person, site: Json) -> None:
    facility = api.facility(site, opening_hours=WORKING_HOURS)
    closure(api, at(0), at(24 * 40 + 10), facility=facility)
    result = availability(ada, facility, at(18), at(20))
    assert wire(at(10, day=40)) == result["next_available"]


def test_nothing_is_looked_for_beyond_a_facilitys_own_horizon(
    api: Api, ada: Person, site: Json
) -> None:
    facility = api.facility(site, rules={"horizon_days": 40})
    closure(api, at(0), at(24 * 30), facility=facility)
    assert "next_available" not in availability(ada, facility, at(18), at(20))
    beyond = availability(ada, facility, at(0, day=20), at(0, day=21))
    assert beyond["available_slots"] == []
    refused(ada.ask(facility, at(0, day=20), at(1, day=20)), 422, "beyond_horizon", "/end_time")


def test_notice_is_kept_to_the_mark(api: Api, ada: Person, site: Json) -> None:
    facility = api.facility(site, rules={"min_notice_minutes": 60})
    mark = last_mark(present()) + QUARTER
    first = mark + timedelta(hours=1)
    result = availability(ada, facility, mark, mark + timedelta(hours=4))
    assert wire(first) == result["next_available"]
    response = ada.ask(facility, first - QUARTER, first)
    refused(response, 422, "notice_too_short", "/start_time")
    ada.book(facility, first, first + QUARTER)


def test_a_move_is_judged_by_the_rules_of_where_it_goes(api: Api, ada: Person, site: Json) -> None:
    facility = api.facility(site, opening_hours=WORKING_HOURS)
    booking = ada.book(facility, at(9), at(10))
    response = move(ada, booking, at(16.5), at(17.5))
    refused(response, 422, "outside_opening_hours", "/start_time")
    closure(api, at(12), at(13), facility=facility)
    refused(move(ada, booking, at(12), at(13)), 422, "facility_closed", "/start_time")
    elsewhere = api.facility(site, user_group_ids=[user_group(api)])
    response = ada.patch(path_of(booking), {"facility_id": elsewhere["id"]})
    refused(response, 422, "facility_restricted", "/facility_id")


def test_what_a_conflict_offers_keeps_the_rules_and_is_for_the_caller(api: Api) -> None:
    site = api.site(time_zone="UTC")
    ada, bob = api.person(), api.person()
    facility = api.facility(site, opening_hours=WORKING_HOURS, rules={"start_step_minutes": 60})
    closure(api, at(11), at(12), facility=facility)
    ada.book(facility, at(9), at(10))
    fine = api.facility(site)
    for rules in (
        {"opening_hours": [{**hours, "opens": "10:00"} for hours in WORKING_HOURS]},
        {"user_group_ids": [user_group(api, ada)]},
        {"rules": {"min_duration_minutes": 120}},
        {"rules": {"max_duration_minutes": 30}},
        {"rules": {"horizon_days": 20}},
        {"rules": {"min_notice_minutes": 60 * 24 * 40}},
    ):
        api.facility(site, **rules)
    shut = api.facility(site)
    closure(api, at(9.5), at(12), facility=shut)

    problem = refused(bob.ask(facility, at(9), at(10)), 409, "booking_conflict")

    offered = [alternative["start_time"] for alternative in problem["suggested_alternatives"]]
    assert offered == [wire(at(hour)) for hour in (10, 12, 13, 14, 15)]
    elsewhere = problem["alternative_facilities"]
    assert [one["id"] for one in elsewhere if one["site"]["id"] == site["id"]] == [fine["id"]]


def test_each_conflict_is_recorded_for_the_staff_and_no_other_refusal(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    booking = ada.book(facility, at(9), at(10))
    mine = ada.book(facility, at(12), at(13))
    refused(ada.ask(facility, at(9), at(10), key="one"), 409, "booking_conflict")
    refused(ada.ask(facility, at(9), at(10), key="one"), 409, "booking_conflict")
    refused(move(ada, mine, at(9.5), at(10.5)), 409, "booking_conflict")
    refused(ada.ask(facility, at(10), at(10)), 422, "end_not_after_start", "/end_time")
    ada.delete(path_of(booking))

    told = api.sql(
        """
        SELECT user_id, start_time, end_time
          FROM booking_conflicts
         WHERE facility_id = %s
         ORDER BY id
        """,
        facility["id"],
    )
    assert told == [(ada.id, at(9), at(10)), (ada.id, at(9.5), at(10.5))]


def test_a_quota_is_told_of_after_every_other_rule(api: Api, ada: Person, site: Json) -> None:
    facility = api.facility(site, opening_hours=WORKING_HOURS)
    quota(api, group=facility_group(api, facility), bookings=1)
    ada.book(facility, at(9), at(10))
    refused(ada.ask(facility, at(8), at(9)), 422, "outside_opening_hours", "/start_time")
    refused(ada.ask(facility, at(9), at(10)), 422, "quota_exceeded")
