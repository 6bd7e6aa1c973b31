"""What is free, as plainly as it can be computed: the floor's own arithmetic."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

Span: TypeAlias = tuple[datetime, datetime]

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
WEEK = 7 * 24 * 60
AROUND = timedelta(days=7)
ALTERNATIVES = 5


class House(NamedTuple):
    """What a facility's answer depends on, as the statements select it."""

    zone: str
    buffer_before: int
    buffer_after: int
    hours: str | None
    busy_starts: list[datetime] | None
    busy_ends: list[datetime] | None
    closed_starts: list[datetime] | None
    closed_ends: list[datetime] | None


def free_periods(house: House, start: datetime, end: datetime) -> list[Span]:
    """What is open between the two, less what is busy and closed; a quarter of an hour at least."""
    before, after = house.buffer_before * MINUTE, house.buffer_after * MINUTE
    taken = [
        *((busy_start - after, busy_end + before) for busy_start, busy_end in busy_periods(house)),
        *zip(house.closed_starts or (), house.closed_ends or (), strict=True),
    ]
    taken.sort()
    free: list[Span] = []
    for opens, closes in _open(house, start, end):
        at = opens
        for taken_start, taken_end in taken:
            if taken_end <= at:
                continue
            if taken_start >= closes:
                break
            if taken_start - at >= QUARTER:
                free.append((at, taken_start))
            at = taken_end
        if closes - at >= QUARTER:
            free.append((at, closes))
    return free


def busy_periods(house: House) -> Iterator[Span]:
    """When the facility's bookings hold it."""
    return zip(house.busy_starts or (), house.busy_ends or (), strict=True)


def alternatives(house: House, start: datetime, end: datetime) -> list[Span]:
    """One period of the same length from each free one within a week, the nearest five."""
    length = end - start
    now = datetime.now(start.tzinfo)
    around = free_periods(house, max(start - AROUND, now), end + AROUND)
    starts = [
        max(free_start, min(start, free_end - length))
        for free_start, free_end in around
        if free_end - free_start >= length
    ]
    starts.sort(key=lambda each: abs(each - start))
    return [(each, each + length) for each in starts[:ALTERNATIVES]]


def _open(house: House, start: datetime, end: datetime) -> list[Span]:
    if house.hours is None:
        return [(start, end)]
    zone = _zone(house.zone)
    local = start.astimezone(zone)
    monday = datetime(local.year, local.month, local.day) - timedelta(days=local.weekday())  # noqa: DTZ001
    first = (local.replace(tzinfo=None) - monday) // MINUTE
    last = first + (end - start) // MINUTE + 60  # an hour more, should a clock go back meanwhile
    periods: list[Span] = []
    for week in range(0, last, WEEK):
        for opens, closes in _hours(house.hours):
            if opens + week < last and closes + week > first:
                opened = (monday + (opens + week) * MINUTE).replace(tzinfo=zone).astimezone(UTC)
                closed = (monday + (closes + week) * MINUTE).replace(tzinfo=zone).astimezone(UTC)
                period = max(opened, start), min(closed, end)
                if period[0] < period[1]:
                    periods.append(period)
    return periods


_zone = cache(ZoneInfo)


@cache
def _hours(multirange: str) -> list[tuple[int, int]]:
    """A week's opening hours as PostgreSQL writes them, in minutes since Monday."""
    return [(int(a), int(b)) for a, b in re.findall(r"\[(\d+),(\d+)\)", multirange)]
