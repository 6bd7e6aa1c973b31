"""Quotas as they meet whoever books: what counts, what does not, and whom they do not bind."""

from datetime import datetime, timedelta

import pytest

from .api import Api, Json, Person, at, path_of, refused, unique, wire
from .desk import approve, expired, facility_group, move, quota, reject, site_staff

MONDAY = at(0) - timedelta(days=at(0).weekday()) + timedelta(days=7)
"""The first moment, in UTC, of the week after the one on which most tests book."""


@pytest.fixture
def ada(api: Api) -> Person:
    """Whom the quotas bind."""
    return api.person()


@pytest.fixture
def court(api: Api) -> Json:
    """A facility of a site of its own, in UTC."""
    return api.facility(api.site(time_zone="UTC"))


def day(number: float) -> datetime:
    """So many days after that Monday."""
    return MONDAY + timedelta(days=number)


def hours(start: datetime, length: float) -> tuple[datetime, datetime]:
    """From the start, for so many hours."""
    return start, start + timedelta(hours=length)


def test_so_many_bookings_may_be_held_and_no_more(api: Api, ada: Person, court: Json) -> None:
    quota(api, facility=court, bookings=2)
    first = ada.book(court, at(9), at(10))
    ada.book(court, at(10), at(11))

    refused(ada.ask(court, at(12), at(13)), 422, "quota_exceeded", says=["2 upcoming bookings"])
    ada.book(api.facility(), at(12), at(13))
    api.person().book(court, at(11), at(12))
    ada.delete(path_of(first))
    ada.book(court, at(12), at(13))


def test_a_quota_of_a_group_counts_all_its_facilities_together(
    api: Api, ada: Person, court: Json
) -> None:
    other = api.facility()
    quota(api, group=facility_group(api, court, other), bookings=1)
    ada.book(court, at(9), at(10))
    refused(ada.ask(other, at(12), at(13)), 422, "quota_exceeded")


def test_every_quota_that_covers_a_facility_holds(api: Api, ada: Person, court: Json) -> None:
    other = api.facility()
    quota(api, facility=court, bookings=5)
    quota(api, group=facility_group(api, court, other), hours=2)
    ada.book(court, *hours(day(0), 2))
    refused(ada.ask(court, *hours(day(1), 0.25)), 422, "quota_exceeded", "/end_time")


@pytest.mark.parametrize(("length", "status"), [(1, 201), (1.25, 422)])
def test_so_much_of_a_week_may_be_held_to_the_quarter(
    api: Api, ada: Person, court: Json, length: float, status: int
) -> None:
    quota(api, facility=court, hours=3)
    ada.book(court, *hours(day(0), 2))
    assert ada.ask(court, *hours(day(6.5), length)).status_code == status


@pytest.mark.parametrize(
    ("zone", "last", "next_week"),
    [("UTC", 7, 7), ("Asia/Kathmandu", 7 - 5.75 / 24, 7 - 5.75 / 24)],
)
def test_a_week_is_that_of_the_facilitys_calendar(
    api: Api, ada: Person, zone: str, last: float, next_week: float
) -> None:
    court = api.facility(api.site(time_zone=zone))
    quota(api, facility=court, hours=1)
    ada.book(court, *hours(day(3), 1))
    before = day(last) - timedelta(hours=1)
    refused(ada.ask(court, *hours(before, 1)), 422, "quota_exceeded", "/end_time")
    ada.book(court, *hours(day(next_week), 1))


def test_what_is_over_is_not_held_but_counts_in_its_week(
    api: Api, ada: Person, court: Json
) -> None:
    quota(api, facility=court, bookings=1)
    begun = datetime.now(at(0).tzinfo) - timedelta(days=1)
    begun -= (begun - at(0)) % timedelta(minutes=15)
    api.booked_before(ada, court, *hours(begun, 1))
    ada.book(court, at(9), at(10))


def test_what_waits_counts_until_it_is_rejected_or_expires(api: Api, ada: Person) -> None:
    court = api.facility(rules={"requires_approval": True})
    quota(api, facility=court, bookings=1)
    first = ada.book(court, at(9), at(10))
    refused(ada.ask(court, at(12), at(13)), 422, "quota_exceeded")
    reject(api.staff, first)
    second = ada.book(court, at(12), at(13))
    expired(api, second)
    third = ada.book(court, at(14), at(15))
    assert approve(api.staff, third).status_code == 200
    refused(ada.ask(court, at(16), at(17)), 422, "quota_exceeded")


def test_a_move_is_not_counted_against_itself(api: Api, ada: Person, court: Json) -> None:
    quota(api, facility=court, bookings=1, hours=2)
    booking = ada.book(court, *hours(day(0.5), 2))
    assert move(ada, booking, *hours(day(1.5), 2)).status_code == 200
    response = move(ada, booking, *hours(day(1.5), 2.25))
    refused(response, 422, "quota_exceeded", "/end_time")


def test_a_move_into_another_week_is_counted_there(api: Api, ada: Person, court: Json) -> None:
    quota(api, facility=court, hours=2)
    ada.book(court, *hours(day(7), 2))
    booking = ada.book(court, *hours(day(0), 1))
    refused(move(ada, booking, *hours(day(8), 1)), 422, "quota_exceeded", "/end_time")


def test_what_is_shortened_into_another_week_is_counted_there(
    api: Api, ada: Person, court: Json
) -> None:
    ada.book(court, *hours(day(8), 2))
    booking = ada.book(court, *hours(day(7 - 1 / 24), 2))
    own = quota(api, facility=court, bookings=1, hours=2)
    monday = hours(day(7), 1)
    refused(move(ada, booking, *monday), 422, "quota_exceeded", "/end_time")
    # Within the same week it is nobody's concern, nor is how many there are.
    assert move(ada, booking, *hours(day(7 - 1 / 24), 1)).status_code == 200
    move(api.staff, booking, *hours(day(7 - 1 / 24), 2))
    api.sql("UPDATE quotas SET max_hours_per_week = 3 WHERE id = %s", own)
    assert move(ada, booking, *monday).status_code == 200


def test_a_move_to_a_facility_is_counted_there(api: Api, ada: Person, court: Json) -> None:
    quota(api, facility=court, bookings=1)
    ada.book(court, at(9), at(10))
    booking = ada.book(api.facility(), at(12), at(13))
    response = ada.patch(path_of(booking), {"facility_id": court["id"]})
    refused(response, 422, "quota_exceeded")


def test_whoever_holds_too_much_may_keep_it_shorten_it_and_rename_it(
    api: Api, ada: Person, court: Json
) -> None:
    booking = ada.book(court, at(9), at(11))
    ada.book(court, at(12), at(13))
    quota(api, facility=court, bookings=1)
    assert ada.patch(path_of(booking), {"title": "Else"}).status_code == 200
    assert move(ada, booking, at(9), at(10)).status_code == 200
    refused(move(ada, booking, at(9), at(10.25)), 422, "quota_exceeded")


def test_who_governs_the_facility_is_bound_by_no_quota(api: Api, court: Json) -> None:
    quota(api, facility=court, bookings=1)
    sue = site_staff(api, court["site"])
    for caller, hour in ((sue, 9), (api.staff, 12)):
        caller.book(court, at(hour), at(hour + 1))
        caller.book(court, at(hour + 1), at(hour + 2))
    olaf = site_staff(api, api.site())
    olaf.book(court, at(15), at(16))
    refused(olaf.ask(court, at(16), at(17)), 422, "quota_exceeded")


def test_the_staff_move_a_members_booking_past_the_members_quota(
    api: Api, ada: Person, court: Json
) -> None:
    booking = ada.book(court, *hours(day(0), 1))
    quota(api, facility=court, hours=1)
    assert move(api.staff, booking, *hours(day(0), 2)).status_code == 200


def test_a_quota_never_hides_a_free_slot(api: Api, ada: Person, court: Json) -> None:
    quota(api, facility=court, bookings=1)
    ada.book(court, at(9), at(10))
    params = {"facility_id": court["id"], "start_time": wire(at(10)), "end_time": wire(at(12))}
    found = [
        person.get("/api/v1/availability/search", params=params).json()
        for person in (ada, api.person())
    ]
    assert found[0] == found[1]
    assert len(found[0][0]["available_slots"]) == 1


def test_a_refused_booking_is_refused_again_under_its_key(
    api: Api, ada: Person, court: Json
) -> None:
    quota(api, facility=court, bookings=1)
    first, key = ada.book(court, at(9), at(10)), unique("key")
    refused(ada.ask(court, at(12), at(13), key=key), 422, "quota_exceeded")
    ada.delete(path_of(first))
    refused(ada.ask(court, at(12), at(13), key=key), 422, "quota_exceeded")
