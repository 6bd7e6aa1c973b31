"""When the demo is closed: by the calendar alone, so that every day knows of the same closures.

A repair, a festival and an upgrade come back at intervals that let any two months
show each of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import holidays

from demo.house import HOLIDAY_CALENDARS
from demo.people import DEMO_STAFF, FOUNDRY, PATAN
from demo.values import Closure, Site
from domain.periods import Period

_FIRST_WEEK, _SECOND_WEEK = range(1, 8), range(8, 15)
_FRIDAY, _SATURDAY = 4, 5
_WEEKS_BETWEEN_REPAIRS = 4


def closures(sites: Sequence[Site], first: date, last: date) -> list[Closure]:
    """The closures that begin on these days, both included, in order."""
    zones = {site.name: site.zone for site in sites}
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    found = [closure for day in days for closure in _on(day, zones)]
    return sorted(found, key=lambda each: (each.period, each.reason))


def public_holidays(site: Site, first: date, last: date) -> list[Closure]:
    """The whole days from the first to the last on which the site's calendar closes it.

    They are known from the start, so nobody books on them. The service
    enters those to come, as soon as it runs.
    """
    if site.name not in HOLIDAY_CALENDARS:
        return []
    country, subdivision = HOLIDAY_CALENDARS[site.name]
    years = range(first.year, last.year + 1)
    calendar = holidays.country_holidays(country, subdiv=subdivision, years=years, language="en_US")
    return [
        Closure(
            period=_between(day, time(0), day + timedelta(days=1), time(0), site.zone),
            reason=name,
            made_by=DEMO_STAFF,
            created_at=datetime.min.replace(tzinfo=UTC),
            site=site.name,
        )
        for day, name in sorted(calendar.items())
        if first <= day <= last
    ]


def _on(day: date, zones: Mapping[str, tzinfo]) -> Iterator[Closure]:
    # Day 1 of the calendar was a Monday, so weeks counted like this begin on Mondays.
    week, weekday = divmod(day.toordinal() - 1, 7)
    if week % _WEEKS_BETWEEN_REPAIRS == 0 and weekday == 1:
        yield Closure(
            period=_between(day, time(9), day + timedelta(days=1), time(18), zones[FOUNDRY]),
            reason="The floor is sanded and oiled, and needs a night to dry.",
            made_by="desmond",
            created_at=_announced(day, 12),
            facility="Glass Court",
        )
    if weekday == _FRIDAY and day.day in _FIRST_WEEK:
        yield Closure(
            period=_between(day, time(13), day + timedelta(days=2), time(0), zones[PATAN]),
            reason="Courtyard festival: the house belongs to the neighbours.",
            made_by="nabin",
            created_at=_announced(day, 35),
            site=PATAN,
        )
    if weekday == _SATURDAY and day.day in _SECOND_WEEK:
        yield Closure(
            period=_between(day, time(15), day, time(18), UTC),
            reason="Doors and booking screens get new software, everywhere at once.",
            made_by=DEMO_STAFF,
            created_at=_announced(day, 21),
        )


def _between(first: date, opens: time, last: date, closes: time, zone: tzinfo) -> Period:
    return Period(
        datetime.combine(first, opens, zone).astimezone(UTC),
        datetime.combine(last, closes, zone).astimezone(UTC),
    )


def _announced(day: date, days_before: int) -> datetime:
    return datetime.combine(day - timedelta(days=days_before), time(8, 40), UTC)
