"""Tokens from the command line: for the first member of staff, for programs, for the demo."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.failure import Failure
from domain.errors import UsernameTaken
from exchange.secrets import new_secret
from sql.pool import Connection, create_pool, transaction
from sql.tokens import delete_token, insert_token, list_tokens
from sql.users import UserRow, find_user_by_username, insert_user

USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
LABEL_LENGTH = 100
PAGE = 200


@dataclass(frozen=True, slots=True)
class TokenOrder:
    """What token is wanted, and whose.

    ``staff``: a user who is made for it is staff; one of long standing is not promoted in
    passing. ``replace``: the user's earlier tokens of this name are revoked.
    """

    username: str
    name: str
    staff: bool = False
    expires_days: int | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token: its secret, which is stored nowhere, and whose it is."""

    secret: str
    user: UserRow
    user_is_new: bool


async def issue_token(dsn: str, order: TokenOrder) -> Issued:
    """Make a token for a user, who is made too if there is none of that name.

    :raises Failure: if the names have no valid form, or the user is deactivated, or is not staff
        and should be.
    """
    _check_names(order.username, order.name)
    async with (
        create_pool(dsn, min_size=1, max_size=1) as pool,
        transaction(pool, actor_id=None, request_id=None) as conn,
    ):
        user, is_new = await _find_or_make(conn, order.username, staff=order.staff)
        if order.replace:
            await _revoke(conn, user.id, order.name)
        secret = new_secret()
        expires_at = None
        if order.expires_days is not None:
            expires_at = datetime.now(UTC) + timedelta(days=order.expires_days)
        await insert_token(
            conn,
            user_id=user.id,
            token_hash=secret.hash,
            token_prefix=secret.prefix,
            name=order.name,
            expires_at=expires_at,
        )
    return Issued(secret.plain, user, is_new)


def _check_names(username: str, name: str) -> None:
    if not USERNAME.fullmatch(username):
        message = (
            f"{username!r} is no username: it has 1 to 100 letters, digits and . _ @ -, and "
            "begins with a letter or a digit."
        )
        raise Failure(message)
    if not name.strip() or len(name) > LABEL_LENGTH:
        message = f"{name!r} is no name for a token: it has 1 to {LABEL_LENGTH} characters."
        raise Failure(message)


async def _find_or_make(conn: Connection, username: str, *, staff: bool) -> tuple[UserRow, bool]:
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
