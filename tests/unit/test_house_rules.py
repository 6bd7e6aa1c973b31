"""The rules that a facility has of its own, for bookings: each one step to either side of it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from domain.access import Caller
from domain.bookings import (
    Facility,
    broken_rule,
    check_new,
    gives_up,
    revise,
)
from domain.errors import (
    FacilityClosed,
    Refusal,
)
from domain.periods import MARK
from domain.rules import Closure

from .asking import (
    ARCHIVED,
    CLOSED,
    NOT_OPEN,
    NOW,
    OFF_STEP,
    OPEN_TEN_TO_FOUR,
    PAST,
    RESTRICTED,
    STARTS_IN_PAST,
    TOO_FAR,
    TOO_LATE,
    TOO_LONG,
    TOO_MANY,
    TOO_SHORT,
    TOO_SOON,
    Answer,
    book,
    cancel,
    change,
    instants_in,
    moments,
)
from .values import (
    ARCHIVED_ROOM,
    MEMBER,
    MINUTE,
    ROOM,
    SITE_STAFF,
    STAFF,
    STAFF_ELSEWHERE,
    TINY,
    a_booking,
    a_draft,
    a_room,
    answer,
    at,
    between,
    marks_after,
    refusal_of,
)

# The rules of a facility, for a new booking


@pytest.mark.parametrize(
    ("end", "expected"),
    [(at("10:30"), TOO_SHORT), (at("10:45"), None), (at("11:00"), None)],
)
def test_a_booking_is_no_shorter_than_the_facilitys_shortest(
    end: datetime, expected: Answer
) -> None:
    assert expected == book(a_draft(end_time=end), a_room(min_duration=3 * MARK))


@pytest.mark.parametrize(
    ("end", "expected"),
    [(at("10:30"), None), (at("10:45"), None), (at("11:00"), TOO_LONG)],
)
def test_a_booking_is_no_longer_than_the_facilitys_longest(end: datetime, expected: Answer) -> None:
    assert expected == book(a_draft(end_time=end), a_room(max_duration=3 * MARK))


@pytest.mark.parametrize(
    ("now", "expected"),
    [(at("08:00") - TINY, None), (at("08:00"), None), (at("08:00") + TINY, TOO_SOON)],
)
def test_a_booking_is_made_in_time(now: datetime, expected: Answer) -> None:
    assert expected == book(a_draft(), a_room(min_notice=timedelta(hours=2)), now)


@pytest.mark.parametrize(
    ("horizon", "expected"),
    [
        (at("11:00") - NOW - TINY, TOO_FAR),
        (at("11:00") - NOW, None),
        (at("11:00") - NOW + TINY, None),
    ],
)
def test_a_facility_has_a_horizon_of_its_own(horizon: timedelta, expected: Answer) -> None:
    assert expected == book(a_draft(), a_room(horizon=horizon))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Eucla"])
@pytest.mark.parametrize(
    ("step", "minutes"),
    [(15, {0, 15, 30, 45}), (30, {0, 30}), (60, {0})],
)
def test_a_booking_begins_on_a_step_of_the_local_clock(
    zone: str, step: int, minutes: set[int]
) -> None:
    room = a_room(zone=ZoneInfo(zone), start_step=step * MINUTE)
    for count in range(8):
        start = marks_after(at("10:00"), count)
        local = start.astimezone(ZoneInfo(zone))
        expected = None if local.minute in minutes else OFF_STEP
        assert expected == book(a_draft(start_time=start, end_time=start + 2 * MARK), room)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("10:00", "16:00", None),
        ("09:45", "11:00", NOT_OPEN),
        ("15:00", "16:15", NOT_OPEN),
        ("09:30", "10:00", NOT_OPEN),
        ("10:00", "10:15", None),
        ("15:45", "16:00", None),
        ("16:00", "16:15", NOT_OPEN),
    ],
)
def test_a_booking_lies_within_the_opening_hours(start: str, end: str, expected: Answer) -> None:
    draft = a_draft(start_time=at(start), end_time=at(end))
    assert expected == book(draft, a_room(opening_hours=OPEN_TEN_TO_FOUR), at("07:00"))


def test_a_booking_does_not_bridge_two_openings() -> None:
    twice = a_room(opening_hours=((5 * 1440 + 600, 5 * 1440 + 660), (5 * 1440 + 675, 6 * 1440)))
    assert at("10:00").weekday() == 5
    assert book(a_draft(end_time=at("11:00")), twice) is None
    assert NOT_OPEN == book(a_draft(end_time=at("11:30")), twice)
    assert book(a_draft(start_time=at("11:15"), end_time=at("12:00")), twice) is None


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        (("09:00", "10:00"), None),
        (("09:00", "10:15"), CLOSED),
        (("10:15", "10:30"), CLOSED),
        (("10:45", "12:00"), CLOSED),
        (("11:00", "12:00"), None),
        (("09:00", "12:00"), CLOSED),
    ],
)
def test_a_closure_takes_no_booking_that_shares_any_moment_with_it(
    closed: tuple[str, str], expected: Answer
) -> None:
    assert expected == book(a_draft(), closures=[Closure(between(*closed), "Painting")])


def test_hours_and_closures_bind_the_booking_and_not_its_buffers() -> None:
    room = a_room(
        opening_hours=OPEN_TEN_TO_FOUR, buffer_before=timedelta(hours=4), buffer_after=MARK
    )
    closures = [Closure(between("09:00", "10:00"), "Painting")]
    assert book(a_draft(), room, closures=closures) is None


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (MEMBER, RESTRICTED),
        (replace(MEMBER, group_ids=frozenset({4})), RESTRICTED),
        (replace(MEMBER, group_ids=frozenset({4, 5})), None),
        (STAFF_ELSEWHERE, RESTRICTED),
        (SITE_STAFF, None),
        (STAFF, None),
    ],
)
def test_a_facility_of_some_groups_is_booked_by_them_and_by_who_governs_it(
    caller: Caller, expected: Answer
) -> None:
    assert expected == book(a_draft(), replace(ROOM, open_to=frozenset({5, 6})), caller=caller)


STRICT = a_room(
    opening_hours=OPEN_TEN_TO_FOUR,
    min_duration=2 * MARK,
    max_duration=4 * MARK,
    min_notice=timedelta(minutes=30),
    start_step=timedelta(minutes=30),
)


@pytest.mark.parametrize("caller", [SITE_STAFF, STAFF])
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("10:00", "10:15", TOO_SHORT),
        ("10:00", "11:15", TOO_LONG),
        ("09:30", "10:30", TOO_SOON),
        ("10:15", "11:15", OFF_STEP),
        ("15:30", "16:30", NOT_OPEN),
        ("12:00", "13:00", CLOSED),
        ("11:00", "12:00", None),
    ],
)
def test_staff_are_bound_by_them_like_everybody(
    caller: Caller, start: str, end: str, expected: Answer
) -> None:
    draft = a_draft(start_time=at(start), end_time=at(end))
    closures = [Closure(between("12:30", "12:45"), "Painting")]
    assert expected == book(draft, STRICT, caller=caller, closures=closures)


def test_the_rules_of_a_facility_answer_in_that_order_too() -> None:
    strict = replace(
        a_room(
            horizon=timedelta(hours=5),
            opening_hours=OPEN_TEN_TO_FOUR,
            min_duration=timedelta(hours=1),
            max_duration=timedelta(hours=2),
            min_notice=timedelta(hours=2),
            start_step=timedelta(hours=1),
        ),
        is_active=False,
        open_to=frozenset({5}),
    )
    closures = [Closure(between("12:30", "13:00"), "Painting")]
    draft = a_draft(start_time=at("08:15"), end_time=at("17:15"), attendee_count=9)
    active = replace(strict, is_active=True)
    let_in = replace(MEMBER, group_ids=frozenset({5}))
    mends_and_answers: list[tuple[dict[str, Any], Facility, Caller, Answer]] = [
        ({}, strict, MEMBER, TOO_LONG),
        ({"end_time": at("09:00")}, strict, MEMBER, TOO_SHORT),
        ({"end_time": at("09:15")}, strict, MEMBER, STARTS_IN_PAST),
        ({"start_time": at("10:15"), "end_time": at("12:15")}, strict, MEMBER, TOO_SOON),
        ({"start_time": at("13:15"), "end_time": at("14:15")}, strict, MEMBER, TOO_FAR),
        ({"start_time": at("11:30"), "end_time": at("12:30")}, strict, MEMBER, OFF_STEP),
        ({"start_time": at("12:00"), "end_time": at("13:00")}, strict, MEMBER, ARCHIVED),
        ({}, active, MEMBER, RESTRICTED),
        ({}, active, let_in, TOO_MANY),
        ({"attendee_count": 8}, active, let_in, CLOSED),
    ]
    for mend, facility, caller, expected in mends_and_answers:
        draft = replace(draft, **mend)
        assert expected == book(draft, facility, closures=closures, caller=caller)
    never_open = replace(active, rules=replace(active.rules, opening_hours=()))
    assert NOT_OPEN == book(draft, never_open, closures=closures, caller=let_in)


# The rules of a facility, for a change


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"min_duration": timedelta(minutes=75)}, TOO_SHORT),
        ({"max_duration": timedelta(minutes=45)}, TOO_LONG),
        ({"min_notice": timedelta(hours=1)}, TOO_SOON),
        ({"start_step": timedelta(hours=1)}, OFF_STEP),
        ({"opening_hours": ()}, NOT_OPEN),
    ],
)
def test_rules_of_its_facility_that_are_newer_than_a_booking_leave_it_alone_until_it_is_moved(
    rules: dict[str, Any], expected: Answer
) -> None:
    stricter = a_room(**rules)
    quarter_past = a_booking(a_draft(start_time=at("10:15"), end_time=at("11:15")))
    for changes in ({}, {"title": "Review"}, {"description": None}, {"attendee_count": 8}):
        assert change(quarter_past, changes, stricter, now=at("10:05")) is None
    sooner = {"start_time": at("10:15") - 2 * MARK, "end_time": at("11:15") - 2 * MARK}
    assert expected == change(quarter_past, sooner, stricter)
    assert expected == change(quarter_past, {"facility_id": 2}, stricter, now=at("10:05"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"end_time": at("11:15")}, None),
        ({"end_time": at("11:30")}, TOO_LONG),
        ({"end_time": at("10:30")}, TOO_SHORT),
        ({"start_time": at("10:15")}, OFF_STEP),
        ({"start_time": at("10:30")}, TOO_SHORT),
        ({"start_time": at("09:30"), "end_time": at("10:30")}, TOO_SOON),
    ],
)
def test_a_change_of_times_meets_the_rules_for_what_it_changes(
    changes: Mapping[str, object], expected: Answer
) -> None:
    room = a_room(
        min_duration=3 * MARK,
        max_duration=5 * MARK,
        min_notice=timedelta(hours=1),
        start_step=2 * MARK,
    )
    assert expected == change(a_booking(), changes, room)


def test_a_later_end_asks_for_no_notice_and_no_other_step() -> None:
    room = a_room(min_notice=timedelta(hours=2), start_step=timedelta(hours=1))
    quarter_past = a_booking(a_draft(start_time=at("10:15"), end_time=at("11:15")))
    assert change(quarter_past, {"end_time": at("11:30")}, room, now=at("10:05")) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"end_time": at("16:15")}, NOT_OPEN),
        ({"end_time": at("15:45")}, None),
        ({"start_time": at("14:45")}, None),
        ({"start_time": at("14:30")}, CLOSED),
        ({"facility_id": 2}, None),
    ],
)
def test_a_change_that_takes_more_lies_within_hours_and_outside_closures(
    changes: Mapping[str, object], expected: Answer
) -> None:
    room = a_room(opening_hours=OPEN_TEN_TO_FOUR)
    closures = [Closure(between("14:00", "14:45"), "Painting")]
    booking = a_booking(a_draft(start_time=at("15:00"), end_time=at("16:00")))
    assert expected == change(booking, changes, room, closures=closures)


def test_a_change_that_takes_no_more_is_taken_though_it_is_closed_now() -> None:
    closed = a_room(opening_hours=())
    closures = [Closure(between("00:00", "23:00"), "Painting")]
    for changes in ({"end_time": at("10:45")}, {"start_time": at("10:15")}, {"title": "Review"}):
        assert change(a_booking(), changes, closed, closures=closures) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"title": "Review"}, None),
        ({"end_time": at("10:45")}, None),
        ({"end_time": at("11:15")}, RESTRICTED),
        ({"facility_id": 2}, RESTRICTED),
    ],
)
def test_who_may_book_a_facility_no_more_keeps_what_they_have_and_takes_no_more(
    changes: Mapping[str, object], expected: Answer
) -> None:
    restricted = replace(ROOM, open_to=frozenset({5}))
    assert expected == change(a_booking(), changes, restricted)
    assert change(a_booking(), changes, restricted, caller=SITE_STAFF) is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [(at("09:00") - TINY, None), (at("09:00"), None), (at("09:00") + TINY, TOO_LATE)],
)
@pytest.mark.parametrize(
    "changes",
    [
        {"start_time": at("10:15")},
        {"end_time": at("10:45")},
        {"facility_id": 2},
        {"start_time": at("12:00"), "end_time": at("13:00")},
    ],
)
def test_a_change_that_gives_up_time_is_made_before_the_deadline(
    changes: Mapping[str, object], now: datetime, expected: Answer
) -> None:
    strict = a_room(cancellation_notice=timedelta(hours=1))
    assert expected == change(a_booking(), changes, ROOM, now, left=strict)
    for staff in (SITE_STAFF, STAFF):
        assert change(a_booking(), changes, ROOM, now, left=strict, caller=staff) is None
    assert expected == change(a_booking(), changes, ROOM, now, left=strict, caller=STAFF_ELSEWHERE)
    assert change(a_booking(status="pending"), changes, ROOM, now, left=strict) is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [(at("09:00") - TINY, None), (at("09:00"), None), (at("09:00") + TINY, TOO_LATE)],
)
@pytest.mark.parametrize("changes", [{"start_time": at("09:30")}, {"end_time": at("11:15")}])
def test_a_change_that_has_to_be_agreed_to_anew_is_made_before_the_deadline(
    changes: Mapping[str, object], now: datetime, expected: Answer
) -> None:
    strict = a_room(cancellation_notice=timedelta(hours=1), requires_approval=True)
    assert expected == change(a_booking(), changes, strict, now, left=strict)
    for staff in (SITE_STAFF, STAFF):
        assert change(a_booking(), changes, strict, now, left=strict, caller=staff) is None
    waiting = a_booking(status="pending")
    assert change(waiting, changes, strict, now, left=strict) is None


@pytest.mark.parametrize(
    "changes", [{"start_time": at("09:45")}, {"end_time": at("11:15")}, {"title": "Review"}]
)
def test_a_change_that_gives_up_nothing_has_no_deadline(changes: Mapping[str, object]) -> None:
    strict = a_room(cancellation_notice=timedelta(days=30))
    assert change(a_booking(), changes, strict, left=strict) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"facility_id": 2}, True),
        ({"start_time": at("09:45")}, False),
        ({"start_time": at("10:15")}, True),
        ({"end_time": at("11:15")}, False),
        ({"end_time": at("10:45")}, True),
        ({"start_time": at("09:45"), "end_time": at("10:45")}, True),
        ({"title": "Review"}, False),
    ],
)
def test_a_change_gives_up_what_the_booking_holds_no_more(
    changes: Mapping[str, object],
    expected: bool,  # noqa: FBT001
) -> None:
    booking = a_booking()
    assert expected == gives_up(booking, revise(booking, changes))


# The deadline for cancelling


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at("08:00") - TINY, None),
        (at("08:00"), None),
        (at("08:00") + TINY, TOO_LATE),
        (at("10:30"), TOO_LATE),
        (at("11:00"), PAST),
    ],
)
def test_a_member_cancels_before_the_deadline(now: datetime, expected: Answer) -> None:
    strict = a_room(cancellation_notice=timedelta(hours=2))
    for caller in (MEMBER, STAFF_ELSEWHERE):
        assert expected == answer(lambda: cancel(a_booking(), strict, now, caller=caller))  # noqa: B023 - called at once


@pytest.mark.parametrize("now", [at("08:00") + TINY, at("11:00") - TINY])
def test_the_deadline_binds_neither_staff_nor_what_is_not_confirmed(now: datetime) -> None:
    strict = a_room(cancellation_notice=timedelta(hours=2))
    assert cancel(a_booking(), strict, now, caller=SITE_STAFF)
    assert cancel(a_booking(), strict, now, caller=STAFF)
    assert cancel(a_booking(status="pending"), strict, now)
    assert not cancel(a_booking(status="cancelled"), strict, now)


def test_where_there_is_no_deadline_a_booking_is_cancelled_until_its_end() -> None:
    assert cancel(a_booking(), now=at("11:00") - TINY)


# What a refusal of a facility's rule says


TOLD = [
    (
        {"end_time": at("10:15")},
        (
            "A booking lasts at least 30 minutes here: from 2030-06-15T10:00:00Z it may end at"
            " 2030-06-15T10:30:00Z at the earliest."
        ),
    ),
    (
        {"end_time": at("11:15")},
        (
            "A booking lasts at most 1 hour here: from 2030-06-15T10:00:00Z it may end at"
            " 2030-06-15T11:00:00Z at the latest."
        ),
    ),
    (
        {"start_time": at("09:30"), "end_time": at("10:00")},
        (
            "This has to be booked 30 minutes ahead: a booking may now start at"
            " 2030-06-15T09:45:00Z at the earliest, and 2030-06-15T09:30:00Z is before that."
        ),
    ),
    (
        {"start_time": at("10:15")},
        (
            "Bookings begin at minute 00 or 30 of the local time here, and 2030-06-15T10:15:00Z"
            " does not: the next such start is 2030-06-15T10:30:00Z."
        ),
    ),
    (
        {"start_time": at("15:30"), "end_time": at("16:30")},
        (
            "Blue Room is not open for the whole of this time: around then it is open from"
            " 2030-06-15T10:00:00Z to 2030-06-15T16:00:00Z."
        ),
    ),
    (
        {"start_time": at("12:00"), "end_time": at("13:00")},
        (
            "Blue Room is closed from 2030-06-15T12:30:00Z to 2030-06-15T12:45:00Z (Painting):"
            " choose a time before or after that, or another facility."
        ),
    ),
]


@pytest.mark.parametrize(("fields", "expected"), TOLD)
def test_a_refusal_by_the_facilitys_rules_says_what_would_be_allowed(
    fields: dict[str, Any], expected: str
) -> None:
    closures = [Closure(between("12:30", "12:45"), "Painting")]
    refusal = refusal_of(lambda: check_new(a_draft(**fields), STRICT, closures, MEMBER, NOW))
    assert expected == refusal.detail


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (OPEN_TEN_TO_FOUR, {"2030-06-15T10:00:00Z", "2030-06-16T10:00:00Z"}),
        ((), set()),
    ],
)
def test_where_it_is_not_open_at_all_the_openings_around_are_told(
    hours: tuple[tuple[int, int], ...], expected: set[str]
) -> None:
    draft = a_draft(start_time=at("16:30"), end_time=at("17:00"))
    refusal = refusal_of(lambda: check_new(draft, a_room(opening_hours=hours), [], MEMBER, NOW))
    told = set(re.findall(r"from (\S+Z)", refusal.detail))
    assert expected == told


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (timedelta(hours=1), "on the hour of the local time here"),
        (timedelta(minutes=30), "at minute 00 or 30 of the local time here"),
    ],
)
def test_the_next_start_that_a_step_names_is_taken(step: timedelta, expected: str) -> None:
    room = a_room(start_step=step)
    refused = a_draft(start_time=at("10:15"), end_time=at("11:15"))
    refusal = refusal_of(lambda: check_new(refused, room, [], MEMBER, NOW))
    assert expected in refusal.detail
    start = instants_in(refusal.detail)[-1]
    assert book(replace(refused, start_time=start, end_time=start + MARK), room) is None
    assert OFF_STEP == book(replace(refused, start_time=start - MARK), room)


@given(moments)
def test_the_earliest_start_that_notice_names_is_the_earliest_that_is_taken(now: datetime) -> None:
    room = a_room(min_notice=timedelta(minutes=40))
    refused = a_draft(start_time=at("09:30"))
    refusal = refusal_of(lambda: check_new(refused, room, [], MEMBER, now))
    earliest = instants_in(refusal.detail)[0]
    assert book(replace(refused, start_time=earliest), room, now) is None
    assert TOO_SOON == book(replace(refused, start_time=earliest - MARK), room, now)


def test_a_deadline_that_is_over_says_when_it_was() -> None:
    strict = a_room(cancellation_notice=timedelta(days=1))
    refusal = refusal_of(lambda: cancel(a_booking(), strict))
    assert refusal.detail == (
        "Blue Room can be given up until 1 day before a booking begins, which was"
        " 2030-06-14T10:00:00Z: ask the staff to cancel or move it."
    )


# What a newer rule breaks


@pytest.mark.parametrize(
    ("facility", "expected"),
    [
        (ROOM, None),
        (a_room(min_duration=timedelta(hours=1), max_duration=timedelta(hours=1)), None),
        (a_room(min_duration=5 * MARK), TOO_SHORT),
        (a_room(max_duration=3 * MARK), TOO_LONG),
        (a_room(zone=ZoneInfo("Asia/Kolkata"), start_step=timedelta(hours=1)), OFF_STEP),
        (a_room(opening_hours=()), NOT_OPEN),
        (a_room(opening_hours=OPEN_TEN_TO_FOUR), None),
        (ARCHIVED_ROOM, ARCHIVED),
        (replace(ROOM, open_to=frozenset({5})), RESTRICTED),
        (replace(ROOM, capacity=4), None),
        (replace(ROOM, capacity=3), TOO_MANY),
        (a_room(min_notice=timedelta(days=30)), None),
        (a_room(horizon=timedelta(days=1)), None),
        (a_room(buffer_before=timedelta(hours=4), requires_approval=True), None),
        (a_room(cancellation_notice=timedelta(days=30)), None),
    ],
)
def test_a_newer_rule_that_a_booking_breaks_is_named(facility: Facility, expected: Answer) -> None:
    broken = broken_rule(a_booking(), MEMBER, facility, [])
    assert expected == (broken and (type(broken), broken.pointer))


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        (("09:00", "10:00"), None),
        (("10:45", "12:00"), FacilityClosed),
        (("11:00", "12:00"), None),
    ],
)
def test_a_closure_over_a_booking_is_named(
    closed: tuple[str, str], expected: type[Refusal] | None
) -> None:
    closures = [Closure(between(*closed), "Painting")]
    broken = broken_rule(a_booking(), MEMBER, ROOM, closures)
    assert expected == (broken and type(broken))


def test_whoever_governs_a_facility_breaks_no_rule_of_groups() -> None:
    restricted = replace(ROOM, open_to=frozenset({5}))
    assert broken_rule(a_booking(), SITE_STAFF, restricted, []) is None
