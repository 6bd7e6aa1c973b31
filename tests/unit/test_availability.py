"""Free slots and alternatives, by example; what they keep in all cases is in test_law."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.availability import (
    ALTERNATIVES,
    check_window,
    free_slots,
    looks,
    nearest_alternatives,
)
from domain.errors import EndNotAfterStart, WindowTooLong
from domain.periods import MARK, Period
from domain.rules import LONGEST_BOOKING

from .values import MINUTE, RULES, TINY, a_room, answer, at, between, refusal_of

QUARTER = 15 * MINUTE


# The window of a search


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (at("10:00") - TINY, (EndNotAfterStart, "/end_time")),
        (at("10:00"), (EndNotAfterStart, "/end_time")),
        (at("10:00") + TINY, None),
        (at("10:00") + timedelta(days=31) - TINY, None),
        (at("10:00") + timedelta(days=31), None),
        (at("10:00") + timedelta(days=31) + TINY, (WindowTooLong, "/end_time")),
        (datetime.max.replace(tzinfo=UTC), (WindowTooLong, "/end_time")),
    ],
)
def test_a_window_ends_after_its_start_and_within_31_days(end: datetime, expected: object) -> None:
    assert expected == answer(lambda: check_window(at("10:00"), end))


def test_a_window_is_taken_as_it_is_asked() -> None:
    assert Period(at("10:00"), at("10:07:30")) == check_window(at("10:00"), at("10:07:30"))


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (
            at("09:00"),
            (
                "end_time must be after start_time (2030-06-15T10:00:00Z), by at most 31 days, and"
                " 2030-06-15T09:00:00Z is not after it."
            ),
        ),
        (
            at("10:00") + timedelta(days=40),
            (
                "A search covers at most 31 days: from 2030-06-15T10:00:00Z it may reach to"
                " 2030-07-16T10:00:00Z. Search several in turn."
            ),
        ),
    ],
)
def test_a_refused_window_is_told_what_a_window_may_be(end: datetime, expected: str) -> None:
    assert expected == refusal_of(lambda: check_window(at("10:00"), end)).detail


# Free slots


def test_free_slots_are_the_whole_gaps_between_bookings() -> None:
    busy = [between("09:00", "10:00"), between("10:30", "11:00"), between("11:00", "12:00")]
    expected = [between("08:00", "09:00"), between("10:00", "10:30"), between("12:00", "13:00")]
    assert expected == free_slots([between("08:00", "13:00")], busy, RULES, QUARTER)


def test_bookings_may_come_in_any_order() -> None:
    busy = [between("11:00", "12:00"), between("09:00", "10:00")]
    expected = [between("08:00", "09:00"), between("10:00", "11:00")]
    assert expected == free_slots([between("08:00", "12:00")], busy, RULES, QUARTER)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (45 * MINUTE, [between("09:00", "10:00")]),
        (60 * MINUTE, [between("09:00", "10:00")]),
        (75 * MINUTE, []),
    ],
)
def test_a_free_slot_lasts_the_duration(duration: timedelta, expected: list[Period]) -> None:
    busy = [between("10:00", "12:00")]
    assert expected == free_slots([between("09:00", "12:00")], busy, RULES, duration)


@pytest.mark.parametrize(
    ("duration", "is_offered"),
    [(15, False), (30, True), (45, True), (60, True), (75, False)],
)
def test_nothing_is_free_for_a_length_that_the_facility_does_not_allow(
    duration: int,
    is_offered: bool,  # noqa: FBT001
) -> None:
    rules = a_room(min_duration=30 * MINUTE, max_duration=60 * MINUTE).rules
    slots = free_slots([between("09:00", "12:00")], [], rules, duration * MINUTE)
    assert slots == ([between("09:00", "12:00")] if is_offered else [])


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (15, [between("09:15", "11:15"), between("11:45", "13:00")]),
        (30, [between("09:30", "11:15"), between("12:00", "13:00")]),
        (60, [between("10:00", "11:15"), between("12:00", "13:00")]),
    ],
)
def test_a_free_slot_begins_on_a_step(step: int, expected: list[Period]) -> None:
    rules = a_room(start_step=step * MINUTE).rules
    busy = [between("09:00", "09:15"), between("11:15", "11:45")]
    assert expected == free_slots([between("09:00", "13:00")], busy, rules, 60 * MINUTE)


def test_what_does_not_fit_from_its_first_step_on_is_not_free() -> None:
    rules = a_room(start_step=60 * MINUTE).rules
    assert free_slots([between("09:15", "10:45")], [], rules, 60 * MINUTE) == []
    assert free_slots([between("09:15", "11:00")], [], rules, 60 * MINUTE) == [
        between("10:00", "11:00")
    ]


def test_a_step_is_of_the_local_clock() -> None:
    rules = a_room(start_step=60 * MINUTE, zone=ZoneInfo("Asia/Kathmandu")).rules
    slots = free_slots([between("09:00", "12:00")], [], rules, 60 * MINUTE)
    assert [between("09:15", "12:00")] == slots


def test_buffers_are_kept_free_on_both_sides_of_what_is_booked() -> None:
    """Those of the new booking; those of the other are in what it occupies."""
    rules = a_room(buffer_before=15 * MINUTE, buffer_after=30 * MINUTE).rules
    busy = [between("10:00", "11:00")]
    expected = [between("09:00", "09:30"), between("11:15", "12:00")]
    assert expected == free_slots([between("09:00", "12:00")], busy, rules, QUARTER)


def test_a_booking_out_of_the_window_keeps_its_buffer_in_it() -> None:
    rules = a_room(buffer_before=60 * MINUTE, buffer_after=60 * MINUTE).rules
    busy = [between("08:00", "08:30"), between("12:15", "13:00")]
    expected = [between("09:30", "11:15")]
    assert expected == free_slots([between("09:00", "12:00")], busy, rules, QUARTER)


def test_nothing_is_free_where_nothing_is_bookable() -> None:
    assert free_slots([], [between("09:00", "10:00")], RULES, QUARTER) == []
    assert nearest_alternatives(between("10:00", "11:00"), [], RULES) == []


# Looking further ahead


def test_the_longest_booking_lies_within_one_look_wherever_it_begins() -> None:
    now, days = at("09:00"), 70
    seen = list(looks(between("10:00", "12:00"), now, now + timedelta(days=days)))
    assert len(seen) == 4
    for count in range((timedelta(days=days) - LONGEST_BOOKING) // MARK - 4):
        start = at("10:00") + count * MARK
        end = start + LONGEST_BOOKING
        assert any(look.start <= start and end <= look.end for look in seen), start


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (at("10:00"), []),
        (at("10:00") + TINY, [between("10:00", "20:00")]),
        (at("20:00"), [between("10:00", "20:00")]),
        (
            at("20:00") + TINY,
            [between("10:00", "20:00"), Period(at("12:00"), at("20:00") + timedelta(days=31))],
        ),
    ],
)
def test_there_is_a_look_as_long_as_anything_can_be_booked(
    until: datetime, expected: list[Period]
) -> None:
    assert expected == list(looks(between("10:00", "12:00"), at("09:00"), until))


def test_a_search_of_the_past_looks_from_now_on() -> None:
    seen = list(looks(between("07:00", "08:00"), at("09:00"), at("15:00")))
    assert seen == [between("09:00", "17:00")]


# Alternatives


@pytest.mark.parametrize(
    ("busy", "expected"),
    [
        (
            [],
            [
                ("12:00", "13:00"),
                ("11:00", "12:00"),
                ("13:00", "14:00"),
                ("10:00", "11:00"),
                ("14:00", "15:00"),
            ],
        ),
        (
            [("12:30", "13:00")],
            [
                ("11:30", "12:30"),
                ("13:00", "14:00"),
                ("10:30", "11:30"),
                ("14:00", "15:00"),
                ("09:30", "10:30"),
            ],
        ),
        (
            [("08:00", "10:45"), ("11:45", "12:15"), ("13:15", "18:00")],
            [("12:15", "13:15"), ("10:45", "11:45")],
        ),
        ([("09:00", "17:15")], [("08:00", "09:00")]),
        ([("08:30", "17:30")], []),
    ],
)
def test_alternatives_are_the_nearest_free_periods_and_do_not_overlap(
    busy: list[tuple[str, str]], expected: list[tuple[str, str]]
) -> None:
    taken = [between(*period) for period in busy]
    slots = free_slots([between("08:00", "18:00")], taken, RULES, 60 * MINUTE)
    actual = nearest_alternatives(between("12:00", "13:00"), slots, RULES)
    assert [between(*period) for period in expected] == actual


def test_there_are_no_more_than_five_alternatives() -> None:
    slots = [between("00:00", "23:00")]
    actual = nearest_alternatives(between("00:00", "01:00"), slots, RULES)
    assert ALTERNATIVES == 5
    assert [between(f"0{hour}:00", f"0{hour + 1}:00") for hour in range(5)] == actual


def test_alternatives_begin_on_steps() -> None:
    rules = a_room(start_step=60 * MINUTE).rules
    slots = free_slots([between("08:15", "13:45")], [between("10:15", "10:30")], rules, 45 * MINUTE)
    actual = nearest_alternatives(between("10:00", "10:45"), slots, rules)
    assert [
        between("09:00", "09:45"),
        between("11:00", "11:45"),
        between("12:00", "12:45"),
        between("13:00", "13:45"),
    ] == actual
