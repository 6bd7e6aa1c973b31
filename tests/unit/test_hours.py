"""Opening hours: a facility is open exactly when the clock on its wall says so, in every zone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import OpeningHoursInvalid
from domain.hours import (
    ALWAYS,
    DAY_MINUTES,
    WEEK_MINUTES,
    Opening,
    WeeklyHours,
    minute_of_week,
    open_periods,
    openings_of,
    weekly_hours,
)
from domain.periods import MARK, Period, on_mark

from .values import TINY, answer, at, between, refusal_of
from .zones import Turn, different_zones, turns

QUARTERS = WEEK_MINUTES // 15
DAY = timedelta(days=1)
INVALID = (OpeningHoursInvalid, "/opening_hours")


def clock(text: str) -> int:
    """The minute of the day: ``clock("18:30")``."""
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def opening(weekday: int, opens: str, closes: str) -> Opening:
    """Open on a weekday, 0 being Monday."""
    return Opening(weekday, clock(opens), clock(closes))


def hours_between(edges: list[int]) -> WeeklyHours:
    """From each edge with an even number to the next one; edges count quarters of the week."""
    return tuple((a * 15, b * 15) for a, b in zip(edges[::2], edges[1::2], strict=False))


any_hours = (
    st.lists(st.integers(0, QUARTERS), unique=True, max_size=20).map(sorted).map(hours_between)
)


# From openings to the hours of a week


@pytest.mark.parametrize(
    ("openings", "expected"),
    [
        ([], ()),
        ([opening(0, "09:00", "17:00")], ((540, 1020),)),
        ([opening(0, "09:00", "12:00"), opening(0, "13:00", "17:00")], ((540, 720), (780, 1020))),
        ([opening(0, "13:00", "17:00"), opening(0, "09:00", "12:00")], ((540, 720), (780, 1020))),
        ([opening(0, "09:00", "12:00"), opening(0, "12:00", "17:00")], ((540, 1020),)),
        ([opening(0, "00:00", "24:00")], ((0, 1440),)),
        ([opening(0, "18:00", "24:00")], ((1080, 1440),)),
        ([opening(0, "18:00", "00:00")], ((1080, 1440),)),
        ([opening(0, "18:00", "02:00")], ((1080, 1560),)),
        ([opening(6, "18:00", "24:00")], ((9720, 10080),)),
        ([opening(6, "18:00", "02:00")], ((0, 120), (9720, 10080))),
        ([opening(6, "18:00", "00:15")], ((0, 15), (9720, 10080))),
        ([opening(6, "18:00", "02:00"), opening(0, "02:00", "03:00")], ((0, 180), (9720, 10080))),
        ([opening(2, "00:15", "00:00")], ((2895, 4320),)),
        ([opening(day, "00:00", "24:00") for day in range(7)], ALWAYS),
        ([opening(day, "12:00", "11:45") for day in (0, 3)], ((720, 2145), (5040, 6465))),
    ],
)
def test_openings_add_up_to_the_hours_of_a_week(
    openings: list[Opening], expected: WeeklyHours
) -> None:
    assert expected == weekly_hours(openings)


@pytest.mark.parametrize(
    ("openings", "expected"),
    [
        ([opening(0, "09:00", "12:00"), opening(0, "11:45", "13:00")], INVALID),
        ([opening(0, "09:00", "12:00"), opening(0, "12:00", "13:00")], None),
        ([opening(0, "09:00", "12:00"), opening(0, "12:15", "13:00")], None),
        ([opening(0, "09:00", "12:00"), opening(0, "09:00", "12:00")], INVALID),
        ([opening(0, "09:00", "17:00"), opening(0, "10:00", "11:00")], INVALID),
        ([opening(0, "18:00", "02:00"), opening(1, "01:45", "03:00")], INVALID),
        ([opening(0, "18:00", "02:00"), opening(1, "02:00", "03:00")], None),
        ([opening(6, "18:00", "02:00"), opening(0, "01:45", "03:00")], INVALID),
        ([opening(6, "18:00", "02:00"), opening(0, "02:00", "03:00")], None),
        ([opening(6, "00:15", "00:00"), opening(0, "00:00", "24:00")], None),
        ([opening(0, "08:00", "08:00")], (OpeningHoursInvalid, "/opening_hours/0")),
        ([opening(0, "00:00", "00:00")], (OpeningHoursInvalid, "/opening_hours/0")),
        (
            [opening(1, "08:00", "09:00"), opening(0, "08:00", "08:00")],
            (OpeningHoursInvalid, "/opening_hours/1"),
        ),
    ],
)
def test_openings_neither_overlap_nor_end_as_they_begin(
    openings: list[Opening], expected: object
) -> None:
    assert expected == answer(lambda: weekly_hours(openings))


def test_a_pointer_leads_to_where_the_openings_stood() -> None:
    same = [opening(0, "08:00", "08:00")]
    refused = answer(lambda: weekly_hours(same, "/sites/3/opening_hours"))
    assert refused == (OpeningHoursInvalid, "/sites/3/opening_hours/0")


@pytest.mark.parametrize(
    ("openings", "expected"),
    [
        (
            [opening(3, "08:00", "08:00")],
            (
                "thursday opens and closes at 08:00: give a closing time that differs, and 00:00 to"
                " 24:00 for a whole day."
            ),
        ),
        (
            [opening(6, "18:00", "02:00"), opening(0, "01:45", "03:00")],
            (
                "Two openings overlap: one from sunday 18:00 to monday 02:00, and one from monday"
                " 01:45. Let each begin when the one before is over, or later."
            ),
        ),
    ],
)
def test_refused_openings_are_told_which(openings: list[Opening], expected: str) -> None:
    assert expected == refusal_of(lambda: weekly_hours(openings)).detail


any_opening = st.builds(
    lambda weekday, opens, closes: Opening(weekday, opens * 15, closes * 15),
    st.integers(0, 6),
    st.integers(0, 95),
    st.integers(1, 96),
)


def quarters_of(one: Opening) -> list[int]:
    """The quarters of the week that an opening holds, by counting them from its beginning."""
    quarter = one.weekday * 96 + one.opens // 15
    held = [quarter]
    while (quarter + 1) % 96 != one.closes // 15 % 96:
        quarter += 1
        held.append(quarter)
    return [each % QUARTERS for each in held]


@given(st.lists(any_opening, max_size=6))
def test_openings_are_taken_if_none_is_empty_and_no_two_share_a_quarter(
    openings: list[Opening],
) -> None:
    empty = any(one.opens == one.closes for one in openings)
    held = [quarter for one in openings for quarter in quarters_of(one)]
    refused = answer(lambda: weekly_hours(openings)) is not None
    assert (empty or len(held) != len(set(held))) == refused
    if not refused:
        hours = weekly_hours(openings)
        assert sorted(held) == [q for a, b in hours for q in range(a // 15, b // 15)]
        assert all(0 <= a < b <= WEEK_MINUTES for a, b in hours)
        assert all(one[1] < after[0] for one, after in pairwise(hours))


# And back


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ((), []),
        (((540, 1020),), [opening(0, "09:00", "17:00")]),
        (((0, 1440),), [opening(0, "00:00", "24:00")]),
        (((1080, 1560),), [opening(0, "18:00", "02:00")]),
        (((0, 120), (9720, 10080)), [opening(6, "18:00", "02:00")]),
        (ALWAYS, [opening(day, "00:00", "24:00") for day in range(7)]),
        (((540, 2160),), [opening(0, "09:00", "24:00"), opening(1, "00:00", "12:00")]),
        (
            ((540, 3600),),
            [
                opening(0, "09:00", "24:00"),
                opening(1, "00:00", "24:00"),
                opening(2, "00:00", "12:00"),
            ],
        ),
    ],
)
def test_hours_are_told_as_openings(hours: WeeklyHours, expected: list[Opening]) -> None:
    assert hours == weekly_hours(expected)
    assert expected == openings_of(hours)


@given(any_hours)
def test_openings_of_hours_add_up_to_them(hours: WeeklyHours) -> None:
    merged = weekly_hours(openings_of(hours))
    assert hours == merged
    assert openings_of(hours) == openings_of(merged)


@given(any_hours)
def test_openings_of_hours_are_what_staff_may_give(hours: WeeklyHours) -> None:
    openings = openings_of(hours)
    assert openings == sorted(openings)
    for one in openings:
        assert 0 <= one.weekday <= 6
        assert 0 <= one.opens < DAY_MINUTES
        assert 0 < one.closes <= DAY_MINUTES
        assert one.opens != one.closes


# When that is


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (between("08:00", "18:00"), [between("09:00", "17:00")]),
        (between("10:00", "11:00"), [between("10:00", "11:00")]),
        (between("07:00", "09:00"), []),
        (between("07:00", "09:15"), [between("09:00", "09:15")]),
        (between("16:45", "20:00"), [between("16:45", "17:00")]),
        (between("17:00", "20:00"), []),
        (
            Period(at("10:00") + TINY, at("12:00") - TINY),
            [between("10:15", "11:45")],
        ),
        (Period(at("10:01"), at("10:14")), []),
        (Period(at("10:01"), at("10:29")), []),
        (Period(at("10:01"), at("10:30")), [between("10:15", "10:30")]),
    ],
)
@pytest.mark.parametrize("hours", [((6300, 6780), (7740, 8220)), ((7740, 8220),)])
def test_a_window_is_open_within_the_hours_on_marks(
    hours: WeeklyHours, window: Period, expected: list[Period]
) -> None:
    assert at("00:00").weekday() == 5
    assert expected == open_periods(hours, UTC, window)


@pytest.mark.parametrize("hours", [None, ALWAYS])
def test_what_is_always_open_is_open_for_the_whole_window(hours: WeeklyHours | None) -> None:
    window = Period(at("10:00") + TINY, at("12:00") - TINY)
    berlin = ZoneInfo("Europe/Berlin")
    assert [between("10:15", "11:45")] == open_periods(hours, berlin, window)
    assert [] == open_periods(hours, berlin, Period(at("10:01"), at("10:14")))


def test_what_is_never_open_is_not() -> None:
    assert [] == open_periods((), UTC, Period(at("00:00"), at("00:00", day=29)))


def test_hours_over_the_end_of_the_week_are_one_period() -> None:
    hours = weekly_hours([opening(6, "18:00", "02:00")])
    sunday = at("00:00", day=16)
    expected = [Period(at("18:00", day=16), at("02:00", day=17))]
    assert expected == open_periods(hours, UTC, Period(sunday, sunday + 2 * DAY))


BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def utc(text: str) -> datetime:
    """``utc("2030-03-31 01:00")``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "hours", "expected"),
    [
        # Spring: 02:00 becomes 03:00 at 01:00 UTC.
        (BERLIN, "2030-03-31", ("01:00", "04:00"), [("00:00", "02:00")]),
        (BERLIN, "2030-03-31", ("02:00", "03:00"), []),
        (BERLIN, "2030-03-31", ("02:30", "03:30"), [("01:00", "01:30")]),
        (BERLIN, "2030-03-31", ("01:30", "02:30"), [("00:30", "01:00")]),
        # Autumn: 03:00 becomes 02:00 at 01:00 UTC.
        (BERLIN, "2030-10-27", ("01:00", "04:00"), [("-1:00", "03:00")]),
        (BERLIN, "2030-10-27", ("02:00", "03:00"), [("00:00", "02:00")]),
        (BERLIN, "2030-10-27", ("02:15", "02:45"), [("00:15", "00:45"), ("01:15", "01:45")]),
        (BERLIN, "2030-10-27", ("02:30", "03:30"), [("00:30", "01:00"), ("01:30", "02:30")]),
        # Half an hour only: 02:00 becomes 02:30 at 15:30 UTC on the day before.
        (LORD_HOWE, "2030-10-06", ("01:30", "02:45"), [("-9:00", "-8:15")]),
        (LORD_HOWE, "2030-10-06", ("02:00", "02:30"), []),
        # ... and 02:00 becomes 01:30 at 15:00 UTC on the day before.
        (LORD_HOWE, "2030-04-07", ("01:30", "02:00"), [("-9:30", "-8:30")]),
        (LORD_HOWE, "2030-04-07", ("01:45", "02:00"), [("-9:15", "-9:00"), ("-8:45", "-8:30")]),
    ],
)
def test_the_day_the_clock_changes_is_as_the_wall_shows_it(
    zone: ZoneInfo, day: str, hours: tuple[str, str], expected: list[tuple[str, str]]
) -> None:
    midnight = utc(f"{day} 00:00")
    weekday = midnight.weekday()
    window = Period(midnight - DAY, midnight + DAY)

    def ahead(text: str) -> datetime:
        hour, minute = text.removeprefix("-").split(":")
        length = timedelta(hours=int(hour), minutes=int(minute))
        return midnight - length if text.startswith("-") else midnight + length

    actual = open_periods(weekly_hours([opening(weekday, *hours)]), zone, window)
    assert [Period(ahead(start), ahead(end)) for start, end in expected] == actual


def marks_in(window: Period) -> list[datetime]:
    """Every mark of a window that begins on one."""
    return [window.start + n * MARK for n in range(window.duration // MARK)]


def open_by_the_wall(hours: WeeklyHours, zone: ZoneInfo, window: Period) -> list[Period]:
    """The law itself: each mark asked for what the clock then shows, and neighbours joined."""
    found: list[Period] = []
    for mark in marks_in(window):
        local = mark.astimezone(zone)
        shown = local.weekday() * 1440 + local.hour * 60 + local.minute
        if any(opens <= shown < closes for opens, closes in hours):
            start = found.pop().start if found and found[-1].end == mark else mark
            found.append(Period(start, mark + MARK))
    return found


def hours_around(zone: ZoneInfo, turn: Turn, random: Random) -> WeeklyHours:
    """Hours with edges before, in and after what the clock skips or shows twice."""
    shown = minute_of_week(turn.instant - MARK, zone) // 15
    near = {(shown + random.randint(-12, 12)) % QUARTERS for _ in range(6)}
    far = {random.randint(0, QUARTERS) for _ in range(8)}
    return hours_between(sorted(near | far))


def test_every_turn_of_every_clock_to_2037_is_as_the_wall_shows_it() -> None:
    random = Random(2026)  # noqa: S311 - no secret
    seen = 0
    for name in different_zones():
        zone = ZoneInfo(name)
        for turn in turns(name):
            hours = hours_around(zone, turn, random)
            start = turn.instant - 8 * MARK * random.randint(1, 12)
            window = Period(start, turn.instant + 8 * MARK * random.randint(1, 12))
            expected = open_by_the_wall(hours, zone, window)
            assert expected == open_periods(hours, zone, window), (name, turn, hours)
            seen += 1
    assert seen > 500


@st.composite
def zones_and_windows(draw: st.DrawFn) -> tuple[ZoneInfo, Period]:
    """A zone, and up to four weeks of its time: around a turn of its clock, if it has any."""
    name = draw(st.sampled_from(different_zones()))
    around = [turn.instant for turn in turns(name)] or [at("00:00")]
    start = draw(st.sampled_from(around)) - draw(st.integers(0, 14 * 96)) * MARK
    return ZoneInfo(name), Period(start, start + draw(st.integers(1, 28 * 96)) * MARK)


@given(zones_and_windows(), any_hours)
def test_open_is_what_the_wall_shows_and_told_in_maximal_periods(
    where_and_when: tuple[ZoneInfo, Period], hours: WeeklyHours
) -> None:
    zone, window = where_and_when
    periods = open_periods(hours, zone, window)
    assert open_by_the_wall(hours, zone, window) == periods
    assert all(on_mark(period.start) and on_mark(period.end) for period in periods)
    assert all(window.start <= one.start < one.end <= window.end for one in periods)
    assert all(one.end < after.start for one, after in pairwise(periods))


@given(zones_and_windows(), any_hours, st.integers(1, 14), st.integers(1, 14))
def test_a_window_off_the_marks_is_cut_to_them(
    where_and_when: tuple[ZoneInfo, Period], hours: WeeklyHours, first: int, last: int
) -> None:
    zone, window = where_and_when
    wider = Period(
        window.start - timedelta(minutes=first), window.end + timedelta(minutes=last, seconds=1)
    )
    assert open_periods(hours, zone, window) == open_periods(hours, zone, wider)


@given(st.sampled_from(different_zones()), st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)))  # noqa: DTZ001 - made UTC below
def test_the_minute_of_the_week_is_what_the_clock_shows(name: str, moment: datetime) -> None:
    instant = moment.replace(tzinfo=UTC)
    shown = minute_of_week(instant, ZoneInfo(name))
    local = instant.astimezone(ZoneInfo(name))
    assert f"{local:%a %H:%M}" == (
        ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[shown // 1440]
        + f" {shown % 1440 // 60:02}:{shown % 60:02}"
    )
