"""Quotas: at the limit and one step past it, in weeks as each zone's calendar has them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import QuotaExceeded
from domain.quotas import Quota, Usage, changes_week, check_quota, week_of

from .values import MINUTE, TINY, answer, at, refusal_of
from .zones import FIRST, LAST, different_zones

HOUR = timedelta(hours=1)
TOO_MANY = (QuotaExceeded, None)
TOO_LONG = (QuotaExceeded, "/end_time")

HOURS = st.integers(0, 40).map(lambda quarters: quarters * 15 * MINUTE)


def check(quota: Quota, active: int, in_week: timedelta, wanted: timedelta) -> object:
    """What one more booking is answered."""
    return answer(lambda: check_quota(quota, Usage(active, in_week), wanted))


@pytest.mark.parametrize(
    ("limit", "active", "expected"),
    [(1, 0, None), (1, 1, TOO_MANY), (1, 2, TOO_MANY), (3, 2, None), (3, 3, TOO_MANY)],
)
def test_a_user_holds_no_more_bookings_than_the_limit(
    limit: int, active: int, expected: object
) -> None:
    assert expected == check(Quota("the courts", limit, None), active, 99 * HOUR, HOUR)


@pytest.mark.parametrize(
    ("in_week", "wanted", "expected"),
    [
        (2 * HOUR, HOUR - 15 * MINUTE, None),
        (2 * HOUR, HOUR, None),
        (2 * HOUR, HOUR + 15 * MINUTE, TOO_LONG),
        (0 * HOUR, 3 * HOUR, None),
        (3 * HOUR, 15 * MINUTE, TOO_LONG),
        (9 * HOUR, 15 * MINUTE, TOO_LONG),
    ],
)
def test_a_user_holds_no_more_hours_a_week_than_the_limit(
    in_week: timedelta, wanted: timedelta, expected: object
) -> None:
    assert expected == check(Quota("the courts", None, 3 * HOUR), 99, in_week, wanted)


@given(
    limit=st.none() | st.integers(1, 4),
    per_week=st.none() | HOURS,
    active=st.integers(0, 5),
    in_week=HOURS,
    wanted=HOURS,
)
def test_a_booking_is_within_a_quota_if_and_only_if_it_is_within_both_limits(
    *,
    limit: int | None,
    per_week: timedelta | None,
    active: int,
    in_week: timedelta,
    wanted: timedelta,
) -> None:
    within = (limit is None or active < limit) and (
        per_week is None or in_week + wanted <= per_week
    )
    assert within == (check(Quota("the courts", limit, per_week), active, in_week, wanted) is None)


@pytest.mark.parametrize(
    ("quota", "usage", "expected"),
    [
        (
            Quota("the courts", 1, None),
            Usage(1, 0 * HOUR),
            (
                "Each user may hold 1 upcoming booking of the courts at a time, and has 1: cancel"
                " one, or wait until one is over."
            ),
        ),
        (
            Quota("the courts", 3, None),
            Usage(4, 0 * HOUR),
            (
                "Each user may hold 3 upcoming bookings of the courts at a time, and has 4: cancel"
                " one, or wait until one is over."
            ),
        ),
        (
            Quota("the courts", None, 3 * HOUR),
            Usage(0, 2 * HOUR + 15 * MINUTE),
            (
                "Each user may hold the courts for 3 h a week, and 0 h 45 min of that week are"
                " left, less than the 1 h asked for: choose a shorter time or another week."
            ),
        ),
        (
            Quota("the courts", None, 3 * HOUR),
            Usage(0, 4 * HOUR),
            (
                "Each user may hold the courts for 3 h a week, and 0 h of that week are left, less"
                " than the 1 h asked for: choose a shorter time or another week."
            ),
        ),
    ],
)
def test_a_refusal_says_how_much_is_left(quota: Quota, usage: Usage, expected: str) -> None:
    assert expected == refusal_of(lambda: check_quota(quota, usage, HOUR)).detail


# Weeks


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (at("22:00", day=9) - TINY, (at("22:00", day=2), at("22:00", day=9))),
        (at("22:00", day=9), (at("22:00", day=9), at("22:00", day=16))),
        (at("22:00", day=16) - TINY, (at("22:00", day=9), at("22:00", day=16))),
        (at("22:00", day=16), (at("22:00", day=16), at("22:00", day=23))),
    ],
)
def test_a_week_is_from_monday_to_monday_by_the_local_calendar(
    instant: datetime, expected: tuple[datetime, datetime]
) -> None:
    week = week_of(instant, ZoneInfo("Europe/Berlin"))
    assert expected == (week.start, week.end)


@pytest.mark.parametrize(
    ("month", "hours"), [("2030-03-31T12:00+00:00", 167), ("2030-10-27T12:00+00:00", 169)]
)
def test_the_weeks_in_which_the_clock_changes_are_shorter_and_longer(
    month: str, hours: int
) -> None:
    week = week_of(datetime.fromisoformat(month), ZoneInfo("Europe/Berlin"))
    assert hours * HOUR == week.duration


@given(
    st.sampled_from(different_zones()),
    st.integers(0, (LAST - FIRST) // MINUTE).map(lambda count: FIRST + count * MINUTE),
)
def test_weeks_follow_one_another_without_a_gap_in_every_zone(name: str, instant: datetime) -> None:
    zone = ZoneInfo(name)
    week = week_of(instant, zone)
    assert week.start <= instant < week.end
    assert week.end == week_of(week.end, zone).start
    for moment in (week.start, week.end - TINY, instant):
        assert week == week_of(moment, zone)
        local, first = moment.astimezone(zone), week.start.astimezone(zone)
        assert first.isocalendar()[:2] == local.isocalendar()[:2]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (at("22:00", day=9) - TINY, False),
        (at("22:00", day=9), True),
        (at("22:00", day=9) + TINY, True),
        (at("22:00", day=2), False),
        (at("22:00", day=2) - TINY, True),
    ],
)
def test_what_begins_in_another_local_week_counts_there(
    after: datetime,
    expected: bool,  # noqa: FBT001
) -> None:
    assert expected == changes_week(at("12:00", day=7), after, ZoneInfo("Europe/Berlin"))
