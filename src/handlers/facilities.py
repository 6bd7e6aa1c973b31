"""Facilities: what can be booked, by whose rules, and how staff keep it."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from domain.access import check_governs
from domain.errors import NotFound, SiteUnknown
from domain.names import check_name, check_time_zone
from exchange import views
from exchange.hours import stored_hours
from exchange.paging import INT8, after_id, after_name, limit_of, page_reply
from exchange.request import Request, dump, no_content, resource_reply
from exchange.views_of_people import facility_history_entry
from sql import audit_log, facilities, sites
from sql.facilities import FacilityRow
from sql.pool import Connection, reading
from sql.sites import SiteRow
from steps.affected import Standing, outside_rules, standing, update_reply
from steps.rules import RULES, check_rule_columns, lock
from steps.trial import tried_or_done
from steps.zones import time_zones
from wire import replies
from wire.models import CreateFacilityRequest

_RULED_BY = {
    "site_id",
    "capacity",
    "time_zone",
    "status",
    "opening_hours",
    "rules",
    "user_group_ids",
}
"""What of a facility decides whether a booking could be made."""


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
        details = await _details(conn, request, rows)
    return page_reply(request, rows, lambda row: details[row.id], lambda row: (row.name, row.id))


async def facilities_retrieve(request: Request) -> Response:
    """One facility, archived or not: past bookings still point to it."""
    async with reading(request.pool) as conn:
        row = _found(await facilities.get_facility(conn, request.param("id")))
        detail = await _detail(conn, request, row)
    return resource_reply(request, detail)


async def facilities_create(request: Request) -> Response:
    """Add a facility to a site."""
    request.require_staff_somewhere()
    body = request.read(CreateFacilityRequest)
    check_name(body.name)
    if body.time_zone is not None:
        check_time_zone(body.time_zone, time_zones())
    hours = stored_hours(request.body.get("opening_hours"))
    rules = request.body.get("rules", {})
    check_rule_columns(rules, request.service.horizon)

    async def add(conn: Connection) -> replies.FacilityDetail:
        site = await _site(conn, body.site_id)
        check_governs(request.caller, site.id)
        row = await facilities.insert_facility(
            conn,
            site_id=site.id,
            name=body.name.strip(),
            description=body.description,
            facility_type=body.facility_type,
            capacity=body.capacity,
            amenities=_distinct(request.body.get("amenities", [])),
            time_zone=body.time_zone or site.time_zone,
            opening_hours=hours,
            **rules,
        )
        await facilities.let_groups_in(
            conn, facility_id=row.id, user_group_ids=request.body.get("user_group_ids", [])
        )
        return await _detail(conn, request, row)

    detail = await request.write(add)
    location = {"Location": f"{request.path}{detail['id']}/"}
    return resource_reply(request, detail, 201, location)


async def facilities_update(request: Request) -> Response:
    """Change what is given; the rest stays. Bookings that exist are not touched, but told of."""
    request.require_staff_somewhere()
    changes = dict(request.body)
    if "name" in changes:
        check_name(changes["name"])
    if "time_zone" in changes:
        check_time_zone(changes["time_zone"], time_zones())
    if "opening_hours" in changes:
        changes["opening_hours"] = stored_hours(changes["opening_hours"])

    async def change(conn: Connection) -> tuple[replies.FacilityDetail, bytes, Standing]:
        # Sites before facilities: see sites.hold_site.
        site_id = changes.get("site_id")
        site = None if site_id is None else await sites.hold_site(conn, site_id)
        row = await _lock(conn, request)
        present = dump(await _detail(conn, request, row))
        request.check_if_match(present)
        if site_id is not None:
            check_governs(request.caller, _known(site, site_id).id)
        made = await _change(conn, request, row, changes)
        concerned = [] if changes.keys().isdisjoint(_RULED_BY) else [row.id]
        ruled = await standing(conn, request, concerned)
        return await _detail(conn, request, made), present, ruled

    detail, present, ruled = await tried_or_done(request, change)
    return update_reply(request, detail, present, await outside_rules(request, ruled))


async def facilities_history_list(request: Request) -> Response:
    """Every change of a facility, oldest first."""
    async with reading(request.pool) as conn:
        row = _found(await facilities.get_facility(conn, request.param("id")))
        check_governs(request.caller, row.site_id)
        rows = await audit_log.list_facility_history(
            conn,
            facility_id=row.id,
            after_id=after_id(request, INT8),
            limit=limit_of(request) + 1,
        )
    return page_reply(request, rows, facility_history_entry, lambda row: (row.id,))


async def facilities_archive(request: Request) -> Response:
    """Take no more bookings here; a second time changes nothing."""
    request.require_staff_somewhere()

    async def archive(conn: Connection) -> None:
        row = await _lock(conn, request)
        if row.status != "archived":  # else a repeated request is answered as the first was
            request.check_if_match(dump(await _detail(conn, request, row)))
            await _change(conn, request, row, {"status": "archived"})

    await request.write(archive)
    return no_content()


async def _lock(conn: Connection, request: Request) -> FacilityRow:
    """The facility as it stands, held until the commit, if the caller governs it."""
    rows = await lock(conn, [request.param("id")])
    row = _found(rows[0] if rows else None)
    check_governs(request.caller, row.site_id)
    return row


async def _change(
    conn: Connection, request: Request, row: FacilityRow, changes: Mapping[str, Any]
) -> FacilityRow:
    """The facility with the changes made."""
    given = changes.get("rules", {})
    rules = {name: given.get(name, getattr(row, name)) for name in RULES}
    if given:
        check_rule_columns(rules, request.service.horizon)
    regrouped = await _regroup(conn, row, changes.get("user_group_ids"))
    await facilities.update_facility(
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
        opening_hours=changes.get("opening_hours", row.opening_hours),
        touched=regrouped,
        **rules,
    )
    return _found(await facilities.get_facility(conn, row.id))


async def _regroup(
    conn: Connection, row: FacilityRow, user_group_ids: Sequence[int] | None
) -> bool:
    """Open the facility to exactly these groups, if any list is given; whether that is a change."""
    if user_group_ids is None:
        return False
    closed = await facilities.keep_other_groups_out(
        conn, facility_id=row.id, user_group_ids=user_group_ids
    )
    opened = await facilities.let_groups_in(conn, facility_id=row.id, user_group_ids=user_group_ids)
    return bool(closed or opened)


async def _detail(conn: Connection, request: Request, row: FacilityRow) -> replies.FacilityDetail:
    return (await _details(conn, request, [row]))[row.id]


async def _details(
    conn: Connection, request: Request, rows: Sequence[FacilityRow]
) -> dict[int, replies.FacilityDetail]:
    """The facilities in full, by their ids."""
    groups: dict[int, list[replies.UserGroupBasic]] = {row.id: [] for row in rows}
    # What a row says of groups may be older than the change at hand: they are asked for anew.
    for group in await facilities.list_groups_let_in(conn, list(groups)):
        groups[group.facility_id].append({"id": group.id, "name": group.name})
    horizon = request.service.horizon
    return {row.id: views.facility_detail(row, groups[row.id], horizon) for row in rows}


def _found(row: FacilityRow | None) -> FacilityRow:
    if row is None:
        detail = "There is no such facility: facilities_list shows those there are."
        raise NotFound(detail)
    return row


async def _site(conn: Connection, site_id: int) -> SiteRow:
    """The site that a facility is to come to, held until the commit."""
    return _known(await sites.hold_site(conn, site_id), site_id)


def _known(row: SiteRow | None, site_id: int) -> SiteRow:
    if row is None:
        detail = f"There is no site {site_id}: take the id of one that sites_list shows."
        raise SiteUnknown(detail, "/site_id")
    return row


def _distinct(amenities: list[str]) -> list[str]:
    """Each amenity once, in order: two lists that say the same are equal."""
    return sorted(set(amenities))
