"""Links that sign a browser in once, in place of a token to copy."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.commands.tokens import check_username, find_or_make
from exchange.secrets import new_secret
from sql.links import delete_links, insert_link
from sql.pool import create_pool, transaction
from sql.users import UserRow


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A new link: its secret, which is stored nowhere, and whom it signs in."""

    secret: str
    user: UserRow
    user_is_new: bool

    def address(self, base: str) -> str:
        """What to open in a browser. What is behind "#" reaches no server, proxy or log."""
        return f"{base}/sign-in#{self.secret}"


async def issue_link(
    dsn: str, username: str, lifetime: timedelta, *, staff: bool = False
) -> IssuedLink:
    """Make a link for a user, who is made too if there is none of that name.

    The user's earlier links end. ``staff``: a user who is made for it is staff.

    :raises Failure: if that is no username, or the user is deactivated, or is not staff and
        should be.
    """
    check_username(username)
    async with (
        create_pool(dsn, min_size=1, max_size=1) as pool,
        transaction(pool, actor_id=None, request_id=None) as conn,
    ):
        user, is_new = await find_or_make(conn, username, staff=staff)
        secret, now = new_secret(), datetime.now(UTC)
        await delete_links(conn, user_id=user.id, now=now)
        await insert_link(conn, secret_hash=secret.hash, user_id=user.id, expires_at=now + lifetime)
    return IssuedLink(secret.plain, user, is_new)
