"""Tokens: what users authenticate with. Only their hashes come here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.scopes import Scope
from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token without its secret; ``token_prefix`` is how its owner tells it from others."""

    id: int
    name: str
    token_prefix: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None


async def list_tokens(
    conn: Connection, *, user_id: int, after_id: int | None, limit: int
) -> list[TokenRow]:
    """A user's tokens, expired ones too, oldest first, after the one given."""
    parameters = {"user_id": user_id, "after_id": after_id, "limit": limit}
    return await _QUERIES["list_tokens"].many(conn, TokenRow, parameters)


async def insert_token(  # noqa: PLR0913 - one parameter for each column
    conn: Connection,
    *,
    user_id: int,
    token_hash: bytes,
    token_prefix: str,
    name: str,
    scopes: Sequence[Scope],
    expires_at: datetime | None,
) -> TokenRow:
    """A new token. ``token_hash`` is the SHA-256 of its whole text."""
    parameters = {
        "user_id": user_id,
        "token_hash": token_hash,
        "token_prefix": token_prefix,
        "name": name,
        "scopes": list(scopes),
        "expires_at": expires_at,
    }
    return await _QUERIES["insert_token"].only(conn, TokenRow, parameters)


async def insert_session(  # noqa: PLR0913 - one parameter for each column
    conn: Connection,
    *,
    user_id: int,
    token_hash: bytes,
    token_prefix: str,
    name: str,
    scopes: Sequence[Scope],
    expires_at: datetime,
    issues_until: datetime | None,
) -> None:
    """A new token of a browser's. What it makes ends at ``issues_until``; None is never."""
    parameters = {
        "user_id": user_id,
        "token_hash": token_hash,
        "token_prefix": token_prefix,
        "name": name,
        "scopes": list(scopes),
        "expires_at": expires_at,
        "issues_until": issues_until,
    }
    await _QUERIES["insert_session"].exec(conn, parameters)


async def delete_token(conn: Connection, *, user_id: int, token_id: int) -> bool:
    """Delete the token; False if this user has none with this id."""
    parameters = {"user_id": user_id, "token_id": token_id}
    return await _QUERIES["delete_token"].exec(conn, parameters) == 1


async def delete_token_by_hash(conn: Connection, *, token_hash: bytes) -> bool:
    """Delete the token with this SHA-256; False if there is none."""
    return await _QUERIES["delete_token_by_hash"].exec(conn, {"token_hash": token_hash}) == 1


async def delete_expired_tokens(conn: Connection, *, user_id: int, name: str, now: datetime) -> int:
    """Delete those of a user's tokens with this name that have expired; how many."""
    parameters = {"user_id": user_id, "name": name, "now": now}
    return await _QUERIES["delete_expired_tokens"].exec(conn, parameters)
