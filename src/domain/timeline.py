"""What a facility's time is taken up by, as a timeline shows it.

The law that ``blocks`` keeps: where no block lies is exactly what ``availability.free_slots``
finds free for a booking of one mark that may begin on any, so that a timeline and a search say
the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from domain.hours import open_periods
from domain.periods import Period, free_within, mark_at_or_after, mark_at_or_before
from domain.rules import Closure, OpenPeriods, Rules

BlockKind: TypeAlias = Literal[
    "booked", "pending", "buffer", "closed", "outside_opening_hours", "notice", "beyond_horizon"
]


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
    painted = [
        Block("pending" if hold.is_pending else "booked", hold.period, hold=hold)
        for hold in holds
        if hold.period.overlaps(window)
    ]
    for kind, period, reason in _grounds(rules, holds, closures, window, now, opened):
        within = _common(period, window)
        if within is not None:
            bare = free_within(within, sorted(each.period for each in painted))
            painted += [Block(kind, part, reason=reason) for part in bare]
    return _joined(painted)


def _grounds(  # noqa: PLR0913, PLR0917 - as blocks
    rules: Rules,
    holds: Sequence[Hold],
    closures: Iterable[Closure],
    window: Period,
    now: datetime,
    opened: OpenPeriods,
) -> Iterable[tuple[BlockKind, Period, str | None]]:
    """Why nothing can be booked when, bookings aside: what counts first comes first."""
    for hold in holds:
        start = hold.occupied.start - rules.buffer_after
        yield "buffer", Period(start, hold.occupied.end + rules.buffer_before), None
    for closure in sorted(closures):
        yield "closed", closure.period, closure.reason
    if window.end <= now - rules.horizon:  # long past; the ends of the calendar may be near
        yield "notice", window, None
        return
    if window.start >= now + rules.horizon:
        yield "beyond_horizon", window, None
        return
    whole = Period(mark_at_or_before(window.start), mark_at_or_after(window.end))
    hours = opened(rules.opening_hours, rules.zone, whole)
    for period in free_within(whole, hours):
        yield "outside_opening_hours", period, None
    earliest, latest = rules.earliest_start(now), rules.latest_end(now)
    if whole.start < earliest:
        yield "notice", Period(whole.start, earliest), None
    if latest < whole.end:
        yield "beyond_horizon", Period(latest, whole.end), None


def _common(one: Period, other: Period) -> Period | None:
    """The time that both have."""
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Period(start, end) if start < end else None


def _joined(painted: Sequence[Block]) -> list[Block]:
    """The blocks, those that touch and say the same made one; each booking stays its own."""
    found: list[Block] = []
    for block in sorted(painted, key=lambda each: each.period):
        last = found[-1] if found else None
        if (
            last is not None
            and block.hold is None
            and (last.kind, last.reason, last.hold) == (block.kind, block.reason, None)
            and last.period.end == block.period.start
        ):
            found[-1] = Block(
                block.kind, Period(last.period.start, block.period.end), reason=block.reason
            )
        else:
            found.append(block)
    return found
