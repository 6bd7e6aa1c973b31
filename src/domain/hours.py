"""Opening hours: minutes of the local week, and when that is in UTC.

One law says what they mean: a facility is open at an instant exactly if the wall
clock in its time zone then shows a time within its hours. Nothing else is needed
for the two odd days of the year. In spring the hours that the clock skips do not
exist; in autumn those that it shows twice are open, or closed, both times.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import TypeAlias

from domain.errors import OpeningHoursInvalid
from domain.periods import Period, mark_at_or_after, mark_at_or_before

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

WeeklyHours: TypeAlias = tuple[tuple[int, int], ...]
"""Half-open stretches of minutes since Monday 00:00, in order, neither touching nor overlapping."""

ALWAYS: WeeklyHours = ((0, WEEK_MINUTES),)

_PROBE = timedelta(hours=6)
"""No zone has moved its clock twice within this time, and none will."""


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """Open on a weekday (0 is Monday) from one minute of the day to another.

    ``closes`` is at most 1440, the midnight that ends the day. Where it is not after
    ``opens`` it is a time of the next day.
    """

    weekday: int
    opens: int
    closes: int

    @property
    def stretch(self) -> tuple[int, int]:
        """The minutes of the week; the end may lie past the week's."""
        start = self.weekday * DAY_MINUTES + self.opens
        length = (self.closes - self.opens) % DAY_MINUTES or DAY_MINUTES
        return start, start + length


def weekly_hours(openings: Sequence[Opening], pointer: str = "/opening_hours") -> WeeklyHours:
    """What the openings add up to; refused if one is empty or two of them overlap."""
    for index, opening in enumerate(openings):
        if opening.opens == opening.closes:
            detail = (
                f"{WEEKDAYS[opening.weekday]} opens and closes at {_clock(opening.opens)}: give"
                " a closing time that differs, and 00:00 to 24:00 for a whole day."
            )
            raise OpeningHoursInvalid(detail, f"{pointer}/{index}")
    stretches = sorted(opening.stretch for opening in openings)
    around = [*stretches, *((a + WEEK_MINUTES, b + WEEK_MINUTES) for a, b in stretches[:1])]
    for (start, end), (next_start, _) in pairwise(around):
        if next_start < end:
            detail = (
                f"Two openings overlap: one from {_moment(start)} to {_moment(end)}, and one from"
                f" {_moment(next_start)}. Let each begin when the one before is over, or later."
            )
            raise OpeningHoursInvalid(detail, pointer)
    return _merged(_within_week(stretches))


def openings_of(hours: WeeklyHours) -> list[Opening]:
    """The openings that add up to the hours, in order: one a day where they go on for days."""
    found: list[Opening] = []
    stretches = list(hours)
    if len(stretches) > 1 and stretches[0][0] == 0 and stretches[-1][1] == WEEK_MINUTES:
        # What runs over the end of the week is one opening, of Sunday's.
        (_, early), (late, _) = stretches[0], stretches[-1]
        if WEEK_MINUTES - late + early < DAY_MINUTES:
            stretches = [*stretches[1:-1], (late, WEEK_MINUTES + early)]
    for start, end in stretches:
        found += _daily(start, end)
    return sorted(found)


def open_periods(hours: WeeklyHours | None, zone: tzinfo, window: Period) -> list[Period]:
    """The maximal periods of the window in which the facility is open, on marks, in order.

    ``hours`` are None where it always is. The window's own ends need not be on marks;
    what is not a whole quarter of an hour is left out.
    """
    start, end = mark_at_or_after(window.start), mark_at_or_before(window.end)
    if start >= end:
        return []
    if hours is None or hours == ALWAYS:
        return [Period(start, end)]
    found: list[Period] = []
    for stretch, offset in _steady(zone, start, end):
        for opened in _laid_out(hours, stretch, offset):
            if found and found[-1].end == opened.start:
                found[-1] = Period(found[-1].start, opened.end)
            else:
                found.append(opened)
    return found


def minute_of_week(instant: datetime, zone: tzinfo) -> int:
    """What the wall clock of the zone shows: whole minutes since Monday 00:00."""
    local = instant.astimezone(zone)
    return local.weekday() * DAY_MINUTES + local.hour * 60 + local.minute


def _steady(zone: tzinfo, start: datetime, end: datetime) -> Iterator[tuple[Period, timedelta]]:
    """The parts of the time in which the zone's clock runs evenly, each with its offset."""
    begin, offset = start, _offset(zone, start)
    seen = start
    while seen < end:
        ahead = min(seen + _PROBE, end)
        other = _offset(zone, ahead)
        if other != offset:
            change = _change(zone, seen, ahead, offset)
            if begin < change < end:
                yield Period(begin, change), offset
                begin = change
            offset = _offset(zone, begin)
        seen = ahead
    if begin < end:
        yield Period(begin, end), offset


def _change(zone: tzinfo, before: datetime, after: datetime, offset: timedelta) -> datetime:
    """The first mark at which the offset is another; it differs at ``after``."""
    step = timedelta(minutes=15)
    low, high = 0, (after - before) // step
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, before + middle * step) == offset:
            low = middle
        else:
            high = middle
    return before + high * step


def _laid_out(hours: WeeklyHours, stretch: Period, offset: timedelta) -> Iterator[Period]:
    """The hours within a time in which the clock runs evenly; marks that are half open are not."""
    local_start = stretch.start.replace(tzinfo=None) + offset
    monday = datetime.combine(
        local_start.date() - timedelta(days=local_start.weekday()), datetime.min.time()
    )
    week = monday.replace(tzinfo=UTC) - offset
    while week < stretch.end:
        for opens, closes in hours:
            start = max(mark_at_or_after(week + timedelta(minutes=opens)), stretch.start)
            end = min(mark_at_or_before(week + timedelta(minutes=closes)), stretch.end)
            if start < end:
                yield Period(start, end)
        week += timedelta(minutes=WEEK_MINUTES)


def _offset(zone: tzinfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)


def _within_week(stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for start, end in stretches:
        yield start, min(end, WEEK_MINUTES)
        if end > WEEK_MINUTES:
            yield 0, end - WEEK_MINUTES


def _merged(stretches: Iterable[tuple[int, int]]) -> WeeklyHours:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _daily(start: int, end: int) -> Iterator[Opening]:
    """A stretch as openings of less than a day past midnight, or else of whole days."""
    while start < end:
        weekday, opens = divmod(start, DAY_MINUTES)
        midnight = (weekday + 1) * DAY_MINUTES
        until = end if end - start < DAY_MINUTES else midnight
        closes = until - weekday * DAY_MINUTES
        yield Opening(weekday % 7, opens, closes if closes <= DAY_MINUTES else closes - DAY_MINUTES)
        start = until


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _moment(minute: int) -> str:
    weekday, rest = divmod(minute % WEEK_MINUTES, DAY_MINUTES)
    return f"{WEEKDAYS[weekday]} {_clock(rest)}"
