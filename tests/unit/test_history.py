"""The history of a booking, as people read it."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.history import FIELDS, Change, Field, Version, changes, summary
from domain.lifecycle import CancellationCause

from .values import at

MADE = Version(
    facility="Blue Room",
    zone=ZoneInfo("Europe/Berlin"),
    user="Mia",
    start_time=at("10:00"),
    end_time=at("11:00"),
    title="Planning",
    description=None,
    attendee_count=4,
    status="confirmed",
)
WAITING = replace(MADE, status="pending", decide_by=at("09:00"))
TIME = "Sat 15 Jun 2030, 12:00 to 13:00 (Europe/Berlin)"


def told(before: Version | None, actor: str | None = "Mia", **after: Any) -> str:
    """What is said of a change that made these things different."""
    return summary(before, replace(before or MADE, **after), actor)


# Everything that is different


def test_the_fields_that_are_compared_are_all_there_are() -> None:
    assert FIELDS == get_args(Field)
    assert {field.name for field in fields(Version)} - {"zone", "reason"} == set(FIELDS)


def test_a_new_booking_has_no_changes() -> None:
    assert changes(None, MADE) == []


def test_what_is_the_same_is_no_change() -> None:
    assert changes(MADE, MADE) == []
    assert changes(MADE, replace(MADE, reason="Because", zone=ZoneInfo("UTC"))) == []


def test_changes_are_told_as_text_in_the_order_of_the_fields() -> None:
    after = replace(
        MADE,
        attendee_count=5,
        start_time=at("10:15"),
        description="Bring the map",
        facility="Red Room",
    )
    assert changes(MADE, after) == [
        Change("facility", "Blue Room", "Red Room"),
        Change("start_time", "2030-06-15T10:00:00Z", "2030-06-15T10:15:00Z"),
        Change("description", None, "Bring the map"),
        Change("attendee_count", "4", "5"),
    ]


OTHER: dict[Field, Any] = {
    "facility": "Red Room",
    "user": "Noah",
    "start_time": at("09:00"),
    "end_time": at("12:00"),
    "title": "Review",
    "description": "Bring the map",
    "attendee_count": 5,
    "status": "cancelled",
    "booked_by": "Sam",
    "decide_by": at("09:00"),
    "cancellation_cause": "staff",
    "buffer_before_minutes": 15,
    "buffer_after_minutes": 30,
}


@given(st.sets(st.sampled_from(FIELDS)), st.booleans())
def test_a_change_is_told_of_exactly_the_fields_that_differ(
    different: set[Field],
    back: bool,  # noqa: FBT001
) -> None:
    values: dict[str, Any] = {field: OTHER[field] for field in different}
    after = replace(MADE, **values)
    one, other = (after, MADE) if back else (MADE, after)
    found = changes(one, other)
    assert [field for field in FIELDS if field in different] == [each.field for each in found]
    assert all(each.old != each.new for each in found)
    assert changes(other, one) == [Change(each.field, each.new, each.old) for each in found]


# In a sentence


@pytest.mark.parametrize(
    ("made", "actor", "expected"),
    [
        (MADE, "Mia", f"Mia booked Blue Room: {TIME}."),
        (
            WAITING,
            "Mia",
            f"Mia asked for Blue Room: {TIME}. The staff have to agree.",
        ),
        (replace(MADE, booked_by="Sam"), "Sam", f"Sam booked Blue Room for Mia: {TIME}."),
        (MADE, None, f"Somebody past the service booked Blue Room: {TIME}."),
    ],
)
def test_how_a_booking_came_to_be(made: Version, actor: str | None, expected: str) -> None:
    assert expected == summary(None, made, actor)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"title": "Review"}, "Mia renamed it from “Planning” to “Review”."),
        ({"description": "Bring the map"}, "Mia changed its description."),
        ({"attendee_count": 5}, "Mia changed its attendees from 4 to 5."),
        (
            {"end_time": at("12:00")},
            f"Mia moved it from {TIME} to Sat 15 Jun 2030, 12:00 to 14:00 (Europe/Berlin).",
        ),
        (
            {"facility": "Red Room"},
            f"Mia moved it from Blue Room, {TIME}, to Red Room, {TIME}.",
        ),
        ({"user": "Noah"}, "Mia handed it from Mia to Noah."),
        (
            {"title": "Review", "attendee_count": 5},
            "Mia renamed it from “Planning” to “Review” and changed its attendees from 4 to 5.",
        ),
        (
            {"title": "Review", "attendee_count": 5, "description": "Map"},
            (
                "Mia renamed it from “Planning” to “Review”, changed its description and changed"
                " its attendees from 4 to 5."
            ),
        ),
        ({"buffer_after_minutes": 30}, "Mia changed it."),
        ({"attendee_count": 5, "reason": "Typo"}, "Mia changed its attendees from 4 to 5: Typo."),
        ({"attendee_count": 5, "reason": "Typo."}, "Mia changed its attendees from 4 to 5: Typo."),
        ({"attendee_count": 5, "reason": "OK?"}, "Mia changed its attendees from 4 to 5: OK?"),
    ],
)
def test_what_was_done_to_a_booking(after: dict[str, Any], expected: str) -> None:
    assert expected == told(MADE, **after)


def test_a_description_can_be_removed() -> None:
    before = replace(MADE, description="Bring the map")
    assert told(before, description=None) == "Mia removed its description."


def test_a_decision_is_told() -> None:
    approved = told(WAITING, "Sam", status="confirmed", decide_by=None)
    assert approved == "Sam approved it."
    reason = told(WAITING, "Sam", status="confirmed", decide_by=None, reason="Go ahead")
    assert reason == "Sam approved it: Go ahead."


def test_a_change_that_staff_have_to_agree_to_says_so() -> None:
    resubmitted = told(MADE, end_time=at("12:00"), status="pending", decide_by=at("09:00"))
    assert resubmitted == (
        f"Mia moved it from {TIME} to Sat 15 Jun 2030, 12:00 to 14:00 (Europe/Berlin)."
        " The staff have to agree to that."
    )
    reason = told(MADE, attendee_count=5, status="pending", reason="More of us")
    assert reason == (
        "Mia changed its attendees from 4 to 5: More of us. The staff have to agree to that."
    )


ENDINGS: dict[CancellationCause | None, str] = {
    "owner": "Sam cancelled it",
    "staff": "Sam cancelled it",
    "rejected": "Sam rejected it",
    "expired": "Nobody decided about it in time, so it expired",
    "closure": "Sam closed Blue Room at that time, so it was cancelled",
    "anonymised": "It was cancelled because its user asked to be forgotten",
    None: "Sam cancelled it",
}


@pytest.mark.parametrize("cause", [None, *get_args(CancellationCause)])
def test_every_way_to_end_is_told(cause: CancellationCause | None) -> None:
    expected = ENDINGS[cause]
    for before in (MADE, WAITING):
        ended = told(before, "Sam", status="cancelled", cancellation_cause=cause)
        assert ended == f"{expected}."
        because = told(
            before, "Sam", status="cancelled", cancellation_cause=cause, reason="Burst pipe"
        )
        assert because == f"{expected}: Burst pipe."


def test_a_cancellation_that_direct_sql_took_back_is_told() -> None:
    cancelled = replace(MADE, status="cancelled")
    actual = told(cancelled, None, status="confirmed")
    assert actual == "Somebody past the service took back its cancellation."


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (at("20:00"), at("21:45"), "Sat 15 Jun 2030, 22:00 to 23:45"),
        (at("20:00"), at("22:00"), "Sat 15 Jun 2030, 22:00 to Sun 16 Jun 2030, 00:00"),
        (at("20:00"), at("23:30"), "Sat 15 Jun 2030, 22:00 to Sun 16 Jun 2030, 01:30"),
        (
            datetime(2030, 12, 31, 22, tzinfo=UTC),
            datetime(2031, 1, 1, 1, tzinfo=UTC),
            "Tue 31 Dec 2030, 23:00 to Wed 1 Jan 2031, 02:00",
        ),
    ],
)
def test_times_are_those_of_the_clock_on_the_facilitys_wall(
    start: datetime, end: datetime, expected: str
) -> None:
    made = replace(MADE, start_time=start, end_time=end)
    assert summary(None, made, "Mia") == f"Mia booked Blue Room: {expected} (Europe/Berlin)."
