"""The session of a browser: a cookie in place of a token that scripts could read."""

from starlette.responses import Response

from domain.errors import TokenInvalid
from exchange.request import Request, json_reply, no_content
from exchange.secrets import hash_of
from exchange.session import forget_cookie, give_cookie, session_detail
from sql import tokens, users
from sql.pool import reading, transaction
from steps.issuing import NO_STORE, open_session
from wire.models import CreateSessionRequest


async def session_create(request: Request) -> Response:
    """A cookie with a new token, for a token: its user is who asks."""
    traded = request.read(CreateSessionRequest).token
    now = request.now()
    async with reading(request.pool) as conn:
        caller = await users.find_caller(conn, hash_of(traded), now)
        user = None if caller is None else await users.get_user(conn, caller.user_id)
    if caller is None or user is None:
        detail = (
            "This token is not valid: it was revoked, has expired, or is not a token of this"
            " service. Get a new one from the staff, or with 'holdfast token create'."
        )
        raise TokenInvalid(detail, "/token")
    async with transaction(request.pool, actor_id=user.id, request_id=request.request_id) as conn:
        secret, expires_at = await open_session(conn, caller, now)
    reply = json_reply(session_detail(user, caller.token_scopes, expires_at), 201, NO_STORE)
    give_cookie(reply, secret, expires_at - now, is_secure=request.is_secure)
    return reply


async def session_delete(request: Request) -> Response:
    """The end of the session that this request's cookie stands for, if it came with one."""
    if request.by_cookie:
        await request.write(
            lambda conn: tokens.delete_token_by_hash(conn, token_hash=request.token_hash)
        )
    reply = no_content()
    forget_cookie(reply, is_secure=request.is_secure)
    return reply
