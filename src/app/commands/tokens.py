"""Tokens from the command line: for the first member of staff, for programs, for the demo."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from app.failure import Failure
from domain.errors import UsernameTaken
from domain.scopes import SCOPES, Scope, ordered
from exchange.secrets import new_secret
from sql.pool import Connection, create_pool, transaction
from sql.tokens import delete_token, insert_token, list_tokens
from sql.users import UserRow, find_user_by_username, insert_user

USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
LABEL_LENGTH = 100
LIFETIME = re.compile(r"([0-9]{1,9})([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LONGEST = timedelta(days=3650)
PAGE = 200


@dataclass(frozen=True, slots=True)
class TokenOrder:
    """What token is wanted, and whose.

    ``staff``: a user who is made for it is staff; one of long standing is not promoted in
    passing. ``scopes``: all there are where none is named. ``expires_days`` and ``expires_in``,
    which is a number and a unit, as in 12h: never, where neither is given. ``replace``: the
    user's earlier tokens of this name are revoked.
    """

    username: str
    name: str
    staff: bool = False
    scopes: Sequence[str] = ()
    expires_days: int | None = None
    expires_in: str | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token: its secret, which is stored nowhere, and whose it is."""

    secret: str
    user: UserRow
    user_is_new: bool


async def issue_token(dsn: str, order: TokenOrder) -> Issued:
    """Make a token for a user, who is made too if there is none of that name.

    :raises Failure: if what is ordered has no valid form, or the user is deactivated, or is not
        staff and should be.
    """
    check_username(order.username)
    _check_name(order.name)
    scopes, lifetime = _scopes(order.scopes), _lifetime(order)
    async with (
        create_pool(dsn, min_size=1, max_size=1) as pool,
        transaction(pool, actor_id=None, request_id=None) as conn,
    ):
        user, is_new = await find_or_make(conn, order.username, staff=order.staff)
        if order.replace:
            await _revoke(conn, user.id, order.name)
        secret = new_secret()
        await insert_token(
            conn,
            user_id=user.id,
            token_hash=secret.hash,
            token_prefix=secret.prefix,
            name=order.name,
            scopes=scopes,
            expires_at=None if lifetime is None else datetime.now(UTC) + lifetime,
        )
    return Issued(secret.plain, user, is_new)


def check_username(username: str) -> None:
    """Refuse what is no username.

    :raises Failure: saying what one is.
    """
    if not USERNAME.fullmatch(username):
        message = (
            f"{username!r} is no username: it has 1 to 100 letters, digits and . _ @ -, and "
            "begins with a letter or a digit."
        )
        raise Failure(message)


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > LABEL_LENGTH:
        message = f"{name!r} is no name for a token: it has 1 to {LABEL_LENGTH} characters."
        raise Failure(message)


def _scopes(names: Sequence[str]) -> Sequence[Scope]:
    """The scopes of these names; all there are, where none is named."""
    for name in names:
        if name not in SCOPES:
            message = f"{name!r} is no scope: a token has one or more of {', '.join(SCOPES)}."
            raise Failure(message)
    return ordered(cast("Sequence[Scope]", names) or SCOPES)


def _lifetime(order: TokenOrder) -> timedelta | None:
    """How long the token works; None is for ever."""
    if order.expires_in is None:
        return None if order.expires_days is None else timedelta(days=order.expires_days)
    if order.expires_days is not None:
        message = "When the token expires is said twice: leave out --expires-days or --expires-in."
        raise Failure(message)
    said = LIFETIME.fullmatch(order.expires_in)
    lifetime = said and timedelta(seconds=int(said[1]) * SECONDS[said[2]])
    if not lifetime or lifetime > LONGEST:
        message = (
            f"{order.expires_in!r} is not how long a token can work: write a number and s, m, h or"
            f" d, as in 45s, 30m, 12h or 90d, from 1s to {LONGEST.days}d."
        )
        raise Failure(message)
    return lifetime


async def find_or_make(conn: Connection, username: str, *, staff: bool) -> tuple[UserRow, bool]:
    """The active user of this name, made if there is none; and whether that was so.

    :raises Failure: if the user is deactivated, or is not staff and should be.
    """
    user = await find_user_by_username(conn, username)
    if user is None:
        try:
            row = await insert_user(conn, username=username, display_name=None, is_staff=staff)
        except UsernameTaken:
            message = f"Another command has just added the user {username}: try again."
            raise Failure(message) from None
        return row, True
    if user.deactivated_at is not None:
        message = f"The user {user.username} is deactivated: a token would open nothing."
        raise Failure(message)
    if staff and not user.is_staff:
        message = (
            f"The user {user.username} is a member, not staff, and a token does not change that: "
            "leave --staff out, or name a new user."
        )
        raise Failure(message)
    return user, False


async def _revoke(conn: Connection, user_id: int, name: str) -> None:
    """Delete the user's tokens of this name."""
    after_id: int | None = None
    while True:
        page = await list_tokens(conn, user_id=user_id, after_id=after_id, limit=PAGE)
        for token in page:
            if token.name == name:
                await delete_token(conn, user_id=user_id, token_id=token.id)
        if len(page) < PAGE:
            return
        after_id = page[-1].id
