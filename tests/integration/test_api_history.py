"""The history of a booking, told to people: a sentence, what is different, and why."""

from datetime import datetime, timedelta

import pytest

from .api import Api, Json, Person, at, path_of, wire
from .desk import approve, move, reject, site_staff

# Lagos is an hour ahead of UTC all year.
ZONE = "Africa/Lagos"
TUESDAY = at(0) + timedelta(days=(1 - at(0).weekday()) % 7)


def day_of(instant: datetime) -> str:
    """The day as people say it."""
    return f"{instant:%a} {instant.day} {instant:%b} {instant.year}"


DAY = day_of(TUESDAY)
WEDNESDAY = day_of(TUESDAY + timedelta(days=1))

Hours = tuple[datetime, datetime]


def utc(start: float, end: float) -> Hours:
    """From one hour of that Tuesday to another, in UTC."""
    return TUESDAY + timedelta(hours=start), TUESDAY + timedelta(hours=end)


@pytest.fixture
def maria(api: Api) -> Person:
    """Who books."""
    return api.person(display_name="Maria Lopez")


@pytest.fixture
def hall(api: Api) -> Json:
    """Where she books."""
    return api.facility(api.site(time_zone=ZONE))


def told(person: Person, booking: Json) -> list[str]:
    """The sentence of each change."""
    return [entry["summary"] for entry in person.history(booking)]


def test_a_booking_that_is_made_moved_and_cancelled(api: Api, maria: Person, hall: Json) -> None:
    booking = maria.book(hall, *utc(9, 10))
    move(maria, booking, *utc(12, 13.5))
    body = {"title": "Sit-down", "attendee_count": 4, "description": "Chairs", "reason": "Tired"}
    maria.patch(path_of(booking), body)
    maria.patch(path_of(booking), {"description": None})
    api.staff.delete(path_of(booking), params={"reason": "Water damage"})

    sam = api.staff.user["username"]
    assert told(maria, booking) == [
        f"Maria Lopez booked {hall['name']}: {DAY}, 10:00 to 11:00 (Africa/Lagos).",
        (
            f"Maria Lopez moved it from {DAY}, 10:00 to 11:00 (Africa/Lagos) to {DAY}, 13:00 to"
            " 14:30 (Africa/Lagos)."
        ),
        (
            "Maria Lopez renamed it from “Stand-up” to “Sit-down”, changed its description and"
            " changed its attendees from 1 to 4: Tired."
        ),
        "Maria Lopez removed its description.",
        f"{sam} cancelled it: Water damage.",
    ]


def test_what_is_different_is_told_field_by_field(api: Api, maria: Person, hall: Json) -> None:
    other = api.facility(api.site())
    booking = maria.book(hall, *utc(9, 10))
    body = {"facility_id": other["id"], "end_time": wire(utc(9, 10.5)[1]), "description": "Chairs"}
    maria.patch(path_of(booking), body)
    maria.delete(path_of(booking))

    made, changed, cancelled = maria.history(booking)
    assert made["changes"] == []
    assert changed["changes"] == [
        {"field": "facility", "old": hall["name"], "new": other["name"]},
        {"field": "end_time", "old": wire(utc(9, 10)[1]), "new": wire(utc(9, 10.5)[1])},
        {"field": "description", "new": "Chairs"},
    ]
    assert cancelled["changes"] == [
        {"field": "status", "old": "confirmed", "new": "cancelled"},
        {"field": "cancellation_cause", "new": "owner"},
    ]
    assert changed["summary"].startswith(f"Maria Lopez moved it from {hall['name']}, {DAY}")
    assert f" to {other['name']}, {DAY}" in changed["summary"]


def test_a_booking_on_behalf_names_both(api: Api, maria: Person, hall: Json) -> None:
    booking = api.staff.book(hall, *utc(23, 24), user_id=maria.id)
    (entry,) = maria.history(booking)
    sam, name = api.staff.user["username"], hall["name"]
    when = f"{WEDNESDAY}, 00:00 to 01:00 (Africa/Lagos)"
    assert entry["summary"] == f"{sam} booked {name} for Maria Lopez: {when}."
    assert (entry["user"], entry["changed_by"]) == (maria.basic, api.staff.basic)


def test_a_booking_that_goes_past_midnight_is_told_with_both_days(
    maria: Person, hall: Json
) -> None:
    booking = maria.book(hall, *utc(22, 24))
    until = f"{DAY}, 23:00 to {WEDNESDAY}, 01:00 (Africa/Lagos)"
    assert told(maria, booking) == [f"Maria Lopez booked {hall['name']}: {until}."]


def test_what_the_staff_decide_is_told_with_their_reason(api: Api, maria: Person) -> None:
    hall = api.facility(api.site(time_zone=ZONE), rules={"requires_approval": True})
    ingrid = site_staff(api, hall["site"])
    name = ingrid.user["username"]
    booking = maria.book(hall, *utc(9, 10))
    approve(ingrid, booking)
    move(maria, booking, *utc(9, 10.5))
    approve(ingrid, booking, reason="Fine, too.")
    lost = maria.book(hall, *utc(12, 13))
    reject(ingrid, lost, "Examinations")

    asked = f"Maria Lopez asked for {hall['name']}: {DAY}, 10:00 to 11:00 (Africa/Lagos)."
    assert told(maria, booking) == [
        f"{asked} The staff have to agree.",
        f"{name} approved it.",
        (
            f"Maria Lopez moved it from {DAY}, 10:00 to 11:00 (Africa/Lagos) to {DAY}, 10:00 to"
            " 11:30 (Africa/Lagos). The staff have to agree to that."
        ),
        f"{name} approved it: Fine, too.",
    ]
    last = maria.history(lost)[-1]
    assert last["summary"] == f"{name} rejected it: Examinations."
    assert (last["action"], last["reason"]) == ("cancelled", "Examinations")


def test_what_was_done_past_the_service_says_so(api: Api, maria: Person, hall: Json) -> None:
    booking = maria.book(hall, *utc(9, 10))
    api.sql("UPDATE bookings SET title = 'By hand' WHERE id = %s", booking["id"])
    assert told(maria, booking)[-1] == (
        "Somebody past the service renamed it from “Stand-up” to “By hand”."
    )


def test_the_history_reads_rows_from_before_there_were_house_rules(
    api: Api, maria: Person, hall: Json
) -> None:
    booking = maria.book(hall, *utc(9, 10))
    new = ["booked_by", "decide_by", "cancellation_cause", "change_reason"]
    new += ["buffer_before_minutes", "buffer_after_minutes"]
    api.sql(
        """
        INSERT INTO booking_audit (booking_id, action, old_values, new_values)
        SELECT booking_id, 'updated', new_values - %s::text[],
               (new_values - %s::text[]) || '{"title": "Older"}'
          FROM booking_audit
         WHERE booking_id = %s
        """,
        new,
        new,
        booking["id"],
    )
    entry = maria.history(booking)[-1]
    assert entry["changes"] == [{"field": "title", "old": "Stand-up", "new": "Older"}]
    assert "buffer_before_minutes" not in entry["new_values"]
