"""What a facility's time is taken up by, as a timeline shows it.

The law that ``blocks`` keeps: where no block lies is exactly what ``availability.free_slots``
finds free for a booking of one mark that may begin on any, so that a timeline and a search say
the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Literal, TypeAlias

from domain.hours import open_periods
from domain.periods import MARK, Period, mark_at_or_after, mark_at_or_before, without
from domain.rules import Closure, OpenPeriods, Rules

BlockKind: TypeAlias = Literal[
    "booked", "pending", "buffer", "closed", "outside_opening_hours", "notice", "beyond_horizon"
]

_CLOCKS = Period(datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
"""When clocks show a time that can be named in every zone. Nothing can be booked near its ends,
whatever the opening hours."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A booking that holds its facility: its time, and what it occupies with its buffers."""

    booking_id: int
    period: Period
    occupied: Period
    is_pending: bool


@dataclass(frozen=True, slots=True)
class Block:
    """A time at which no booking can lie, and why: the booking there, or the closure's reason."""

    kind: BlockKind
    period: Period
    hold: Hold | None = None
    reason: str | None = None


def blocks(  # noqa: PLR0913, PLR0917 - all that a facility's time depends on
    rules: Rules,
    holds: Sequence[Hold],
    closures: Iterable[Closure],
    window: Period,
    now: datetime,
    opened: OpenPeriods = open_periods,
) -> list[Block]:
    """What takes up the window, in order; no two share a moment.

    Where several reasons meet, the first counts of: a booking, a buffer, a closure, closing
    time, notice, the horizon. Bookings are whole; all else is cut off where the window ends.
    """
    canvas = _Canvas(window)
    # What is painted later covers what is there: what counts first comes last. So the work grows
    # with the window and with what lies in it, not with one times the other.
    canvas.paint(_Paint("beyond_horizon"), rules.latest_end(now), window.end)
    canvas.paint(_Paint("notice"), window.start, rules.earliest_start(now))
    for period in _closing_time(rules, window, opened):
        canvas.paint(_Paint("outside_opening_hours"), period.start, period.end)
    for closure in sorted(closures, reverse=True):
        paint = _Paint("closed", reason=closure.reason)
        canvas.paint(paint, closure.period.start, closure.period.end)
    for hold in holds:
        start = hold.occupied.start - rules.buffer_after
        canvas.paint(_Paint("buffer"), start, hold.occupied.end + rules.buffer_before)
    for hold in holds:
        paint = _Paint("pending" if hold.is_pending else "booked", hold=hold)
        canvas.paint(paint, hold.period.start, hold.period.end)
    return canvas.blocks()


@dataclass(frozen=True, slots=True)
class _Paint:
    """What a block is made of, wherever it lies."""

    kind: BlockKind
    hold: Hold | None = None
    reason: str | None = None


class _Canvas:
    """The marks that share any moment with a window, and what is painted on each."""

    def __init__(self, window: Period) -> None:
        self._window = window
        self._origin = mark_at_or_before(window.start)
        self._marks: list[_Paint | None] = [None] * -((self._origin - window.end) // MARK)

    def paint(self, paint: _Paint, start: datetime, end: datetime) -> None:
        """Cover all marks that share any moment with the time, which may lie anywhere."""
        first = max(0, (start - self._origin) // MARK)
        last = min(len(self._marks), -((self._origin - end) // MARK))
        if first < last:
            self._marks[first:last] = [paint] * (last - first)

    def blocks(self) -> list[Block]:
        """What is painted, in order; what is alike and touches is one."""
        found: list[Block] = []
        at = 0
        for paint, run in groupby(self._marks):
            begin, at = at, at + sum(1 for _ in run)
            if paint is None:
                continue
            if paint.hold is not None:
                found.append(Block(paint.kind, paint.hold.period, paint.hold))
                continue
            start = max(self._origin + begin * MARK, self._window.start)
            # The end of the calendar may lie within the last mark.
            end = self._window.end if at == len(self._marks) else self._origin + at * MARK
            found.append(Block(paint.kind, Period(start, end), reason=paint.reason))
        return found


def _closing_time(rules: Rules, window: Period, opened: OpenPeriods) -> list[Period]:
    """When the facility is not open by its hours, of all marks that share time with the window."""
    if rules.opening_hours is None or not window.overlaps(_CLOCKS):
        return []
    start = mark_at_or_before(max(window.start, _CLOCKS.start))
    known = Period(start, mark_at_or_after(min(window.end, _CLOCKS.end)))
    return without([known], opened(rules.opening_hours, rules.zone, known))
