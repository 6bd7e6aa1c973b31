"""For how long an answer stands: whoever asks within that time is told the same."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.availability import free_slots, looks, minute_of, stands_within
from domain.bookings import standing_refusal
from domain.periods import MARK, Period
from domain.rules import Closure, bookable_periods

from .test_law import Situation, situations
from .values import MEMBER, MINUTE, ROOM, TINY, at

ROOM_WITH_NOTICE = replace(ROOM, rules=replace(ROOM.rules, min_notice=60 * MINUTE))

FURTHEST = timedelta(days=100)
"""Further ahead than any facility of these situations takes bookings."""

share = st.floats(0, 1, exclude_min=True, exclude_max=True)
"""A part of a time that is neither its beginning nor its end."""


def within(period: Period, part: float) -> datetime:
    """A moment of the period, that at which it begins aside."""
    ticks = period.duration // TINY
    return period.start + max(1, min(int(part * ticks), ticks - 1)) * TINY


def told(situation: Situation) -> tuple[list[Period], datetime | None, str | None, datetime]:
    """Free slots, the first free start, why there can be none, and how far that was looked for."""
    rules, now, window = situation.rules, situation.now, situation.window
    end = now + rules.horizon
    first = next(looks(window, now, now + FURTHEST), Period(now, now + MARK))
    start = min(max(window.start, now), end)
    refusal = standing_refusal(situation.facility, situation.caller, start, situation.duration)
    if refusal is not None:
        return [], None, type(refusal).__name__, first.end
    looked_until = first.end
    for look in looks(window, now, end):
        looked_until = look.end
        ahead = free_from(situation, look)
        if ahead:
            return situation.slots(), ahead[0].start, None, looked_until
    return situation.slots(), None, None, looked_until


def free_from(situation: Situation, look: Period) -> list[Period]:
    """The free slots in a stretch of the time ahead."""
    rules = situation.rules
    bookable = bookable_periods(rules, situation.closures, look, situation.now)
    return free_slots(bookable, situation.busy, rules, situation.duration)


@given(situations(), share, share)
def test_within_a_minute_it_makes_no_difference_when_one_asks(
    situation: Situation, first: float, second: float
) -> None:
    minute = Period(at("09:00") + 15 * MINUTE, at("09:00") + 16 * MINUTE)
    one, other = (
        told(replace(situation, now=within(minute, part)))[:3] for part in (first, second)
    )
    assert one == other


@given(situations(), share)
def test_an_answer_stands_for_as_long_as_it_is_said_to(situation: Situation, part: float) -> None:
    *answer, looked_until = told(situation)
    stands = stands_within(situation.window, situation.rules, situation.now, looked_until)
    if stands is None:
        assert minute_of(situation.now) is None
        return
    assert stands.start < situation.now < stands.end
    *later, _ = told(replace(situation, now=within(stands, part)))
    assert answer == later


def test_at_the_beginning_of_a_minute_no_answer_stands() -> None:
    assert minute_of(at("09:15")) is None
    assert Period(at("09:15"), at("09:16")) == minute_of(at("09:15") + TINY)
    assert Period(at("09:15"), at("09:16")) == minute_of(at("09:16") - TINY)


@given(situations(), share)
def test_what_lies_past_all_horizons_stands_for_a_minute(situation: Situation, part: float) -> None:
    """Nothing was looked at there, and a horizon will reach it."""
    now, length = situation.now, situation.window.duration
    start = now + FURTHEST + part * MINUTE
    far = replace(situation, window=Period(start, start + length))
    *_, looked_until = told(far)
    stands = stands_within(far.window, far.rules, now, looked_until)
    assert minute_of(now) == stands


def test_an_answer_ends_when_the_notice_reaches_the_window() -> None:
    situation = Situation(
        facility=ROOM_WITH_NOTICE,
        closures=list[Closure](),
        busy=[],
        caller=MEMBER,
        now=at("09:00") + TINY,
        window=Period(at("12:00"), at("13:00")),
        duration=MARK,
    )
    *_, looked_until = told(situation)
    stands = stands_within(situation.window, situation.rules, situation.now, looked_until)
    assert stands == Period(at("09:00"), at("11:00"))
    assert situation.slots() != replace(situation, now=at("11:00") + TINY).slots()
