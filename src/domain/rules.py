"""What a facility's staff lay down: when, how long, and how far ahead it may be booked.

Availability and the rules for bookings both ask the functions here, so that what the
one offers the other accepts.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TypeAlias

from domain.errors import RulesContradict
from domain.hours import WeeklyHours, open_periods
from domain.periods import MARK, Period, mark_at_or_after, mark_at_or_before, without

LONGEST_BOOKING = timedelta(hours=8)
"""No facility may allow more: the database relies on it."""

LONGEST_BUFFER = timedelta(hours=4)
"""No facility may keep more free before or after a booking."""

OpenPeriods: TypeAlias = Callable[[WeeklyHours | None, tzinfo, Period], list[Period]]
"""``hours.open_periods``, or what remembers its answers."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one facility. ``opening_hours`` are None where it is always open.

    ``buffer_before`` and ``buffer_after`` are kept free around each booking, for
    cleaning and the like; ``cancellation_notice`` is zero where there is no deadline.
    """

    zone: tzinfo
    horizon: timedelta
    opening_hours: WeeklyHours | None = None
    min_duration: timedelta = MARK
    max_duration: timedelta = LONGEST_BOOKING
    min_notice: timedelta = timedelta(0)
    start_step: timedelta = MARK
    cancellation_notice: timedelta = timedelta(0)
    buffer_before: timedelta = timedelta(0)
    buffer_after: timedelta = timedelta(0)
    requires_approval: bool = False
    approval_timeout: timedelta = timedelta(days=2)

    def allows_length(self, duration: timedelta) -> bool:
        """Whether a booking may last so long."""
        return self.min_duration <= duration <= self.max_duration

    def earliest_start(self, now: datetime) -> datetime:
        """The first mark at which a booking may begin, as far as notice is concerned."""
        return mark_at_or_after(now + self.min_notice)

    def latest_end(self, now: datetime) -> datetime:
        """The last mark at which a booking may be over, as far as the horizon is concerned."""
        return mark_at_or_before(now + self.horizon)

    def starts_on_step(self, instant: datetime) -> bool:
        """Whether a booking may begin at this mark, by the minutes that the local clock shows."""
        if self.start_step == MARK:
            return True
        local = instant.astimezone(self.zone)
        # Where a clock is not on marks, as some were before 1972, the mark before counts.
        mark = (local.hour * 60 + local.minute) // 15 * 15
        return mark % (self.start_step // timedelta(minutes=1)) == 0

    def next_step(self, instant: datetime) -> datetime:
        """The first step at or after a mark."""
        while not self.starts_on_step(instant):
            instant += MARK
        return instant

    def occupied(self, booking: Period) -> Period:
        """The booking with the buffers around it."""
        if not (self.buffer_before or self.buffer_after):
            return booking
        return Period(booking.start - self.buffer_before, booking.end + self.buffer_after)


@dataclass(frozen=True, slots=True, order=True)
class Closure:
    """A time in which a facility is closed whatever its hours say, and why."""

    period: Period
    reason: str


def bookable_periods(
    rules: Rules,
    closures: Iterable[Closure],
    window: Period,
    now: datetime,
    opened: OpenPeriods = open_periods,
) -> list[Period]:
    """The maximal parts of the window in which a booking may lie, others' bookings aside.

    Whoever asks for many facilities gives an ``opened`` that remembers: most of them
    share their hours.
    """
    if window.end <= now or window.start >= now + rules.horizon:
        return []  # asked before any rounding, which the ends of the calendar do not bear
    start = max(mark_at_or_after(window.start), rules.earliest_start(now))
    end = min(mark_at_or_before(window.end), rules.latest_end(now))
    if start >= end:
        return []
    hours = opened(rules.opening_hours, rules.zone, Period(start, end))
    return without(hours, (closure.period for closure in closures))


def check_rules(rules: Rules) -> None:
    """Refuse rules that no booking could meet together."""
    if rules.min_duration > rules.max_duration:
        detail = (
            f"min_duration_minutes ({_minutes(rules.min_duration)}) must not be more than"
            f" max_duration_minutes ({_minutes(rules.max_duration)})."
        )
        raise RulesContradict(detail, "/min_duration_minutes")
    if rules.min_notice + rules.min_duration > rules.horizon:
        detail = (
            f"Bookings are taken {rules.horizon.days} days ahead, and min_notice_minutes"
            f" ({_minutes(rules.min_notice)}) leaves no time before that: ask for less notice, or"
            " allow a further horizon."
        )
        raise RulesContradict(detail, "/min_notice_minutes")


def holding(periods: Sequence[Period], booking: Period) -> Period | None:
    """The one of the periods that holds the whole booking."""
    for period in periods:
        if period.start <= booking.start and booking.end <= period.end:
            return period
    return None


def _minutes(length: timedelta) -> int:
    return length // timedelta(minutes=1)
