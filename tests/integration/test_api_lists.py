"""What the lists of bookings show, and how their filters choose."""

from datetime import timedelta
from typing import Any

import pytest

from .api import Api, Json, Person, at, invalid, path_of, refused, wire

MINE = "/api/v1/me/bookings/"
ALL = "/api/v1/admin/bookings/"


def chosen(person: Person, path: str, **params: Any) -> list[int]:
    """The ids of the bookings that the parameters choose."""
    response = person.get(path, params=params)
    assert response.status_code == 200, response.text
    return [booking["id"] for booking in response.json()]


def day(number: int) -> str:
    """A date, as many days after the day on which most tests book."""
    return at(0, day=number).date().isoformat()


def test_my_bookings_are_told_in_brief(api: Api) -> None:
    ada, site = api.person(), api.site()
    facility = api.facility(site, capacity=8)
    booking = ada.book(facility, at(9), at(10), description="At length.", attendee_count=3)
    assert [
        {
            "id": booking["id"],
            "facility": {
                "id": facility["id"],
                "name": facility["name"],
                "site": {"id": site["id"], "name": site["name"]},
                "facility_type": "room",
                "capacity": 8,
                "time_zone": "Europe/Berlin",
            },
            "start_time": wire(at(9)),
            "end_time": wire(at(10)),
            "title": "Stand-up",
            "attendee_count": 3,
            "status": "confirmed",
        }
    ] == ada.get(MINE).json()


def test_who_has_booked_nothing_has_an_empty_list(api: Api) -> None:
    response = api.person().get(MINE)
    assert (200, []) == (response.status_code, response.json())
    assert "link" not in response.headers


def test_my_bookings_are_in_the_order_of_their_times_past_and_cancelled_ones_too(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    late = ada.book(facility, at(15), at(16))
    early = ada.book(facility, at(9), at(10))
    past = api.booked_before(ada, facility, at(9, day=-60), at(10, day=-60))
    ada.delete(path_of(late))
    assert [past["id"], early["id"], late["id"]] == chosen(ada, MINE)
    assert [late["id"]] == chosen(ada, MINE, status="cancelled")
    assert [past["id"], early["id"]] == chosen(ada, MINE, status="confirmed")
    assert chosen(ada, MINE, status="pending") == []


@pytest.fixture(scope="module")
def week(api: Api) -> tuple[Person, list[Json]]:
    """Somebody's bookings about one day: before it, until it begins, over its edges, after it."""
    ada, facility = api.person(), api.facility()
    hours = [(-3, -2), (-1, 0), (0, 1), (12, 13), (23, 24), (24, 25)]
    bookings = [ada.book(facility, at(start), at(end)) for start, end in hours]
    return ada, bookings


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"start_date": 0}, [2, 3, 4, 5]),
        ({"end_date": 0}, [0, 1, 2, 3, 4]),
        ({"start_date": 0, "end_date": 0}, [2, 3, 4]),
        ({"start_date": -1, "end_date": -1}, [0, 1]),
        ({"start_date": 1, "end_date": 9}, [5]),
        ({"start_date": 2}, []),
        ({"end_date": -2}, []),
    ],
)
def test_dates_are_days_of_utc_and_both_count(
    week: tuple[Person, list[Json]], dates: dict[str, int], expected: list[int]
) -> None:
    ada, bookings = week
    params = {name: day(number) for name, number in dates.items()}
    assert [bookings[index]["id"] for index in expected] == chosen(ada, MINE, **params)


def test_a_booking_over_midnight_is_of_both_days(api: Api) -> None:
    ada = api.person()
    booking = ada.book(api.facility(), at(23.5), at(24.5))
    for number, expected in ((-1, []), (0, [booking["id"]]), (1, [booking["id"]]), (2, [])):
        dates = {"start_date": day(number), "end_date": day(number)}
        assert expected == chosen(ada, MINE, **dates)


def test_the_first_and_the_last_day_of_the_calendar_are_days(
    week: tuple[Person, list[Json]],
) -> None:
    ada, bookings = week
    everything = {"start_date": "0001-01-01", "end_date": "9999-12-31"}
    assert [booking["id"] for booking in bookings] == chosen(ada, MINE, **everything)
    assert chosen(ada, MINE, start_date="9999-12-31") == []
    assert chosen(ada, MINE, end_date="0001-01-01") == []


def test_the_last_day_is_not_before_the_first(week: tuple[Person, list[Json]]) -> None:
    ada, _ = week
    params = {"start_date": day(1), "end_date": day(0)}
    response = ada.get(MINE, params=params)
    refused(response, 422, "date_range_reversed", "/end_date", place="query", says=[day(0), day(1)])


def test_year_0_is_refused(week: tuple[Person, list[Json]]) -> None:
    ada, _ = week
    for name in ("start_date", "end_date"):
        response = ada.get(MINE, params={name: "0000-12-31"})
        refused(response, 422, "time_out_of_range", f"/{name}", place="query")


@pytest.mark.parametrize(
    "text",
    ["", "today", "2027-02-30", "20270301", "2027-3-1", "2027-W05-6", "2027-03-01T00:00:00Z"],
)
def test_what_is_no_date_is_invalid(week: tuple[Person, list[Json]], text: str) -> None:
    ada, _ = week
    invalid(ada.get(MINE, params={"start_date": text}), ("query", "/start_date"))


def test_the_staffs_list_tells_every_booking_in_full(api: Api) -> None:
    ada = api.person(display_name="Ada Lovelace")
    booking = ada.book(api.facility(), at(9), at(10), description="At length.")
    response = api.staff.get(ALL, params={"user_id": ada.id})
    assert [booking] == response.json()


def test_the_staffs_list_is_chosen_by_facility_user_and_status_and_all_must_hold(api: Api) -> None:
    ada, bob = api.person(), api.person()
    here, there = api.facility(), api.facility()
    first = ada.book(here, at(9), at(10))["id"]
    second = bob.book(here, at(10), at(11))["id"]
    third = ada.book(there, at(11), at(12))["id"]
    cancelled = ada.book(here, at(12), at(13))
    ada.delete(path_of(cancelled))
    fourth = cancelled["id"]

    staff = api.staff
    assert [first, second, fourth] == chosen(staff, ALL, facility_id=here["id"])
    assert [first, third, fourth] == chosen(staff, ALL, user_id=ada.id)
    assert [first, fourth] == chosen(staff, ALL, user_id=ada.id, facility_id=here["id"])
    assert [first, third] == chosen(staff, ALL, user_id=ada.id, status="confirmed")
    assert [fourth] == chosen(staff, ALL, facility_id=here["id"], status="cancelled")
    assert chosen(staff, ALL, facility_id=there["id"], user_id=bob.id) == []
    assert chosen(staff, ALL, facility_id=2147483647) == []
    assert chosen(staff, ALL, user_id=2147483647) == []


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, [0, 1, 2]),
        (10, None, [1, 2]),
        (9.99, None, [0, 1, 2]),
        (None, 11, [0, 1]),
        (None, 11.01, [0, 1, 2]),
        (10, 11, [1]),
        (10.25, 10.5, [1]),
        (None, 9, []),
        (12, None, []),
    ],
)
def test_the_staffs_list_is_chosen_by_a_period_that_bookings_share_a_moment_with(
    api: Api, start: float | None, end: float | None, expected: list[int]
) -> None:
    ada, facility = api.person(), api.facility()
    bookings = [ada.book(facility, at(hour), at(hour + 1))["id"] for hour in (9, 10, 11)]
    params: Json = {"facility_id": facility["id"]}
    if start is not None:
        params["start_time"] = wire(at(start))
    if end is not None:
        params["end_time"] = wire(at(end))
    assert [bookings[index] for index in expected] == chosen(api.staff, ALL, **params)


def test_the_period_of_the_staffs_list_ends_after_it_starts(api: Api) -> None:
    for end in (at(9), at(9) - timedelta(microseconds=1)):
        params = {"start_time": wire(at(9)), "end_time": wire(end)}
        response = api.staff.get(ALL, params=params)
        refused(response, 422, "end_not_after_start", "/end_time", place="query")


def test_the_period_of_the_staffs_list_may_reach_to_the_edges_of_the_calendar(api: Api) -> None:
    ada = api.person()
    booking = ada.book(api.facility(), at(9), at(10))
    edges = {"start_time": "0001-01-01T00:00:00Z", "end_time": "9999-12-31T23:59:59.999999Z"}
    assert [booking["id"]] == chosen(api.staff, ALL, user_id=ada.id, **edges)
    for name in edges:
        response = api.staff.get(ALL, params={name: "0000-01-01T00:00:00Z"})
        refused(response, 422, "time_out_of_range", f"/{name}", place="query")
        invalid(api.staff.get(ALL, params={name: "2027-03-01"}), ("query", f"/{name}"))


@pytest.mark.parametrize("name", ["facility_id", "user_id"])
@pytest.mark.parametrize("value", ["0", "-1", "2147483648", "x", "1,2", ""])
def test_what_is_no_id_is_invalid(api: Api, name: str, value: str) -> None:
    invalid(api.staff.get(ALL, params={name: value}), ("query", f"/{name}"))


@pytest.mark.parametrize("path", [MINE, ALL])
def test_what_is_no_status_is_invalid(api: Api, path: str) -> None:
    for value in ("", "Confirmed", "over", "confirmed,pending"):
        invalid(api.staff.get(path, params={"status": value}), ("query", "/status"))
