"""What a day is taken up by, by example; that it says what a search says is in test_law."""

from datetime import UTC, datetime, timedelta
from time import process_time

import pytest

from domain.periods import MARK, Period
from domain.rules import Closure
from domain.timeline import Block, Hold, blocks

from .values import MINUTE, a_room, at, between

DAY = Period(at("00:00"), at("00:00", 16))
BEFORE = at("00:00", 1)
NINE_TO_FIVE = tuple((day * 1440 + 540, day * 1440 + 1020) for day in range(7))


def painted(*found: Block) -> list[tuple[str, Period]]:
    return [(block.kind, block.period) for block in found]


def test_a_day_without_anything_is_bare() -> None:
    assert [] == blocks(a_room().rules, [], [], DAY, BEFORE)


def test_a_booking_is_whole_though_it_reaches_out_of_the_window() -> None:
    hold = Hold(
        1,
        Period(at("23:00", 14), at("01:00")),
        Period(at("23:00", 14), at("01:00")),
        is_pending=False,
    )
    (block,) = blocks(a_room().rules, [hold], [], DAY, BEFORE)
    assert ("booked", hold.period, hold) == (block.kind, block.period, block.hold)


def test_a_booking_that_waits_for_approval_is_pending() -> None:
    hold = Hold(1, between("10:00", "11:00"), between("10:00", "11:00"), is_pending=True)
    (block,) = blocks(a_room().rules, [hold], [], DAY, BEFORE)
    assert "pending" == block.kind


def test_beside_a_booking_lie_its_buffers_and_those_that_another_would_need() -> None:
    rules = a_room(buffer_before=30 * MINUTE, buffer_after=15 * MINUTE).rules
    held = Hold(1, between("10:00", "11:00"), between("09:30", "11:15"), is_pending=False)
    assert [
        ("buffer", between("09:15", "10:00")),
        ("booked", between("10:00", "11:00")),
        ("buffer", between("11:00", "11:45")),
    ] == painted(*blocks(rules, [held], [], DAY, BEFORE))


def test_the_first_reason_counts_where_several_meet() -> None:
    rules = a_room(opening_hours=NINE_TO_FIVE, min_notice=timedelta(hours=2)).rules
    held = Hold(1, between("10:00", "11:00"), between("10:00", "11:15"), is_pending=False)
    shut = [Closure(between("08:00", "11:30"), "New carpet")]
    assert [
        ("outside_opening_hours", between("00:00", "08:00")),
        ("closed", between("08:00", "10:00")),
        ("booked", between("10:00", "11:00")),
        ("buffer", between("11:00", "11:15")),
        ("closed", between("11:15", "11:30")),
        ("notice", between("11:30", "12:15")),
        ("outside_opening_hours", Period(at("17:00"), at("00:00", 16))),
    ] == painted(*blocks(rules, [held], shut, DAY, at("10:01")))


def test_a_closure_says_why_and_of_two_the_first_to_begin() -> None:
    shut = [
        Closure(between("10:00", "13:00"), "Cleaning"),
        Closure(between("09:00", "11:00"), "Stocktaking"),
    ]
    found = blocks(a_room().rules, [], shut, DAY, BEFORE)
    assert [
        ("Stocktaking", between("09:00", "11:00")),
        ("Cleaning", between("11:00", "13:00")),
    ] == [(block.reason, block.period) for block in found]


def test_what_is_further_ahead_than_is_booked_says_so() -> None:
    rules = a_room(horizon=timedelta(hours=10)).rules
    (block,) = blocks(rules, [], [], DAY, at("00:00"))
    assert ("beyond_horizon", Period(at("10:00"), DAY.end)) == (block.kind, block.period)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (datetime.min.replace(tzinfo=UTC), "notice"),
        (datetime.max.replace(tzinfo=UTC) - timedelta(hours=1), "beyond_horizon"),
    ],
)
def test_the_ends_of_the_calendar_can_be_asked_for(start: datetime, kind: str) -> None:
    rules = a_room(opening_hours=NINE_TO_FIVE).rules
    window = Period(start, start + timedelta(hours=1))
    assert [(kind, window)] == painted(*blocks(rules, [], [], window, at("10:00")))


HOURS_OF_A_DAY = [
    ("outside_opening_hours", between("00:00", "09:00")),
    ("outside_opening_hours", Period(at("17:00"), at("00:00", 16))),
]


@pytest.mark.parametrize(
    ("now", "kind"),
    [(at("00:00", 16), "notice"), (at("00:00", 18), "notice"), (at("00:00", 30), "notice"),
     (at("23:00", 14), "beyond_horizon"), (at("00:00", 1), "beyond_horizon")],
)  # fmt: skip
def test_closing_time_goes_before_notice_and_horizon_however_far_away_they_are(
    now: datetime, kind: str
) -> None:
    rules = a_room(opening_hours=NINE_TO_FIVE, horizon=timedelta(hours=2)).rules
    first, last = HOURS_OF_A_DAY
    assert [first, (kind, between("09:00", "17:00")), last] == painted(
        *blocks(rules, [], [], DAY, now)
    )


def test_a_month_full_of_bookings_is_painted_in_no_time() -> None:
    """A page has a hundred facilities, and nobody else is answered meanwhile."""
    days = 28
    month = Period(at("00:00", 1), at("00:00", 1) + timedelta(days=days))
    holds = [
        Hold(n, period, period, is_pending=False)
        for n in range(days * 96)
        for period in [Period(month.start + n * MARK, month.start + (n + 1) * MARK)]
    ]
    began = process_time()
    found = blocks(a_room(buffer_before=15 * MINUTE).rules, holds, [], month, BEFORE)
    assert process_time() - began < 0.5  # 0.03 where nothing else runs; it was once 5
    assert holds == [block.hold for block in found]
