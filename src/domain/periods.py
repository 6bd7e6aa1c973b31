"""Half-open periods of time, and the few operations that availability rests on.

A period holds its start and not its end, so 09:00-10:00 and 10:00-11:00 touch
and do not overlap: the same convention as PostgreSQL's ``[)`` ranges, which
have the last word on overlap.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter

MARK = timedelta(minutes=15)
"""Every booking starts and ends on a multiple of this, counted from the epoch."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The instants t with ``start <= t < end``; both in UTC, start before end."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Raise ValueError for a period that ends before, or as, it starts."""
        if not self.start < self.end:
            msg = f"a period must end after it starts: {self.start} .. {self.end}"
            raise ValueError(msg)

    @property
    def duration(self) -> timedelta:
        """From start to end."""
        return self.end - self.start

    @property
    def minutes(self) -> int:
        """The duration in whole minutes."""
        return int(self.duration.total_seconds() // 60)

    def overlaps(self, other: "Period") -> bool:
        """Whether any instant lies in both."""
        return self.start < other.end and other.start < self.end


def on_mark(instant: datetime) -> bool:
    """Whether the instant is on a 15-minute mark, to the microsecond."""
    return not (instant - _EPOCH) % MARK


def mark_at_or_before(instant: datetime) -> datetime:
    """The last mark that is not after the instant."""
    return instant - (instant - _EPOCH) % MARK


def mark_at_or_after(instant: datetime) -> datetime:
    """The first mark that is not before the instant."""
    return instant + (_EPOCH - instant) % MARK


def free_within(window: Period, busy: Iterable[Period]) -> Iterator[Period]:
    """The maximal periods inside the window that no busy period touches, in order.

    ``busy`` is sorted by start; its periods may overlap, touch, or reach out
    of the window.
    """
    free_from = window.start
    for taken in busy:
        if taken.start >= window.end:
            break
        if taken.start > free_from:
            yield Period(free_from, taken.start)
        free_from = max(free_from, taken.end)
    if free_from < window.end:
        yield Period(free_from, window.end)


def without(periods: Iterable[Period], taken: Iterable[Period]) -> list[Period]:
    """The maximal parts of the periods that nothing taken touches, in order.

    ``periods`` are in order and do not overlap; ``taken`` may come in any order.
    """
    left: list[Period] = []
    busy = sorted(taken, key=attrgetter("start"))
    for period in periods:
        left += free_within(period, busy)
    return left
