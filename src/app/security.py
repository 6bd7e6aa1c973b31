"""Tokens, from the header or the cookie: asked of every request that the contract secures.

This is the one place where a token's scopes are held against those that the contract names for
the operation.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from connexion.lifecycle import ConnexionRequest
from connexion.middleware.abstract import ROUTING_CONTEXT
from connexion.security import NO_VALUE, AbstractSecurityHandler
from starlette.types import Scope

from app.contract import operations
from app.problems import AuthenticationRequired
from domain.access import Caller
from domain.scopes import check_scopes
from exchange.secrets import hash_of
from exchange.session import check_page, cookie_of
from live.callers import Callers, Known

_LONGEST_TOKEN = 255

_INVALID = (
    "This token is not valid: it was revoked, has expired, or is not a token of this service. Get"
    " a new one from the staff, or with 'holdfast token create'."
)
_NO_SESSION = "This session is over: sign in again (session_create)."

Subject = dict[str, Any]
"""What Connexion wants back of whoever authenticated somebody."""


def bearer_handler(callers: Callers) -> type[AbstractSecurityHandler]:
    """The class that Connexion instantiates for the contract's bearer scheme."""

    class BearerHandler(AbstractSecurityHandler):  # type: ignore[misc]  # Connexion is untyped
        def get_fn(
            self, _scheme: dict[str, Any], _scopes: list[str]
        ) -> Callable[[ConnexionRequest], Subject | Awaitable[Subject]]:
            return authenticate

    def authenticate(request: ConnexionRequest) -> Subject | Awaitable[Subject]:
        scope = request.scope
        token, by_cookie = _token(scope["headers"])
        scope["extensions"]["holdfast"]["by_cookie"] = by_cookie
        return admit(callers, scope, token)

    return BearerHandler


class CookieHandler(AbstractSecurityHandler):  # type: ignore[misc]  # Connexion is untyped
    """The class for the contract's cookie, which has nothing to add.

    Connexion tries one scheme after the other; the first has looked at the cookie too.
    """

    def get_fn(
        self, _scheme: dict[str, Any], _scopes: list[str]
    ) -> Callable[[ConnexionRequest], object]:
        """What Connexion takes for: this scheme was not used."""
        return lambda _: NO_VALUE


def admit(callers: Callers, scope: Scope, token: str) -> Subject | Awaitable[Subject]:
    """Leave the token's caller in the scope.

    AuthenticationRequired if the token is not valid, InsufficientScope if the operation needs a
    scope that it does not have. Whoever is remembered is admitted without waiting.
    """
    token_hash = hash_of(token)
    scope["extensions"]["holdfast"]["token_hash"] = token_hash
    known = callers.remembered(token_hash, datetime.now(UTC))
    if known is not None:
        return _admitted(scope, _routed(scope), known)
    return _asked(callers, scope, token_hash)


def admit_remembered(
    callers: Callers, scope: Scope, operation_id: str, now: datetime
) -> Caller | None:
    """The caller, left in the scope as ever, if their token is remembered.

    :raises AuthenticationRequired: if there is no token.
    :raises Refusal: if a page of another site sent the cookie, or if the operation needs a scope
        that the token does not have.
    """
    exchange = scope["extensions"]["holdfast"]
    token, exchange["by_cookie"] = _token(scope["headers"])
    exchange["token_hash"] = hash_of(token)
    known = callers.remembered(exchange["token_hash"], now)
    if known is None:
        return None
    _admitted(scope, operation_id, known)
    return known.caller


async def _asked(callers: Callers, scope: Scope, token_hash: bytes) -> Subject:
    known = await callers.find(token_hash)
    if known is None:
        by_cookie = scope["extensions"]["holdfast"]["by_cookie"]
        raise AuthenticationRequired(_NO_SESSION if by_cookie else _INVALID, status=401)
    return _admitted(scope, _routed(scope), known)


def _routed(scope: Scope) -> str:
    """The operation that Connexion has found for the request."""
    found: str = scope["extensions"][ROUTING_CONTEXT]["operation_id"]
    return found


def _admitted(scope: Scope, operation_id: str, known: Known) -> Subject:
    exchange = scope["extensions"]["holdfast"]
    if exchange["by_cookie"]:
        check_page(scope["method"], scope["headers"])
    check_scopes(known.scopes, operations()[operation_id].scopes)
    exchange["caller"] = known.caller
    exchange["token_expires_at"] = known.expires_at
    exchange["token_issues_until"] = known.issues_until
    exchange["token_scopes"] = known.scopes
    return {"sub": known.caller.user_id}


def _token(headers: list[tuple[bytes, bytes]]) -> tuple[str, bool]:
    """The token, and whether it is the cookie's, which is looked at where there is no other."""
    given = [value for name, value in headers if name == b"authorization"]
    cookie = None if given else cookie_of(headers)
    if cookie and len(cookie) <= _LONGEST_TOKEN:
        return cookie, True
    if len(given) == 1:
        scheme, _, token = given[0].decode("latin-1").partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token and len(token) <= _LONGEST_TOKEN:
            return token, False
    detail = (
        "This needs an API token: send it as 'Authorization: Bearer <token>'. A browser signs in"
        " (session_create)."
    )
    raise AuthenticationRequired(detail, status=401)
