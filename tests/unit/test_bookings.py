"""The rules of bookings, each at its boundary: just below, at, and just above."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bookings import (
    Booking,
    Draft,
    Facility,
    check_new,
    revise,
    takes_more,
)
from domain.lifecycle import Status
from domain.periods import MARK

from .asking import (
    ARCHIVED,
    BLANK,
    CANCELLED,
    ENDS_IN_PAST,
    ENDS_OFF_MARK,
    NOW,
    OFF_STEP,
    PAST,
    REVERSED,
    STARTS_IN_PAST,
    STARTS_OFF_MARK,
    TOO_FAR,
    TOO_LONG,
    TOO_MANY,
    TOO_SHORT,
    TOO_SOON,
    Answer,
    book,
    cancel,
    change,
    changed,
    instants_in,
    moments,
    within,
)
from .values import (
    ARCHIVED_ROOM,
    HORIZON,
    MEMBER,
    MINUTE,
    ROOM,
    SECOND,
    TINY,
    WHITE_SPACE,
    a_booking,
    a_draft,
    a_room,
    answer,
    at,
    blanks,
    marks_after,
    refusal_of,
    texts_with_a_letter,
)

# A new booking


def test_a_booking_that_breaks_no_rule_is_taken() -> None:
    assert book(a_draft()) is None


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (-MINUTE, STARTS_OFF_MARK),
        (-SECOND, STARTS_OFF_MARK),
        (-TINY, STARTS_OFF_MARK),
        (timedelta(0), None),
        (TINY, STARTS_OFF_MARK),
        (SECOND, STARTS_OFF_MARK),
        (MINUTE, STARTS_OFF_MARK),
    ],
)
def test_a_booking_starts_on_a_mark(step: timedelta, expected: Answer) -> None:
    assert expected == book(a_draft(start_time=at("10:00") + step))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (-MINUTE, ENDS_OFF_MARK),
        (-SECOND, ENDS_OFF_MARK),
        (-TINY, ENDS_OFF_MARK),
        (timedelta(0), None),
        (TINY, ENDS_OFF_MARK),
        (SECOND, ENDS_OFF_MARK),
        (MINUTE, ENDS_OFF_MARK),
    ],
)
def test_a_booking_ends_on_a_mark(step: timedelta, expected: Answer) -> None:
    assert expected == book(a_draft(end_time=at("11:00") + step))


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (at("09:45"), REVERSED),
        (at("10:00"), REVERSED),
        (at("10:15"), None),
    ],
)
def test_a_booking_ends_after_its_start(end: datetime, expected: Answer) -> None:
    assert expected == book(a_draft(end_time=end))


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (at("17:45"), None),
        (at("18:00"), None),
        (at("18:15"), TOO_LONG),
    ],
)
def test_a_booking_lasts_at_most_eight_hours(end: datetime, expected: Answer) -> None:
    assert expected == book(a_draft(end_time=end))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at("10:00") - TINY, None),
        (at("10:00"), None),
        (at("10:00") + TINY, STARTS_IN_PAST),
    ],
)
def test_a_booking_does_not_start_in_the_past(now: datetime, expected: Answer) -> None:
    assert expected == book(a_draft(), now=now)


@pytest.mark.parametrize(
    ("horizon_end", "expected"),
    [
        (at("11:00") - TINY, TOO_FAR),
        (at("11:00"), None),
        (at("11:00") + TINY, None),
    ],
)
def test_a_booking_ends_within_the_horizon(horizon_end: datetime, expected: Answer) -> None:
    assert expected == book(a_draft(), horizon=horizon_end - NOW)


@pytest.mark.parametrize("blank", ["", *WHITE_SPACE, WHITE_SPACE])
def test_a_title_of_nothing_but_white_space_is_refused(blank: str) -> None:
    assert BLANK == book(a_draft(title=blank))


@given(blanks)
def test_no_mixture_of_white_space_is_a_title(blank: str) -> None:
    assert BLANK == book(a_draft(title=blank))


@given(texts_with_a_letter)
def test_a_letter_anywhere_makes_a_title(title: str) -> None:
    assert book(a_draft(title=title)) is None


@pytest.mark.parametrize(("attendees", "expected"), [(7, None), (8, None), (9, TOO_MANY)])
def test_a_facility_holds_as_many_as_its_capacity(attendees: int, expected: Answer) -> None:
    assert expected == book(a_draft(attendee_count=attendees))


def test_an_archived_facility_takes_no_booking() -> None:
    assert ARCHIVED == book(a_draft(), ARCHIVED_ROOM)


def test_rules_answer_in_the_order_a_person_would_mention_them() -> None:
    draft = a_draft(
        title=" ",
        start_time=at("08:00:01"),
        end_time=at("08:00:01", day=14),
        attendee_count=9,
    )
    mends_and_answers: list[tuple[dict[str, Any], Facility, Answer]] = [
        ({}, ARCHIVED_ROOM, BLANK),
        ({"title": "Planning"}, ARCHIVED_ROOM, STARTS_OFF_MARK),
        ({"start_time": at("08:00")}, ARCHIVED_ROOM, ENDS_OFF_MARK),
        ({"end_time": at("08:00", day=14)}, ARCHIVED_ROOM, REVERSED),
        ({"end_time": at("18:00")}, ARCHIVED_ROOM, TOO_LONG),
        ({"end_time": at("16:00")}, ARCHIVED_ROOM, STARTS_IN_PAST),
        ({"start_time": at("10:00")}, ARCHIVED_ROOM, TOO_FAR),
        ({"end_time": at("11:00")}, ARCHIVED_ROOM, ARCHIVED),
        ({}, ROOM, TOO_MANY),
        ({"attendee_count": 8}, ROOM, None),
    ]
    for mend, facility, expected in mends_and_answers:
        draft = replace(draft, **mend)
        assert expected == book(draft, facility, horizon=timedelta(hours=2))


quarters_around_ten = st.integers(-40, 40).map(lambda count: marks_after(at("10:00"), count))
times_around_ten = st.one_of(
    quarters_around_ten,
    st.builds(lambda mark, step: mark + step, quarters_around_ten, st.sampled_from([-TINY, TINY])),
)


@given(
    start=times_around_ten,
    end=times_around_ten,
    title=st.sampled_from(["Planning", " x ", " ", ""]),
    attendees=st.integers(6, 10),
    facility=st.sampled_from([ROOM, ARCHIVED_ROOM]),
    now=times_around_ten,
    horizon=st.integers(0, 40).map(lambda count: count * MARK),
)
def test_a_booking_is_taken_if_and_only_if_every_rule_holds(  # noqa: PLR0913
    *,
    start: datetime,
    end: datetime,
    title: str,
    attendees: int,
    facility: Facility,
    now: datetime,
    horizon: timedelta,
) -> None:
    draft = a_draft(start_time=start, end_time=end, title=title, attendee_count=attendees)
    every_rule_holds = (
        (start.minute % 15, start.second, start.microsecond) == (0, 0, 0)
        and (end.minute % 15, end.second, end.microsecond) == (0, 0, 0)
        and now <= start < end <= now + horizon
        and end - start <= timedelta(hours=8)
        and not title.isspace()
        and title != ""
        and attendees <= facility.capacity
        and facility.is_active
    )
    assert every_rule_holds == (book(draft, facility, now, horizon=horizon) is None)


# What a refusal says


@pytest.mark.parametrize(
    ("draft", "facility", "expected"),
    [
        (
            a_draft(title=" "),
            ROOM,
            (
                "The title has nothing but white space: give 1 to 255 characters that say what the"
                " booking is for."
            ),
        ),
        (
            a_draft(start_time=at("10:00:37")),
            ROOM,
            (
                "start_time must be on a 15-minute mark (minute 00, 15, 30 or 45, no seconds), and"
                " 2030-06-15T10:00:37Z is not."
            ),
        ),
        (
            a_draft(end_time=at("11:00:00.000001")),
            ROOM,
            (
                "end_time must be on a 15-minute mark (minute 00, 15, 30 or 45, no seconds), and"
                " 2030-06-15T11:00:00.000001Z is not."
            ),
        ),
        (
            a_draft(end_time=at("09:45")),
            ROOM,
            (
                "end_time must be at least 15 minutes after start_time (2030-06-15T10:00:00Z), and"
                " 2030-06-15T09:45:00Z is not."
            ),
        ),
        (
            a_draft(end_time=at("19:00")),
            ROOM,
            (
                "A booking lasts at most 8 hours here: from 2030-06-15T10:00:00Z it may end at"
                " 2030-06-15T18:00:00Z at the latest."
            ),
        ),
        (
            a_draft(start_time=at("09:00")),
            ROOM,
            (
                "start_time must not be in the past, and 2030-06-15T09:00:00Z is: a booking may now"
                " start at 2030-06-15T09:15:00Z at the earliest."
            ),
        ),
        (
            a_draft(start_time=at("14:00") + HORIZON, end_time=at("15:00") + HORIZON),
            ROOM,
            (
                "Bookings are taken 365 days ahead: a booking may now end at 2031-06-15T09:00:00Z"
                " at the latest, and 2031-06-15T15:00:00Z is after that."
            ),
        ),
        (
            a_draft(),
            ARCHIVED_ROOM,
            "Blue Room is archived and takes no bookings: choose another facility.",
        ),
        (
            a_draft(attendee_count=9),
            ROOM,
            "Blue Room holds at most 8: attendee_count may be 1 to 8, and 9 is more.",
        ),
    ],
)
def test_a_refusal_says_what_would_be_allowed(
    draft: Draft, facility: Facility, expected: str
) -> None:
    refusal = refusal_of(lambda: check_new(draft, facility, [], MEMBER, NOW))
    assert expected == refusal.detail


@given(moments)
def test_the_earliest_start_that_a_refusal_names_is_the_earliest_that_is_taken(
    now: datetime,
) -> None:
    refused = a_draft(start_time=at("08:45"))
    refusal = refusal_of(lambda: check_new(refused, ROOM, [], MEMBER, now))
    earliest = instants_in(refusal.detail)[-1]
    assert book(replace(refused, start_time=earliest), now=now) is None
    assert STARTS_IN_PAST == book(replace(refused, start_time=earliest - MARK), now=now)


@given(moments)
def test_the_latest_end_that_the_horizon_names_is_the_latest_that_is_taken(now: datetime) -> None:
    horizon = timedelta(hours=2)
    refused = a_draft(end_time=at("15:00"))
    refusal = refusal_of(lambda: check_new(refused, within(ROOM, horizon), [], MEMBER, now))
    latest = instants_in(refusal.detail)[0]
    assert book(replace(refused, end_time=latest), now=now, horizon=horizon) is None
    assert TOO_FAR == book(replace(refused, end_time=latest + MARK), now=now, horizon=horizon)


def test_the_latest_end_that_a_long_booking_is_told_is_taken() -> None:
    refused = a_draft(end_time=at("23:00"))
    refusal = refusal_of(lambda: check_new(refused, ROOM, [], MEMBER, NOW))
    assert book(replace(refused, end_time=instants_in(refusal.detail)[-1])) is None


# What a change makes


def test_only_what_a_change_names_is_changed() -> None:
    before = a_booking()
    expected = a_draft(title="Review", attendee_count=2)
    assert expected == revise(before, {"title": "Review", "attendee_count": 2})
    assert a_booking() == before


def test_no_changes_leave_the_draft_as_it_is() -> None:
    assert a_draft() == revise(a_booking(), {})


def test_a_description_can_be_cleared() -> None:
    assert a_draft(description=None) == revise(a_booking(), {"description": None})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"facility_id": 2}, True),
        ({"start_time": at("09:45")}, True),
        ({"start_time": at("10:15")}, False),
        ({"end_time": at("11:15")}, True),
        ({"end_time": at("10:45")}, False),
        ({"start_time": at("10:15"), "end_time": at("11:15")}, True),
        ({"title": "Review"}, False),
        ({"description": "Bring the other map"}, False),
        ({"attendee_count": 5}, False),
        ({"facility_id": 1, "start_time": at("10:00"), "end_time": at("11:00")}, False),
    ],
)
def test_a_change_takes_more_only_beyond_what_the_booking_holds_already(
    changes: Mapping[str, object],
    expected: bool,  # noqa: FBT001
) -> None:
    booking = a_booking()
    assert expected == takes_more(booking, revise(booking, changes))


# The rules of a change


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"facility_id": 2},
        {"start_time": at("10:15")},
        {"end_time": at("11:15")},
        {"title": "Review"},
        {"description": None},
        {"attendee_count": 8},
    ],
)
def test_whatever_a_booking_has_can_be_changed(changes: Mapping[str, object]) -> None:
    assert change(a_booking(), changes) is None


@pytest.mark.parametrize("status", ["confirmed", "pending"])
def test_a_booking_can_be_changed_while_it_is_active(status: Status) -> None:
    assert change(a_booking(status=status), {"title": "Review"}) is None


@pytest.mark.parametrize(
    "changes", [{}, {"title": " "}, {"start_time": at("10:00:01")}, {"description": None}]
)
@pytest.mark.parametrize("now", [NOW, at("12:00")], ids=["before its end", "after its end"])
def test_a_cancelled_booking_cannot_be_changed(
    changes: Mapping[str, object], now: datetime
) -> None:
    assert CANCELLED == change(a_booking(status="cancelled"), changes, now=now)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at("11:00") - TINY, None),
        (at("11:00"), PAST),
        (at("11:00") + TINY, PAST),
    ],
)
@pytest.mark.parametrize("changes", [{}, {"title": "Review"}, {"description": None}])
def test_a_booking_cannot_be_changed_from_its_end_on(
    changes: Mapping[str, object], now: datetime, expected: Answer
) -> None:
    assert expected == change(a_booking(), changes, now=now)


OUTLAWED = a_draft(
    start_time=at("08:00:30"),
    end_time=at("20:00:30"),
    title=" ",
    attendee_count=9,
)
"""A draft that breaks every rule there is, where the room is archived and the horizon an hour."""


def change_outlawed(changes: Mapping[str, object], facility: Facility = ARCHIVED_ROOM) -> Answer:
    """What a change to the booking that breaks every rule is answered."""
    return change(a_booking(OUTLAWED), changes, facility, horizon=timedelta(hours=1))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"title": "Review"},
        {"description": None},
        {"attendee_count": 8},
        {"title": " ", "attendee_count": 9, "facility_id": 1, "start_time": at("08:00:30")},
    ],
)
def test_rules_are_not_applied_to_what_stays(changes: Mapping[str, object]) -> None:
    assert change_outlawed(changes) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"title": "\u3000"}, BLANK),
        ({"attendee_count": 10}, TOO_MANY),
        ({"facility_id": 2}, STARTS_OFF_MARK),
        ({"start_time": at("08:15:30")}, STARTS_OFF_MARK),
        ({"end_time": at("19:00:30")}, STARTS_OFF_MARK),
        ({"start_time": at("10:00")}, ENDS_OFF_MARK),
        ({"start_time": at("08:00"), "end_time": at("17:00")}, TOO_LONG),
        ({"start_time": at("08:00"), "end_time": at("16:00")}, STARTS_IN_PAST),
        ({"start_time": at("10:00"), "end_time": at("10:15")}, TOO_FAR),
        ({"start_time": at("09:15"), "end_time": at("10:00")}, None),
    ],
)
def test_rules_are_applied_to_what_changes(changes: Mapping[str, object], expected: Answer) -> None:
    assert expected == change_outlawed(changes)


def test_a_smaller_facility_must_hold_the_attendees_too() -> None:
    smaller = replace(ROOM, capacity=3)
    assert TOO_MANY == change(a_booking(), {"facility_id": 2}, smaller)
    assert change(a_booking(), {"facility_id": 2, "attendee_count": 3}, smaller) is None


@pytest.mark.parametrize(("attendees", "expected"), [(7, None), (8, None), (9, TOO_MANY)])
def test_a_changed_booking_has_no_more_attendees_than_the_capacity(
    attendees: int, expected: Answer
) -> None:
    assert expected == change(a_booking(), {"attendee_count": attendees})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"facility_id": 2}, ARCHIVED),
        ({"start_time": at("09:45")}, ARCHIVED),
        ({"end_time": at("11:15")}, ARCHIVED),
        ({"start_time": at("10:15")}, None),
        ({"end_time": at("10:45")}, None),
    ],
)
def test_a_booking_may_give_back_time_at_an_archived_facility_and_take_no_more_of_it(
    changes: Mapping[str, object], expected: Answer
) -> None:
    assert expected == change(a_booking(), changes, ARCHIVED_ROOM)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"end_time": at("17:45")}, None),
        ({"end_time": at("18:00")}, None),
        ({"end_time": at("18:15")}, TOO_LONG),
        ({"end_time": at("10:15")}, None),
        ({"end_time": at("10:00")}, REVERSED),
        ({"end_time": at("09:45")}, REVERSED),
        ({"start_time": at("10:45")}, None),
        ({"start_time": at("11:00")}, REVERSED),
        ({"start_time": at("11:15")}, REVERSED),
        ({"start_time": at("09:15"), "end_time": at("09:30")}, None),
        ({"start_time": at("09:15"), "end_time": at("17:15")}, None),
        ({"start_time": at("09:15"), "end_time": at("17:30")}, TOO_LONG),
    ],
)
def test_a_moved_booking_still_ends_after_its_start_and_lasts_at_most_eight_hours(
    changes: Mapping[str, object], expected: Answer
) -> None:
    assert expected == change(a_booking(), changes)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at("09:30") - TINY, None),
        (at("09:30"), None),
        (at("09:30") + TINY, STARTS_IN_PAST),
    ],
)
def test_a_booking_cannot_be_moved_to_start_in_the_past(now: datetime, expected: Answer) -> None:
    assert expected == change(a_booking(), {"start_time": at("09:30")}, now=now)


@pytest.mark.parametrize(
    ("horizon_end", "expected"),
    [
        (at("12:00") - TINY, TOO_FAR),
        (at("12:00"), None),
        (at("12:00") + TINY, None),
    ],
)
def test_a_booking_cannot_be_extended_past_the_horizon(
    horizon_end: datetime, expected: Answer
) -> None:
    actual = change(a_booking(), {"end_time": at("12:00")}, horizon=horizon_end - NOW)
    assert expected == actual


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"start_time": at("10:30")}, None),
        ({"end_time": at("10:45")}, TOO_FAR),
        ({"facility_id": 2}, TOO_FAR),
    ],
)
def test_a_booking_made_under_a_longer_horizon_keeps_its_end_where_it_is(
    changes: Mapping[str, object], expected: Answer
) -> None:
    assert expected == change(a_booking(), changes, horizon=timedelta(hours=1))


# A booking made under older rules

LONG = a_draft(start_time=at("10:00"), end_time=at("14:00"))
"""A draft of four hours, as an older rule took it."""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"end_time": at("14:15")}, TOO_LONG),
        ({"end_time": at("13:45")}, None),
        ({"end_time": at("12:00")}, None),
        ({"start_time": at("09:45")}, TOO_LONG),
        ({"start_time": at("10:15")}, None),
        ({"start_time": at("10:15"), "end_time": at("14:15")}, TOO_LONG),
        ({"start_time": at("10:15"), "end_time": at("13:45")}, None),
        ({"facility_id": 2}, TOO_LONG),
        ({"facility_id": 2, "end_time": at("12:15")}, TOO_LONG),
        ({"facility_id": 2, "end_time": at("12:00")}, None),
        ({"end_time": at("10:15")}, TOO_SHORT),
        ({"end_time": at("10:30")}, None),
    ],
)
def test_a_booking_that_is_too_long_by_now_can_be_shortened_to_any_length_but_the_shortest(
    changes: Mapping[str, object], expected: Answer
) -> None:
    room = a_room(max_duration=8 * MARK, min_duration=2 * MARK)
    assert expected == change(a_booking(LONG), changes, room)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"start_time": at("09:45")}, TOO_SOON),
        ({"start_time": at("10:15")}, None),
        ({"start_time": at("10:15"), "end_time": at("11:15")}, TOO_SOON),
        ({"end_time": at("10:45")}, None),
        ({"facility_id": 2}, TOO_SOON),
    ],
)
def test_a_booking_can_be_shortened_from_its_start_without_notice(
    changes: Mapping[str, object], expected: Answer
) -> None:
    assert expected == change(a_booking(), changes, a_room(min_notice=timedelta(hours=9)))


@pytest.mark.parametrize(
    ("start", "now", "expected"),
    [
        ("10:15", at("10:15"), None),
        ("10:15", at("10:15") + TINY, STARTS_IN_PAST),
        ("10:30", NOW, OFF_STEP),
        ("11:00", NOW, None),
    ],
)
def test_a_shortened_booking_begins_neither_in_the_past_nor_off_the_steps(
    start: str, now: datetime, expected: Answer
) -> None:
    step = timedelta(hours=1) if now == NOW else MARK
    room = a_room(max_duration=MARK, min_notice=timedelta(hours=9), start_step=step)
    assert expected == change(a_booking(LONG), {"start_time": at(start)}, room, now)


# A booking that is going on


@pytest.mark.parametrize(
    "changes",
    [
        {"end_time": at("10:45")},
        {"end_time": at("12:00")},
        {"end_time": at("12:00"), "start_time": at("10:00")},
        {"facility_id": 2},
        {"title": "Review"},
    ],
)
def test_a_booking_that_is_going_on_keeps_its_start(changes: Mapping[str, object]) -> None:
    assert change(a_booking(), changes, now=at("10:20")) is None


@pytest.mark.parametrize("start", [at("09:45"), at("10:15")])
def test_a_booking_that_is_going_on_cannot_start_at_another_time_of_the_past(
    start: datetime,
) -> None:
    assert STARTS_IN_PAST == change(a_booking(), {"start_time": start}, now=at("10:20"))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at("10:30") - TINY, None),
        (at("10:30"), ENDS_IN_PAST),
        (at("10:30") + TINY, ENDS_IN_PAST),
    ],
)
def test_a_booking_that_is_going_on_cannot_be_made_to_have_ended(
    now: datetime, expected: Answer
) -> None:
    assert expected == change(a_booking(), {"end_time": at("10:30")}, now=now)


@given(st.sampled_from([at("10:30"), at("10:30") + TINY, at("10:45") - TINY]))
def test_the_earliest_end_that_a_refusal_names_is_the_earliest_that_is_taken(
    now: datetime,
) -> None:
    revised = a_draft(end_time=at("10:15"))
    refusal = refusal_of(lambda: changed(a_booking(), revised, now))
    expected = (
        "end_time must be in the future, and 2030-06-15T10:15:00Z is not: this booking may now end"
        " at 2030-06-15T10:45:00Z at the earliest."
    )
    assert expected == refusal.detail
    assert change(a_booking(), {"end_time": at("10:45")}, now=now) is None
    assert ENDS_IN_PAST == change(a_booking(), {"end_time": at("10:30")}, now=now)


# Cancelling


@pytest.mark.parametrize("status", ["confirmed", "pending"])
@pytest.mark.parametrize("now", [NOW, at("10:00"), at("11:00") - TINY])
def test_a_booking_can_be_cancelled_until_its_end(status: Status, now: datetime) -> None:
    assert cancel(a_booking(status=status), now=now)


@pytest.mark.parametrize("now", [at("11:00"), at("11:00") + TINY, at("11:00", day=30)])
def test_a_booking_cannot_be_cancelled_from_its_end_on(now: datetime) -> None:
    assert PAST == answer(lambda: cancel(a_booking(), now=now))


@pytest.mark.parametrize("now", [NOW, at("11:00") - TINY, at("11:00"), at("11:00", day=30)])
def test_a_cancelled_booking_stays_so_whenever_it_is_cancelled_again(now: datetime) -> None:
    assert not cancel(a_booking(status="cancelled"), now=now)


# What may be done with a booking no more


@pytest.mark.parametrize(
    ("booking", "expected"),
    [
        (
            a_booking(status="cancelled"),
            "This booking is cancelled and cannot be changed. Make a new booking instead.",
        ),
        (
            a_booking(),
            (
                "This booking ended at 2030-06-15T11:00:00Z and cannot be changed or cancelled any"
                " more."
            ),
        ),
    ],
)
def test_a_closed_booking_says_why(booking: Booking, expected: str) -> None:
    now = at("12:00")
    refusal = refusal_of(lambda: changed(booking, booking.draft, now))
    assert expected == refusal.detail
