"""Availability through the API: what is free, when it next is, and that it can then be booked."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from .api import (
    HORIZON,
    QUARTER,
    Api,
    Json,
    Person,
    at,
    invalid,
    last_mark,
    listed,
    pages,
    path_of,
    present,
    refused,
    slot,
    wire,
)

SEARCH = "/api/v1/availability/search"
DAYS_31 = timedelta(days=31)


@pytest.fixture(scope="module")
def ada(api: Api) -> Person:
    """Somebody who books, and searches."""
    return api.person()


def window(start: datetime, end: datetime, **more: Any) -> Json:
    """The parameters of a search."""
    return {"start_time": wire(start), "end_time": wire(end), **more}


def availability(
    person: Person, facility: Json, start: datetime, end: datetime, **more: Any
) -> Json:
    """The one result of a search of one facility."""
    response = person.get(SEARCH, params=window(start, end, facility_id=facility["id"], **more))
    assert response.status_code == 200, response.text
    assert "link" not in response.headers
    (result,) = response.json()
    assert facility["id"] == result["facility"]["id"]
    assert isinstance(result, dict)
    return result


def fill(api: Api, owner: Person, facility: Json, start: datetime, end: datetime) -> None:
    """Book every moment of the period, by direct SQL."""
    api.sql(
        """
        INSERT INTO bookings (facility_id, user_id, start_time, end_time, title)
        SELECT %s, %s, begin, LEAST(begin + INTERVAL '8 hours', %s), 'Taken'
          FROM generate_series(%s::timestamptz, %s::timestamptz - INTERVAL '1 second',
                               '8 hours') AS begin
        """,
        facility["id"],
        owner.id,
        end,
        start,
        end,
    )


def test_a_result_is_the_facility_its_free_periods_and_when_it_is_next_free(
    api: Api, ada: Person
) -> None:
    site = api.site()
    facility = api.facility(site, facility_type="court", capacity=4)
    ada.book(facility, at(9), at(10))
    ada.book(facility, at(12), at(13.25))
    assert {
        "facility": {
            "id": facility["id"],
            "name": facility["name"],
            "site": {"id": site["id"], "name": site["name"]},
            "facility_type": "court",
            "capacity": 4,
            "time_zone": "Europe/Berlin",
        },
        "rules": {
            "min_duration_minutes": 15,
            "max_duration_minutes": 480,
            "start_step_minutes": 15,
            "requires_approval": False,
        },
        "available_slots": [slot(at(8), at(9)), slot(at(10), at(12)), slot(at(13.25), at(18))],
        "next_available": wire(at(8)),
    } == availability(ada, facility, at(8), at(18))


def test_a_facility_without_bookings_is_free_for_the_whole_window(api: Api, ada: Person) -> None:
    result = availability(ada, api.facility(), at(0), at(0) + DAYS_31)
    assert [slot(at(0), at(0) + DAYS_31)] == result["available_slots"]
    assert wire(at(0)) == result["next_available"]


def test_bookings_that_reach_into_the_window_or_out_of_it_count(api: Api, ada: Person) -> None:
    facility = api.facility()
    ada.book(facility, at(6), at(9))
    ada.book(facility, at(17), at(20))
    result = availability(ada, facility, at(8), at(18))
    assert [slot(at(9), at(17))] == result["available_slots"]
    assert wire(at(9)) == result["next_available"]


def test_bookings_that_only_touch_the_window_do_not_count(api: Api, ada: Person) -> None:
    facility = api.facility()
    ada.book(facility, at(7), at(8))
    ada.book(facility, at(18), at(19))
    result = availability(ada, facility, at(8), at(18))
    assert [slot(at(8), at(18))] == result["available_slots"]


def test_between_bookings_that_adjoin_nothing_is_free(api: Api, ada: Person) -> None:
    facility = api.facility()
    for hour in (9, 10, 11):
        ada.book(facility, at(hour), at(hour + 1))
    result = availability(ada, facility, at(9), at(12))
    assert result["available_slots"] == []
    assert wire(at(12)) == result["next_available"]


def test_cancelled_bookings_are_free_time_and_pending_ones_are_not(api: Api, ada: Person) -> None:
    facility = api.facility()
    ada.delete(path_of(ada.book(facility, at(9), at(10))))
    api.booked_before(ada, facility, at(11), at(12), status="pending")
    result = availability(ada, facility, at(9), at(12))
    assert [slot(at(9), at(11))] == result["available_slots"]


def test_only_periods_of_the_duration_or_longer_are_given(api: Api, ada: Person) -> None:
    facility = api.facility()
    ada.book(facility, at(9), at(10))
    ada.book(facility, at(11), at(12))
    ada.book(facility, at(14), at(15))
    for minutes, slots, start in (
        (15, [slot(at(10), at(11)), slot(at(12), at(14)), slot(at(15), at(15.5))], at(10)),
        (60, [slot(at(10), at(11)), slot(at(12), at(14))], at(10)),
        (75, [slot(at(12), at(14))], at(12)),
        (120, [slot(at(12), at(14))], at(12)),
        (135, [], at(15)),
    ):
        result = availability(ada, facility, at(9), at(15.5), duration=minutes)
        assert slots == result["available_slots"]
        assert wire(start) == result["next_available"]


def test_a_start_in_the_window_counts_as_next_even_if_the_duration_reaches_past_it(
    api: Api, ada: Person
) -> None:
    facility = api.facility()
    result = availability(ada, facility, at(9), at(10), duration=120)
    assert result["available_slots"] == []
    assert wire(at(9)) == result["next_available"]
    ada.book(facility, at(10.5), at(11))
    result = availability(ada, facility, at(9), at(10), duration=120)
    assert wire(at(11)) == result["next_available"]


def test_where_the_window_is_taken_the_next_start_is_looked_for_after_it(
    api: Api, ada: Person
) -> None:
    facility = api.facility()
    fill(api, ada, facility, at(8), at(40))
    result = availability(ada, facility, at(9), at(17), duration=60)
    assert result["available_slots"] == []
    assert wire(at(40)) == result["next_available"]


@pytest.mark.parametrize("days", [30, 31, 32, 62, 100, 300])
def test_the_next_start_is_found_however_far_away_it_is(api: Api, ada: Person, days: int) -> None:
    facility = api.facility()
    end = at(3.25, day=days)
    fill(api, ada, facility, at(0), end)
    ada.book(facility, end + QUARTER, end + 2 * QUARTER)
    short = availability(ada, facility, at(0), at(24))
    assert wire(end) == short["next_available"]
    long = availability(ada, facility, at(0), at(24), duration=30)
    assert wire(end + 2 * QUARTER) == long["next_available"]


def test_where_nothing_is_free_up_to_the_horizon_there_is_no_next_start(
    api: Api, ada: Person
) -> None:
    facility = api.facility()
    latest = last_mark(present() + HORIZON)
    fill(api, ada, facility, at(0), latest - 2 * QUARTER)
    last = availability(ada, facility, at(0), at(24), duration=30)
    assert wire(latest - 2 * QUARTER) == last["next_available"]
    none = availability(ada, facility, at(0), at(24), duration=45)
    assert none["available_slots"] == []
    assert "next_available" not in none


def test_a_window_that_crosses_the_horizon_is_free_up_to_it(api: Api, ada: Person) -> None:
    latest = last_mark(present() + HORIZON)
    facility = api.facility()
    result = availability(ada, facility, latest - 4 * QUARTER, latest + 4 * QUARTER)
    assert [slot(latest - 4 * QUARTER, latest)] == result["available_slots"]
    too_late = availability(ada, facility, latest - QUARTER, latest + 4 * QUARTER, duration=30)
    assert too_late["available_slots"] == []
    assert "next_available" not in too_late


def test_beyond_the_horizon_nothing_is_free(api: Api, ada: Person) -> None:
    later = last_mark(present() + HORIZON) + QUARTER
    result = availability(ada, api.facility(), later, later + timedelta(days=1))
    assert result["available_slots"] == []
    assert "next_available" not in result


def test_in_the_past_nothing_is_free_and_the_next_start_is_the_next_mark(
    api: Api, ada: Person
) -> None:
    facility = api.facility()
    mark = last_mark(present())
    for start, end in (
        (at(9, day=-40), at(10, day=-40)),
        (mark - 4 * QUARTER, mark),
    ):
        result = availability(ada, facility, start, end)
        assert result["available_slots"] == []
        assert wire(mark + QUARTER) == result["next_available"]


def test_a_window_that_has_begun_is_free_from_the_next_mark(api: Api, ada: Person) -> None:
    mark = last_mark(present())
    result = availability(ada, api.facility(), mark - 8 * QUARTER, mark + 8 * QUARTER)
    assert [slot(mark + QUARTER, mark + 8 * QUARTER)] == result["available_slots"]
    assert wire(mark + QUARTER) == result["next_available"]


def test_a_window_that_is_not_on_marks_is_rounded_inwards(api: Api, ada: Person) -> None:
    facility = api.facility()
    minute, microsecond = timedelta(minutes=1), timedelta(microseconds=1)
    for start, end in (
        (at(8.75) + minute, at(10.25) - minute),
        (at(9) - microsecond, at(10) + microsecond),
        (at(8.75) + microsecond, at(10.25) - microsecond),
    ):
        result = availability(ada, facility, start, end)
        assert [slot(at(9), at(10))] == result["available_slots"]
        assert wire(at(9)) == result["next_available"]


def test_a_window_between_two_marks_holds_nothing(api: Api, ada: Person) -> None:
    minute = timedelta(minutes=1)
    result = availability(ada, api.facility(), at(9) + minute, at(9.25) - minute)
    assert result["available_slots"] == []
    assert wire(at(9.25)) == result["next_available"]


def test_a_window_may_be_in_any_offset(api: Api, ada: Person) -> None:
    day = at(0).strftime("%Y-%m-%d")
    params = {
        "facility_id": api.facility()["id"],
        "start_time": f"{day}T14:45:00+05:45",
        "end_time": f"{day}T05:00:00-05:00",
    }
    (result,) = ada.get(SEARCH, params=params).json()
    assert [slot(at(9), at(10))] == result["available_slots"]


def test_a_window_has_up_to_31_days(api: Api, ada: Person) -> None:
    facility = api.facility()
    params = window(at(0), at(0) + DAYS_31 + timedelta(microseconds=1), facility_id=facility["id"])
    response = ada.get(SEARCH, params=params)
    says = ["31 days", wire(at(0) + DAYS_31)]
    refused(response, 422, "window_too_long", "/end_time", place="query", says=says)


def test_a_window_ends_after_it_starts(ada: Person) -> None:
    for end in (at(9), at(8)):
        response = ada.get(SEARCH, params=window(at(9), end))
        refused(response, 422, "end_not_after_start", "/end_time", place="query")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("0001-01-01T00:00:00Z", "0001-01-31T00:00:00Z"),
        ("0001-01-01T00:00:01Z", "0001-01-01T00:00:02Z"),
        ("9999-12-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
        ("9999-12-31T23:46:00Z", "9999-12-31T23:59:59Z"),
        ("9999-12-31T23:30:00Z", "9999-12-31T23:45:00Z"),
    ],
)
def test_the_edges_of_the_calendar_are_searched_like_any_time(
    api: Api, ada: Person, start: str, end: str
) -> None:
    params = {"facility_id": api.facility()["id"], "start_time": start, "end_time": end}
    response = ada.get(SEARCH, params={**params, "duration": 480})
    assert response.status_code == 200
    assert response.json()[0]["available_slots"] == []


def test_times_outside_the_calendar_are_refused(ada: Person) -> None:
    outside = "0000-06-01T00:00:00Z"
    response = ada.get(SEARCH, params={"start_time": outside, "end_time": wire(at(9))})
    refused(response, 422, "time_out_of_range", "/start_time", place="query")
    response = ada.get(SEARCH, params={"start_time": wire(at(9)), "end_time": outside})
    refused(response, 422, "time_out_of_range", "/end_time", place="query")


@pytest.mark.parametrize("minutes", ["0", "-15", "14", "20", "481", "495", "15.0", "1h", ""])
def test_a_duration_that_no_booking_can_have_is_invalid(ada: Person, minutes: str) -> None:
    response = ada.get(SEARCH, params=window(at(9), at(17), duration=minutes))
    invalid(response, ("query", "/duration"))


@pytest.mark.parametrize("minutes", [15, 480])
def test_a_duration_may_be_that_of_the_shortest_or_the_longest_booking(
    api: Api, ada: Person, minutes: int
) -> None:
    result = availability(ada, api.facility(), at(9), at(17), duration=minutes)
    assert [slot(at(9), at(17))] == result["available_slots"]


def test_a_search_says_between_which_times(ada: Person) -> None:
    invalid(ada.get(SEARCH), ("query", "/start_time"), ("query", "/end_time"))
    invalid(ada.get(SEARCH, params={"start_time": wire(at(9))}), ("query", "/end_time"))
    response = ada.get(SEARCH, params={"start_time": "today", "end_time": wire(at(9))})
    invalid(response, ("query", "/start_time"))


def test_a_facility_that_does_not_exist_is_not_found(ada: Person) -> None:
    response = ada.get(SEARCH, params=window(at(9), at(17), facility_id=2147483647))
    refused(response, 404, "not_found", "/facility_id", place="query", says=["2147483647"])


def test_an_archived_facility_is_in_no_result(api: Api, ada: Person) -> None:
    archived = api.archived(api.site())
    by_id = ada.get(SEARCH, params=window(at(9), at(17), facility_id=archived["id"]))
    assert (200, []) == (by_id.status_code, by_id.json())
    by_site = ada.get(SEARCH, params=window(at(9), at(17), site_id=archived["site"]["id"]))
    assert (200, []) == (by_site.status_code, by_site.json())


def found(person: Person, **filters: Any) -> list[int]:
    """The ids of the facilities that a search of one hour finds."""
    results = person.get(SEARCH, params=window(at(9), at(10), **filters)).json()
    return [result["facility"]["id"] for result in results]


def test_the_filters_choose_the_facilities_and_all_of_them_must_hold(api: Api, ada: Person) -> None:
    site, other_site = api.site(), api.site()
    at_site = {"site_id": site["id"]}
    hall = api.facility(
        site,
        name="A Hall",
        capacity=100,
        description="Tiered seats, 50% more than before.",
        amenities=["stage", "projector"],
    )
    court = api.facility(site, name="B Court", facility_type="court", capacity=22)
    lab = api.facility(
        site, name="C Lab", facility_type="lab", capacity=21, amenities=["projector"]
    )
    elsewhere = api.facility(other_site, name="A Hall", capacity=100)

    assert [hall["id"], court["id"], lab["id"]] == found(ada, **at_site)
    assert [elsewhere["id"]] == found(ada, site_id=other_site["id"])
    assert [hall["id"], court["id"]] == found(ada, **at_site, min_capacity=22)
    assert [court["id"]] == found(ada, **at_site, facility_type="court")
    assert [hall["id"], lab["id"]] == found(ada, **at_site, amenities="projector")
    assert [hall["id"]] == found(ada, **at_site, amenities="projector,stage")
    assert [hall["id"]] == found(ada, **at_site, search="hall")
    assert [hall["id"]] == found(ada, **at_site, search="TIERED seat")
    assert [hall["id"]] == found(ada, **at_site, search="50% more")
    assert found(ada, **at_site, search="h_ll") == []
    assert found(ada, **at_site, search="%") == [hall["id"]]
    assert found(ada, **at_site, search="lab", amenities="projector", min_capacity=22) == []
    assert [lab["id"]] == found(ada, **at_site, search="lab", facility_type="lab", min_capacity=21)
    assert found(ada, site_id=2147483647) == []
    assert [hall["id"]] == found(ada, facility_id=hall["id"], search="hall")
    assert found(ada, facility_id=hall["id"], search="court") == []
    assert found(ada, facility_id=hall["id"], site_id=other_site["id"]) == []


def test_a_search_of_one_facility_is_the_same_with_a_filter_that_it_passes(
    api: Api, ada: Person
) -> None:
    facility = api.facility(capacity=8)
    ada.book(facility, at(9), at(10))
    alone = availability(ada, facility, at(8), at(18))
    assert alone == availability(ada, facility, at(8), at(18), min_capacity=8)
    assert alone == availability(ada, facility, at(8), at(18), limit=1)
    params = window(at(8), at(18), facility_id=facility["id"], cursor="nonsense")
    refused(ada.get(SEARCH, params=params), 422, "invalid_cursor", "/cursor", place="query")


def test_a_facility_with_nothing_free_is_listed_among_the_others(api: Api, ada: Person) -> None:
    site = api.site()
    taken, free = api.facility(site), api.facility(site)
    fill(api, ada, taken, at(8), at(34))
    results = ada.get(SEARCH, params=window(at(9), at(17), site_id=site["id"])).json()
    assert [
        (taken["id"], [], wire(at(34))),
        (free["id"], [slot(at(9), at(17))], wire(at(9))),
    ] == [
        (result["facility"]["id"], result["available_slots"], result["next_available"])
        for result in results
    ]


def test_pages_hold_every_active_facility_once_in_the_order_of_names(api: Api, ada: Person) -> None:
    for name in ("zeta", "Alpha", "alpha 2", "Ünder", "_", "beta"):
        api.facility(name=name)
    api.archived()
    expected = api.sql("SELECT id FROM facilities WHERE status = 'active' ORDER BY lower(name), id")
    results = listed(ada, SEARCH, **window(at(9), at(10)), limit=7)
    assert [row[0] for row in expected] == [result["facility"]["id"] for result in results]


@pytest.mark.parametrize("path", [SEARCH, "/api/v1/availability/timeline"])
def test_a_page_that_another_follows_now_is_told_anew(api: Api, ada: Person, path: str) -> None:
    site = api.site()
    api.facility(site, name="A first")
    asked = window(at(9), at(10), site_id=site["id"], limit=1)
    last = ada.get(path, params=asked)
    known = {"If-None-Match": last.headers["etag"]}
    assert 304 == ada.get(path, params=asked, headers=known).status_code

    api.facility(site, name="B behind it")
    followed = ada.get(path, params=asked, headers=known)
    assert 200 == followed.status_code
    assert last.content == followed.content
    assert ("next" in last.links, "next" in followed.links) == (False, True)


def test_the_next_page_is_of_the_same_search(api: Api, ada: Person) -> None:
    site = api.site()
    labs = [
        api.facility(site, facility_type="lab", amenities=["fume_hood", "sink"], capacity=20)
        for _ in range(3)
    ]
    api.facility(site)
    filters = {
        "site_id": site["id"],
        "facility_type": "lab",
        "amenities": "fume_hood,sink",
        "min_capacity": 20,
        "search": "Room",
        "duration": 45,
        "limit": 1,
    }
    ada.book(labs[2], at(9.5), at(10))
    seen = list(pages(ada, SEARCH, **window(at(9), at(10)), **filters))
    assert [1, 1, 1] == [len(page.json()) for page in seen]
    assert [lab["id"] for lab in labs] == [page.json()[0]["facility"]["id"] for page in seen]
    slots = [page.json()[0]["available_slots"] for page in seen]
    assert [[slot(at(9), at(10))], [slot(at(9), at(10))], []] == slots


@pytest.mark.parametrize("seed", range(4))
def test_what_is_offered_is_accepted_and_what_is_not_is_refused(
    api: Api, ada: Person, seed: int
) -> None:
    """The law of availability, with the present or the horizon inside the window."""
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    facility = api.facility()
    middle = last_mark(present() + (HORIZON if seed % 2 else timedelta(0)))
    start, end = middle - 24 * QUARTER, middle + 24 * QUARTER
    quarter = start
    while quarter < end:
        length = random.choice([1, 1, 2, 3, 8]) * QUARTER
        if random.random() < 0.4:
            api.booked_before(ada, facility, quarter, quarter + length)
        quarter += length
    minutes = random.choice([15, 30, 45, 60])
    duration = timedelta(minutes=minutes)
    result = availability(ada, facility, start, end, duration=minutes)
    offered = [
        (datetime.fromisoformat(free["start_time"]), datetime.fromisoformat(free["end_time"]))
        for free in result["available_slots"]
    ]
    candidates = [start + steps * QUARTER for steps in range(48)]
    verdicts = set()
    for candidate in random.sample(candidates, 24):
        if candidate + duration > end:
            continue
        promised = any(
            begin <= candidate and candidate + duration <= over for begin, over in offered
        )
        response = ada.ask(facility, candidate, candidate + duration)
        verdicts.add(promised)
        assert promised == (response.status_code == 201), (candidate, response.text)
        if promised:
            ada.delete(path_of(response.json()))
        else:
            assert response.json()["type"] in {
                "booking_conflict",
                "booking_in_past",
                "beyond_horizon",
            }
    assert verdicts == {True, False}, "the sample tells nothing"


def test_next_available_is_the_first_start_that_is_accepted(api: Api, ada: Person) -> None:
    facility = api.facility()
    random = Random(7)  # noqa: S311 - repeatable, not secret
    quarter = at(0)
    while quarter < at(24):
        length = random.choice([1, 2, 3]) * QUARTER
        if random.random() < 0.6:
            ada.book(facility, quarter, quarter + length)
        quarter += length
    for minutes in (15, 45):
        duration = timedelta(minutes=minutes)
        result = availability(ada, facility, at(3), at(4), duration=minutes)
        first = datetime.fromisoformat(result["next_available"])
        start = at(3)
        while start < first:
            assert ada.ask(facility, start, start + duration).status_code == 409
            start += QUARTER
        ada.delete(path_of(ada.book(facility, first, first + duration)))
