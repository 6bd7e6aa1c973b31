"""Links that sign in once. Only the hashes of their secrets come here."""

from dataclasses import dataclass
from datetime import datetime

from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)


@dataclass(frozen=True, slots=True)
class LinkRow:
    """Whom a link signs in."""

    user_id: int


async def delete_links(conn: Connection, *, user_id: int, now: datetime) -> int:
    """Delete the user's links, and all that are too old; how many."""
    return await _QUERIES["delete_links"].exec(conn, {"user_id": user_id, "now": now})


async def insert_link(
    conn: Connection, *, secret_hash: bytes, user_id: int, expires_at: datetime
) -> None:
    """A new link. ``secret_hash`` is the SHA-256 of its secret."""
    parameters = {"secret_hash": secret_hash, "user_id": user_id, "expires_at": expires_at}
    await _QUERIES["insert_link"].exec(conn, parameters)


async def find_link(conn: Connection, *, secret_hash: bytes, now: datetime) -> LinkRow | None:
    """Whom the link signs in; None if it is used up, too old, or of nobody active."""
    parameters = {"secret_hash": secret_hash, "now": now}
    return await _QUERIES["find_link"].one(conn, LinkRow, parameters)


async def use_link(conn: Connection, *, secret_hash: bytes, now: datetime) -> bool:
    """Delete the link; False if somebody else has used it, or it signs nobody in any more."""
    parameters = {"secret_hash": secret_hash, "now": now}
    return await _QUERIES["use_link"].exec(conn, parameters) == 1
