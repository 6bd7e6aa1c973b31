"""The cancellation deadline: until when members may give up what is confirmed."""

from datetime import datetime, timedelta

import httpx
import pytest

from .api import QUARTER, Api, Json, Person, last_mark, path_of, present, refused
from .desk import approve, move, shown, site_staff

NOTICE = {"cancellation_notice_minutes": 60}


@pytest.fixture
def hall(api: Api) -> Json:
    """What is booked here can be given up until an hour before it begins."""
    return api.facility(api.site(), rules=NOTICE)


def booked(person: Person, facility: Json, minutes: int) -> Json:
    """A booking of an hour that begins so many minutes after the next mark."""
    start = last_mark(present()) + QUARTER + timedelta(minutes=minutes)
    return person.book(facility, start, start + timedelta(hours=1))


def test_until_the_deadline_a_member_may_cancel(api: Api, hall: Json) -> None:
    ada = api.person()
    booking = booked(ada, hall, 60)
    assert ada.delete(path_of(booking)).status_code == 204


def test_past_the_deadline_a_member_may_not_cancel_and_the_staff_may(api: Api, hall: Json) -> None:
    ada = api.person()
    booking = booked(ada, hall, 45)
    refused(ada.delete(path_of(booking)), 409, "cancellation_deadline_passed", says=["1 hour"])
    assert shown(ada, booking)["status"] == "confirmed"
    assert site_staff(api, hall["site"]).delete(path_of(booking)).status_code == 204
    # To cancel it again changes nothing and succeeds.
    assert ada.delete(path_of(booking)).status_code == 204


def test_past_the_deadline_a_member_gives_up_no_part_and_may_do_all_else(
    api: Api, hall: Json
) -> None:
    ada = api.person()
    booking = booked(ada, hall, 45)
    start, end = (datetime.fromisoformat(booking[name]) for name in ("start_time", "end_time"))

    refused(move(ada, booking, start, end - QUARTER), 409, "cancellation_deadline_passed")
    refused(move(ada, booking, start + QUARTER, end), 409, "cancellation_deadline_passed")
    elsewhere = ada.patch(path_of(booking), {"facility_id": api.facility()["id"]})
    refused(elsewhere, 409, "cancellation_deadline_passed")
    assert move(ada, booking, start, end + QUARTER).status_code == 200
    assert ada.patch(path_of(booking), {"title": "Else"}).status_code == 200
    assert move(api.staff, booking, start, end).status_code == 200


def longer(caller: Person, booking: Json) -> httpx.Response:
    """The booking, asked for a quarter of an hour more."""
    start, end = (datetime.fromisoformat(booking[name]) for name in ("start_time", "end_time"))
    return move(caller, booking, start, end + QUARTER)


def test_past_the_deadline_what_is_confirmed_is_not_made_to_wait_and_so_withdrawn(
    api: Api,
) -> None:
    hall = api.facility(api.site(), rules={**NOTICE, "requires_approval": True})
    ada = api.person()
    early, late = booked(ada, hall, 120), booked(ada, hall, 45)
    for booking, status in ((early, 200), (late, 409)):
        approve(api.staff, booking)
        assert longer(ada, booking).status_code == status
    assert [shown(ada, each)["status"] for each in (early, late)] == ["pending", "confirmed"]
    assert longer(api.staff, late).status_code == 200


def test_what_only_waits_for_approval_can_be_withdrawn_at_any_time(api: Api) -> None:
    hall = api.facility(rules={**NOTICE, "requires_approval": True})
    ada = api.person()
    withdrawn, approved = booked(ada, hall, 0), booked(ada, hall, 60)
    assert ada.delete(path_of(withdrawn)).status_code == 204
    approve(api.staff, approved)
    assert ada.delete(path_of(approved)).status_code == 204
