"""Periods, marks, and the free time between busy periods."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.periods import (
    MARK,
    Period,
    free_within,
    mark_at_or_after,
    mark_at_or_before,
    on_mark,
    without,
)

from .values import MINUTE, SECOND, TINY, at, between

LAST_MARK = datetime(9999, 12, 31, 23, 45, tzinfo=UTC)

instants = st.datetimes(timezones=st.just(UTC))
instants_before_the_last_mark = st.datetimes(
    max_value=LAST_MARK.replace(tzinfo=None), timezones=st.just(UTC)
)
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(minutes * MINUTE))


def minutes_of_the_day(least: int, most: int) -> st.SearchStrategy[Period]:
    """Periods of whole minutes, counted from noon; short and near, so that many meet."""
    return (
        st.tuples(st.integers(least, most), st.integers(least, most))
        .filter(lambda pair: pair[0] != pair[1])
        .map(sorted)
        .map(lambda pair: Period(at("12:00") + pair[0] * MINUTE, at("12:00") + pair[1] * MINUTE))
    )


periods = minutes_of_the_day(-30, 30)
sorted_busy = st.lists(minutes_of_the_day(-45, 45), max_size=8).map(sorted)


def minutes_in(period: Period) -> set[datetime]:
    """The starts of the period's minutes."""
    return {period.start + n * MINUTE for n in range(period.minutes)}


# Periods


@pytest.mark.parametrize("end", [at("10:00") - TINY, at("10:00")], ids=["before", "as"])
def test_a_period_cannot_end_before_or_as_it_starts(end: datetime) -> None:
    with pytest.raises(ValueError, match="must end after it starts"):
        Period(at("10:00"), end)


def test_a_period_may_end_a_microsecond_after_it_starts() -> None:
    assert TINY == Period(at("10:00"), at("10:00") + TINY).duration


def test_a_period_is_a_value() -> None:
    period = between("10:00", "11:00")
    assert {between("10:00", "11:00")} == {period}
    with pytest.raises(FrozenInstanceError):
        period.end = at("12:00")  # type: ignore[misc]


def test_a_period_lasts_from_its_start_to_its_end() -> None:
    assert timedelta(hours=1, minutes=30) == between("10:00", "11:30").duration


@pytest.mark.parametrize(
    ("length", "minutes"),
    [
        (15 * MINUTE - TINY, 14),
        (15 * MINUTE, 15),
        (15 * MINUTE + TINY, 15),
        (timedelta(days=31), 44640),
    ],
)
def test_only_whole_minutes_are_counted(length: timedelta, minutes: int) -> None:
    assert minutes == Period(at("10:00"), at("10:00") + length).minutes


def test_periods_are_ordered_by_start_and_then_by_end() -> None:
    one, two, three = (
        between("09:00", "12:00"),
        between("10:00", "10:30"),
        between("10:00", "11:00"),
    )
    assert [one, two, three] == sorted([three, two, one])


@pytest.mark.parametrize(
    ("end", "overlaps"),
    [(at("10:00") - TINY, False), (at("10:00"), False), (at("10:00") + TINY, True)],
    ids=["ends just before", "ends as the other starts", "ends just after"],
)
def test_periods_that_touch_do_not_overlap(end: datetime, overlaps: bool) -> None:  # noqa: FBT001
    earlier, later = Period(at("09:00"), end), between("10:00", "11:00")
    assert overlaps == earlier.overlaps(later)
    assert overlaps == later.overlaps(earlier)


@given(periods, periods)
def test_periods_overlap_if_and_only_if_they_share_a_minute(one: Period, other: Period) -> None:
    expected = not minutes_in(one).isdisjoint(minutes_in(other))
    assert expected == one.overlaps(other)


# Marks


def test_a_mark_is_a_quarter_of_an_hour() -> None:
    assert timedelta(minutes=15) == MARK


@pytest.mark.parametrize("mark", ["00:00", "10:00", "10:15", "10:30", "10:45", "23:45"])
def test_the_quarters_of_each_hour_are_marks(mark: str) -> None:
    assert on_mark(at(mark))


@pytest.mark.parametrize("step", [TINY, SECOND, MINUTE, 7 * MINUTE, 14 * MINUTE])
@pytest.mark.parametrize("mark", ["00:00", "10:15"])
def test_nothing_beside_a_mark_is_a_mark(mark: str, step: timedelta) -> None:
    assert [False, True, False] == [on_mark(at(mark) + n * step) for n in (-1, 0, 1)]


@given(instants)
def test_marks_are_what_a_clock_in_utc_shows_as_quarters(instant: datetime) -> None:
    expected = (instant.minute in {0, 15, 30, 45}, 0, 0) == (
        True,
        instant.second,
        instant.microsecond,
    )
    assert expected == on_mark(instant)


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zones,
)
def test_no_time_zone_moves_the_marks(instant: datetime, zone: timezone) -> None:
    assert on_mark(mark_at_or_before(instant).astimezone(zone))
    assert mark_at_or_before(instant) == mark_at_or_before(instant.astimezone(zone))
    assert mark_at_or_after(instant) == mark_at_or_after(instant.astimezone(zone))


@pytest.mark.parametrize(
    ("instant", "before", "after"),
    [
        (at("10:15") - TINY, at("10:00"), at("10:15")),
        (at("10:15"), at("10:15"), at("10:15")),
        (at("10:15") + TINY, at("10:15"), at("10:30")),
    ],
    ids=["just before a mark", "on a mark", "just after a mark"],
)
def test_an_instant_lies_between_its_marks(
    instant: datetime, before: datetime, after: datetime
) -> None:
    assert (before, after) == (mark_at_or_before(instant), mark_at_or_after(instant))


@given(instants_before_the_last_mark)
def test_the_marks_around_an_instant_are_the_nearest_on_either_side(instant: datetime) -> None:
    before, after = mark_at_or_before(instant), mark_at_or_after(instant)
    assert on_mark(before)
    assert on_mark(after)
    assert before <= instant <= after
    assert instant - before < MARK
    assert after - instant < MARK


@given(instants_before_the_last_mark)
def test_a_mark_is_its_own_mark_on_either_side(instant: datetime) -> None:
    before, after = mark_at_or_before(instant), mark_at_or_after(instant)
    assert (before, before) == (mark_at_or_before(before), mark_at_or_after(before))
    assert (after, after) == (mark_at_or_before(after), mark_at_or_after(after))


@given(instants)
def test_every_instant_of_the_calendar_has_a_mark_before_it(instant: datetime) -> None:
    assert timedelta(0) <= instant - mark_at_or_before(instant) < MARK


# Free time


@pytest.mark.parametrize(
    ("busy", "free"),
    [
        ([], [("09:00", "12:00")]),
        ([("09:00", "12:00")], []),
        ([("08:00", "13:00")], []),
        ([("10:00", "11:00")], [("09:00", "10:00"), ("11:00", "12:00")]),
        ([("09:00", "10:00")], [("10:00", "12:00")]),
        ([("11:00", "12:00")], [("09:00", "11:00")]),
        ([("08:00", "09:00"), ("12:00", "13:00")], [("09:00", "12:00")]),
        ([("08:00", "09:15"), ("11:45", "13:00")], [("09:15", "11:45")]),
        ([("09:30", "10:00"), ("10:00", "10:30")], [("09:00", "09:30"), ("10:30", "12:00")]),
        ([("09:30", "11:30"), ("10:00", "10:30")], [("09:00", "09:30"), ("11:30", "12:00")]),
        ([("07:00", "07:30"), ("13:00", "14:00")], [("09:00", "12:00")]),
    ],
)
def test_free_time_is_what_the_busy_periods_leave(
    busy: list[tuple[str, str]], free: list[tuple[str, str]]
) -> None:
    window = between("09:00", "12:00")
    actual = list(free_within(window, [between(*period) for period in busy]))
    assert [between(*period) for period in free] == actual


@given(periods, sorted_busy)
def test_each_minute_of_the_window_is_either_free_or_busy(
    window: Period, busy: list[Period]
) -> None:
    taken = {minute for period in busy for minute in minutes_in(period)}
    free = {minute for period in free_within(window, busy) for minute in minutes_in(period)}
    assert minutes_in(window) - taken == free


@given(periods, sorted_busy)
def test_no_free_period_overlaps_a_busy_one(window: Period, busy: list[Period]) -> None:
    free = list(free_within(window, busy))
    assert [] == [(one, other) for one in free for other in busy if one.overlaps(other)]


@given(periods, sorted_busy)
def test_free_periods_come_in_order_and_as_long_as_they_can_be(
    window: Period, busy: list[Period]
) -> None:
    free = list(free_within(window, busy))
    gaps = [later.start - earlier.end for earlier, later in pairwise(free)]
    assert [] == [gap for gap in gaps if gap <= timedelta(0)]


@given(periods, sorted_busy)
def test_the_free_time_of_the_free_time_is_itself(window: Period, busy: list[Period]) -> None:
    free = list(free_within(window, busy))
    assert free == [again for period in free for again in free_within(period, busy)]


# What is left of several periods


def test_what_is_left_of_periods_is_the_whole_parts_that_nothing_touches() -> None:
    periods = [between("08:00", "10:00"), between("11:00", "12:00"), between("13:00", "14:00")]
    taken = [between("12:30", "14:30"), between("09:00", "09:30"), between("09:15", "11:15")]
    assert [between("08:00", "09:00"), between("11:15", "12:00")] == without(periods, taken)
    assert periods == without(periods, [])
    assert without([], taken) == []


@given(
    st.lists(minutes_of_the_day(-45, 45), max_size=6),
    st.lists(minutes_of_the_day(-45, 45), max_size=6),
)
def test_what_is_left_is_every_minute_of_the_periods_that_is_not_taken(
    drawn: list[Period], taken: list[Period]
) -> None:
    held = {minute for period in drawn for minute in minutes_in(period)}
    gaps = without([Period(at("11:00"), at("13:00"))], drawn)
    periods = without([Period(at("11:00"), at("13:00"))], gaps)  # the drawn ones, joined
    assert held == {minute for period in periods for minute in minutes_in(period)}
    left = without(periods, taken)
    expected = held - {minute for period in taken for minute in minutes_in(period)}
    assert expected == {minute for period in left for minute in minutes_in(period)}
    assert all(one.end < after.start for one, after in pairwise(left))
