"""Conflicts: who gets a period, what the others are told, and what they are offered instead."""

from datetime import datetime, timedelta

import httpx
import pytest

from .api import HORIZON, QUARTER, Api, Json, Person, at, last_mark, path_of, present, slot, wire


def conflict(response: httpx.Response) -> Json:
    """The problem of a booking that another stands in the way of."""
    problem: Json = response.json()
    assert (response.status_code, problem["type"]) == (409, "booking_conflict"), problem
    assert problem["title"] == "Booking Conflict"
    assert "errors" not in problem
    return problem


def moved(person: Person, booking: Json, start: datetime, end: datetime) -> httpx.Response:
    """Ask for the booking at another time."""
    return person.patch(path_of(booking), {"start_time": wire(start), "end_time": wire(end)})


@pytest.mark.parametrize(
    ("start", "end"),
    [(9, 11), (8, 9.25), (10.75, 12), (8, 12), (9.5, 10), (9, 10), (10, 11)],
    ids=["same", "over its start", "over its end", "around", "within", "its start", "its end"],
)
def test_a_period_that_shares_a_moment_with_another_is_taken(
    api: Api, start: float, end: float
) -> None:
    ada, bob, facility = api.person(), api.person(), api.facility()
    ada.book(facility, at(9), at(11))
    elsewhen = bob.book(facility, at(20), at(21))
    for response in (
        bob.ask(facility, at(start), at(end)),
        moved(bob, elsewhen, at(start), at(end)),
    ):
        problem = conflict(response)
        theirs = {"start_time": wire(at(9)), "end_time": wire(at(11))}
        assert theirs == problem["conflicting_booking"]
        assert [theirs] == problem["conflicting_bookings"]
        assert facility["name"] in problem["detail"]
        assert wire(at(9)) in problem["detail"]
    assert elsewhen == bob.get(path_of(elsewhen)).json()


def test_bookings_may_adjoin(api: Api) -> None:
    ada, bob, facility = api.person(), api.person(), api.facility()
    ada.book(facility, at(9), at(10))
    bob.book(facility, at(10), at(11))
    before = bob.book(facility, at(7), at(8))
    assert moved(bob, before, at(8), at(9)).status_code == 200


def test_the_same_period_is_free_at_another_facility(api: Api) -> None:
    ada, site = api.person(), api.site()
    ada.book(api.facility(site), at(9), at(10))
    ada.book(api.facility(site), at(9), at(10))


def test_ones_own_booking_is_in_the_way_like_anothers(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    ada.book(facility, at(9), at(10))
    conflict(ada.ask(facility, at(9), at(10)))


def test_cancelled_bookings_are_in_nobodys_way(api: Api) -> None:
    ada, bob, facility = api.person(), api.person(), api.facility()
    for _ in range(2):
        booking = ada.book(facility, at(9), at(10))
        ada.delete(path_of(booking))
    theirs = bob.book(facility, at(9), at(10))
    problem = conflict(ada.ask(facility, at(9), at(10)))
    assert len(problem["conflicting_bookings"]) == 1
    assert theirs["start_time"] == problem["conflicting_booking"]["start_time"]


def test_members_learn_of_others_bookings_only_the_time(api: Api) -> None:
    ada, bob, facility = api.person(), api.person(), api.facility()
    ada.book(facility, at(9), at(10), title="Private matters")
    response = bob.ask(facility, at(9), at(10))
    problem = conflict(response)
    assert {"start_time", "end_time"} == set(problem["conflicting_booking"])
    assert [{"start_time", "end_time"}] == [set(one) for one in problem["conflicting_bookings"]]
    assert "Private matters" not in response.text
    assert ada.user["username"] not in response.text


def test_what_the_caller_may_see_of_what_is_in_the_way_is_told_in_full(api: Api) -> None:
    ada, bob, facility = api.person(display_name="Ada Lovelace"), api.person(), api.facility()
    mine = ada.book(facility, at(9), at(10))
    bobs = bob.book(facility, at(10), at(11))
    full_mine = {
        "id": mine["id"],
        "title": "Stand-up",
        "user": ada.basic,
        "start_time": wire(at(9)),
        "end_time": wire(at(10)),
    }
    time_of_bobs = {"start_time": wire(at(10)), "end_time": wire(at(11))}
    problem = conflict(ada.ask(facility, at(9), at(11)))
    assert full_mine == problem["conflicting_booking"]
    assert [full_mine, time_of_bobs] == problem["conflicting_bookings"]
    assert "2 bookings" in problem["detail"]

    problem = conflict(api.staff.ask(facility, at(9), at(11)))
    full_bobs = {**time_of_bobs, "id": bobs["id"], "title": "Stand-up", "user": bob.basic}
    assert [full_mine, full_bobs] == problem["conflicting_bookings"]


def test_all_that_is_in_the_way_is_told_earliest_first(api: Api) -> None:
    ada, bob, facility = api.person(), api.person(), api.facility()
    for hour in (16.75, 9, 12, 10):
        ada.book(facility, at(hour), at(hour + 0.25))
    ada.book(facility, at(8), at(9))
    ada.book(facility, at(17), at(18))
    problem = conflict(bob.ask(facility, at(9), at(17)))
    starts = [one["start_time"] for one in problem["conflicting_bookings"]]
    assert [wire(at(hour)) for hour in (9, 10, 12, 16.75)] == starts
    assert problem["conflicting_booking"] == problem["conflicting_bookings"][0]


def test_at_most_32_bookings_in_the_way_are_told(api: Api) -> None:
    """Which is all there can be: 8 hours have 32 quarters."""
    ada, facility = api.person(), api.facility()
    api.sql(
        """
        INSERT INTO bookings (facility_id, user_id, start_time, end_time, title)
        SELECT %s, %s, quarter, quarter + INTERVAL '15 minutes', 'Quarter'
          FROM generate_series(%s::timestamptz, %s::timestamptz, '15 minutes') AS quarter
        """,
        facility["id"],
        ada.id,
        at(9),
        at(16.75),
    )
    problem = conflict(api.person().ask(facility, at(9), at(17)))
    assert len(problem["conflicting_bookings"]) == 32


def test_the_five_free_periods_nearest_to_the_asked_time_are_offered_nearest_first(
    api: Api,
) -> None:
    ada, bob, facility = api.person(), api.person(), api.facility()
    ada.book(facility, at(9), at(10))
    problem = conflict(bob.ask(facility, at(9), at(10)))
    # Each an hour long; of two that are equally near, the earlier comes first.
    hours = (8, 10, 7, 11, 6)
    assert [slot(at(hour), at(hour + 1)) for hour in hours] == problem["suggested_alternatives"]


def test_what_is_offered_fits_between_what_is_taken(api: Api) -> None:
    ada, bob, facility = api.person(), api.person(), api.facility()
    ada.book(facility, at(4), at(8.25))
    ada.book(facility, at(9), at(10))
    ada.book(facility, at(10.5), at(18))
    problem = conflict(bob.ask(facility, at(9), at(9.75)))
    # 10:00 to 10:30 is too short. 08:15 to 09:00 just fits.
    first, second, third, *_ = problem["suggested_alternatives"]
    assert slot(at(8.25), at(9)) == first
    assert slot(at(3.25), at(4)) == second
    assert slot(at(2.5), at(3.25)) == third


def test_whatever_is_offered_can_be_booked_all_of_it(api: Api) -> None:
    ada, bob, site = api.person(), api.person(), api.site()
    facility = api.facility(site)
    for _ in range(6):
        api.facility(site)
    for hour in (8, 9.25, 11, 14):
        ada.book(facility, at(hour), at(hour + 1))
    problem = conflict(bob.ask(facility, at(8.5), at(10)))
    assert len(problem["suggested_alternatives"]) == 5
    assert len(problem["alternative_facilities"]) == 5
    for free in problem["suggested_alternatives"]:
        start, end = (datetime.fromisoformat(free[name]) for name in ("start_time", "end_time"))
        assert end - start == timedelta(minutes=free["duration_minutes"]) == timedelta(hours=1.5)
        bob.book(facility, start, end)
    for other in problem["alternative_facilities"]:
        bob.book(other, at(8.5), at(10))


def test_nothing_past_is_offered(api: Api) -> None:
    ada, bob, facility = api.person(), api.person(), api.facility()
    soon = last_mark(present()) + QUARTER
    ada.book(facility, soon, soon + 4 * QUARTER)
    problem = conflict(bob.ask(facility, soon, soon + 4 * QUARTER))
    expected = [
        slot(soon + hours * 4 * QUARTER, soon + (hours + 1) * 4 * QUARTER) for hours in range(1, 6)
    ]
    assert expected == problem["suggested_alternatives"]


def test_nothing_beyond_the_horizon_is_offered(api: Api) -> None:
    ada, bob, facility = api.person(), api.person(), api.facility()
    latest = last_mark(present() + HORIZON)
    ada.book(facility, latest - 4 * QUARTER, latest)
    problem = conflict(bob.ask(facility, latest - 4 * QUARTER, latest))
    expected = [
        slot(latest - (hours + 1) * 4 * QUARTER, latest - hours * 4 * QUARTER)
        for hours in range(1, 6)
    ]
    assert expected == problem["suggested_alternatives"]


def test_where_nothing_of_the_length_is_free_within_a_week_nothing_is_offered(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    api.sql(
        """
        INSERT INTO bookings (facility_id, user_id, start_time, end_time, title)
        SELECT %s, %s, eight, eight + INTERVAL '8 hours', 'Around the clock'
          FROM generate_series(%s::timestamptz, %s::timestamptz, '8 hours') AS eight
        """,
        facility["id"],
        ada.id,
        at(0, day=-8),
        at(0, day=9),
    )
    problem = conflict(api.person().ask(facility, at(9), at(10)))
    assert problem["suggested_alternatives"] == []
    assert "another time or facility" in problem["detail"]


def test_other_facilities_that_are_free_and_large_enough_are_offered_most_alike_first(
    api: Api,
) -> None:
    ada, bob, site = api.person(), api.person(), api.site()
    wanted = api.facility(site, facility_type="lab", capacity=6)
    roomy_lab = api.facility(site, facility_type="lab", capacity=90)
    same_lab = api.facility(site, facility_type="lab", capacity=5)
    api.facility(api.site(), facility_type="lab", capacity=5)
    room = api.facility(site, capacity=5)
    api.facility(site, facility_type="lab", capacity=4)
    busy = api.facility(site, facility_type="lab", capacity=6)
    adjoining = api.facility(site, facility_type="lab", capacity=6)
    archived = api.facility(site, facility_type="lab", capacity=6)
    api.staff.delete(f"/api/v1/facilities/{archived['id']}/")
    ada.book(wanted, at(9), at(10))
    ada.book(busy, at(9.75), at(10.25))
    ada.book(adjoining, at(10), at(11))

    problem = conflict(bob.ask(wanted, at(9), at(10), attendee_count=5))

    offered = problem["alternative_facilities"]
    labs = [adjoining, same_lab, roomy_lab]
    assert [lab["id"] for lab in labs] == [facility["id"] for facility in offered[:3]]
    # A lab elsewhere, of this test or of others, before the site's own room.
    *_, fourth, fifth = offered
    assert fourth["facility_type"] == "lab"
    assert fifth["facility_type"] == "lab" or fifth["id"] == room["id"]
    assert {
        "id": same_lab["id"],
        "name": same_lab["name"],
        "site": {"id": site["id"], "name": site["name"]},
        "facility_type": "lab",
        "capacity": 5,
        "time_zone": "Europe/Berlin",
    } == offered[1]


def test_other_facilities_are_found_behind_many_that_do_not_take_such_a_booking(api: Api) -> None:
    ada, bob, site = api.person(), api.person(), api.site()
    wanted = api.facility(site, facility_type="vehicle", capacity=2)
    api.sql(
        """
        INSERT INTO facilities (site_id, name, facility_type, capacity, time_zone,
                                min_duration_minutes)
        SELECT %s, 'Only for the day ' || i, 'vehicle', 2, 'UTC', 480
          FROM generate_series(1, 120) AS i
        RETURNING id
        """,
        site["id"],
    )
    roomy = api.facility(site, facility_type="vehicle", capacity=9)
    ada.book(wanted, at(9), at(10))

    problem = conflict(bob.ask(wanted, at(9), at(10), attendee_count=2))

    assert roomy["id"] == problem["alternative_facilities"][0]["id"]


def test_a_reschedule_is_never_in_its_own_way(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    booking = ada.book(facility, at(9), at(11))
    for start, end in ((10, 12), (9.5, 12), (10, 11), (9, 13)):
        assert moved(ada, booking, at(start), at(end)).status_code == 200


def test_a_reschedule_that_conflicts_is_offered_the_time_it_has_now(api: Api) -> None:
    ada, bob, facility = api.person(), api.person(), api.facility()
    ada.book(facility, at(9), at(10))
    mine = bob.book(facility, at(10), at(11))
    bob.book(facility, at(12), at(20))
    problem = conflict(moved(bob, mine, at(9.5), at(10.5)))
    assert [{"start_time": wire(at(9)), "end_time": wire(at(10))}] == problem[
        "conflicting_bookings"
    ]
    assert slot(at(10), at(11)) == problem["suggested_alternatives"][0]
    assert slot(at(11), at(12)) in problem["suggested_alternatives"]


def test_a_move_to_a_facility_that_is_taken_conflicts_there(api: Api) -> None:
    ada, bob, site = api.person(), api.person(), api.site()
    here, there, elsewhere = api.facility(site), api.facility(site), api.facility(site)
    ada.book(there, at(9), at(10))
    mine = bob.book(here, at(9), at(10))
    problem = conflict(bob.patch(path_of(mine), {"facility_id": there["id"]}))
    assert {"start_time": wire(at(9)), "end_time": wire(at(10))} == problem["conflicting_booking"]
    assert there["name"] in problem["detail"]
    assert slot(at(8), at(9)) == problem["suggested_alternatives"][0]
    offered = [facility["id"] for facility in problem["alternative_facilities"]]
    assert [here["id"], elsewhere["id"]] == offered[:2]
    assert mine == bob.get(path_of(mine)).json()


def test_the_staff_conflict_like_everybody(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    mine = ada.book(facility, at(9), at(10))
    other = ada.book(facility, at(11), at(12))
    conflict(api.staff.ask(facility, at(9), at(10)))
    problem = conflict(moved(api.staff, other, at(9), at(10)))
    assert mine["id"] == problem["conflicting_booking"]["id"]


def test_the_bookings_of_a_user_who_was_let_go_stand(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    ada.book(facility, at(9), at(10))
    assert api.staff.delete(f"/api/v1/users/{ada.id}/").status_code == 204
    conflict(api.person().ask(facility, at(9), at(10)))
