"""Idempotency-Key: a write that a client may repeat without doing it twice.

The rules are those of the IETF draft "The Idempotency-Key HTTP Header Field":
a key belongs to one user and one operation and lives 24 hours; the same request
again gets the first answer again, success or refusal; another request under the
same key is refused (422); one that comes while the first is being answered is
told so (409). Key and booking are stored by one transaction, so a crash leaves
both or neither.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import orjson
from starlette.responses import Response

from domain.errors import IdempotencyKeyInUse, IdempotencyKeyReused, Refusal
from exchange.request import Request
from sql import idempotency
from sql.pool import Connection

LIFETIME = timedelta(hours=24)

_KEPT_HEADERS = ("content-type", "etag", "location")

Work = Callable[[Connection], Awaitable[Response]]


async def once(request: Request, work: Work) -> Response:
    """Do the work in one transaction; under an Idempotency-Key, once per key."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return await request.write(work)
    return await request.write(lambda conn: _once_per_key(conn, request, _bare(key), work))


async def _once_per_key(conn: Connection, request: Request, key: str, work: Work) -> Response:
    user_id, operation = request.caller.user_id, request.operation_id
    if not await idempotency.try_lock(conn, user_id=user_id, operation=operation, key=key):
        detail = (
            "The first request with this Idempotency-Key is still being answered. Wait a second"
            " and send the same request again to get its answer."
        )
        raise IdempotencyKeyInUse(detail)
    fingerprint = _fingerprint(request)
    stored = await idempotency.find_reply(
        conn, user_id=user_id, operation=operation, key=key, now=request.now()
    )
    if stored is not None:
        if stored.fingerprint != fingerprint:
            detail = (
                "This Idempotency-Key was used within the last 24 hours for a request with another"
                " content. Use a new key for a new request."
            )
            raise IdempotencyKeyReused(detail)
        replayed = {**stored.headers, "Idempotency-Replayed": "true"}
        return Response(stored.body, stored.status, replayed)
    reply = await _reply_or_refusal(conn, request, work)
    await idempotency.store_reply(
        conn,
        user_id=user_id,
        operation=operation,
        key=key,
        fingerprint=fingerprint,
        status=reply.status_code,
        headers={name: reply.headers[name] for name in _KEPT_HEADERS if name in reply.headers},
        body=bytes(reply.body),
        ttl=LIFETIME,
    )
    return reply


async def _reply_or_refusal(conn: Connection, request: Request, work: Work) -> Response:
    """A refusal is an answer too, and is kept; what the work wrote before it is undone."""
    try:
        async with conn.transaction():
            return await work(conn)
    except Refusal as refusal:
        return request.service.render(refusal, request)


def _bare(key: str) -> str:
    """The draft writes keys as quoted strings; most clients send them bare. Both name one key."""
    quoted = len(key) > 2 and key.startswith('"') and key.endswith('"')  # noqa: PLR2004 - two quotes
    return key[1:-1] if quoted else key


def _fingerprint(request: Request) -> bytes:
    """A digest of what the request says, however its JSON is spaced and ordered."""
    content = orjson.dumps(request.body, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).digest()
