"""Bookings through the API: made, shown, changed, cancelled, and what is told of each change."""

from datetime import timedelta, timezone
from typing import Any

import pytest

from .api import (
    QUARTER,
    Api,
    Json,
    at,
    created,
    last_mark,
    path_of,
    present,
    refused,
    wire,
)


def test_a_new_booking_is_answered_in_full(api: Api) -> None:
    site = api.site(time_zone="Asia/Kathmandu")
    facility = api.facility(site, facility_type="lab", capacity=12)
    ada = api.person(display_name="Ada Lovelace")

    response = ada.ask(
        facility,
        at(9),
        at(10.5),
        title="Analysis II",
        description="Bring the problem sheets.\nAnd a pencil.",
        attendee_count=12,
    )

    booking = created(response)
    assert booking == {
        "id": booking["id"],
        "facility": {
            "id": facility["id"],
            "name": facility["name"],
            "site": {"id": site["id"], "name": site["name"]},
            "facility_type": "lab",
            "capacity": 12,
            "time_zone": "Asia/Kathmandu",
        },
        "user": {"id": ada.id, "username": ada.user["username"], "display_name": "Ada Lovelace"},
        "start_time": wire(at(9)),
        "end_time": wire(at(10.5)),
        "title": "Analysis II",
        "description": "Bring the problem sheets.\nAnd a pencil.",
        "attendee_count": 12,
        "status": "confirmed",
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
        "created_at": booking["created_at"],
        "updated_at": booking["created_at"],
    }


def test_a_new_booking_lies_where_location_says_in_the_version_that_etag_says(api: Api) -> None:
    ada = api.person()
    made = ada.ask(api.facility(), at(9), at(10))
    shown = ada.get(made.headers["location"])
    assert f"/api/v1/bookings/{made.json()['id']}/" == made.headers["location"]
    assert made.json() == shown.json()
    assert made.headers["etag"] == shown.headers["etag"]
    assert shown.headers["etag"].startswith('"')


def test_what_a_booking_need_not_say_is_one_attendee_and_no_description(api: Api) -> None:
    booking = api.person().book(api.facility(), at(9), at(10))
    assert booking["attendee_count"] == 1
    assert "description" not in booking
    assert "display_name" not in booking["user"]


def test_times_may_be_asked_in_any_offset_and_are_answered_in_utc(api: Api) -> None:
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    booking = api.person().book(
        api.facility(),
        at(9),
        at(10),
        start_time=at(9).astimezone(kathmandu).isoformat(),
        end_time=at(10).strftime("%Y-%m-%dt%H:%M:%S.000000000z"),
    )
    assert (wire(at(9)), wire(at(10))) == (booking["start_time"], booking["end_time"])


def test_staff_see_what_the_owner_sees(api: Api) -> None:
    ada = api.person()
    booking = ada.book(api.facility(), at(9), at(10))
    mine, theirs = ada.get(path_of(booking)), api.staff.get(path_of(booking))
    assert booking == mine.json() == theirs.json()
    assert mine.headers["etag"] == theirs.headers["etag"]


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({"start_time": wire(at(9.25))}, {"start_time": wire(at(9.25))}),
        ({"start_time": wire(at(8.75))}, {"start_time": wire(at(8.75))}),
        ({"end_time": wire(at(11))}, {"end_time": wire(at(11))}),
        ({"title": "Retrospective"}, {"title": "Retrospective"}),
        ({"description": "In slippers."}, {"description": "In slippers."}),
        ({"attendee_count": 8}, {"attendee_count": 8}),
        (
            {"start_time": wire(at(14)), "end_time": wire(at(22)), "attendee_count": 2},
            {"start_time": wire(at(14)), "end_time": wire(at(22)), "attendee_count": 2},
        ),
    ],
    ids="+".join,
)
def test_a_change_alters_what_it_names_and_leaves_the_rest(
    api: Api, changes: Json, seen: Json
) -> None:
    ada = api.person()
    made = ada.ask(api.facility(), at(9), at(10), description="Standing.", attendee_count=3)
    booking = created(made)

    response = ada.patch(path_of(booking), changes)

    changed = response.json()
    assert response.status_code == 200
    assert {**booking, **seen, "updated_at": changed["updated_at"]} == changed
    assert booking["updated_at"] < changed["updated_at"]
    assert made.headers["etag"] != response.headers["etag"]
    shown = ada.get(path_of(booking))
    assert changed == shown.json()
    assert response.headers["etag"] == shown.headers["etag"]


def test_a_description_is_removed_by_null_and_by_nothing_else(api: Api) -> None:
    ada = api.person()
    booking = ada.book(api.facility(), at(9), at(10), description="Standing.")
    assert ada.patch(path_of(booking), {"description": ""}).json()["description"] == ""
    assert "description" not in ada.patch(path_of(booking), {"description": None}).json()
    assert "description" not in ada.get(path_of(booking)).json()


def test_a_change_to_what_is_already_so_changes_nothing(api: Api) -> None:
    ada = api.person()
    facility = api.facility()
    booking = ada.book(facility, at(9), at(10))
    same = {
        "facility_id": facility["id"],
        "start_time": booking["start_time"],
        "end_time": booking["end_time"],
        "title": booking["title"],
        "description": None,
        "attendee_count": 1,
    }
    response = ada.patch(path_of(booking), same)
    assert booking == response.json()
    assert ["created"] == [entry["action"] for entry in ada.history(booking)]


def test_a_booking_moves_to_another_facility(api: Api) -> None:
    ada = api.person()
    here, there = api.facility(), api.facility(capacity=2)
    booking = ada.book(here, at(9), at(10))

    moved = ada.patch(path_of(booking), {"facility_id": there["id"]}).json()

    assert there["id"] == moved["facility"]["id"]
    assert there["name"] == moved["facility"]["name"]
    assert there["site"] == moved["facility"]["site"]
    assert moved["facility"]["capacity"] == 2
    ada.book(here, at(9), at(10))
    refused_there = api.person().ask(there, at(9), at(10))
    assert refused_there.status_code == 409


def test_staff_change_a_members_booking_which_stays_the_members(api: Api) -> None:
    ada = api.person()
    booking = ada.book(api.facility(), at(9), at(10))
    changed = api.staff.patch(path_of(booking), {"title": "Moved by the staff"}).json()
    assert ada.basic == changed["user"]
    assert changed == ada.get(path_of(booking)).json()


def test_a_cancelled_booking_stays_on_record_and_holds_nothing(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    booking = ada.book(facility, at(9), at(10))

    response = ada.delete(path_of(booking))

    assert (204, b"") == (response.status_code, response.content)
    shown = ada.get(path_of(booking)).json()
    cancelled = {"status": "cancelled", "cancellation_cause": "owner"}
    assert {**booking, **cancelled, "updated_at": shown["updated_at"]} == shown
    assert booking["updated_at"] < shown["updated_at"]
    api.person().book(facility, at(9), at(10))


def test_cancelling_again_succeeds_and_changes_nothing(api: Api) -> None:
    ada = api.person()
    booking = ada.book(api.facility(), at(9), at(10))
    ada.delete(path_of(booking))
    once = ada.get(path_of(booking))
    assert ada.delete(path_of(booking)).status_code == 204
    assert api.staff.delete(path_of(booking)).status_code == 204
    assert once.headers["etag"] == ada.get(path_of(booking)).headers["etag"]
    assert ["created", "cancelled"] == [entry["action"] for entry in ada.history(booking)]


def test_a_cancelled_booking_cannot_be_changed(api: Api) -> None:
    ada = api.person()
    booking = ada.book(api.facility(), at(9), at(10))
    ada.delete(path_of(booking))
    for caller in (ada, api.staff):
        response = caller.patch(path_of(booking), {"title": "Revived"})
        refused(response, 409, "booking_cancelled", says=["Make a new booking"])


def test_a_booking_that_is_over_can_be_neither_changed_nor_cancelled(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    end = last_mark(present())
    booking = api.booked_before(ada, facility, end - 4 * QUARTER, end)
    for caller in (ada, api.staff):
        change = caller.patch(path_of(booking), {"title": "Rewritten"})
        refused(change, 409, "booking_past", says=[wire(end)])
        refused(caller.delete(path_of(booking)), 409, "booking_past", says=[wire(end)])
    later = {"start_time": wire(at(9)), "end_time": wire(at(10))}
    refused(ada.patch(path_of(booking), later), 409, "booking_past")
    assert booking == ada.get(path_of(booking)).json()


def test_a_cancelled_booking_that_is_over_is_cancelled_again_without_complaint(api: Api) -> None:
    ada = api.person()
    booking = api.booked_before(ada, api.facility(), at(9, day=-60), at(10, day=-60))
    api.sql("UPDATE bookings SET status = 'cancelled' WHERE id = %s", booking["id"])
    assert ada.delete(path_of(booking)).status_code == 204
    refused(ada.patch(path_of(booking), {"title": "Again"}), 409, "booking_cancelled")


def ongoing(api: Api, owner: Any, facility: Json) -> Json:
    """A booking that began up to half an hour ago and goes on for more than that."""
    now = last_mark(present())
    return api.booked_before(owner, facility, now - QUARTER, now + 3 * QUARTER)


def test_an_ongoing_booking_can_be_renamed_extended_and_shortened(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    booking = ongoing(api, ada, facility)
    now = last_mark(present())
    renamed = ada.patch(path_of(booking), {"title": "Still at it", "attendee_count": 8})
    assert renamed.json()["title"] == "Still at it"
    for end in (now + 6 * QUARTER, now + QUARTER):
        response = ada.patch(path_of(booking), {"end_time": wire(end)})
        assert (200, wire(end)) == (response.status_code, response.json()["end_time"])
    api.person().book(facility, now + QUARTER, now + 3 * QUARTER)


def test_an_ongoing_booking_cannot_be_made_to_end_in_the_past(api: Api) -> None:
    ada = api.person()
    booking = ongoing(api, ada, api.facility())
    now = last_mark(present())
    response = ada.patch(path_of(booking), {"end_time": wire(now)})
    refused(response, 422, "booking_in_past", "/end_time", says=[wire(now + QUARTER)])


def test_an_ongoing_booking_cannot_begin_at_another_time_that_is_past(api: Api) -> None:
    ada = api.person()
    booking = ongoing(api, ada, api.facility())
    now = last_mark(present())
    response = ada.patch(path_of(booking), {"start_time": wire(now)})
    refused(response, 422, "booking_in_past", "/start_time", says=[wire(now + QUARTER)])
    later = ada.patch(path_of(booking), {"start_time": wire(now + QUARTER)})
    assert later.status_code == 200


def test_an_ongoing_booking_can_be_moved_elsewhere_and_cancelled(api: Api) -> None:
    ada, there = api.person(), api.facility()
    booking = ongoing(api, ada, api.facility())
    moved = ada.patch(path_of(booking), {"facility_id": there["id"]})
    assert there["id"] == moved.json()["facility"]["id"]
    assert ada.delete(path_of(booking)).status_code == 204


def test_a_pending_booking_holds_its_facility_and_can_be_changed_and_cancelled(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    booking = api.booked_before(ada, facility, at(9), at(10), status="pending")
    assert booking["status"] == "pending"
    assert api.person().ask(facility, at(9), at(10)).status_code == 409
    changed = ada.patch(path_of(booking), {"title": "Perhaps"}).json()
    assert ("Perhaps", "pending") == (changed["title"], changed["status"])
    assert ada.delete(path_of(booking)).status_code == 204
    assert ada.get(path_of(booking)).json()["status"] == "cancelled"


def test_a_smaller_capacity_leaves_bookings_alone_until_their_attendees_change(api: Api) -> None:
    ada, facility = api.person(), api.facility(capacity=8)
    booking = ada.book(facility, at(9), at(10), attendee_count=8)
    api.staff.patch(f"/api/v1/facilities/{facility['id']}/", {"capacity": 4})

    assert ada.patch(path_of(booking), {"title": "Cosy"}).status_code == 200
    moved = ada.patch(path_of(booking), {"start_time": wire(at(9.5)), "attendee_count": 8})
    assert (200, 8) == (moved.status_code, moved.json()["attendee_count"])
    response = ada.patch(path_of(booking), {"attendee_count": 5})
    refused(response, 422, "too_many_attendees", "/attendee_count", says=["1 to 4", "5"])


def test_a_booking_at_an_archived_facility_can_be_renamed_shortened_and_left_and_take_no_more(
    api: Api,
) -> None:
    ada, facility = api.person(), api.facility()
    booking = ada.book(facility, at(9), at(10))
    api.staff.delete(f"/api/v1/facilities/{facility['id']}/")

    assert ada.patch(path_of(booking), {"title": "Farewell"}).status_code == 200
    for start, end in ((9, 10.25), (8.75, 10), (9.25, 10.25), (11, 12)):
        times = {"start_time": wire(at(start)), "end_time": wire(at(end))}
        more = ada.patch(path_of(booking), times)
        refused(more, 422, "facility_archived", "/facility_id", says=[facility["name"]])
    assert ada.patch(path_of(booking), {"end_time": wire(at(9.5))}).status_code == 200
    elsewhere = {"facility_id": api.facility()["id"], "end_time": wire(at(12))}
    assert ada.patch(path_of(booking), elsewhere).status_code == 200
    back = {"facility_id": facility["id"]}
    refused(ada.patch(path_of(booking), back), 422, "facility_archived", "/facility_id")
    assert ada.delete(path_of(booking)).status_code == 204


def test_the_history_tells_who_changed_what_from_what_in_which_request(api: Api) -> None:
    ada, facility = api.person(display_name="Ada Lovelace"), api.facility()
    made = ada.ask(facility, at(9), at(10), description="Standing.", attendee_count=3)
    booking = created(made)
    changed = api.staff.patch(
        path_of(booking), {"title": "Sit-down", "end_time": wire(at(11)), "description": None}
    )
    cancelled = ada.delete(path_of(booking))

    first = {
        "facility_id": facility["id"],
        "user_id": ada.id,
        "start_time": wire(at(9)),
        "end_time": wire(at(10)),
        "title": "Stand-up",
        "description": "Standing.",
        "attendee_count": 3,
        "status": "confirmed",
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
    }
    second = {**first, "title": "Sit-down", "end_time": wire(at(11))}
    del second["description"]
    third = {**second, "status": "cancelled", "cancellation_cause": "owner"}
    history = ada.history(booking)
    assert [
        {
            "action": "created",
            "changed_by": ada.basic,
            "request_id": made.headers["x-request-id"],
            "new_values": first,
        },
        {
            "action": "updated",
            "changed_by": api.staff.basic,
            "request_id": changed.headers["x-request-id"],
            "old_values": first,
            "new_values": second,
        },
        {
            "action": "cancelled",
            "changed_by": ada.basic,
            "request_id": cancelled.headers["x-request-id"],
            "old_values": second,
            "new_values": third,
        },
    ] == [what_was_stored(entry) for entry in history]
    assert sorted(entry["id"] for entry in history) == [entry["id"] for entry in history]
    times = [entry["changed_at"] for entry in history]
    assert sorted(times) == times
    assert history == api.staff.history(booking)


def test_direct_sql_is_in_the_history_with_nobody_as_its_author(api: Api) -> None:
    ada = api.person()
    booking = ada.book(api.facility(), at(9), at(10))
    api.sql("UPDATE bookings SET title = 'By hand' WHERE id = %s", booking["id"])
    api.sql("UPDATE bookings SET status = 'cancelled' WHERE id = %s", booking["id"])
    _, renamed, cancelled = ada.history(booking)
    assert ("updated", "By hand") == (renamed["action"], renamed["new_values"]["title"])
    assert ("cancelled", "cancelled") == (cancelled["action"], cancelled["new_values"]["status"])
    for entry in (renamed, cancelled):
        assert "changed_by" not in entry
        assert "request_id" not in entry


def test_a_refused_change_leaves_booking_and_history_as_they_were(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    booking = ada.book(facility, at(9), at(10))
    ada.book(facility, at(11), at(12))
    before = ada.history(booking)
    taken = {"title": "Elsewhere", "start_time": wire(at(11)), "end_time": wire(at(12))}
    assert ada.patch(path_of(booking), taken).status_code == 409
    assert ada.patch(path_of(booking), {"title": "x", "attendee_count": 9}).status_code == 422
    assert booking == ada.get(path_of(booking)).json()
    assert before == ada.history(booking)


def what_was_stored(entry: Json) -> Json:
    """A change without its own id and time, and without what is told of it in words."""
    told = {"id", "changed_at", "summary", "changes", "user"}
    return {name: value for name, value in entry.items() if name not in told}
