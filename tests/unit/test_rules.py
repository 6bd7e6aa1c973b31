"""What a facility's staff lay down, each rule by itself and at its boundary."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.errors import RulesContradict
from domain.periods import MARK, Period
from domain.rules import Closure, Rules, bookable_periods, check_rules, holding

from .values import MINUTE, RULES, TINY, a_room, answer, at, between, refusal_of

HOUR = timedelta(hours=1)
NOW = at("08:07:30")
TWELVE_HOURS = a_room(horizon=12 * HOUR).rules


def bookable(
    window: Period, rules: Rules = TWELVE_HOURS, closed: list[Period] | None = None
) -> list[Period]:
    """What can be booked of the window."""
    closures = [Closure(period, "Painting") for period in closed or []]
    return bookable_periods(rules, closures, window, NOW)


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
    assert ([] if expected is None else [expected]) == bookable(Period(start, end))


@pytest.mark.parametrize("boundary", [at("10:00") - TINY, at("10:00"), at("10:00") + TINY])
def test_now_notice_and_the_horizon_are_kept_to_the_microsecond(boundary: datetime) -> None:
    window = between("09:00", "11:00")
    first = Period(at("10:00") if boundary <= at("10:00") else at("10:15"), at("11:00"))
    last = Period(at("09:00"), at("10:00") if boundary >= at("10:00") else at("09:45"))
    assert [first] == bookable_periods(RULES, [], window, boundary)
    noticed = a_room(min_notice=30 * MINUTE).rules
    assert [first] == bookable_periods(noticed, [], window, boundary - 30 * MINUTE)
    near = a_room(horizon=3 * HOUR).rules
    assert [last] == bookable_periods(near, [], window, boundary - 3 * HOUR)


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("clock", ["00:00", "23:40", "23:45", "23:50"])
def test_a_window_at_either_end_of_the_calendar_is_not_bookable(year: int, clock: str) -> None:
    month, day = (1, 1) if year == 1 else (12, 31)
    start = at(clock).replace(year=year, month=month, day=day)
    assert bookable(Period(start, start + 9 * MINUTE)) == []


def test_a_window_that_reaches_to_the_end_of_the_calendar_is_bookable_to_the_horizon() -> None:
    assert [between("08:15", "20:00")] == bookable(
        Period(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    )


def test_only_what_is_open_is_bookable() -> None:
    saturday = a_room(horizon=12 * HOUR, opening_hours=((7740, 7860), (7920, 8280))).rules
    expected = [between("09:00", "11:00"), between("12:00", "15:00")]
    assert expected == bookable(between("08:00", "15:00"), saturday)


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        ([], [("09:00", "15:00")]),
        ([("08:00", "09:00")], [("09:00", "15:00")]),
        ([("08:00", "09:15")], [("09:15", "15:00")]),
        ([("10:00", "11:00")], [("09:00", "10:00"), ("11:00", "15:00")]),
        ([("13:00", "14:00"), ("10:00", "11:00")],
         [("09:00", "10:00"), ("11:00", "13:00"), ("14:00", "15:00")]),
        ([("10:00", "13:00"), ("11:00", "12:00")], [("09:00", "10:00"), ("13:00", "15:00")]),
        ([("14:45", "16:00")], [("09:00", "14:45")]),
        ([("08:00", "16:00")], []),
    ],
)  # fmt: skip
def test_what_is_closed_is_not_bookable(
    closed: list[tuple[str, str]], expected: list[tuple[str, str]]
) -> None:
    periods = [between(*period) for period in closed]
    actual = bookable(between("09:00", "15:00"), closed=periods)
    assert [between(*period) for period in expected] == actual


# Steps and lengths


@pytest.mark.parametrize(
    ("zone", "step", "instant", "expected"),
    [
        ("UTC", 15, at("10:15"), at("10:15")),
        ("UTC", 30, at("10:00"), at("10:00")),
        ("UTC", 30, at("10:15"), at("10:30")),
        ("UTC", 60, at("10:15"), at("11:00")),
        ("UTC", 60, at("11:00"), at("11:00")),
        ("Asia/Kathmandu", 60, at("10:00"), at("10:15")),
        ("Asia/Kathmandu", 30, at("10:00"), at("10:15")),
        ("Asia/Kolkata", 60, at("10:00"), at("10:30")),
        # Lord Howe's clock goes from 02:00 back to 01:30 at 15:00 UTC: half past comes twice.
        ("Australia/Lord_Howe", 60, datetime(2030, 4, 6, 14, 15, tzinfo=UTC),
         datetime(2030, 4, 6, 15, 30, tzinfo=UTC)),
        # ... and from 02:00 on to 02:30 at 15:30 UTC.
        ("Australia/Lord_Howe", 60, datetime(2030, 10, 5, 14, 45, tzinfo=UTC),
         datetime(2030, 10, 5, 16, 0, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_the_next_step_is_the_first_that_the_local_clock_shows(
    zone: str, step: int, instant: datetime, expected: datetime
) -> None:
    rules = a_room(zone=ZoneInfo(zone), start_step=step * MINUTE).rules
    assert expected == rules.next_step(instant)


@pytest.mark.parametrize(
    ("minutes", "expected"), [(15, False), (30, True), (45, True), (60, True), (75, False)]
)
def test_a_length_is_allowed_from_the_shortest_to_the_longest(
    minutes: int,
    expected: bool,  # noqa: FBT001
) -> None:
    rules = a_room(min_duration=30 * MINUTE, max_duration=60 * MINUTE).rules
    assert expected == rules.allows_length(minutes * MINUTE)


def test_a_booking_occupies_its_time_and_its_buffers() -> None:
    rules = a_room(buffer_before=15 * MINUTE, buffer_after=45 * MINUTE).rules
    assert between("09:45", "11:45") == rules.occupied(between("10:00", "11:00"))
    assert between("10:00", "11:00") == RULES.occupied(between("10:00", "11:00"))


@pytest.mark.parametrize(
    ("booking", "expected"),
    [
        (("10:00", "11:00"), ("10:00", "11:00")),
        (("10:15", "10:30"), ("10:00", "11:00")),
        (("09:45", "11:00"), None),
        (("10:00", "11:15"), None),
        (("10:30", "12:30"), None),
        (("12:00", "14:00"), ("12:00", "14:00")),
        (("14:00", "15:00"), None),
    ],
)
def test_a_booking_is_held_by_one_period_as_a_whole(
    booking: tuple[str, str], expected: tuple[str, str] | None
) -> None:
    periods = [between("10:00", "11:00"), between("12:00", "14:00")]
    assert (expected and between(*expected)) == holding(periods, between(*booking))


# Rules that no booking could meet


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, None),
        ({"min_duration": 4 * MARK, "max_duration": 4 * MARK}, None),
        ({"min_duration": 5 * MARK, "max_duration": 4 * MARK}, "/min_duration_minutes"),
        ({"min_notice": timedelta(days=1), "horizon": timedelta(days=1)}, "/min_notice_minutes"),
        ({"min_notice": 24 * HOUR - MARK, "horizon": 24 * HOUR}, None),
        ({"min_notice": 24 * HOUR - MARK + MINUTE, "horizon": 24 * HOUR}, "/min_notice_minutes"),
        (
            {"min_notice": 23 * HOUR, "min_duration": 5 * MARK, "horizon": 24 * HOUR},
            "/min_notice_minutes",
        ),
        ({"min_notice": 23 * HOUR, "min_duration": 4 * MARK, "horizon": 24 * HOUR}, None),
        ({"opening_hours": ()}, None),
    ],
)
def test_rules_do_not_contradict_one_another(
    rules: dict[str, timedelta], expected: str | None
) -> None:
    refused = answer(lambda: check_rules(a_room(**rules).rules))
    assert (expected and (RulesContradict, expected)) == refused


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            {"min_duration": 5 * MARK, "max_duration": 4 * MARK},
            "min_duration_minutes (75) must not be more than max_duration_minutes (60).",
        ),
        (
            {"min_notice": timedelta(days=40), "horizon": timedelta(days=30)},
            (
                "Bookings are taken 30 days ahead, and min_notice_minutes (57600) leaves no time"
                " before that: ask for less notice, or allow a further horizon."
            ),
        ),
    ],
)
def test_rules_that_contradict_one_another_are_told(
    rules: dict[str, timedelta], expected: str
) -> None:
    assert expected == refusal_of(lambda: check_rules(a_room(**rules).rules)).detail
