"""Public holidays as closures of the sites that keep a calendar of them.

A year is written once: what staff remove from it afterwards stays removed. The calendars
are imported where they are asked: they take 17 MB, and most processes ask none.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from domain.errors import HolidayCalendarUnknown
from domain.periods import Period, mark_at_or_after, mark_at_or_before
from sql import closures, sites
from sql.pool import Connection
from sql.sites import SiteRow

_YEARS_AHEAD = 2
_LONGEST_REASON = 255
_NAMED = 40
"""How many parts of a country a refusal names."""


def check_calendar(country: str, subdivision: str | None) -> None:
    """Refuse a country, or a part of one, that the calendar does not know."""
    known = _subdivisions()
    if country not in known:
        detail = (
            f"There is no calendar of public holidays for the country {country}: there are those"
            f" of DE, FR, GB, JP, NP, US and {len(known) - 6} others, by ISO 3166-1 alpha-2."
        )
        raise HolidayCalendarUnknown(detail, "/holiday_calendar/country")
    if subdivision is not None and subdivision not in known[country]:
        named = ", ".join(known[country][:_NAMED]) or "none"
        more = " and others" if len(known[country]) > _NAMED else ""
        detail = f"The calendar of {country} knows no part {subdivision!r}. It knows {named}{more}."
        raise HolidayCalendarUnknown(detail, "/holiday_calendar/subdivision")


async def write_holidays(conn: Connection, site: SiteRow, now: datetime) -> None:
    """Close the site, which is locked, on the holidays of the years that are not written yet.

    These reach to the end of the year after next. Days that are over are left out.
    """
    assert site.holiday_country is not None  # noqa: S101 - only a site with a calendar has them
    zone = ZoneInfo(site.time_zone)
    present = now.astimezone(zone).year
    until = present + _YEARS_AHEAD
    years = range(max(present, (site.holidays_until or 0) + 1), until + 1)
    if not years:
        return
    days = _days(site.holiday_country, site.holiday_subdivision, years)
    await _close_on(conn, site.id, zone, days, now)
    await sites.set_holidays_until(conn, site_id=site.id, year=until)


async def move_holidays(conn: Connection, site: SiteRow, left: ZoneInfo, now: datetime) -> None:
    """Let the holidays still to come, written by the midnights of ``left``, keep the site's own."""
    half_a_day = timedelta(hours=12)
    rows = await closures.delete_holidays(conn, site_id=site.id, now=now)
    days = {(row.start_time + half_a_day).astimezone(left).date(): row.reason for row in rows}
    await _close_on(conn, site.id, ZoneInfo(site.time_zone), days, now)


async def sites_to_refresh(conn: Connection, now: datetime) -> list[int]:
    """The ids of sites of whose holidays a further year has come near."""
    rows = await sites.list_sites_to_refresh(conn, year=now.year + _YEARS_AHEAD)
    return [row.id for row in rows]


async def refresh_holidays(conn: Connection, site_id: int, now: datetime) -> bool:
    """Write each further year of a site's holidays as it comes near; whether there was any.

    In a transaction of its own. A site that somebody is changing is left for the next time.
    """
    year = now.year + _YEARS_AHEAD
    site = await sites.lock_site_to_refresh(conn, site_id=site_id, year=year)
    if site is None:
        return False
    await write_holidays(conn, site, now)
    return True


async def _close_on(
    conn: Connection, site_id: int, zone: ZoneInfo, days: Mapping[date, str], now: datetime
) -> None:
    """Close the site on these days, from its midnight to the next; not those that are over."""
    periods = [(_whole_day(day, zone), days[day]) for day in sorted(days)]
    coming = [(period, reason) for period, reason in periods if period.end > now]
    await closures.insert_holidays(
        conn,
        site_id=site_id,
        start_times=[period.start for period, _ in coming],
        end_times=[period.end for period, _ in coming],
        reasons=[reason[:_LONGEST_REASON] for _, reason in coming],
    )


def _whole_day(day: date, zone: ZoneInfo) -> Period:
    """From the day's midnight to the next, on marks; one that clocks skip is when they skip it."""
    start = datetime.combine(day, time.min, zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(UTC)
    return Period(mark_at_or_before(start), mark_at_or_after(end))


def _days(country: str, subdivision: str | None, years: Iterable[int]) -> dict[date, str]:
    """The public holidays of these years with their names, in English where those are known."""
    import holidays  # noqa: PLC0415 - see the module

    found = holidays.country_holidays(country, subdiv=subdivision, years=years, language="en_US")
    return dict(found.items())


@cache
def _subdivisions() -> dict[str, list[str]]:
    """What the calendar knows: the parts of each country, by its code of two letters."""
    import holidays  # noqa: PLC0415 - see the module

    return holidays.list_supported_countries(include_aliases=False)
