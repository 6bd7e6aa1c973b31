"""Answers kept for requests that come again with the same Idempotency-Key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from sql.loader import load
from sql.pool import Connection
from sql.statement import Statement

_QUERIES = load(__file__)


@dataclass(frozen=True, slots=True)
class StoredReply:
    """An answer as it was given; ``fingerprint`` is the SHA-256 of what was asked."""

    fingerprint: bytes
    status: int
    headers: dict[str, str]
    body: bytes


def try_lock(*, user_id: int, operation: str, key: str) -> Statement[bool]:
    """Whether nobody else is answering under this key; until the commit nobody else will."""
    parameters = {"user_id": user_id, "operation": operation, "key": key}
    return Statement(_QUERIES["try_lock"].written(parameters), lambda rows: bool(rows[0][0]))


def find_reply(
    *, user_id: int, operation: str, key: str, now: datetime
) -> Statement[StoredReply | None]:
    """What was answered under this key, unless that has expired. To be asked under its lock."""
    parameters = {"user_id": user_id, "operation": operation, "key": key, "now": now}
    return Statement(
        _QUERIES["find_reply"].written(parameters),
        lambda rows: StoredReply(*rows[0]) if rows else None,
    )


async def forget_replies(conn: Connection, *, user_ids: Sequence[int]) -> int:
    """Forget every answer that these users were given; how many there were."""
    return await _QUERIES["forget_replies"].exec(conn, {"user_ids": list(user_ids)})


async def store_reply(  # noqa: PLR0913 - one parameter for each column
    conn: Connection,
    *,
    user_id: int,
    operation: str,
    key: str,
    fingerprint: bytes,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    ttl: timedelta,
) -> None:
    """Keep an answer for ``ttl``; a few that have expired are removed in passing."""
    parameters = {
        "user_id": user_id,
        "operation": operation,
        "key": key,
        "fingerprint": fingerprint,
        "status": status,
        "headers": Jsonb(dict(headers)),
        "body": body,
        "ttl": ttl,
    }
    await _QUERIES["store_reply"].exec(conn, parameters)
