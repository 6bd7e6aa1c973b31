"""When a facility can be booked.

The law these functions keep: whatever they offer, ``bookings.check_new``
accepts at the same ``now`` (and the database too, unless somebody else was
quicker). They are given busy periods as the database keeps them: on marks, and
in the order of their starts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest

from domain.errors import EndNotAfterStart, WindowTooLong
from domain.instants import format_instant
from domain.periods import MARK, Period, free_within, mark_at_or_after, mark_at_or_before

LONGEST_WINDOW = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Availability:
    """One facility's free periods, and the first start from which the asked duration is free.

    ``next_available`` is None when there is no such start up to the horizon.
    """

    free: list[Period]
    next_available: datetime | None


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


def bookable_within(window: Period, now: datetime, horizon_end: datetime) -> Period | None:
    """The part of the window in which a booking may lie, on marks; None if there is none."""
    start = max(window.start, now)
    end = mark_at_or_before(min(window.end, horizon_end))
    if start >= end:  # asked before rounding up, which the last minutes of year 9999 do not bear
        return None
    start = mark_at_or_after(start)
    return Period(start, end) if start < end else None


def free_slots(
    bookable: Period | None, busy: Iterable[Period], duration: timedelta = MARK
) -> list[Period]:
    """The maximal free periods of the bookable time that last the duration, in order."""
    if bookable is None:
        return []
    return [free for free in free_within(bookable, busy) if free.duration >= duration]


def first_start(
    bookable: Period | None, busy: Iterable[Period], duration: timedelta
) -> datetime | None:
    """The first instant of the bookable time from which the duration is free."""
    if bookable is None:
        return None
    fitting = (free.start for free in free_within(bookable, busy) if free.duration >= duration)
    return next(fitting, None)


def nearest_alternatives(
    wanted: Period, bookable: Period | None, busy: Sequence[Period], count: int
) -> list[Period]:
    """Up to ``count`` free periods of the wanted length, those nearest to the wanted start.

    Within one free stretch the candidates are a whole length apart, counted
    from the end that is nearest to the wanted time, so that five answers are
    five choices and not one choice shifted by a quarter of an hour four times.
    They do not overlap one another, and come nearest first.
    """
    if bookable is None:
        return []
    candidates = (
        candidate
        for free in free_within(bookable, busy)
        for candidate in _candidates(free, wanted, count)
    )
    return nsmallest(count, candidates, key=lambda c: (abs(c.start - wanted.start), c.start))


def _candidates(free: Period, wanted: Period, count: int) -> Iterable[Period]:
    length = wanted.duration
    latest_start = free.end - length
    nearest = min(max(wanted.start, free.start), latest_start)
    for step in range(count):
        for start in {nearest - step * length, nearest + step * length}:
            if free.start <= start <= latest_start:
                yield Period(start, start + length)
