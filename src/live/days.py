"""What is known of a facility, by day of UTC, and what happens there within a time."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from domain.bookings import Facility
from sql.facilities import FacilityRow
from sql.timelines import Taken

Closed: TypeAlias = tuple[datetime, datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)

_serials = itertools.count()


@dataclass(frozen=True, slots=True)
class Day:
    """What happens at a facility on a day of UTC: all that shares any moment with it.

    The ``serial`` is another whenever anything of it is. What transactions before ``seen``
    changed is in it; 0 where that is not known.
    """

    taken: Sequence[Taken]
    closed: Sequence[Closed]
    seen: int = field(default=0, compare=False)
    serial: int = field(default_factory=_serials.__next__, compare=False)

    def after(self, remembered: "Day | None") -> "Day":
        """Itself, by the serial of what was remembered of the day if that is the same."""
        if self != remembered:
            return self
        return Day(self.taken, self.closed, self.seen, remembered.serial)

    @property
    def weight(self) -> int:
        """How much there is to remember."""
        return 1 + len(self.taken) + len(self.closed)


@dataclass(slots=True, eq=False, weakref_slot=True)
class Known:
    """What is remembered of a facility.

    As long as its ``serial`` is the same, the facility has not changed, and as long as a
    day's is, nothing on that day has. ``head`` is what remembered answers about it begin with.
    """

    row: FacilityRow
    facility: Facility
    days: dict[int, Day] = field(default_factory=dict)
    serial: int = field(default_factory=_serials.__next__)
    head: bytes = b""

    @property
    def weight(self) -> int:
        """How much there is to remember."""
        return 4 + sum(day.weight for day in self.days.values())


class Timeline(NamedTuple):
    """A facility and, in no order, when it is taken and closed within a time.

    ``known`` and ``days``, by their numbers, are what it was made of where that is remembered.
    """

    row: FacilityRow
    facility: Facility
    taken: Sequence[Taken]
    closed: Sequence[Closed]
    known: Known | None = None
    days: Mapping[int, Day] = MappingProxyType({})


def day_of(instant: datetime) -> int:
    """The number of the day of UTC that an instant is on, counted from the epoch."""
    return (instant - _EPOCH) // _DAY


def start_of(number: int) -> datetime:
    """When a day begins."""
    return _EPOCH + number * _DAY


def assembled(known: Known, first: int, last: int) -> Timeline | None:
    """What happens on these days; None if one of them is not known."""
    if first == last:  # as it mostly is, and then there is nothing to put together
        day = known.days.get(first)
        if day is None:
            return None
        return Timeline(known.row, known.facility, day.taken, day.closed, known, {first: day})
    days: dict[int, Day] = {}
    taken: list[Taken] = []
    closed: list[Closed] = []
    for number in range(first, last + 1):
        day = known.days.get(number)
        if day is None:
            return None
        days[number] = day
        if number == first:
            taken += day.taken
            closed += day.closed
        else:  # what began before goes on past midnight, and is there already
            begin = start_of(number)
            taken += [one for one in day.taken if one.start_time >= begin]
            closed += [one for one in day.closed if one[0] >= begin]
    return Timeline(known.row, known.facility, taken, closed, known, days)


def by_day(
    taken: Iterable[Taken], closed: Iterable[Closed], first: int, last: int, seen: int
) -> dict[int, Day]:
    """Each of the days with all that shares any moment with it; ``seen`` is of the look."""
    days = {number: Day([], [], seen) for number in range(first, last + 1)}
    for one in taken:
        for number in _days_of(one.start_time, one.end_time, first, last):
            days[number].taken.append(one)  # type: ignore[attr-defined]  # lists until it is done
    for start, end in closed:
        for number in _days_of(start, end, first, last):
            days[number].closed.append((start, end))  # type: ignore[attr-defined]
    return days


def _days_of(start: datetime, end: datetime, first: int, last: int) -> range:
    """The days that share any moment with a time, among these."""
    final = day_of(end - timedelta.resolution)
    return range(max(day_of(start), first), min(final, last) + 1)
