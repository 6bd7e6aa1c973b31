"""Every time zone there is, and when its clock is put forward or back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)

_STRIDE = timedelta(days=3)
"""No clock is put forward and back again within it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The instant from which a zone's clock is ``after`` ahead of UTC, and was ``before``."""

    instant: datetime
    before: timedelta
    after: timedelta


@cache
def turns(name: str) -> tuple[Turn, ...]:
    """The zone's turns from 2026 to 2037, found by halving the time in which one lies."""
    return tuple(_turns(ZoneInfo(name)))


@cache
def different_zones() -> tuple[str, ...]:
    """A name for each way in which a clock goes in these years: many zones go alike."""
    ways = {
        (offset(ZoneInfo(name), FIRST), turns(name)): name
        for name in sorted(available_timezones(), reverse=True)
    }
    return tuple(sorted(ways.values()))


def offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    """How far ahead of UTC the zone's clock is."""
    ahead = instant.astimezone(zone).utcoffset()
    assert ahead is not None
    return ahead


def _turns(zone: ZoneInfo) -> Iterator[Turn]:
    earlier = FIRST
    while earlier < LAST:
        later = earlier + _STRIDE
        before, after = offset(zone, earlier), offset(zone, later)
        if before != after:
            yield Turn(_halved(zone, earlier, later), before, after)
        earlier = later


def _halved(zone: ZoneInfo, earlier: datetime, later: datetime) -> datetime:
    """The first second at which the offset is that of ``later``."""
    before = offset(zone, earlier)
    while later - earlier > timedelta(seconds=1):
        middle = earlier + (later - earlier) // timedelta(seconds=2) * timedelta(seconds=1)
        if offset(zone, middle) == before:
            earlier = middle
        else:
            later = middle
    return later
