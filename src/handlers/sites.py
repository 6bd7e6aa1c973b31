"""Sites: where facilities are, when they are open, and whose public holidays close them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from domain.errors import NotFound
from domain.names import check_name, check_time_zone
from exchange import views
from exchange.hours import stored_hours
from exchange.paging import after_name, limit_of, page_reply
from exchange.request import Request, dump, resource_reply
from sql import closures, facilities, sites
from sql.pool import Connection, reading
from sql.sites import SiteRow
from steps.affected import Standing, outside_rules, standing, update_reply
from steps.holidays import check_calendar, move_holidays, write_holidays
from steps.trial import tried_or_done
from steps.zones import time_zones
from wire.models import CreateSiteRequest

_OF_THE_SITE = {"opening_hours"}
"""What staff of the site may change; the rest is for staff of the house."""

_MOST_FACILITIES = 100_000


async def sites_list(request: Request) -> Response:
    """All sites, in the order of their names."""
    name, row_id = after_name(request)
    async with reading(request.pool) as conn:
        rows = await sites.list_sites(
            conn, after_name=name, after_id=row_id, limit=limit_of(request) + 1
        )
    return page_reply(request, rows, views.site_detail, lambda row: (row.name, row.id))


async def sites_retrieve(request: Request) -> Response:
    """One site."""
    async with reading(request.pool) as conn:
        row = _found(await sites.get_site(conn, request.param("id")))
    return resource_reply(request, views.site_detail(row))


async def sites_create(request: Request) -> Response:
    """Add a site."""
    request.require_staff()
    body = request.read(CreateSiteRequest)
    check_name(body.name)
    check_time_zone(body.time_zone, time_zones())
    row = await request.write(
        lambda conn: sites.insert_site(conn, name=body.name.strip(), time_zone=body.time_zone)
    )
    location = {"Location": f"{request.path}{row.id}/"}
    return resource_reply(request, views.site_detail(row), 201, location)


async def sites_update(request: Request) -> Response:
    """Change what is given; the rest stays. Bookings that exist are not touched, but told of."""
    request.require_staff_somewhere()
    changes = request.body
    if "name" in changes:
        check_name(changes["name"])
    if "time_zone" in changes:
        check_time_zone(changes["time_zone"], time_zones())
    if changes.get("holiday_calendar") is not None:
        calendar = changes["holiday_calendar"]
        check_calendar(calendar["country"], calendar.get("subdivision"))
    hours = stored_hours(changes.get("opening_hours"))

    async def change(conn: Connection) -> tuple[SiteRow, bytes, Standing]:
        row = _found(await sites.lock_site(conn, request.param("id")))
        _check_may_change(request, row, changes)
        present = dump(views.site_detail(row))
        request.check_if_match(present)
        # Before any booking is looked at: see closures._lock_scope.
        await facilities.lock_facilities_in_scope(conn, facility_id=None, site_id=row.id)
        wanted = _changed(row, changes, hours)
        made = await _store(conn, row, wanted, request.now())
        return made, present, await standing(conn, request, await _facilities(conn, row, made))

    made, present, ruled = await tried_or_done(request, change)
    outside = await outside_rules(request, ruled)
    return update_reply(request, views.site_detail(made), present, outside)


def _changed(row: SiteRow, changes: Mapping[str, Any], hours: str | None) -> SiteRow:
    """The site as it is to be; of another calendar no year is written yet."""
    wanted = replace(
        row,
        name=changes.get("name", row.name).strip(),
        time_zone=changes.get("time_zone", row.time_zone),
        opening_hours=hours if "opening_hours" in changes else row.opening_hours,
    )
    if "holiday_calendar" in changes:
        calendar = changes["holiday_calendar"] or {}
        wanted = replace(
            wanted,
            holiday_country=calendar.get("country"),
            holiday_subdivision=calendar.get("subdivision"),
        )
    return wanted if _calendar(wanted) == _calendar(row) else replace(wanted, holidays_until=None)


async def _store(conn: Connection, row: SiteRow, wanted: SiteRow, now: datetime) -> SiteRow:
    """The site as it is to be, and its holidays as its calendar and its midnights have them."""
    changes_calendar = _calendar(wanted) != _calendar(row)
    if changes_calendar:
        await closures.delete_holidays(conn, site_id=row.id, now=now)
    made = await sites.update_site(
        conn,
        row.id,
        name=wanted.name,
        time_zone=wanted.time_zone,
        opening_hours=wanted.opening_hours,
        holiday_country=wanted.holiday_country,
        holiday_subdivision=wanted.holiday_subdivision,
        holidays_until=wanted.holidays_until,
    )
    if made.holiday_country is not None and changes_calendar:
        await write_holidays(conn, made, now)
    elif made.holiday_country is not None and made.time_zone != row.time_zone:
        await move_holidays(conn, made, ZoneInfo(row.time_zone), now)
    return made


async def _facilities(conn: Connection, row: SiteRow, made: SiteRow) -> list[int]:
    """The facilities that the change concerns: all, if holidays change, or those without hours."""
    closes_otherwise = _calendar(made) != _calendar(row) or (
        made.holiday_country is not None and made.time_zone != row.time_zone
    )
    if made.opening_hours == row.opening_hours and not closes_otherwise:
        return []
    rows = await facilities.list_facilities(
        conn,
        facility_id=None,
        search=None,
        site_id=row.id,
        min_capacity=None,
        amenities=None,
        facility_type=None,
        status="active",
        after_name=None,
        after_id=None,
        limit=_MOST_FACILITIES,
    )
    return [each.id for each in rows if closes_otherwise or each.opening_hours is None]


def _calendar(row: SiteRow) -> tuple[str | None, str | None]:
    return row.holiday_country, row.holiday_subdivision


def _check_may_change(request: Request, row: SiteRow, changes: Mapping[str, Any]) -> None:
    if not request.caller.governs(row.id) or not changes.keys() <= _OF_THE_SITE:
        request.require_staff()


def _found(row: SiteRow | None) -> SiteRow:
    if row is None:
        detail = "There is no such site: sites_list shows those there are."
        raise NotFound(detail)
    return row
