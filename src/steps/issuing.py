"""New tokens: for whom, and until when."""

from datetime import datetime, timedelta

from domain.names import check_name
from exchange import views
from exchange.request import Request
from exchange.secrets import new_secret
from sql import tokens
from sql.pool import Connection
from wire import replies
from wire.models import CreateTokenRequest

SESSION = timedelta(hours=12)
"""How long a browser's session lasts: for a day's work."""

SESSION_NAME = "Browser session"

NO_STORE = {"Cache-Control": "no-store"}
"""What the reply that shows a secret says to caches."""


def wanted_token(request: Request) -> CreateTokenRequest:
    """The token that the body asks for, with a name that is not blank."""
    body = request.read(CreateTokenRequest)
    check_name(body.name)
    return body


async def issue(
    conn: Connection, request: Request, user_id: int, wanted: CreateTokenRequest
) -> replies.TokenCreated:
    """A new token of the user, with its secret, this once."""
    secret = new_secret()
    row = await tokens.insert_token(
        conn,
        user_id=user_id,
        token_hash=secret.hash,
        token_prefix=secret.prefix,
        name=wanted.name.strip(),
        expires_at=_expiry(request, wanted.expires_in_days),
    )
    return views.token_created(row, secret.plain)


async def open_session(
    conn: Connection, user_id: int, now: datetime, until: datetime | None
) -> tuple[str, datetime]:
    """A new token of the user for a browser: its secret, and when it ends.

    ``until`` is when the token ends that it was traded for. Sessions that are over are
    removed: they would pile up among the user's tokens, one a day.
    """
    await tokens.delete_expired_tokens(conn, user_id=user_id, name=SESSION_NAME, now=now)
    secret, ends = new_secret(), now + SESSION
    expires_at = ends if until is None else min(ends, until)
    await tokens.insert_token(
        conn,
        user_id=user_id,
        token_hash=secret.hash,
        token_prefix=secret.prefix,
        name=SESSION_NAME,
        expires_at=expires_at,
    )
    return secret.plain, expires_at


def _expiry(request: Request, days: int | None) -> datetime | None:
    """When a new token ends: as asked, and never after the token that makes it.

    A token that leaks and was to end soon could otherwise make one that never does.
    """
    asked = None if days is None else request.now() + timedelta(days=days)
    bounds = [end for end in (asked, request.token_expires_at) if end is not None]
    return min(bounds, default=None)
