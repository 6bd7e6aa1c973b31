"""One day of one facility: the periods that somebody would like to hold it for.

A slot lies in the opening hours and keeps the facility's limits and buffers. Of a closure
it knows if it was made before anybody knew of that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from demo.values import Closure, Facility, Occasion, Series, Site
from domain.hours import open_periods
from domain.periods import Period, without
from domain.rules import Rules

CANCELLED_SHARE = 0.06
NOTED_SHARE = 0.8
DAY_BEFORE_REST = 0.7
SERIES_LEAD = timedelta(days=42)
LONGEST_LEAD = timedelta(days=180)
USUAL_LEAD = timedelta(days=20)
"""Mean of the exponential distribution of the time from making a booking to its start."""

SHORTEST_LEAD = timedelta(hours=1)
EARLIEST_HOUR_OF_BOOKING = 7
LATEST_HOUR_OF_BOOKING = 21
_SLEEP = timedelta(hours=9)
"""More than ``_waking`` ever takes off."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A booking of which nobody has said yet whose it is.

    ``given_up`` says whether its user cancelled it, ``second_hand`` whether it takes what
    another gave up; ``closure`` is one that came over it.
    """

    facility: Facility
    period: Period
    title: str
    note: str | None
    people: int
    organiser: str | None
    given_up: bool
    second_hand: bool
    closure: Closure | None
    created_at: datetime

    @property
    def is_welcome(self) -> bool:
        """Whether staff are sure to agree to it: what recurs, and what makes up for a loss."""
        return self.organiser is not None or self.second_hand

    @property
    def at_desk(self) -> bool:
        """Whether it is a desk: one may keep a desk and be elsewhere meanwhile."""
        return self.facility.facility_type == "desk"


@dataclass(frozen=True, slots=True)
class Place:
    """A facility with the rules and the closures that bind it."""

    site: Site
    facility: Facility
    rules: Rules
    closures: Sequence[Closure]

    def closure_of(self, period: Period) -> Closure | None:
        """Of the closures in which any part of the period lies, the one that was known first."""
        met = [closure for closure in self.closures if closure.period.overlaps(period)]
        return min(met, key=lambda closure: closure.created_at, default=None)


def facility_day(place: Place, day: date, rng: Random) -> list[Slot]:
    """One facility's day: what recurs, and around it whatever else comes up."""
    fixed = [
        slot
        for series in place.site.series
        if series.facility == place.facility.name and _falls_on(series, day)
        for slot in [_recurring(place, series, day, rng)]
        if not _known(slot.closure, slot.created_at)
    ]
    fixed.sort(key=lambda slot: slot.period)
    return [*fixed, *_incidental(place, day, [slot.period for slot in fixed], rng)]


def _falls_on(series: Series, day: date) -> bool:
    # Day 1 of the calendar was a Monday, so weeks counted like this begin on Mondays.
    week = (day.toordinal() - 1) // 7
    return series.weekday == day.weekday() and week % series.every_weeks == 0


def _known(closure: Closure | None, moment: datetime) -> bool:
    return closure is not None and closure.created_at <= moment


def _recurring(place: Place, series: Series, day: date, rng: Random) -> Slot:
    start = datetime.combine(day, series.start, place.site.zone).astimezone(UTC)
    period = Period(start, start + timedelta(minutes=series.minutes))
    closure = place.closure_of(period)
    return Slot(
        facility=place.facility,
        period=period,
        title=series.title,
        note=series.note,
        people=series.people,
        organiser=series.organiser,
        given_up=rng.random() < CANCELLED_SHARE and closure is None,
        second_hand=False,
        closure=closure,
        created_at=_waking(place.site, start - SERIES_LEAD, rng),
    )


def _incidental(place: Place, day: date, taken: Sequence[Period], rng: Random) -> Iterator[Slot]:
    """Walk through the day; at each free moment somebody may come, by the hour's demand."""
    facility, rules = place.facility, place.rules
    rests = day.weekday() in place.site.rest_days
    hours = facility.rhythm.resting if rests else facility.rhythm.working
    eve = not rests and (day.weekday() + 1) % 7 in place.site.rest_days
    scale = facility.popularity * (DAY_BEFORE_REST if eve else 1.0)
    wanted = _wanted(place.site, hours, day)
    step = timedelta(minutes=facility.rhythm.step_minutes)
    apart = rules.buffer_before + rules.buffer_after
    opened = open_periods(rules.opening_hours, rules.zone, wanted)
    around = (Period(each.start - apart, each.end + apart) for each in taken)
    for gap in without(opened, around):
        moment = given_up_until = rules.next_step(gap.start)
        while moment < gap.end:
            slot = None
            hour = _hour(place.site, day, moment)
            if rng.random() < scale * hours.get(hour, 0.0):
                slot = _drawn(place, hour, moment, rng, is_new=moment >= given_up_until)
            if slot is None or slot.period.end > gap.end:
                moment = rules.next_step(moment + step - (moment - wanted.start) % step)
                continue
            if slot.given_up:
                # What is given back may be taken by somebody else, from the same moment.
                given_up_until = slot.period.end + apart
            else:
                moment = rules.next_step(slot.period.end + apart)
            yield slot


def _wanted(site: Site, hours: dict[int, float], day: date) -> Period:
    """From the first hour that has a demand to the end of the last, which may be past midnight."""
    first, last = (
        datetime.combine(day + timedelta(days=hour // 24), time(hour % 24), site.zone)
        for hour in (min(hours), max(hours))
    )
    return Period(first.astimezone(UTC), last.astimezone(UTC) + timedelta(hours=1))


def _hour(site: Site, day: date, moment: datetime) -> int:
    """The hour that the site's clock shows, counted on from that day's midnight."""
    local = moment.astimezone(site.zone)
    return local.hour + 24 * (local.date() - day).days


def _drawn(place: Place, hour: int, start: datetime, rng: Random, *, is_new: bool) -> Slot | None:
    """Somebody's wish to begin then; None where nothing fits, or where it is known to be closed.

    One that is not ``is_new`` takes what another gave back: it is not given up again, since
    two cancelled bookings of one time could not both be made before the active ones are.
    """
    facility = place.facility
    fitting = [
        (occasion, lengths)
        for occasion in facility.occasions
        if occasion.hours[0] <= hour <= occasion.hours[1] and (lengths := _lengths(place, occasion))
    ]
    if not fitting:
        return None
    occasion, lengths = rng.choice(fitting)
    least, most = occasion.people
    length = rng.choice(lengths)
    period = Period(start, start + length)
    created_at = _waking(place.site, start - _lead(place.rules, length, rng), rng)
    closure = place.closure_of(period)
    if closure is not None and (_known(closure, created_at) or not is_new):
        return None
    return Slot(
        facility=facility,
        period=period,
        title=occasion.title,
        note=occasion.note if rng.random() < NOTED_SHARE else None,
        people=rng.randint(min(least, facility.capacity), min(most, facility.capacity)),
        organiser=None,
        given_up=closure is None and is_new and rng.random() < CANCELLED_SHARE,
        second_hand=not is_new,
        closure=closure,
        created_at=created_at,
    )


def _lengths(place: Place, occasion: Occasion) -> list[timedelta]:
    lengths = [timedelta(minutes=minutes) for minutes in occasion.minutes]
    return [length for length in lengths if place.rules.allows_length(length)]


def _lead(rules: Rules, length: timedelta, rng: Random) -> timedelta:
    """How long before its start it is booked: after the notice, within the horizon."""
    least = max(SHORTEST_LEAD, rules.min_notice)
    most = min(LONGEST_LEAD, rules.horizon - length - _SLEEP)
    usual = min(USUAL_LEAD, rules.horizon / 3)
    lead = least + rng.expovariate(1.0) * usual
    return lead if lead <= most else least + rng.random() * (most - least)


def _waking(site: Site, moment: datetime, rng: Random) -> datetime:
    """A moment at or shortly before the given one, when somebody is awake at the site."""
    moment = moment.replace(second=rng.randrange(60), microsecond=0) - timedelta(minutes=1)
    hour = moment.astimezone(site.zone).hour
    if hour < EARLIEST_HOUR_OF_BOOKING:
        return moment - timedelta(hours=EARLIEST_HOUR_OF_BOOKING + 1)
    if hour > LATEST_HOUR_OF_BOOKING:
        return moment - timedelta(hours=24 - LATEST_HOUR_OF_BOOKING)
    return moment
