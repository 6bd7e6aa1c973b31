"""The cookie of a browser's session, and which requests may come with it.

The cookie goes along with whatever the browser sends here, whoever made it do so. From other
sites it does not (SameSite=Strict); from other pages of the same site, which need not be this
service's, it does. So a change must come from a page of this service, which the browser says
by itself and no page can make it say.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from starlette.responses import Response

from domain.errors import PermissionDenied
from domain.scopes import Scope, ordered
from exchange.views import user_basic
from sql.users import UserRow
from wire import replies

COOKIE = "holdfast_session"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Headers = Iterable[tuple[bytes, bytes]]


def session_detail(
    row: UserRow, scopes: Collection[Scope], expires_at: datetime
) -> replies.SessionDetail:
    """Whose session it is, what it may be used for, and until when."""
    user = user_basic(row.id, row.username, row.display_name)
    return {"user": user, "scopes": ordered(scopes), "expires_at": expires_at}


def give_cookie(reply: Response, secret: str, lifetime: timedelta, *, is_secure: bool) -> None:
    """Have the browser keep the secret for so long, where no script reads it."""
    reply.set_cookie(
        COOKIE,
        secret,
        max_age=int(lifetime.total_seconds()),
        secure=is_secure,
        httponly=True,
        samesite="strict",
    )


def forget_cookie(reply: Response, *, is_secure: bool) -> None:
    """Have the browser forget it."""
    reply.delete_cookie(COOKIE, secure=is_secure, httponly=True, samesite="strict")


def cookie_of(headers: Headers) -> str | None:
    """The secret that a request's cookie holds; None where there is no such cookie."""
    for name, value in headers:
        if name == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                its_name, _, text = pair.strip().partition("=")
                if its_name == COOKIE:
                    return text.strip('"')
    return None


def check_page(method: str, headers: Headers) -> None:
    """Refuse a change that comes with the cookie, unless a page of this service asks for it."""
    if method in _SAFE or _is_own_page(dict(headers)):
        return
    detail = (
        "This came with the session's cookie, but not from a page of this service, as far as"
        " Sec-Fetch-Site and Origin tell. Programs send 'Authorization: Bearer <token>' instead."
    )
    raise PermissionDenied(detail)


def _is_own_page(headers: dict[bytes, bytes]) -> bool:
    """Whether the page is of this very origin. Old browsers, or without TLS, say only Origin."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site == b"same-origin"
    origin, host = headers.get(b"origin"), headers.get(b"host")
    if origin is None or host is None:
        return False
    try:
        return urlsplit(origin.decode("latin-1")).netloc == host.decode("latin-1")
    except ValueError:  # no browser's origin
        return False
