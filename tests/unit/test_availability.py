"""Availability: what is offered can be booked, and what can be booked is offered."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.availability import (
    bookable_within,
    check_window,
    first_start,
    free_slots,
    nearest_alternatives,
)
from domain.bookings import LONGEST_BOOKING, check_new
from domain.errors import EndNotAfterStart, WindowTooLong
from domain.periods import MARK, Period, on_mark

from .values import (
    MINUTE,
    ROOM,
    SECOND,
    TINY,
    a_draft,
    answer,
    at,
    between,
    marks_after,
    refusal_of,
)

HOUR = 4 * MARK

# A stretch of twelve hours is long enough for bookings to be as long as they may be, and short
# enough to look at every period in it.
DAWN = at("06:00")
MARKS = 48


@dataclass(frozen=True, slots=True)
class Situation:
    """A search: what is asked, what is booked, and when. Nothing but the bookings is on marks."""

    window: Period
    now: datetime
    horizon: timedelta
    busy: list[Period]

    @property
    def bookable(self) -> Period | None:
        """The part of the window that can be booked."""
        return bookable_within(self.window, self.now, self.now + self.horizon)

    def can_hold(self, period: Period) -> bool:
        """Whether a booking may lie there as far as the window, the time and the others go."""
        return (
            max(self.window.start, self.now) <= period.start
            and period.end <= min(self.window.end, self.now + self.horizon)
            and not any(period.overlaps(taken) for taken in self.busy)
        )


def periods_on_marks(least: timedelta, most: timedelta) -> list[Period]:
    """Every period on marks of those lengths, from an hour before dawn to an hour after dusk."""
    return [
        Period(marks_after(DAWN, first), marks_after(DAWN, last))
        for first in range(-4, MARKS + 4)
        for last in range(first + least // MARK, min(first + most // MARK, MARKS + 4) + 1)
    ]


SINGLE_MARKS = periods_on_marks(MARK, MARK)
ANY_BOOKINGS = periods_on_marks(MARK, LONGEST_BOOKING)


def moments(first: int, last: int) -> st.SearchStrategy[datetime]:
    """Instants on and around the marks from the first to the last, counted from dawn."""
    marks = st.integers(first, last).map(lambda count: marks_after(DAWN, count))
    steps = st.sampled_from([timedelta(0), -TINY, TINY, SECOND, 7 * MINUTE])
    return st.builds(lambda mark, step: mark + step, marks, steps)


@st.composite
def bookings(draw: st.DrawFn) -> list[Period]:
    """Bookings of one facility: on marks, none overlapping another, in the order of time."""
    edges = draw(st.lists(st.integers(-2, MARKS + 2), unique=True, max_size=16).map(sorted))
    return [
        Period(marks_after(DAWN, first), marks_after(DAWN, last))
        for first, last in pairwise(edges)
        if draw(st.booleans())
    ]


windows = st.builds(
    lambda start, length: Period(start, start + length),
    moments(0, 12),
    st.sampled_from([9 * HOUR, 6 * HOUR, 3 * HOUR, 16 * MINUTE, TINY]),
)
situations = st.builds(
    Situation,
    window=windows,
    now=moments(-MARKS // 2, MARKS // 2),
    horizon=st.sampled_from([timedelta(hours=hours) for hours in (1, 9, 24 * 365)]),
    busy=bookings(),
)
durations = st.integers(1, 12).map(lambda count: count * MARK)


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


# The bookable part of a window


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (at("10:00"), at("12:00"), between("10:00", "12:00")),
        (at("10:00") + TINY, at("12:00"), between("10:15", "12:00")),
        (at("10:00") - TINY, at("12:00"), between("10:00", "12:00")),
        (at("10:00"), at("12:00") - TINY, between("10:00", "11:45")),
        (at("10:00"), at("12:00") + TINY, between("10:00", "12:00")),
        (at("10:00"), at("10:15"), between("10:00", "10:15")),
        (at("10:00"), at("10:15") - TINY, None),
        (at("10:00") + TINY, at("10:30") - TINY, None),
        (at("10:00") + TINY, at("10:15"), None),
        (at("10:00"), at("10:00") + TINY, None),
        (at("10:01"), at("10:14"), None),
        (at("06:00"), at("07:30"), None),
        (at("06:00"), at("10:00"), between("08:15", "10:00")),
        (at("06:00"), at("08:15") + TINY, None),
        (at("19:00"), at("21:00"), between("19:00", "20:00")),
        (at("20:00"), at("21:00"), None),
        (at("23:00"), at("23:30"), None),
        (at("06:00"), at("23:00"), between("08:15", "20:00")),
    ],
)
def test_a_window_is_bookable_on_marks_from_now_to_the_horizon(
    start: datetime, end: datetime, expected: Period | None
) -> None:
    now, horizon_end = at("08:07:30"), at("20:07:30")
    assert expected == bookable_within(Period(start, end), now, horizon_end)


@pytest.mark.parametrize("boundary", [at("10:00") - TINY, at("10:00"), at("10:00") + TINY])
def test_now_and_the_horizon_are_kept_to_the_microsecond(boundary: datetime) -> None:
    window = between("09:00", "11:00")
    first = at("10:00") if boundary <= at("10:00") else at("10:15")
    last = at("10:00") if boundary >= at("10:00") else at("09:45")
    assert Period(first, at("11:00")) == bookable_within(window, boundary, at("23:00"))
    assert Period(at("09:00"), last) == bookable_within(window, at("07:00"), boundary)


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("clock", ["00:00", "23:40", "23:45", "23:50"])
def test_a_window_at_either_end_of_the_calendar_is_not_bookable(year: int, clock: str) -> None:
    month, day = (1, 1) if year == 1 else (12, 31)
    start = at(clock).replace(year=year, month=month, day=day)
    window = Period(start, start + 9 * MINUTE)
    assert bookable_within(window, at("10:00"), at("20:00")) is None


@given(situations)
def test_the_bookable_time_is_all_the_marks_of_the_window_from_now_to_the_horizon(
    situation: Situation,
) -> None:
    alone = Situation(situation.window, situation.now, situation.horizon, busy=[])
    expected = [period for period in SINGLE_MARKS if alone.can_hold(period)]
    bookable = alone.bookable
    actual = [] if bookable is None else [p for p in SINGLE_MARKS if is_inside(p, bookable)]
    assert expected == actual
    assert (bookable is None) == (expected == [])


def is_inside(period: Period, other: Period) -> bool:
    """Whether the other holds all of the period."""
    return other.start <= period.start and period.end <= other.end


# Free periods


def test_free_periods_are_the_whole_gaps_between_bookings() -> None:
    busy = [between("09:00", "10:00"), between("10:30", "11:00"), between("11:00", "12:00")]
    expected = [between("08:00", "09:00"), between("10:00", "10:30"), between("12:00", "13:00")]
    assert expected == free_slots(between("08:00", "13:00"), busy)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (45 * MINUTE, [between("09:00", "10:00")]),
        (60 * MINUTE, [between("09:00", "10:00")]),
        (75 * MINUTE, []),
    ],
)
def test_a_free_period_lasts_the_duration(duration: timedelta, expected: list[Period]) -> None:
    busy = [between("10:00", "12:00")]
    assert expected == free_slots(between("09:00", "12:00"), busy, duration)


def test_a_quarter_of_an_hour_is_enough_where_no_duration_is_asked() -> None:
    busy = [between("09:15", "12:00")]
    assert [between("09:00", "09:15")] == free_slots(between("09:00", "12:00"), busy)


def test_nothing_is_free_where_nothing_is_bookable() -> None:
    assert [] == free_slots(None, [])
    assert first_start(None, [], MARK) is None
    assert [] == nearest_alternatives(between("10:00", "11:00"), None, [], 5)


@given(situations, durations)
def test_whatever_is_offered_can_be_booked(situation: Situation, duration: timedelta) -> None:
    slots = free_slots(situation.bookable, situation.busy, duration)
    for period in ANY_BOOKINGS:
        if any(is_inside(period, slot) for slot in slots):
            draft = a_draft(start_time=period.start, end_time=period.end)
            check_new(draft, ROOM, situation.now, situation.horizon)
            assert situation.can_hold(period)


@given(situations)
def test_whatever_can_be_booked_is_offered(situation: Situation) -> None:
    slots = free_slots(situation.bookable, situation.busy)
    expected = [period for period in ANY_BOOKINGS if situation.can_hold(period)]
    actual = [p for p in ANY_BOOKINGS if any(is_inside(p, slot) for slot in slots)]
    assert expected == actual


@given(situations)
def test_slots_are_on_marks_in_order_and_apart(situation: Situation) -> None:
    slots = free_slots(situation.bookable, situation.busy)
    assert all(on_mark(slot.start) and on_mark(slot.end) for slot in slots)
    assert all(one.end < next_one.start for one, next_one in pairwise(slots))


@given(situations, durations)
def test_a_duration_leaves_out_the_shorter_slots_and_no_others(
    situation: Situation, duration: timedelta
) -> None:
    slots = free_slots(situation.bookable, situation.busy)
    expected = [slot for slot in slots if slot.duration >= duration]
    assert expected == free_slots(situation.bookable, situation.busy, duration)


# The first start


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (15 * MINUTE, at("08:00")),
        (30 * MINUTE, at("08:00")),
        (45 * MINUTE, at("10:00")),
        (60 * MINUTE, at("10:00")),
        (75 * MINUTE, None),
    ],
)
def test_the_first_start_is_that_of_the_first_gap_that_is_long_enough(
    duration: timedelta, expected: datetime | None
) -> None:
    busy = [between("08:30", "10:00"), between("11:00", "13:30")]
    assert expected == first_start(between("08:00", "14:00"), busy, duration)


@given(situations, durations)
def test_the_first_start_is_the_least_of_all_starts(
    situation: Situation, duration: timedelta
) -> None:
    starts = [p.start for p in periods_on_marks(duration, duration) if situation.can_hold(p)]
    expected = min(starts, default=None)
    assert expected == first_start(situation.bookable, situation.busy, duration)


# Alternatives


@pytest.mark.parametrize(
    ("busy", "expected"),
    [
        ([], [("12:00", "13:00"), ("11:00", "12:00"), ("13:00", "14:00")]),
        (
            [("12:00", "13:00")],
            [("11:00", "12:00"), ("13:00", "14:00"), ("10:00", "11:00")],
        ),
        (
            [("12:30", "13:00")],
            [("11:30", "12:30"), ("13:00", "14:00"), ("10:30", "11:30")],
        ),
        (
            [("10:45", "12:15")],
            [("12:15", "13:15"), ("13:15", "14:15"), ("09:45", "10:45")],
        ),
        (
            [("09:00", "11:45"), ("12:15", "14:45")],
            [("14:45", "15:45"), ("15:45", "16:45"), ("08:00", "09:00")],
        ),
        ([("09:00", "17:15")], [("08:00", "09:00")]),
        ([("08:30", "17:30")], []),
    ],
)
def test_alternatives_are_the_nearest_free_periods_and_do_not_overlap(
    busy: list[tuple[str, str]], expected: list[tuple[str, str]]
) -> None:
    actual = nearest_alternatives(
        between("12:00", "13:00"),
        between("08:00", "18:00"),
        [between(*period) for period in busy],
        3,
    )
    assert [between(*period) for period in expected] == actual


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5])
def test_there_are_as_many_alternatives_as_asked_where_there_is_room(count: int) -> None:
    wanted, bookable = between("10:00", "11:00"), between("10:00", "14:00")
    expected = [
        between("10:00", "11:00"),
        between("11:00", "12:00"),
        between("12:00", "13:00"),
        between("13:00", "14:00"),
    ]
    assert expected[:count] == nearest_alternatives(wanted, bookable, [], count)


def nearest_by_looking_at_all(wanted: Period, situation: Situation, count: int) -> list[Period]:
    """The nearest periods in turn, each the nearest that overlaps none before it."""
    every = periods_on_marks(wanted.duration, wanted.duration)
    free = [period for period in every if situation.can_hold(period)]
    chosen: list[Period] = []
    for period in sorted(free, key=lambda p: (abs(p.start - wanted.start), p.start)):
        if len(chosen) < count and not any(period.overlaps(other) for other in chosen):
            chosen.append(period)
    return chosen


@given(situations, st.sampled_from(ANY_BOOKINGS), st.integers(0, 6))
def test_no_nearer_alternative_is_left_out(
    situation: Situation, wanted: Period, count: int
) -> None:
    expected = nearest_by_looking_at_all(wanted, situation, count)
    actual = nearest_alternatives(wanted, situation.bookable, situation.busy, count)
    assert expected == actual


@given(situations, st.sampled_from(ANY_BOOKINGS), st.integers(0, 6))
def test_alternatives_are_choices_that_can_be_booked(
    situation: Situation, wanted: Period, count: int
) -> None:
    alternatives = nearest_alternatives(wanted, situation.bookable, situation.busy, count)
    assert len(alternatives) <= count
    for period in alternatives:
        assert wanted.duration == period.duration
        assert situation.can_hold(period)
        draft = a_draft(start_time=period.start, end_time=period.end)
        check_new(draft, ROOM, situation.now, situation.horizon)
