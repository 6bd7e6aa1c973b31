"""Groups of users, to which facilities can be open."""

from starlette.responses import Response

from domain.errors import GroupInUse, NotFound
from domain.names import check_name
from exchange import views_of_people
from exchange.paging import after_name, limit_of, page_reply
from exchange.request import Request, dump, no_content, resource_reply
from sql import user_groups, users
from sql.pool import Connection, reading
from sql.user_groups import UserGroupRow

_NAMED = 10
"""How many facilities a refusal names at most."""


async def user_groups_list(request: Request) -> Response:
    """All groups, in the order of their names."""
    request.require_staff_somewhere()
    name, row_id = after_name(request)
    async with reading(request.pool) as conn:
        rows = await user_groups.list_user_groups(
            conn, after_name=name, after_id=row_id, limit=limit_of(request) + 1
        )
    return page_reply(request, rows, views_of_people.user_group, lambda row: (row.name, row.id))


async def user_groups_create(request: Request) -> Response:
    """Add a group without members."""
    request.require_staff()
    name = request.body["name"]
    check_name(name)
    row = await request.write(lambda conn: user_groups.insert_user_group(conn, name=name.strip()))
    location = {"Location": f"{request.path}{row.id}/"}
    return resource_reply(request, views_of_people.user_group(row), 201, location)


async def user_groups_retrieve(request: Request) -> Response:
    """One group."""
    request.require_staff_somewhere()
    async with reading(request.pool) as conn:
        row = await _get(conn, request)
    return resource_reply(request, views_of_people.user_group(row))


async def user_groups_update(request: Request) -> Response:
    """Give the group another name."""
    request.require_staff()
    name = request.body["name"]
    check_name(name)

    async def rename(conn: Connection) -> UserGroupRow:
        row = await _lock(conn, request)
        request.check_if_match(dump(views_of_people.user_group(row)))
        await user_groups.rename_user_group(conn, row.id, name=name.strip())
        return await _get(conn, request)

    row = await request.write(rename)
    return resource_reply(request, views_of_people.user_group(row))


async def user_groups_delete(request: Request) -> Response:
    """Delete a group that no facility is open to."""
    request.require_staff()

    async def delete(conn: Connection) -> None:
        row = await _lock(conn, request)
        found = await user_groups.list_open_to(conn, group_id=row.id)
        if found:
            names = ", ".join(facility.name for facility in found[:_NAMED])
            more = " and others" if len(found) > _NAMED else ""
            detail = (
                f"Facilities are open to this group: {names}{more}. Take it from their groups"
                " first."
            )
            raise GroupInUse(detail)
        await user_groups.delete_user_group(conn, row.id)

    await request.write(delete)
    return no_content()


async def user_group_members_list(request: Request) -> Response:
    """The users of a group, by username."""
    request.require_staff_somewhere()
    name, row_id = after_name(request)
    async with reading(request.pool) as conn:
        group = await _get(conn, request)
        rows = await user_groups.list_members(
            conn,
            group_id=group.id,
            after_username=name,
            after_id=row_id,
            limit=limit_of(request) + 1,
        )
    return page_reply(request, rows, views_of_people.member, lambda row: (row.username, row.id))


async def user_group_members_add(request: Request) -> Response:
    """Make a user a member; a second time changes nothing."""
    request.require_staff()

    async def add(conn: Connection) -> None:
        group_id, user_id = await _pair(conn, request)
        await user_groups.add_member(conn, group_id=group_id, user_id=user_id)

    await request.write(add)
    return no_content()


async def user_group_members_remove(request: Request) -> Response:
    """Take a user out; a second time changes nothing."""
    request.require_staff()

    async def remove(conn: Connection) -> None:
        group_id, user_id = await _pair(conn, request)
        await user_groups.remove_member(conn, group_id=group_id, user_id=user_id)

    await request.write(remove)
    return no_content()


async def _pair(conn: Connection, request: Request) -> tuple[int, int]:
    """The group and the user that the path names, both of which there must be."""
    group = await _get(conn, request)
    user_id: int = request.param("user_id")
    if await users.get_user(conn, user_id) is None:
        detail = "There is no such user: users_list shows those there are."
        raise NotFound(detail)
    return group.id, user_id


async def _get(conn: Connection, request: Request) -> UserGroupRow:
    return _found(await user_groups.get_user_group(conn, request.param("id")))


async def _lock(conn: Connection, request: Request) -> UserGroupRow:
    return _found(await user_groups.lock_user_group(conn, request.param("id")))


def _found(row: UserGroupRow | None) -> UserGroupRow:
    if row is None:
        detail = "There is no such group: user_groups_list shows those there are."
        raise NotFound(detail)
    return row
