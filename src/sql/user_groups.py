"""Groups of users, and who belongs to them."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from domain.errors import GroupNameTaken, NotFound
from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)


@dataclass(frozen=True, slots=True)
class UserGroupRow:
    """A group of users."""

    id: int
    name: str
    created_at: datetime
    member_count: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A user of a group."""

    id: int
    username: str
    display_name: str | None


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A facility that is open to a group."""

    id: int
    name: str


async def list_user_groups(
    conn: Connection, *, after_name: str | None, after_id: int | None, limit: int
) -> list[UserGroupRow]:
    """Groups in the order of their names, capitals aside, after the one given."""
    parameters = {"after_name": after_name, "after_id": after_id, "limit": limit}
    return await _QUERIES["list_user_groups"].many(conn, UserGroupRow, parameters)


async def get_user_group(conn: Connection, group_id: int) -> UserGroupRow | None:
    """The group with this id."""
    return await _QUERIES["get_user_group"].one(conn, UserGroupRow, {"group_id": group_id})


async def lock_user_group(conn: Connection, group_id: int) -> UserGroupRow | None:
    """The group with this id, held until the commit: nothing can begin to refer to it."""
    return await _QUERIES["lock_user_group"].one(conn, UserGroupRow, {"group_id": group_id})


async def insert_user_group(conn: Connection, *, name: str) -> UserGroupRow:
    """A new group without members.

    :raises GroupNameTaken: if another group has the name, however it is capitalised.
    """
    row = await _QUERIES["insert_user_group"].one(conn, UserGroupRow, {"name": name})
    if row is None:
        raise _name_taken(name)
    return row


async def rename_user_group(conn: Connection, group_id: int, *, name: str) -> None:
    """Give the group another name; the same one again changes nothing.

    :raises GroupNameTaken: if another group has it; the transaction is then lost.
    """
    try:
        await _QUERIES["rename_user_group"].exec(conn, {"group_id": group_id, "name": name})
    except UniqueViolation as error:
        raise _name_taken(name) from error


async def delete_user_group(conn: Connection, group_id: int) -> None:
    """Delete a group that no facility is open to, and with it who belongs to it."""
    await _QUERIES["delete_user_group"].exec(conn, {"group_id": group_id})


async def list_open_to(conn: Connection, *, group_id: int) -> list[OpenRow]:
    """Facilities that are open to the group, the first eleven by name."""
    return await _QUERIES["list_open_to"].many(conn, OpenRow, {"group_id": group_id})


async def list_members(
    conn: Connection,
    *,
    group_id: int,
    after_username: str | None,
    after_id: int | None,
    limit: int,
) -> list[MemberRow]:
    """The users of a group, deactivated ones too, by username, after the one given."""
    parameters = {
        "group_id": group_id,
        "after_username": after_username,
        "after_id": after_id,
        "limit": limit,
    }
    return await _QUERIES["list_members"].many(conn, MemberRow, parameters)


async def add_member(conn: Connection, *, group_id: int, user_id: int) -> None:
    """Make a user a member of a group; a second time changes nothing.

    :raises NotFound: if the group is deleted meanwhile; the transaction is then lost.
    """
    try:
        await _QUERIES["add_member"].exec(conn, {"group_id": group_id, "user_id": user_id})
    except ForeignKeyViolation as error:
        if error.diag.constraint_name != "user_group_members_user_group_id_fkey":
            raise
        detail = "There is no such group any more: it was deleted a moment ago."
        raise NotFound(detail) from error


async def remove_member(conn: Connection, *, group_id: int, user_id: int) -> None:
    """Take a user out of a group; one who is not in it stays out."""
    await _QUERIES["remove_member"].exec(conn, {"group_id": group_id, "user_id": user_id})


def _name_taken(name: str) -> GroupNameTaken:
    detail = (
        f"There is already a group of users named {name!r} (capitals make no difference): choose"
        " another name."
    )
    return GroupNameTaken(detail, "/name")
