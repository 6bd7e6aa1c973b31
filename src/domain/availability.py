"""When a facility can be booked.

The law these functions keep: a period of the asked length that begins on a step
lies within a free slot exactly if ``bookings.check_new`` accepts it at the same
``now`` and no busy period is in its way (and then the database accepts it too,
unless somebody else was quicker). Busy periods are those of other bookings with
their buffers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest

from domain.errors import EndNotAfterStart, Refusal, WindowTooLong
from domain.instants import format_instant
from domain.periods import MARK, Period, without
from domain.rules import LONGEST_BOOKING, Rules

LONGEST_WINDOW = timedelta(days=31)
ALTERNATIVES = 5


@dataclass(frozen=True, slots=True)
class Availability:
    """One facility's free periods, and the first start from which the asked duration is free.

    ``next_available`` is None when there is no such start up to the horizon; ``refusal``
    says why where no booking of the duration is ever possible.
    """

    free: list[Period]
    next_available: datetime | None
    refusal: Refusal | None = None


def check_window(start: datetime, end: datetime) -> Period:
    """The window of a search, or the refusal that says what a window may be."""
    if end <= start:
        detail = (
            f"end_time must be after start_time ({format_instant(start)}), by at most"
            f" {LONGEST_WINDOW.days} days, and {format_instant(end)} is not after it."
        )
        raise EndNotAfterStart(detail, "/end_time")
    if end - start > LONGEST_WINDOW:
        detail = (
            f"A search covers at most {LONGEST_WINDOW.days} days: from {format_instant(start)} it"
            f" may reach to {format_instant(start + LONGEST_WINDOW)}. Search several in turn."
        )
        raise WindowTooLong(detail, "/end_time")
    return Period(start, end)


def minute_of(now: datetime) -> Period | None:
    """The minute within which it makes no difference at which moment a search is asked.

    Notice and horizon are whole minutes, and bookings begin and end on marks, so what they
    let be booked changes as a minute begins and at no other time. None at that very moment.
    """
    start = now.replace(second=0, microsecond=0)
    return None if start == now else Period(start, start + timedelta(minutes=1))


def stands_within(
    window: Period, rules: Rules, now: datetime, looked_until: datetime
) -> Period | None:
    """The moments, the first aside, at which a search finds the same unless something changes.

    Besides the minute it is asked in, it is all the time before the notice reaches the
    window, if no look went as far as the horizon, which only moves on.
    """
    minute = minute_of(now)
    if minute is None:
        return None
    is_ahead = minute.end + rules.min_notice < window.start
    if is_ahead and max(window.end, looked_until) <= rules.latest_end(now):
        return Period(minute.start, window.start - rules.min_notice)
    return minute


def looks(window: Period, now: datetime, until: datetime) -> Iterator[Period]:
    """The stretches in which to look for the first free start, one after another, in order.

    The first reaches the longest booking past the window, since a booking that starts in
    the window may end after it; those that follow are about a month each, and the last
    holds ``until``, where nothing can be booked any more. Any booking that can begin in
    the window or after it lies wholly within one of them.
    """
    begin = max(window.start, now)
    if begin >= until:  # the end of the calendar may be near, and is not to be passed
        return
    end = max(window.end, begin) + LONGEST_BOOKING
    yield Period(begin, end)
    while end < until:
        begin, end = end - LONGEST_BOOKING, end + LONGEST_WINDOW
        yield Period(begin, end)


def free_slots(
    bookable: Sequence[Period], busy: Iterable[Period], rules: Rules, duration: timedelta
) -> list[Period]:
    """The parts of the bookable time that a booking of the duration fits in, in order.

    Each begins on a step of the facility's and is as long as it can be. There is none
    for a duration that the facility does not allow.
    """
    if not rules.allows_length(duration):
        return []
    slots: list[Period] = []
    for free in without(bookable, (_shadow(taken, rules) for taken in busy)):
        start = rules.next_step(free.start)
        if start + duration <= free.end:
            slots.append(Period(start, free.end))
    return slots


def nearest_alternatives(wanted: Period, slots: Sequence[Period], rules: Rules) -> list[Period]:
    """Up to five free periods of the wanted length, those nearest to the wanted start.

    ``slots`` are the free slots for that length. Within one slot the candidates are a
    whole length apart, counted from the end that is nearest to the wanted time, so that
    five answers are five choices and not one choice shifted by a quarter of an hour four
    times. They do not overlap one another, and come nearest first.
    """
    candidates = (candidate for slot in slots for candidate in _candidates(slot, wanted, rules))
    return nsmallest(ALTERNATIVES, candidates, key=lambda c: (abs(c.start - wanted.start), c.start))


def _shadow(taken: Period, rules: Rules) -> Period:
    """The time in which a booking of this facility cannot lie, so that buffers stay clear."""
    if not (rules.buffer_before or rules.buffer_after):
        return taken
    return Period(taken.start - rules.buffer_after, taken.end + rules.buffer_before)


def _candidates(slot: Period, wanted: Period, rules: Rules) -> Iterable[Period]:
    """Starts outwards from the one nearest to the wanted, as many as could be of use."""
    length = wanted.duration
    latest = _step_before(slot.end - length, rules)
    nearest = min(max(rules.next_step(wanted.start), slot.start), latest)
    start = nearest
    for _ in range(ALTERNATIVES):
        if start > latest:
            break
        yield Period(start, start + length)
        start = rules.next_step(start + length)
    start = _step_before(nearest - length, rules)
    for _ in range(ALTERNATIVES):
        if start < slot.start:
            break
        yield Period(start, start + length)
        start = _step_before(start - length, rules)


def _step_before(instant: datetime, rules: Rules) -> datetime:
    """The last step at or before a mark."""
    while not rules.starts_on_step(instant):
        instant -= MARK
    return instant
