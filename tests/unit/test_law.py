"""The law: availability offers to a user what create accepts for that user, and nothing else."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.access import Caller, may_book
from domain.availability import (
    ALTERNATIVES,
    LONGEST_WINDOW,
    free_slots,
    looks,
    nearest_alternatives,
    stands_within,
)
from domain.bookings import Facility, check_new, standing_refusal
from domain.hours import WeeklyHours, minute_of_week
from domain.periods import MARK, Period, free_within, mark_at_or_after, mark_at_or_before
from domain.rules import LONGEST_BOOKING, Closure, Rules, bookable_periods
from domain.timeline import Hold, blocks

from .values import (
    MEMBER,
    MINUTE,
    ROOM,
    SITE_STAFF,
    STAFF,
    STAFF_ELSEWHERE,
    TINY,
    a_draft,
    answer,
    at,
)
from .zones import different_zones, turns

HOUR = timedelta(hours=1)
WEEK_QUARTERS = 7 * 96


@dataclass(frozen=True, slots=True)
class Situation:
    """Somebody looks for a time. ``busy`` is what the bookings of others occupy."""

    facility: Facility
    closures: list[Closure]
    busy: list[Period]
    caller: Caller
    now: datetime
    window: Period
    duration: timedelta

    @property
    def rules(self) -> Rules:
        """The facility's."""
        return self.facility.rules

    @property
    def starts(self) -> list[datetime]:
        """Every mark from a little before the window to its end."""
        first = mark_at_or_after(self.window.start - HOUR)
        return [first + n * MARK for n in range((self.window.end - first) // MARK + 1)]

    def slots(self) -> list[Period]:
        """What availability offers to the caller."""
        start = self.starts[0]
        if standing_refusal(self.facility, self.caller, start, self.duration) is not None:
            return []
        bookable = bookable_periods(self.rules, self.closures, self.window, self.now)
        return free_slots(bookable, self.busy, self.rules, self.duration)

    def accepts(self, period: Period) -> bool:
        """Whether create would accept the booking, and the database after it."""
        draft = a_draft(start_time=period.start, end_time=period.end)
        refused = answer(
            lambda: check_new(draft, self.facility, self.closures, self.caller, self.now)
        )
        occupied = self.rules.occupied(period)
        return refused is None and not any(occupied.overlaps(taken) for taken in self.busy)

    def acceptable(self) -> list[Period]:
        """Every period of the duration within the window that create would accept."""
        wanted = [Period(start, start + self.duration) for start in self.starts]
        return [each for each in wanted if is_inside(each, self.window) and self.accepts(each)]


def is_inside(period: Period, other: Period) -> bool:
    """Whether the other holds all of the period."""
    return other.start <= period.start and period.end <= other.end


def is_on_step(mark: datetime, rules: Rules) -> bool:
    """Whether the clock on the wall then shows a minute at which bookings begin."""
    return mark.astimezone(rules.zone).minute * MINUTE % rules.start_step == timedelta(0)


more = settings(max_examples=2 * settings().max_examples)
"""Twice as many as usual: only one situation in three has anything to offer."""


# Situations


@st.composite
def hours_near(draw: st.DrawFn, zone: ZoneInfo, instant: datetime) -> WeeklyHours:
    """Hours of which some begin or end within two days of the instant; long ones, mostly."""
    first = minute_of_week(instant, zone) // 15
    counted = st.lists(st.integers(0, 2 * 96), unique=True, max_size=6)
    edges = sorted({(first + count) % WEEK_QUARTERS for count in draw(counted)})
    if draw(st.integers(0, 3)) > 0:
        edges = sorted({0, WEEK_QUARTERS} ^ set(edges))  # what was closed is open, and otherwise
    return tuple((a * 15, b * 15) for a, b in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def periods_near(draw: st.DrawFn, window: Period) -> list[Period]:
    """Periods on marks, in order, that may touch and do not overlap, in and around the window."""
    first = mark_at_or_after(window.start - 5 * HOUR)
    last = (window.duration + 10 * HOUR) // MARK
    edges = draw(st.lists(st.integers(0, last), unique=True, max_size=8).map(sorted))
    return [
        Period(first + a * MARK, first + b * MARK)
        for a, b in pairwise(edges)
        if b - a <= 16 and draw(st.booleans())
    ]


@st.composite
def rules_near(draw: st.DrawFn, zone: ZoneInfo, instant: datetime) -> Rules:
    """Rules of every kind, seldom strict in everything at once."""
    shortest = draw(st.sampled_from([1, 1, 1, 2, 4, 8]))
    buffers = st.sampled_from([0, 0, 15, 30, 45, 240])
    return Rules(
        zone=zone,
        horizon=draw(st.sampled_from([9 * HOUR, 30 * HOUR, *[timedelta(days=90)] * 4])),
        opening_hours=draw(st.none() | hours_near(zone, instant)),
        min_duration=shortest * MARK,
        max_duration=draw(st.integers(shortest, LONGEST_BOOKING // MARK)) * MARK,
        min_notice=draw(st.sampled_from([0, 0, 0, 10, 60, 26 * 60])) * MINUTE,
        start_step=draw(st.sampled_from([15, 30, 60])) * MINUTE,
        buffer_before=draw(buffers) * MINUTE,
        buffer_after=draw(buffers) * MINUTE,
    )


@st.composite
def who_and_where(draw: st.DrawFn) -> tuple[Caller, Facility]:
    """Somebody, and a facility, which is open to them more often than not."""
    member = replace(MEMBER, group_ids=draw(st.frozensets(st.integers(4, 7), max_size=3)))
    caller = draw(st.sampled_from([member, member, SITE_STAFF, STAFF_ELSEWHERE, STAFF]))
    open_to = draw(st.just(frozenset[int]()) | st.frozensets(st.integers(4, 7), max_size=2))
    is_active = draw(st.integers(0, 19)) > 0
    return caller, replace(ROOM, is_active=is_active, open_to=open_to)


off_marks = st.sampled_from([timedelta(0), timedelta(0), -TINY, TINY, 7 * MINUTE])
quarters_ahead = st.sampled_from([8 * 96, 8 * 96, 2 * 96]) | st.integers(-8, 40 * 4)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """A day or so in some zone, with a turn of its clock in it as often as not."""
    name = draw(st.sampled_from(different_zones()))
    zone = ZoneInfo(name)
    middle = draw(st.sampled_from([turn.instant for turn in turns(name)] or [a_draft().start_time]))
    start = middle + draw(st.integers(-96, 24)) * MARK + draw(off_marks)
    length = draw(st.sampled_from([96, 144]) | st.integers(1, 144)) * MARK
    window = Period(start, start + length + abs(draw(off_marks)))
    caller, facility = draw(who_and_where())
    rules = draw(rules_near(zone, start))
    shortest, longest = rules.min_duration // MARK, rules.max_duration // MARK
    closed = draw(st.just([]) | st.lists(periods_near(window), min_size=1, max_size=2))
    return Situation(
        replace(facility, rules=rules),
        closures=[Closure(period, "Painting") for periods in closed for period in periods],
        busy=draw(periods_near(window)),
        caller=caller,
        now=start - draw(quarters_ahead) * MARK + draw(off_marks),
        window=window,
        duration=draw(st.integers(shortest, longest) | st.integers(1, 12)) * MARK,
    )


# The law


@more
@given(situations())
def test_what_is_offered_is_what_create_accepts(situation: Situation) -> None:
    slots = situation.slots()
    offered = [
        period
        for start in situation.starts
        if is_on_step(start, situation.rules)
        for period in [Period(start, start + situation.duration)]
        if any(is_inside(period, slot) for slot in slots)
    ]
    assert situation.acceptable() == offered


@more
@given(situations())
def test_no_slot_could_be_longer_and_none_is_left_out(situation: Situation) -> None:
    """Held against each quarter of an hour by itself, asked without the functions under test."""
    rules, duration = situation.rules, situation.duration
    runs: list[list[datetime]] = [[]]
    for mark in situation.starts:
        if _is_free(situation, Period(mark, mark + MARK)):
            runs[-1].append(mark)
        else:
            runs.append([])
    expected = []
    for run in runs:
        on_step = [mark for mark in run if is_on_step(mark, rules)]
        if on_step and on_step[0] + duration <= run[-1] + MARK:
            expected.append(Period(on_step[0], run[-1] + MARK))
    facility = situation.facility
    allowed = rules.min_duration <= duration <= rules.max_duration
    lets_in = may_book(situation.caller, facility.site_id, facility.open_to)
    is_open_to_caller = allowed and facility.is_active and lets_in
    assert (expected if is_open_to_caller else []) == situation.slots()


def _is_free(situation: Situation, quarter: Period) -> bool:
    """Whether a booking may hold this quarter of an hour, as far as time goes."""
    rules, now = situation.rules, situation.now
    local = quarter.start.astimezone(rules.zone)
    minute = local.weekday() * 1440 + local.hour * 60 + local.minute
    return (
        is_inside(quarter, situation.window)
        and now + rules.min_notice <= quarter.start
        and quarter.end <= now + rules.horizon
        and (
            rules.opening_hours is None
            or any(opens <= minute < closes for opens, closes in rules.opening_hours)
        )
        and not any(closure.period.overlaps(quarter) for closure in situation.closures)
        and not any(rules.occupied(quarter).overlaps(taken) for taken in situation.busy)
    )


# Alternatives


def nearest_by_looking_at_all(wanted: Period, situation: Situation) -> list[Period]:
    """The nearest periods in turn, each the nearest that overlaps none before it."""
    chosen: list[Period] = []
    every = situation.acceptable()
    for period in sorted(every, key=lambda each: (abs(each.start - wanted.start), each.start)):
        if len(chosen) < ALTERNATIVES and not any(period.overlaps(other) for other in chosen):
            chosen.append(period)
    return chosen


@more
@given(situations(), st.integers(-8, 40 * 4))
def test_alternatives_are_accepted_and_none_nearer_is_left_out(
    situation: Situation, quarters: int
) -> None:
    rules = situation.rules
    start = rules.next_step(mark_at_or_after(situation.window.start) + quarters * MARK)
    wanted = Period(start, start + situation.duration)
    alternatives = nearest_alternatives(wanted, situation.slots(), rules)
    assert all(situation.accepts(period) for period in alternatives)
    assert nearest_by_looking_at_all(wanted, situation) == alternatives


@more
@given(situations(), st.integers(-8, 40 * 4))
def test_alternatives_to_a_time_that_was_booked_under_another_step_are_accepted(
    situation: Situation, quarters: int
) -> None:
    start = mark_at_or_after(situation.window.start) + quarters * MARK
    wanted = Period(start, start + situation.duration)
    alternatives = nearest_alternatives(wanted, situation.slots(), situation.rules)
    assert all(situation.accepts(period) for period in alternatives)
    assert all(period.duration == situation.duration for period in alternatives)
    assert all(not one.overlaps(other) for one, other in pairwise(sorted(alternatives)))
    assert bool(alternatives) == bool(situation.slots())


# Further ahead


days = st.integers(-40, 130).map(lambda count: timedelta(days=count))


@given(
    start=days, length=st.integers(1, 31 * 96), until=days, ahead=st.integers(0, 140 * 96),
    quarters=st.integers(1, LONGEST_BOOKING // MARK), step=off_marks,
)  # fmt: skip
def test_whatever_can_be_booked_from_the_window_on_lies_within_one_look(  # noqa: PLR0913
    *,
    start: timedelta,
    length: int,
    until: timedelta,
    ahead: int,
    quarters: int,
    step: timedelta,
) -> None:
    now = a_draft().start_time + step
    window = Period(now + start, now + start + length * MARK)
    seen = list(looks(window, now, now + until))
    first = mark_at_or_after(max(window.start, now)) + ahead * MARK
    booking = Period(first, first + quarters * MARK)
    if booking.end <= now + until:
        assert any(is_inside(booking, look) for look in seen)
    for one, other in pairwise(seen):
        assert one.start <= other.start < one.end < other.end
    assert all(now <= look.start < now + until for look in seen)
    assert all(look.duration <= LONGEST_WINDOW + 2 * LONGEST_BOOKING for look in seen)
    if seen:
        inside = Period(max(window.start, now), max(window.end, now + TINY))
        assert is_inside(inside, seen[0])


@given(situations())
def test_what_is_refused_whenever_it_is_is_never_accepted(situation: Situation) -> None:
    facility, caller, duration = situation.facility, situation.caller, situation.duration
    refused = standing_refusal(facility, caller, situation.starts[0], duration)
    lets_in = may_book(caller, facility.site_id, facility.open_to)
    rules = facility.rules
    allowed = rules.min_duration <= duration <= rules.max_duration
    assert (allowed and facility.is_active and lets_in) == (refused is None)
    if refused is not None:
        assert situation.acceptable() == []


# What was found, asked for again


def found(situation: Situation) -> tuple[list[Period], list[list[Period]]]:
    """What a search finds in its window, and at each look it takes until it finds something."""
    rules = situation.rules
    seen: list[list[Period]] = []
    until = situation.now + rules.horizon
    for look in looks(situation.window, situation.now, until):
        seen.append(replace(situation, window=look).slots())
        if seen[-1]:
            break
    return situation.slots(), seen


@more
@given(situations(), st.sampled_from([10, 60, 26 * 60]), st.integers(0, 59 * 10**6), st.data())
def test_what_was_found_is_found_again_at_every_moment_at_which_it_is_said_to_stand(
    situation: Situation, notice: int, into_the_minute: int, data: st.DataObject
) -> None:
    """Asked around the time at which the notice reaches the window, more often than not."""
    now = situation.now
    around = data.draw(st.none() | st.integers(-5, 5))
    if around is not None:
        rules = replace(situation.rules, min_notice=notice * MINUTE)
        situation = replace(situation, facility=replace(situation.facility, rules=rules))
        now = situation.window.start + (around - notice) * MINUTE
    minute = now.replace(second=0, microsecond=0)
    situation = replace(situation, now=minute + into_the_minute * TINY)
    slots, seen = found(situation)
    rules, now, window = situation.rules, situation.now, situation.window
    taken = list(looks(window, now, now + rules.horizon))[: len(seen)]
    looked_until = taken[-1].end if taken else now
    stands = stands_within(window, rules, now, looked_until)
    if stands is None:
        assert now == minute
        return
    assert stands.start < now < stands.end
    share = data.draw(st.integers(0, 10**6))
    moment = stands.start + TINY + (stands.duration - 2 * TINY) * share // 10**6
    assert (slots, seen) == found(replace(situation, now=moment))


def test_before_its_notice_a_search_stands_until_then_and_past_the_horizon_only_for_a_minute() -> (
    None
):
    window = Period(at("09:00", 20), at("17:00", 20))
    rules = replace(ROOM.rules, min_notice=HOUR)
    now, minute = at("08:15:30"), Period(at("08:15"), at("08:16"))
    near, far = window.end + LONGEST_BOOKING, now + rules.horizon
    assert Period(minute.start, at("08:00", 20)) == stands_within(window, rules, now, near)
    assert minute == stands_within(window, rules, now, far)
    late = at("07:59:30", 20)
    assert Period(at("07:59", 20), at("08:00", 20)) == stands_within(window, rules, late, near)
    assert stands_within(window, rules, minute.start, near) is None


# Timelines


@more
@given(situations())
def test_a_timeline_leaves_bare_what_a_search_finds_free(situation: Situation) -> None:
    rules = replace(situation.rules, start_step=MARK, min_duration=MARK)
    bookable = bookable_periods(rules, situation.closures, situation.window, situation.now)
    holds = [Hold(n, busy, busy, is_pending=False) for n, busy in enumerate(situation.busy)]
    painted = blocks(rules, holds, situation.closures, situation.window, situation.now)

    for one, next_one in pairwise(painted):
        assert one.period.end <= next_one.period.start
    bare = [
        Period(start, end)
        for period in free_within(situation.window, [block.period for block in painted])
        for start, end in [(mark_at_or_after(period.start), mark_at_or_before(period.end))]
        if start < end
    ]
    assert free_slots(bookable, situation.busy, rules, MARK) == bare
