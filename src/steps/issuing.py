"""New tokens: for whom, what for, and until when."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.names import check_name
from domain.scopes import Scope, granted
from exchange import views
from exchange.request import Request
from exchange.secrets import new_secret
from sql import tokens
from sql.pool import Connection
from wire import replies
from wire.models import CreateTokenRequest

SESSION = timedelta(hours=12)
"""How long a browser's session lasts: for a day's work."""

KEPT_SESSION = timedelta(days=365)
"""How long where the browser is to stay signed in: on one's own device, or beside a door."""

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
    """A new token of the user, with its secret, this once.

    :raises InsufficientScope: if it is to have more than the token that makes it.
    """
    secret = new_secret()
    row = await tokens.insert_token(
        conn,
        user_id=user_id,
        token_hash=secret.hash,
        token_prefix=secret.prefix,
        name=wanted.name.strip(),
        scopes=granted(request.token_scopes, wanted.scopes),
        expires_at=_expiry(request, wanted),
    )
    return views.token_created(row, secret.plain)


async def open_session(  # noqa: PLR0913 - whose, from when to when, and what for
    conn: Connection,
    user_id: int,
    now: datetime,
    *,
    lasts: timedelta,
    scopes: Sequence[Scope],
    until: datetime | None,
    issues_until: datetime | None,
) -> tuple[str, datetime]:
    """A new token for the user's browser: its secret, and when it ends.

    It may be used for these scopes, lasts so long, and ends at ``until`` at the latest; tokens that
    are made in it may last until ``issues_until``. Sessions that are over are removed: they would
    pile up among the user's tokens, one a day.
    """
    await tokens.delete_expired_tokens(conn, user_id=user_id, name=SESSION_NAME, now=now)
    secret, ends = new_secret(), now + lasts
    expires_at = ends if until is None else min(ends, until)
    await tokens.insert_session(
        conn,
        user_id=user_id,
        token_hash=secret.hash,
        token_prefix=secret.prefix,
        name=SESSION_NAME,
        scopes=scopes,
        expires_at=expires_at,
        issues_until=issues_until,
    )
    return secret.plain, expires_at


def _expiry(request: Request, wanted: CreateTokenRequest) -> datetime | None:
    """When a new token ends: as soon as asked, and never after the token that makes it.

    A token that leaks and was to end soon could otherwise make one that never does. A browser's
    session ends every day for the browser's sake: what counts is the token that opened it.
    """
    lifetimes = []
    if wanted.expires_in_days is not None:
        lifetimes.append(timedelta(days=wanted.expires_in_days))
    if wanted.expires_in_seconds is not None:
        lifetimes.append(timedelta(seconds=wanted.expires_in_seconds))
    ends = [request.now() + min(lifetimes)] if lifetimes else []
    if request.token_issues_until is not None:
        ends.append(request.token_issues_until)
    return min(ends, default=None)
