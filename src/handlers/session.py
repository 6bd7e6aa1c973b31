"""The session of a browser: a cookie in place of a token that scripts could read."""

from collections.abc import Collection
from datetime import datetime

from starlette.responses import Response

from domain.errors import TokenInvalid
from domain.scopes import SCOPES, Scope, ordered
from exchange.request import Request, json_reply, no_content
from exchange.secrets import hash_of
from exchange.session import forget_cookie, give_cookie, session_detail
from sql import links, tokens, users
from sql.pool import Connection, reading, transaction
from sql.users import UserRow
from steps.issuing import KEPT_SESSION, NO_STORE, SESSION, open_session
from wire.models import CreateSessionRequest


async def session_create(request: Request) -> Response:
    """A cookie with a new token, for a token or a link: its user is who asks."""
    wanted = request.read(CreateSessionRequest)
    secret_hash = hash_of(wanted.token)
    now = request.now()
    async with reading(request.pool) as conn:
        caller = await users.find_caller(conn, secret_hash, now)
        if caller is not None:
            user_id, scopes, until = caller.user_id, caller.token_scopes, caller.token_expires_at
            issues_until = caller.token_issues_until
            lasts = KEPT_SESSION if wanted.keep_signed_in else SESSION
        else:
            link = await links.find_link(conn, secret_hash=secret_hash, now=now)
            if link is None:
                raise _refused()
            user_id, scopes, lasts = link.user_id, list(SCOPES), SESSION
            until = issues_until = None
        user = await _user(conn, user_id)
    async with transaction(request.pool, actor_id=user_id, request_id=request.request_id) as conn:
        if caller is None and not await links.use_link(conn, secret_hash=secret_hash, now=now):
            raise _refused()
        secret, expires_at = await open_session(
            conn,
            user_id,
            now,
            lasts=lasts,
            scopes=scopes,
            until=until,
            issues_until=issues_until,
        )
    return _begun(request, user, scopes, secret, now, expires_at)


async def session_delete(request: Request) -> Response:
    """The end of the session that this request's cookie stands for, if it came with one."""
    if request.by_cookie:
        await request.write(
            lambda conn: tokens.delete_token_by_hash(conn, token_hash=request.token_hash)
        )
    reply = no_content()
    forget_cookie(reply, is_secure=request.is_secure)
    return reply


def _begun(  # noqa: PLR0913, PLR0917 - all that is told of a session
    request: Request,
    user: UserRow,
    scopes: Collection[Scope],
    secret: str,
    now: datetime,
    expires_at: datetime,
) -> Response:
    reply = json_reply(session_detail(user, ordered(scopes), expires_at), 201, NO_STORE)
    give_cookie(reply, secret, expires_at - now, is_secure=request.is_secure)
    return reply


async def _user(conn: Connection, user_id: int) -> UserRow:
    user = await users.get_user(conn, user_id)
    assert user is not None  # noqa: S101 - users are never deleted, and this one has a way in
    return user


def _refused() -> TokenInvalid:
    detail = (
        "This opens nothing: a token that was revoked or has expired, a link that was used"
        " already or is too old, or neither of this service. Get a new one from the staff, or"
        " with 'holdfast link'."
    )
    return TokenInvalid(detail, "/token")
