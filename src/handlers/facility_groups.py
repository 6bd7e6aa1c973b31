"""Groups of facilities that share a quota."""

from starlette.responses import Response

from domain.errors import FacilityUnknown, GroupInUse, NotFound
from domain.names import check_name
from exchange import views_of_people
from exchange.paging import after_name, limit_of, page_reply
from exchange.request import Request, dump, no_content, resource_reply
from sql import facility_groups
from sql.facility_groups import FacilityGroupRow
from sql.pool import Connection, reading


async def facility_groups_list(request: Request) -> Response:
    """All groups, in the order of their names."""
    request.require_staff_somewhere()
    name, row_id = after_name(request)
    async with reading(request.pool) as conn:
        rows = await facility_groups.list_facility_groups(
            conn, after_name=name, after_id=row_id, limit=limit_of(request) + 1
        )
    return page_reply(request, rows, views_of_people.facility_group, lambda row: (row.name, row.id))


async def facility_groups_create(request: Request) -> Response:
    """Add a group with these facilities."""
    request.require_staff()
    name = request.body["name"]
    check_name(name)

    async def add(conn: Connection) -> FacilityGroupRow:
        row = await facility_groups.insert_facility_group(conn, name=name.strip())
        await _fill(conn, row.id, request.body.get("facility_ids", []))
        return _found(await facility_groups.get_facility_group(conn, row.id))

    row = await request.write(add)
    location = {"Location": f"{request.path}{row.id}/"}
    return resource_reply(request, views_of_people.facility_group(row), 201, location)


async def facility_groups_retrieve(request: Request) -> Response:
    """One group."""
    request.require_staff_somewhere()
    async with reading(request.pool) as conn:
        row = _found(await facility_groups.get_facility_group(conn, request.param("id")))
    return resource_reply(request, views_of_people.facility_group(row))


async def facility_groups_update(request: Request) -> Response:
    """Change the name, or which facilities the group has, or both."""
    request.require_staff()
    changes = request.body
    if "name" in changes:
        check_name(changes["name"])

    async def change(conn: Connection) -> FacilityGroupRow:
        row = await _lock(conn, request)
        request.check_if_match(dump(views_of_people.facility_group(row)))
        if "facility_ids" in changes:
            await _fill(conn, row.id, changes["facility_ids"])
        if "name" in changes:
            name = changes["name"].strip()
            await facility_groups.rename_facility_group(conn, row.id, name=name)
        return _found(await facility_groups.get_facility_group(conn, row.id))

    row = await request.write(change)
    return resource_reply(request, views_of_people.facility_group(row))


async def facility_groups_delete(request: Request) -> Response:
    """Delete a group that no quota is for."""
    request.require_staff()

    async def delete(conn: Connection) -> None:
        row = await _lock(conn, request)
        if await facility_groups.has_quota(conn, row.id):
            detail = "There is a quota for this group: delete the quota first."
            raise GroupInUse(detail)
        await facility_groups.delete_facility_group(conn, row.id)

    await request.write(delete)
    return no_content()


async def _fill(conn: Connection, group_id: int, wanted: list[int]) -> None:
    """Let the group have these facilities and no others."""
    rows = await facility_groups.list_known_facilities(conn, facility_ids=wanted)
    known = {row.id for row in rows}
    for index, facility_id in enumerate(wanted):
        if facility_id not in known:
            detail = (
                f"There is no facility {facility_id}: take the ids of those that facilities_list"
                " shows."
            )
            raise FacilityUnknown(detail, f"/facility_ids/{index}")
    await facility_groups.drop_facilities(conn, group_id=group_id, facility_ids=wanted)
    await facility_groups.add_facilities(conn, group_id=group_id, facility_ids=wanted)


async def _lock(conn: Connection, request: Request) -> FacilityGroupRow:
    return _found(await facility_groups.lock_facility_group(conn, request.param("id")))


def _found(row: FacilityGroupRow | None) -> FacilityGroupRow:
    if row is None:
        detail = "There is no such group: facility_groups_list shows those there are."
        raise NotFound(detail)
    return row
