"""Users: who may call, and what they are called."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from domain.errors import UsernameTaken
from domain.scopes import Scope
from sql.loader import load
from sql.pool import Connection
from sql.search import patterns

_QUERIES = load(__file__)


@dataclass(frozen=True, slots=True)
class CallerRow:
    """Whom a token stands for, and what it may be used for.

    What the token makes ends at ``token_issues_until`` at the latest, which is when it ends
    itself, or, for a browser's session, when that ends which the session was opened with.
    ``site_ids`` are the sites that the user is staff of, ``group_ids`` the groups they belong to.
    """

    user_id: int
    username: str
    is_staff: bool
    token_expires_at: datetime | None
    token_scopes: list[Scope]
    token_issues_until: datetime | None
    site_ids: list[int]
    group_ids: list[int]


class Named(TypedDict):
    """A site or a group, in short."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user; ``deactivated_at`` is None while they are active.

    ``anonymised_at`` is None unless they were forgotten, which is for good.
    ``sites`` are those that they are staff of, ``groups`` those they belong to, by name.
    """

    id: int
    username: str
    display_name: str | None
    is_staff: bool
    created_at: datetime
    deactivated_at: datetime | None
    anonymised_at: datetime | None
    sites: list[Named]
    groups: list[Named]


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A user; ``governs`` says whether they are staff of the house, and active."""

    id: int
    governs: bool


@dataclass(frozen=True, slots=True)
class SiteIdRow:
    """A site that there is."""

    id: int


async def find_caller(conn: Connection, token_hash: bytes, now: datetime) -> CallerRow | None:
    """The active user whose unexpired token has this SHA-256."""
    return await _QUERIES["find_caller"].one(
        conn, CallerRow, {"token_hash": token_hash, "now": now}
    )


async def get_user(conn: Connection, user_id: int) -> UserRow | None:
    """The user with this id, active or not."""
    return await _QUERIES["get_user"].one(conn, UserRow, {"user_id": user_id})


async def find_user_by_username(conn: Connection, username: str) -> UserRow | None:
    """The user of this name, however it is capitalised, active or not."""
    return await _QUERIES["find_user_by_username"].one(conn, UserRow, {"username": username})


async def list_users(
    conn: Connection,
    *,
    search: str | None,
    after_username: str | None,
    after_id: int | None,
    limit: int,
) -> list[UserRow]:
    """Users in the order of their names, capitals aside, after the one given.

    Each word of ``search`` must be part of the user name or the display name.
    """
    parameters = {
        "search": patterns(search),
        "after_username": after_username,
        "after_id": after_id,
        "limit": limit,
    }
    return await _QUERIES["list_users"].many(conn, UserRow, parameters)


async def insert_user(
    conn: Connection, *, username: str, display_name: str | None, is_staff: bool
) -> UserRow:
    """A new user.

    :raises UsernameTaken: if somebody has the name, however it is capitalised.
    """
    parameters = {"username": username, "display_name": display_name, "is_staff": is_staff}
    row = await _QUERIES["insert_user"].one(conn, UserRow, parameters)
    if row is None:
        detail = (
            f"There is already a user named {username!r} (capitals make no difference): choose"
            " another user name."
        )
        raise UsernameTaken(detail, "/username")
    return row


async def lock_staff_and(conn: Connection, user_id: int) -> list[StaffRow]:
    """All active staff of the house and this user, if there is one, held until the commit."""
    return await _QUERIES["lock_staff_and"].many(conn, StaffRow, {"user_id": user_id})


async def update_user(
    conn: Connection,
    user_id: int,
    *,
    display_name: str | None,
    is_staff: bool,
    deactivated_at: datetime | None,
) -> None:
    """Give the user these values; the same ones again change nothing."""
    parameters = {
        "user_id": user_id,
        "display_name": display_name,
        "is_staff": is_staff,
        "deactivated_at": deactivated_at,
    }
    await _QUERIES["update_user"].exec(conn, parameters)


async def deactivate_user(conn: Connection, user_id: int) -> None:
    """Deactivate the user; a second time keeps the first time."""
    await _QUERIES["deactivate_user"].exec(conn, {"user_id": user_id})


async def list_known_sites(conn: Connection, *, site_ids: list[int]) -> list[SiteIdRow]:
    """Those of these ids that sites have, in order."""
    return await _QUERIES["list_known_sites"].many(conn, SiteIdRow, {"site_ids": site_ids})


async def drop_sites(conn: Connection, *, user_id: int, site_ids: list[int]) -> None:
    """Make the user staff of none but these sites."""
    await _QUERIES["drop_sites"].exec(conn, {"user_id": user_id, "site_ids": site_ids})


async def add_sites(conn: Connection, *, user_id: int, site_ids: list[int]) -> None:
    """Make the user staff of these sites too, which must exist."""
    await _QUERIES["add_sites"].exec(conn, {"user_id": user_id, "site_ids": site_ids})
