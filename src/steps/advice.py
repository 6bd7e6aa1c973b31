"""What could be booked instead of a time that is taken: other times there, and other facilities.

It is remembered for whoever wants the same next, as long as all that it rests on is the same: many
want one time, and the same is worked out for each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from domain.access import Caller
from domain.availability import ALTERNATIVES, free_slots, nearest_alternatives, stands_within
from domain.bookings import check_new
from domain.errors import Refusal
from domain.periods import Period
from domain.rules import Closure, Rules, bookable_periods
from live.days import Timeline
from live.source import Source
from sql import facilities
from sql.facilities import FacilityRow
from sql.pool import Connection
from steps.rules import opened
from steps.wanted import Wanted, is_taken, others

REACHES = (timedelta(hours=6), timedelta(days=1), timedelta(days=7))
"""How far to either side of the wanted time alternatives are looked for: near it first, and
further only if there are not enough."""

ELSEWHERE = 5
_JUDGED_AT_ONCE = 16
_JUDGED_FIRST = 50
_JUDGED = 500
"""How many other facilities are told of, and how many are looked at to find them."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Free periods of the wanted length at the facility, and facilities that are free then.

    Those that suit best come first.
    """

    periods: Sequence[Period]
    facilities: Sequence[FacilityRow]


@dataclass(slots=True)
class _Grounds:
    """What advice rests on, besides the moment that it is given at.

    ``times`` are the times that matter, by facility; ``rules`` those that look at the clock, each
    of a time; ``decisions`` are when bookings hold their time no more unless they are decided.
    """

    now: datetime
    times: dict[int, Period] = field(default_factory=dict)
    rules: dict[tuple[Period, timedelta, timedelta], Rules] = field(default_factory=dict)
    decisions: list[datetime] = field(default_factory=list)

    def add(self, timeline: Timeline, period: Period) -> None:
        """What happens at a facility within a time, by its rules."""
        rules = timeline.facility.rules
        self.times[timeline.row.id] = rules.occupied(period)
        self.rules[period, rules.min_notice, rules.horizon] = rules
        for taken in timeline.taken:
            if taken.decide_by is not None and taken.decide_by > self.now:
                self.decisions.append(taken.decide_by)

    @property
    def stands(self) -> Period | None:
        """The moments, the first aside, at which the same would be found."""
        start, end = self.now - timedelta(days=1), datetime.max.replace(tzinfo=self.now.tzinfo)
        for (period, _, _), rules in self.rules.items():
            stands = stands_within(period, rules, self.now, period.end)
            if stands is None:
                return None
            start, end = max(start, stands.start), min(end, stands.end)
        return Period(start, min([end, *self.decisions]))


async def advice_for(  # noqa: PLR0913, PLR0917 - who wants what, where nothing is free, and when
    conn: Connection | None,
    source: Source,
    wanted: Wanted,
    refused: Sequence[Period],
    caller: Caller,
    now: datetime,
) -> Advice:
    """What the caller could book instead.

    ``refused`` is known to be taken, though what is remembered may not know it yet. Whoever has
    a connection lends it.
    """
    key = _key(wanted, refused, caller)
    found: Advice | None = source.finding(key, now)
    if found is not None:
        return found
    before, grounds = source.present(), _Grounds(now)
    here, periods = await _periods(conn, source, wanted, refused, grounds)
    elsewhere = await _facilities(conn, source, here, wanted, caller, grounds)
    found = Advice(periods, elsewhere)
    stands = grounds.stands
    if stands is not None and wanted.held is None:
        source.keep_finding(key, found, grounds.times, stands, before)
    return found


def _key(wanted: Wanted, refused: Sequence[Period], caller: Caller) -> object:
    """All that advice depends on, besides what is known of facilities and when it is asked."""
    draft = wanted.draft
    powers = caller.is_staff, caller.site_ids, caller.group_ids
    period = draft.start_time, draft.end_time
    return draft.facility_id, *period, draft.attendee_count, tuple(refused), powers, wanted.held


async def _periods(
    conn: Connection | None,
    source: Source,
    wanted: Wanted,
    refused: Sequence[Period],
    grounds: _Grounds,
) -> tuple[FacilityRow, list[Period]]:
    """The facility, and free periods of the same length there that its rules allow.

    What is further from the wanted time than it was looked for is further than what was
    found: once there are enough, they are the nearest.
    """
    period, facility_id, now = wanted.draft.period, wanted.facility.id, grounds.now

    async def within(reach: timedelta) -> tuple[FacilityRow, list[Period]]:
        around = Period(period.start - reach, period.end + reach)
        timeline = (await source.look([facility_id], around, conn))[facility_id]
        grounds.add(timeline, around)
        rules = timeline.facility.rules  # those that what is kept rests on, and not the draft's
        bookable = bookable_periods(rules, _closures(timeline), around, now, opened)
        taken = others(facility_id, timeline.taken, wanted, now)
        busy = [Period(one.start_time, one.end_time) for one in taken]
        slots = free_slots(bookable, [*busy, *refused], rules, period.duration)
        return timeline.row, nearest_alternatives(period, slots, rules)

    row, found = await within(REACHES[0])
    for reach in REACHES[1:]:
        if len(found) < ALTERNATIVES:
            row, found = await within(reach)
    return row, found


async def _facilities(  # noqa: PLR0913, PLR0917 - who wants what instead of where
    conn: Connection | None,
    source: Source,
    here: FacilityRow,
    wanted: Wanted,
    caller: Caller,
    grounds: _Grounds,
) -> list[FacilityRow]:
    """Other facilities that the caller could book at that time, by the judgement of a create.

    Some are looked at, the likeliest first, and more only if too few of those would do.
    """
    period, now = wanted.draft.period, grounds.now
    takers: list[FacilityRow] = []
    judged = {here.id}
    for limit in (_JUDGED_FIRST, _JUDGED):
        found = await _candidates(conn, source, here, wanted.draft.attendee_count, limit)
        for first in range(0, len(found), _JUDGED_AT_ONCE):
            batch = found[first : first + _JUDGED_AT_ONCE]
            some = [row for row in batch if row.id not in judged]
            judged.update(row.id for row in some)
            if wanted.held is None:  # whose own booking may be what holds it
                grounds.times |= {row.id: period for row in some}
                some = source.not_taken(some, period)
            timelines = await source.look([row.id for row in some], period, conn)
            for row in some:
                timeline = timelines[row.id]
                grounds.add(timeline, period)
                if would_take(timeline, wanted, caller, now):
                    takers.append(row)
                    if len(takers) == ELSEWHERE:
                        return takers
        if len(found) < limit:
            break
    return takers


async def _candidates(
    conn: Connection | None, source: Source, here: FacilityRow, attendees: int, limit: int
) -> Sequence[FacilityRow]:
    """Facilities that may do instead, the likeliest first; this one may be among them.

    Asked for by powers of two, so that few lists serve all; who judges them leaves out what
    is too small.
    """
    capacity, min_capacity = (1 << (size.bit_length() - 1) for size in (here.capacity, attendees))
    return await source.page(
        f"instead: {here.site_id} {here.facility_type} {capacity} {min_capacity} {limit}",
        partial(
            facilities.list_candidates,
            site_id=here.site_id,
            facility_type=here.facility_type,
            capacity=capacity,
            min_capacity=min_capacity,
            limit=limit,
        ),
        conn,
    )


def would_take(timeline: Timeline, wanted: Wanted, caller: Caller, now: datetime) -> bool:
    """Whether the caller could book it at that time, rules and other bookings considered."""
    facility, period = timeline.facility, wanted.draft.period
    if is_taken(timeline, wanted, now):
        return False
    # The words of that refusal, which nobody reads, would take longer than all the rest.
    if opened(facility.rules.opening_hours, facility.rules.zone, period) != [period]:
        return False
    closed = [closure for closure in _closures(timeline) if closure.period.overlaps(period)]
    try:
        check_new(wanted.draft, facility, closed, caller, now, opened)
    except Refusal:
        return False
    return True


def _closures(timeline: Timeline) -> list[Closure]:
    return [Closure(Period(start, end), "") for start, end in timeline.closed]
