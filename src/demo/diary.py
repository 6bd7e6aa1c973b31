"""The bookings of the demo: two months of them, around a given day.

Each site's day is drawn by a generator of random numbers that is seeded with
the site and the day alone, and shared out week by week among its people, as
quotas ask. So a day looks the same whenever the demo is loaded, and only what
nobody would have booked, or decided, yet is missing from the days ahead.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TypeAlias

from demo import desk, house
from demo.closures import closures, public_holidays
from demo.occasions import ROLES
from demo.shares import Shares
from demo.slots import Place, Slot, facility_day
from demo.values import Booking, Closure, Person, Site
from domain.periods import Period
from domain.rules import Rules

DAYS_BACK = 30
DAYS_AHEAD = 30
LONGEST_CLOSURE_DAYS = 3
CLOSURES_AHEAD_DAYS = 60

Engagements: TypeAlias = defaultdict[tuple[str, bool], list[Period]]
"""When somebody is busy elsewhere, and apart from that at a desk."""

SEED = "holdfast"
STAFF_WEIGHT = 0.3
BEHALF_SHARE = 0.04


def write_diary(sites: Sequence[Site], people: Sequence[Person], today: date) -> list[Booking]:
    """Every booking that was made before ``today`` began (UTC), in the order of start times.

    No two active ones overlap at one facility, buffers and all, nor any two cancelled
    ones, and nobody is in two places at once. All satisfy the rules of ``domain.bookings``
    as of their own ``created_at``, and each member keeps every quota.
    """
    midnight = datetime.combine(today, time(), UTC)
    first, last = today - timedelta(days=DAYS_BACK), today + timedelta(days=DAYS_AHEAD)
    # What is shared out by the week is drawn by the week, though its ends are not shown.
    monday = first - timedelta(days=first.weekday())
    days = [monday + timedelta(days=offset) for offset in range((last - monday).days + 1)]
    closed = closures(sites, monday - timedelta(days=LONGEST_CLOSURE_DAYS), last)
    for site in sites:
        # A night's booking may end on the morning after the last day.
        closed += public_holidays(site, monday, last + timedelta(days=1))
    bookings = [
        booking
        for site in sites
        for day, booking in _site_diary(site, people, days, closed, midnight)
        if day >= first and booking.created_at < midnight
    ]
    return sorted(bookings, key=lambda each: (each.start_time, each.facility, each.created_at))


def known_closures(sites: Sequence[Site], today: date) -> list[Closure]:
    """The closures around ``today`` that had been entered before it began (UTC)."""
    first = today - timedelta(days=DAYS_BACK + LONGEST_CLOSURE_DAYS)
    midnight = datetime.combine(today, time(), UTC)
    found = closures(sites, first, today + timedelta(days=CLOSURES_AHEAD_DAYS))
    return [closure for closure in found if closure.created_at < midnight]


def _site_diary(
    site: Site,
    people: Sequence[Person],
    days: Sequence[date],
    closed: Sequence[Closure],
    midnight: datetime,
) -> Iterator[tuple[date, Booking]]:
    places = [
        Place(
            site=site,
            facility=facility,
            rules=house.domain_rules(site, facility.name),
            closures=[
                closure
                for closure in closed
                if closure.facility == facility.name
                or closure.site == site.name
                or not (closure.facility or closure.site)
            ],
        )
        for facility in site.facilities
    ]
    at_home = [each for each in people if each.site == site.name]
    shares = Shares()
    for day in days:
        if day.weekday() == 0:
            shares = Shares()
        for booking in _site_day(places, at_home, day, shares, midnight):
            yield day, booking


def _site_day(
    places: Sequence[Place],
    people: Sequence[Person],
    day: date,
    shares: Shares,
    midnight: datetime,
) -> Iterator[Booking]:
    site = places[0].site
    rng = Random(f"{SEED}/{site.name}/{day}")  # noqa: S311 - nothing is kept secret with it
    rules = {place.facility.name: place.rules for place in places}
    slots = [slot for place in places for slot in facility_day(place, day, rng)]
    # Who organises a series is bound to it, so those come first.
    slots.sort(key=lambda slot: (slot.organiser is None, slot.period, slot.facility.name))
    engaged: Engagements = defaultdict(list)
    for slot in slots:
        candidates = _candidates(slot, people, engaged, shares)
        if not candidates:
            continue  # Everyone is busy: the facility stays free.
        weights = [STAFF_WEIGHT if person.runs_site else 1.0 for person in candidates]
        (person,) = rng.choices(candidates, weights)
        if not slot.given_up:
            engaged[person.username, slot.at_desk].append(slot.period)
            shares.take(person, slot)
        title = slot.title.format(
            team=person.team, client=rng.choice(site.clients), role=rng.choice(ROLES)
        )
        asked = _asked(slot, person, people, rules[slot.facility.name], rng)
        # All that chance says is said by now: what it comes to depends on the day of loading.
        outcome = desk.outcome(slot, asked, midnight)
        if outcome is not None:
            yield _booking(site, slot, title, asked, outcome)


def _candidates(
    slot: Slot, people: Sequence[Person], engaged: Engagements, shares: Shares
) -> list[Person]:
    return [
        person
        for person in people
        if slot.organiser in {None, person.username}
        and house.lets_in(slot.facility.name, person)
        and not any(slot.period.overlaps(each) for each in engaged[person.username, slot.at_desk])
        and shares.allow(person, slot)
    ]


def _asked(
    slot: Slot, person: Person, people: Sequence[Person], rules: Rules, rng: Random
) -> desk.Asked:
    return desk.Asked(
        person=person,
        clerk=rng.choice([each for each in people if each.runs_site]),
        on_behalf=rng.random() < BEHALF_SHARE and not (slot.organiser or person.runs_site),
        luck=desk.Luck(rng.random(), rng.random(), rng.choice(desk.REASONS_TO_CANCEL)),
        rules=rules,
    )


def _booking(
    site: Site, slot: Slot, title: str, asked: desk.Asked, outcome: desk.Outcome
) -> Booking:
    return Booking(
        site=site.name,
        facility=slot.facility.name,
        username=asked.person.username,
        booked_by=asked.clerk.username if asked.on_behalf else None,
        start_time=slot.period.start,
        end_time=slot.period.end,
        title=title,
        description=slot.note,
        attendee_count=slot.people,
        status=outcome.status,
        decide_by=outcome.decide_by,
        cancellation_cause=outcome.cause,
        change_reason=outcome.reason,
        changed_by=outcome.changed_by,
        created_at=slot.created_at,
    )
