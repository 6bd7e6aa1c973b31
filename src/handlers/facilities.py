"""Facilities: what can be booked, and how staff keep it."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from starlette.responses import Response

from domain.errors import NotFound, SiteUnknown
from domain.names import check_name, check_time_zone
from handlers import views
from handlers.exchange import Request, dump, no_content, resource_reply
from handlers.paging import after_name, limit_of, page_reply
from sql import facilities, sites
from sql.facilities import FacilityRow
from sql.pool import Connection, reading
from sql.sites import SiteRow
from wire.models import CreateFacilityRequest


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA database, read once."""
    return frozenset(available_timezones())


async def facilities_list(request: Request) -> Response:
    """Facilities that match every filter given, in the order of their names."""
    name, row_id = after_name(request)
    async with reading(request.pool) as conn:
        rows = await facilities.list_facilities(
            conn,
            facility_id=None,
            search=request.param("search"),
            site_id=request.param("site_id"),
            min_capacity=request.param("min_capacity"),
            amenities=request.param("amenities"),
            facility_type=request.param("facility_type"),
            status=request.param("status", "active"),
            after_name=name,
            after_id=row_id,
            limit=limit_of(request) + 1,
        )
    return page_reply(request, rows, views.facility_detail, lambda row: (row.name, row.id))


async def facilities_retrieve(request: Request) -> Response:
    """One facility, archived or not: past bookings still point to it."""
    async with reading(request.pool) as conn:
        row = _found(await facilities.get_facility(conn, request.param("id")))
    return resource_reply(request, views.facility_detail(row))


async def facilities_create(request: Request) -> Response:
    """Add a facility to a site."""
    request.require_staff()
    body = request.read(CreateFacilityRequest)
    check_name(body.name)
    if body.time_zone is not None:
        check_time_zone(body.time_zone, time_zones())

    async def add(conn: Connection) -> FacilityRow:
        site = await _site(conn, body.site_id)
        return await facilities.insert_facility(
            conn,
            site_id=site.id,
            name=body.name.strip(),
            description=body.description,
            facility_type=body.facility_type,
            capacity=body.capacity,
            amenities=_distinct(request.body.get("amenities", [])),
            time_zone=body.time_zone or site.time_zone,
        )

    row = await request.write(add)
    location = {"Location": f"{request.path}{row.id}/"}
    return resource_reply(request, views.facility_detail(row), 201, location)


async def facilities_update(request: Request) -> Response:
    """Change what is given; the rest stays. Bookings that exist are not touched."""
    request.require_staff()
    changes = request.body
    if "name" in changes:
        check_name(changes["name"])
    if "time_zone" in changes:
        check_time_zone(changes["time_zone"], time_zones())

    async def change(conn: Connection) -> FacilityRow:
        row = await _lock(conn, request)
        request.check_if_match(dump(views.facility_detail(row)))
        if "site_id" in changes:
            await _site(conn, changes["site_id"])
        return await _change(conn, row, changes)

    row = await request.write(change)
    return resource_reply(request, views.facility_detail(row))


async def facilities_archive(request: Request) -> Response:
    """Take no more bookings here; a second time changes nothing."""
    request.require_staff()

    async def archive(conn: Connection) -> None:
        row = await _lock(conn, request)
        if row.status != "archived":  # else a repeated request is answered as the first was
            request.check_if_match(dump(views.facility_detail(row)))
            await _change(conn, row, {"status": "archived"})

    await request.write(archive)
    return no_content()


async def _lock(conn: Connection, request: Request) -> FacilityRow:
    """The facility as it stands, held until the commit."""
    rows = await facilities.lock_facilities(conn, [request.param("id")])
    return _found(rows[0] if rows else None)


async def _change(conn: Connection, row: FacilityRow, changes: Mapping[str, Any]) -> FacilityRow:
    return await facilities.update_facility(
        conn,
        row.id,
        site_id=changes.get("site_id", row.site_id),
        name=changes.get("name", row.name).strip(),
        description=changes.get("description", row.description),
        facility_type=changes.get("facility_type", row.facility_type),
        capacity=changes.get("capacity", row.capacity),
        amenities=_distinct(changes.get("amenities", row.amenities)),
        time_zone=changes.get("time_zone", row.time_zone),
        status=changes.get("status", row.status),
    )


def _found(row: FacilityRow | None) -> FacilityRow:
    if row is None:
        detail = "There is no such facility: facilities_list shows those there are."
        raise NotFound(detail)
    return row


async def _site(conn: Connection, site_id: int) -> SiteRow:
    row = await sites.get_site(conn, site_id)
    if row is None:
        detail = f"There is no site {site_id}: take the id of one that sites_list shows."
        raise SiteUnknown(detail, "/site_id")
    return row


def _distinct(amenities: list[str]) -> list[str]:
    """Each amenity once, in order: two lists that say the same are equal."""
    return sorted(set(amenities))
