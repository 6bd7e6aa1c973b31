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
from typing import Any

import orjson
from starlette.responses import Response

from domain.errors import IdempotencyKeyInUse, IdempotencyKeyReused, Refusal
from exchange.request import Request
from sql import idempotency
from sql.idempotency import StoredReply
from sql.pool import Connection

LIFETIME = timedelta(hours=24)

_KEPT_HEADERS = ("content-type", "etag", "link", "location")

Work = Callable[[Connection], Awaitable[Response]]


def has_key(request: Request) -> bool:
    """Whether the request is to be answered once, however often it comes."""
    return "idempotency-key" in request.headers


async def once(request: Request, work: Work) -> Response:
    """Do the work in one transaction, under the request's key: once for each key.

    The work refuses before it writes: a refusal is an answer too, and is committed with the key.
    Whoever has it done tells of what it changed.
    """
    key = _bare(request.headers["idempotency-key"])

    async def answer(conn: Connection, said: list[Any]) -> Response:
        is_ours, stored = said
        if not is_ours:
            detail = (
                "The first request with this Idempotency-Key is still being answered. Wait a"
                " second and send the same request again to get its answer."
            )
            raise IdempotencyKeyInUse(detail)
        if stored is not None:
            return _again(request, stored)
        reply = await _reply_or_refusal(conn, request, work)
        await _keep(conn, request, key, reply)
        return reply

    user_id, operation = request.caller.user_id, request.operation_id
    # The look comes after the lock: whoever held that has told by then what they answered.
    first_of_all = (
        idempotency.try_lock(user_id=user_id, operation=operation, key=key),
        idempotency.find_reply(user_id=user_id, operation=operation, key=key, now=request.now()),
    )
    return await request.write_after(first_of_all, answer, waits=False)


def _again(request: Request, stored: StoredReply) -> Response:
    """The answer that the same request got before."""
    if stored.fingerprint != _fingerprint(request):
        detail = (
            "This Idempotency-Key was used within the last 24 hours for a request with another"
            " content. Use a new key for a new request."
        )
        raise IdempotencyKeyReused(detail)
    replayed = {**stored.headers, "Idempotency-Replayed": "true"}
    return Response(stored.body, stored.status, replayed)


async def _reply_or_refusal(conn: Connection, request: Request, work: Work) -> Response:
    try:
        return await work(conn)
    except Refusal as refusal:
        return request.service.render(refusal, request)


async def _keep(conn: Connection, request: Request, key: str, reply: Response) -> None:
    await idempotency.store_reply(
        conn,
        user_id=request.caller.user_id,
        operation=request.operation_id,
        key=key,
        fingerprint=_fingerprint(request),
        status=reply.status_code,
        headers={name: reply.headers[name] for name in _KEPT_HEADERS if name in reply.headers},
        body=bytes(reply.body),
        ttl=LIFETIME,
    )


def _bare(key: str) -> str:
    """The draft writes keys as quoted strings; most clients send them bare. Both name one key."""
    quoted = len(key) > 2 and key.startswith('"') and key.endswith('"')  # noqa: PLR2004 - two quotes
    return key[1:-1] if quoted else key


def _fingerprint(request: Request) -> bytes:
    """A digest of what the request says, however its JSON is spaced and ordered."""
    content = orjson.dumps(request.body, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).digest()
