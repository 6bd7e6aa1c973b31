"""The bookings of the demo: two months of them, around a given day.

Each site's day is drawn by a generator of random numbers that is seeded with
the site and the day alone, so a day looks the same whenever the demo is loaded,
and only what nobody would have booked yet is missing from the days ahead.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from demo.occasions import ROLES
from demo.values import Booking, Facility, Person, Series, Site
from domain.periods import Period, free_within

DAYS_BACK = 30
DAYS_AHEAD = 30

SEED = "holdfast"
CANCELLED_SHARE = 0.06
NOTED_SHARE = 0.8
STAFF_WEIGHT = 0.3
DAY_BEFORE_REST = 0.7
SERIES_LEAD = timedelta(days=42)
LONGEST_LEAD_DAYS = 180.0
USUAL_LEAD_DAYS = 20.0
"""Mean of the exponential distribution of the time from making a booking to its start."""

EARLIEST_HOUR_OF_BOOKING = 7
LATEST_HOUR_OF_BOOKING = 21


@dataclass(frozen=True, slots=True)
class _Slot:
    """A booking of which nobody has said yet whose it is."""

    facility: Facility
    period: Period
    title: str
    note: str | None
    people: int
    organiser: str | None
    is_cancelled: bool
    created_at: datetime


def write_diary(sites: Sequence[Site], people: Sequence[Person], today: date) -> list[Booking]:
    """Every booking that was made before ``today`` began (UTC), in the order of start times.

    No two active ones overlap at one facility, nor any two cancelled ones, and
    nobody is in two places at once. All satisfy the rules of ``domain.bookings``
    as of their own ``created_at``.
    """
    midnight = datetime.combine(today, time(), UTC)
    days = [today + timedelta(days=offset) for offset in range(-DAYS_BACK, DAYS_AHEAD + 1)]
    bookings = [
        booking
        for site in sites
        for day in days
        for booking in _site_day(site, [each for each in people if each.site == site.name], day)
        if booking.created_at < midnight
    ]
    return sorted(bookings, key=lambda each: (each.start_time, each.facility, each.created_at))


def _site_day(site: Site, people: Sequence[Person], day: date) -> Iterator[Booking]:
    rng = Random(f"{SEED}/{site.name}/{day}")  # noqa: S311 - nothing is kept secret with it
    slots = [slot for facility in site.facilities for slot in _slots(site, facility, day, rng)]
    # Who organises a series is bound to it, so those come first.
    slots.sort(key=lambda slot: (slot.organiser is None, slot.period, slot.facility.name))
    engaged: defaultdict[tuple[str, bool], list[Period]] = defaultdict(list)
    for slot in slots:
        at_desk = slot.facility.facility_type == "desk"
        candidates = [
            person
            for person in people
            if slot.organiser in {None, person.username}
            and not any(slot.period.overlaps(other) for other in engaged[person.username, at_desk])
        ]
        if not candidates:
            continue  # Everyone is busy: the facility stays free.
        weights = [STAFF_WEIGHT if person.is_staff else 1.0 for person in candidates]
        (person,) = rng.choices(candidates, weights)
        if not slot.is_cancelled:
            engaged[person.username, at_desk].append(slot.period)
        yield _booking(site, slot, person, rng)


def _booking(site: Site, slot: _Slot, person: Person, rng: Random) -> Booking:
    title = slot.title.format(
        team=person.team, client=rng.choice(site.clients), role=rng.choice(ROLES)
    )
    return Booking(
        site=site.name,
        facility=slot.facility.name,
        username=person.username,
        start_time=slot.period.start,
        end_time=slot.period.end,
        title=title,
        description=slot.note,
        attendee_count=slot.people,
        is_cancelled=slot.is_cancelled,
        created_at=slot.created_at,
    )


def _slots(site: Site, facility: Facility, day: date, rng: Random) -> list[_Slot]:
    """One facility's day: what recurs, and around it whatever else comes up."""
    fixed = [
        _recurring(site, facility, series, day, rng)
        for series in site.series
        if series.facility == facility.name and _falls_on(series, day)
    ]
    fixed.sort(key=lambda slot: slot.period)
    return [*fixed, *_incidental(site, facility, day, [slot.period for slot in fixed], rng)]


def _falls_on(series: Series, day: date) -> bool:
    # Day 1 of the calendar was a Monday, so weeks counted like this begin on Mondays.
    week = (day.toordinal() - 1) // 7
    return series.weekday == day.weekday() and week % series.every_weeks == 0


def _recurring(site: Site, facility: Facility, series: Series, day: date, rng: Random) -> _Slot:
    start = datetime.combine(day, series.start, site.zone).astimezone(UTC)
    return _Slot(
        facility=facility,
        period=Period(start, start + timedelta(minutes=series.minutes)),
        title=series.title,
        note=series.note,
        people=series.people,
        organiser=series.organiser,
        is_cancelled=rng.random() < CANCELLED_SHARE,
        created_at=_waking(site, start - SERIES_LEAD, rng),
    )


def _incidental(
    site: Site, facility: Facility, day: date, taken: Sequence[Period], rng: Random
) -> Iterator[_Slot]:
    """Walk through the day; at each free moment somebody may come, by the hour's demand."""
    rests = day.weekday() in site.rest_days
    hours = facility.rhythm.resting if rests else facility.rhythm.working
    eve = not rests and (day.weekday() + 1) % 7 in site.rest_days
    scale = facility.popularity * (DAY_BEFORE_REST if eve else 1.0)
    opening = _opening(site, hours, day)
    step = timedelta(minutes=facility.rhythm.step_minutes)
    for gap in free_within(opening, taken):
        moment = cancelled_until = gap.start
        while moment < gap.end:
            slot = None
            hour = moment.astimezone(site.zone).hour
            if rng.random() < scale * hours.get(hour, 0.0):
                slot = _drawn(site, facility, moment, rng, may_cancel=moment >= cancelled_until)
            if slot is None or slot.period.end > gap.end:
                moment += step - (moment - opening.start) % step
            elif slot.is_cancelled:
                # What is given back may be taken by somebody else, from the same moment.
                cancelled_until = slot.period.end
                yield slot
            else:
                moment = slot.period.end
                yield slot


def _opening(site: Site, hours: dict[int, float], day: date) -> Period:
    first = datetime.combine(day, time(min(hours)), site.zone)
    last = datetime.combine(day, time(max(hours)), site.zone)
    return Period(first.astimezone(UTC), last.astimezone(UTC) + timedelta(hours=1))


def _drawn(
    site: Site, facility: Facility, start: datetime, rng: Random, *, may_cancel: bool
) -> _Slot | None:
    hour = start.astimezone(site.zone).hour
    fitting = [each for each in facility.occasions if each.hours[0] <= hour <= each.hours[1]]
    if not fitting:
        return None
    occasion = rng.choice(fitting)
    least, most = occasion.people
    lead_days = min(rng.expovariate(1 / USUAL_LEAD_DAYS), LONGEST_LEAD_DAYS)
    lead = timedelta(hours=1, days=lead_days)
    return _Slot(
        facility=facility,
        period=Period(start, start + timedelta(minutes=rng.choice(occasion.minutes))),
        title=occasion.title,
        note=occasion.note if rng.random() < NOTED_SHARE else None,
        people=rng.randint(min(least, facility.capacity), min(most, facility.capacity)),
        organiser=None,
        is_cancelled=may_cancel and rng.random() < CANCELLED_SHARE,
        created_at=_waking(site, start - lead, rng),
    )


def _waking(site: Site, moment: datetime, rng: Random) -> datetime:
    """A moment at or shortly before the given one, when somebody is awake at the site."""
    moment = moment.replace(second=rng.randrange(60), microsecond=0) - timedelta(minutes=1)
    hour = moment.astimezone(site.zone).hour
    if hour < EARLIEST_HOUR_OF_BOOKING:
        return moment - timedelta(hours=EARLIEST_HOUR_OF_BOOKING + 1)
    if hour > LATEST_HOUR_OF_BOOKING:
        return moment - timedelta(hours=24 - LATEST_HOUR_OF_BOOKING)
    return moment
