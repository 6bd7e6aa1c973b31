"""What is known of a facility, by day of UTC, and what happens there within a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from domain.bookings import Facility
from sql.facilities import FacilityRow
from sql.timelines import Taken

Closed: TypeAlias = tuple[datetime, datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)

PARTS = 6
_PART = _DAY / PARTS

_serials = count()


def _new_serials() -> tuple[int, ...]:
    return (next(_serials),) * PARTS


@dataclass(frozen=True, slots=True)
class Day:
    """What happens at a facility on a day of UTC: all that shares any moment with it.

    Of the ``serials``, one for each four hours, those are others of which anything is another.
    What transactions before ``seen`` changed is in it; 0 where that is not known.
    """

    taken: Sequence[Taken]
    closed: Sequence[Closed]
    seen: int = field(default=0, compare=False)
    serials: tuple[int, ...] = field(default_factory=_new_serials, compare=False)

    def after(self, number: int, remembered: "Day | None") -> "Day":
        """Itself, by the serials of what was remembered of the day where that is the same.

        ``number`` is the day's own.
        """
        if remembered is None:
            return self
        serials = remembered.serials
        if self != remembered:
            changed = [False] * PARTS
            for start, end, _ in self.times ^ remembered.times:
                first, last = parts_of(number, start, end)
                changed[first:last] = [True] * (last - first)
            serials = tuple(
                new if is_changed else old
                for is_changed, old, new in zip(changed, serials, self.serials, strict=True)
            )
        return Day(self.taken, self.closed, self.seen, serials)

    @property
    def times(self) -> set[tuple[datetime, datetime, object]]:
        """All that happens: from when to when, and what it is."""
        taken = ((one.start_time, one.end_time, one.decide_by) for one in self.taken)
        return {*taken, *((start, end, "closed") for start, end in self.closed)}

    @property
    def weight(self) -> int:
        """How much there is to remember."""
        return 1 + len(self.taken) + len(self.closed)


@dataclass(slots=True, eq=False, weakref_slot=True)
class Known:
    """What is remembered of a facility.

    As long as its ``serial`` is the same, the facility has not changed, and as long as those of a
    day are, nothing on that day has. ``gone`` are days as they were when they changed: what is read
    of them next is compared with that. ``head`` is what remembered answers about it begin with.
    """

    row: FacilityRow
    facility: Facility
    days: dict[int, Day] = field(default_factory=dict)
    gone: dict[int, Day] = field(default_factory=dict)
    serial: int = field(default_factory=_serials.__next__)
    head: bytes = b""

    @property
    def weight(self) -> int:
        """How much there is to remember."""
        return 4 + sum(day.weight for day in chain(self.days.values(), self.gone.values()))


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


def parts_of(number: int, start: datetime, end: datetime) -> tuple[int, int]:
    """The first part of a day that shares a moment with a time, and the one after the last."""
    begin = start_of(number)
    first, last = (start - begin) // _PART, -((begin - end) // _PART)
    return min(max(first, 0), PARTS), min(max(last, 0), PARTS)


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
