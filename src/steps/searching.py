"""A search for free time: what is asked, what is known, and what is told of each facility.

It is answered from what the process remembers while that may be used, and else from the
database; either way the same functions judge the same facts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.access import Caller, may_book
from domain.availability import Availability, free_slots, looks, stands_within
from domain.bookings import Facility, standing_refusal
from domain.errors import Refusal
from domain.periods import MARK, Period, mark_at_or_before
from domain.rules import LONGEST_BUFFER, Closure, bookable_periods
from exchange import views
from exchange.paging import after_name, limit_of
from exchange.request import Request, dump
from live.days import Day, Timeline
from live.source import Source
from sql import facilities
from sql.facilities import FacilityRow
from sql.pool import Connection
from steps.rules import opened
from wire import replies

_OF_PAGE = (
    "facility_id",
    "search",
    "site_id",
    "min_capacity",
    "amenities",
    "facility_type",
    "cursor",
    "limit",
)
"""The parameters that decide which facilities a search lists."""

_FURTHEST = timedelta(days=3650)
"""Further ahead than any facility takes bookings."""

_AFTER_FACILITY = b',"available_slots":'
"""What follows where an answer has said what is so of the facility at any time.

Quotation marks within a string are escaped: it is found nowhere else.
"""


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked of each facility; ``duration`` is None for the shortest each allows."""

    caller: Caller
    window: Period
    duration: timedelta | None
    now: datetime

    def duration_at(self, facility: Facility) -> timedelta:
        """How long a booking of the facility is to be."""
        return facility.rules.min_duration if self.duration is None else self.duration

    def end_at(self, facility: Facility) -> datetime:
        """Where nothing can be booked any more, as far ahead as bookings are taken."""
        return self.now + facility.rules.horizon

    def slots(self, timeline: Timeline, within: Period) -> list[Period]:
        """The free slots of a facility within a part of the time that its timeline covers."""
        rules = timeline.facility.rules
        closures = [Closure(Period(start, end), "") for start, end in timeline.closed]
        bookable = bookable_periods(rules, closures, within, self.now, opened)
        busy = [
            Period(taken.start_time, taken.end_time)
            for taken in timeline.taken
            if taken.decide_by is None or taken.decide_by > self.now
        ]
        return free_slots(bookable, busy, rules, self.duration_at(timeline.facility))


async def page(request: Request, source: Source) -> Sequence[FacilityRow]:
    """The facilities that a search lists, and one more; archived ones are not listed."""
    params = request.params
    name, row_id = after_name(request)

    async def load(conn: Connection) -> Sequence[FacilityRow]:
        return await facilities.list_facilities(
            conn,
            facility_id=params.get("facility_id"),
            search=params.get("search"),
            site_id=params.get("site_id"),
            min_capacity=params.get("min_capacity"),
            amenities=params.get("amenities"),
            facility_type=params.get("facility_type"),
            status="active",
            after_name=name,
            after_id=row_id,
            limit=limit_of(request) + 1,
        )

    asked = sorted((name, params[name]) for name in _OF_PAGE if name in params)
    key = repr(asked)  # there are lists among the values
    return await source.page(key, load)


async def tell(
    request: Request, source: Source, search: Search, facility_ids: Sequence[int]
) -> dict[int, bytes]:
    """What is told of each of the facilities that exist; nothing of archived ones, as b"".

    What was told before and still stands is told again.
    """
    told = _told_before(source, search, facility_ids)
    missing = [each for each in facility_ids if each not in told]
    if missing:
        seen = _Seen(source)
        timelines = await seen.look(missing, _first_look(search))
        # Whoever looked together with others may find that one of them has judged it all.
        told |= _told_before(source, search, missing)
        timelines = {each: one for each, one in timelines.items() if each not in told}
        answers = await _answers(seen, search, timelines)
        source.missed(len(answers))
        for answer in answers:
            body = told[answer.timeline.row.id] = _told(request, answer)
            _keep(source, search, seen, answer, body)
    return {each: told[each] for each in facility_ids if each in told}


@dataclass(frozen=True, slots=True)
class _Answer:
    timeline: Timeline
    availability: Availability


@dataclass(frozen=True, slots=True)
class _Seen:
    """A source that remembers all that was looked at there, by facility, and how far."""

    source: Source
    looked: dict[int, list[Timeline]] = field(default_factory=dict)
    until: dict[int, datetime] = field(default_factory=dict)

    async def look(self, facility_ids: Sequence[int], period: Period) -> dict[int, Timeline]:
        found = await self.source.look(facility_ids, period)
        for facility_id, timeline in found.items():
            self.looked.setdefault(facility_id, []).append(timeline)
            self.until[facility_id] = period.end
        return found


def _told_before(source: Source, search: Search, facility_ids: Sequence[int]) -> dict[int, bytes]:
    """What was told before of these facilities, where it still stands."""
    told = {}
    for facility_id in facility_ids:
        found = told_before(source, search, facility_id)
        if found:
            told[facility_id] = found
    return told


def told_before(source: Source, search: Search, facility_id: int) -> bytes | None:
    """What was told before of a facility, if it still stands; None or nothing if not."""
    known = source.recall(facility_id)
    if known is None:
        return None
    return source.answer(_key(search, known.facility), known, search.now)


def _first_look(search: Search) -> Period:
    """Where to look before it is known how far ahead the facilities take bookings."""
    furthest = search.now + _FURTHEST
    now = Period(search.now, search.now + MARK)  # where all of the window lies past that
    return next(looks(search.window, search.now, furthest), now)


async def _answers(seen: _Seen, search: Search, timelines: Mapping[int, Timeline]) -> list[_Answer]:
    """When each of these facilities is free; ``timelines`` are of the first look.

    Facilities with no room in the window are looked at further ahead, together, each up
    to its own horizon.
    """
    answers: dict[int, Availability] = {}
    waiting: list[int] = []
    for facility_id, timeline in timelines.items():
        refusal = standing(search, timeline.facility)
        answers[facility_id] = Availability([], None, refusal)
        if refusal is None:
            waiting.append(facility_id)
    ends = {each: search.end_at(timelines[each].facility) for each in waiting}
    until = max(ends.values(), default=search.now)
    for number, look in enumerate(looks(search.window, search.now, until)):
        waiting = [each for each in waiting if look.start < ends[each]]
        if not waiting:
            break
        looked = timelines if number == 0 else await seen.look(waiting, look)
        for facility_id in waiting:
            timeline = looked[facility_id]
            free = search.slots(timeline, search.window) if number == 0 else []
            # Nothing begins sooner than the first free slot of the window, if there is one.
            ahead = free or search.slots(timeline, look)
            if ahead:
                answers[facility_id] = Availability(free, ahead[0].start)
        waiting = [each for each in waiting if answers[each].next_available is None]
    return [_Answer(timelines[each], answer) for each, answer in answers.items()]


def standing(search: Search, facility: Facility) -> Refusal | None:
    """Why the caller can never book the facility for so long."""
    # Told of the first time asked for that can be named: a search may begin anywhere.
    start = mark_at_or_before(min(max(search.window.start, search.now), search.end_at(facility)))
    return standing_refusal(facility, search.caller, start, search.duration_at(facility))


def _told(request: Request, answer: _Answer) -> bytes:
    return dump(_result(request, answer)) if answer.timeline.facility.is_active else b""


def _result(request: Request, answer: _Answer) -> replies.AvailabilityResult:
    row, availability = answer.timeline.row, answer.availability
    result: replies.AvailabilityResult = {
        "facility": views.facility_basic(row),
        "rules": {
            "min_duration_minutes": row.min_duration_minutes,
            "max_duration_minutes": row.max_duration_minutes,
            "start_step_minutes": row.start_step_minutes,
            "requires_approval": row.requires_approval,
        },
        "available_slots": [views.time_slot(period) for period in availability.free],
    }
    if availability.next_available is not None:
        result["next_available"] = availability.next_available
    if availability.refusal is not None:
        result["refusal"] = request.told(availability.refusal)
    return result


def _key(search: Search, facility: Facility) -> object:
    """All that the answer about a facility depends on, besides what is known of it and when."""
    admitted = may_book(search.caller, facility.site_id, facility.open_to)
    start, end = search.window.start.timestamp(), search.window.end.timestamp()
    return facility.id, start, end, search.duration, admitted


def _keep(source: Source, search: Search, seen: _Seen, answer: _Answer, body: bytes) -> None:
    """Remember what was told of a facility for as long as it stands."""
    facility_id = answer.timeline.row.id
    looked = seen.looked[facility_id]
    known = looked[0].known
    days = _days_of(looked)
    if known is None or days is None:
        return  # not remembered, or it changed between two looks
    rules = known.facility.rules
    stands = stands_within(search.window, rules, search.now, seen.until[facility_id])
    if stands is None:
        return
    decided = (
        taken.decide_by
        for timeline in looked
        for taken in timeline.taken
        if taken.decide_by is not None and taken.decide_by > search.now
    )
    stands = Period(stands.start, min(stands.end, min(decided, default=stands.end)))
    common = max(0, body.find(_AFTER_FACILITY))
    # With a free slot in the window, what comes after it plays no part.
    end = search.window.end if answer.availability.free else seen.until[facility_id]
    start = min(max(search.window.start, search.now), end)
    within = Period(start - LONGEST_BUFFER, end + LONGEST_BUFFER)
    key = _key(search, known.facility)
    source.keep_answer(key, known, days, body, stands, common, within)


def _days_of(looked: Sequence[Timeline]) -> dict[int, Day] | None:
    """All days that these looks at a facility rest on; None if it changed between them."""
    days: dict[int, Day] = {}
    for timeline in looked:
        if timeline.known is not looked[0].known:
            return None
        if any(days.setdefault(number, day) is not day for number, day in timeline.days.items()):
            return None
    return days
