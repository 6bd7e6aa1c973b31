"""Buffers: what is kept free around bookings, when it is asked for, and when it is not."""

import pytest

from .api import Api, Json, at, path_of, refused, slot, wire
from .desk import closure, move, shown


@pytest.fixture
def hall(api: Api) -> Json:
    """Half an hour before each booking and a quarter after it is kept free."""
    rules = {"buffer_before_minutes": 30, "buffer_after_minutes": 15}
    return api.facility(api.site(), rules=rules)


@pytest.mark.parametrize(
    ("taken", "free"),
    [
        ((10.5, 11), (10.75, 11)),  # the quarter after 10:00, and half an hour before this
        ((7.5, 8.5), (7.25, 8.25)),  # the quarter after this, and half an hour before 9:00
    ],
)
def test_two_neighbours_keep_both_buffers(
    api: Api, hall: Json, taken: tuple[float, float], free: tuple[float, float]
) -> None:
    ada, bob = api.person(), api.person()
    ada.book(hall, at(9), at(10))
    problem = refused(bob.ask(hall, at(taken[0]), at(taken[1])), 409, "booking_conflict")
    assert "kept free" in problem["detail"]
    # What is told of is the booking, not its buffers.
    assert [{"start_time": wire(at(9)), "end_time": wire(at(10))}] == problem[
        "conflicting_bookings"
    ]
    bob.book(hall, at(free[0]), at(free[1]))


def test_availability_keeps_clear_of_others_buffers_and_of_its_own(api: Api, hall: Json) -> None:
    api.person().book(hall, at(9), at(10))
    params = {"facility_id": hall["id"], "start_time": wire(at(8)), "end_time": wire(at(12))}
    (result,) = api.person().get("/api/v1/availability/search", params=params).json()
    assert [slot(at(8), at(8.25)), slot(at(10.75), at(12))] == result["available_slots"]


def test_a_bookings_own_buffers_are_told(api: Api, hall: Json) -> None:
    booking = api.person().book(hall, at(9), at(10))
    buffers = (booking["buffer_before_minutes"], booking["buffer_after_minutes"])
    assert buffers == (30, 15)


def test_alternatives_keep_the_buffers(api: Api, hall: Json) -> None:
    ada = api.person()
    ada.book(hall, at(9), at(10))
    problem = refused(api.person().ask(hall, at(9), at(10)), 409, "booking_conflict")
    assert "kept free" not in problem["detail"]
    offered = [start["start_time"] for start in problem["suggested_alternatives"]]
    assert {wire(at(7.25)), wire(at(10.75))} <= set(offered)
    for alternative in problem["suggested_alternatives"]:
        response = ada.post(
            "/api/v1/bookings/",
            {
                "facility_id": hall["id"],
                "title": "Instead",
                "start_time": alternative["start_time"],
                "end_time": alternative["end_time"],
            },
        )
        assert response.status_code == 201
        assert ada.delete(path_of(response.json())).status_code == 204


def test_other_buffers_leave_bookings_as_they_are_until_they_take_more(
    api: Api, hall: Json
) -> None:
    ada = api.person()
    before, booking = ada.book(hall, at(7), at(8)), ada.book(hall, at(9), at(10))
    api.sql("UPDATE facilities SET buffer_before_minutes = 60 WHERE id = %s", hall["id"])

    assert move(ada, booking, at(9), at(9.75)).json()["buffer_before_minutes"] == 30
    refused(move(ada, booking, at(9), at(10)), 409, "booking_conflict")
    assert move(ada, booking, at(9.25), at(10)).json()["buffer_before_minutes"] == 60
    assert shown(ada, before)["buffer_before_minutes"] == 30


def test_buffers_may_lie_where_the_facility_is_closed(api: Api, hall: Json) -> None:
    closure(api, at(10), at(12), facility=hall)
    assert api.person().ask(hall, at(9), at(10)).status_code == 201


def test_another_facilitys_buffers_count_where_it_is_offered(api: Api) -> None:
    site = api.site()
    wanted = api.facility(site)
    tight, clear = (api.facility(site, rules={"buffer_before_minutes": 60}) for _ in range(2))
    ada = api.person()
    ada.book(wanted, at(9), at(10))
    ada.book(tight, at(7), at(8.25))
    ada.book(clear, at(7), at(8))
    problem = refused(api.person().ask(wanted, at(9), at(10)), 409, "booking_conflict")
    offered = [facility["id"] for facility in problem["alternative_facilities"]]
    assert clear["id"] in offered
    assert tight["id"] not in offered
