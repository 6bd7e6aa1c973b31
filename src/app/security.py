"""Bearer tokens: Connexion asks this handler for every operation that the contract secures."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from connexion.lifecycle import ConnexionRequest
from connexion.security import AbstractSecurityHandler

from app.problems import AuthenticationRequired
from domain.access import Caller
from exchange.request import Service
from exchange.secrets import hash_of
from sql import users
from sql.pool import reading

_LONGEST_TOKEN = 255


def bearer_handler(service: Service) -> type[AbstractSecurityHandler]:
    """The class that Connexion instantiates for the contract's bearer scheme."""

    class BearerHandler(AbstractSecurityHandler):  # type: ignore[misc]  # Connexion is untyped
        def get_fn(
            self, _scheme: dict[str, Any], _scopes: list[str]
        ) -> Callable[[ConnexionRequest], Awaitable[dict[str, Any]]]:
            return authenticate

    async def authenticate(request: ConnexionRequest) -> dict[str, Any]:
        """Leave the caller in the scope. Connexion wants a dict with a subject back."""
        token = _token(request.scope["headers"])
        async with reading(service.pool) as conn:
            row = await users.find_caller(conn, hash_of(token), datetime.now(UTC))
        if row is None:
            detail = (
                "This token is not valid: it was revoked, has expired, or is not a token of this"
                " service. Get a new one from the staff, or with 'holdfast token create'."
            )
            raise AuthenticationRequired(detail, status=401)
        exchange = request.scope["extensions"]["holdfast"]
        exchange["caller"] = Caller(
            row.user_id,
            row.username,
            row.is_staff,
            frozenset(row.site_ids),
            frozenset(row.group_ids),
        )
        exchange["token_expires_at"] = row.token_expires_at
        return {"sub": row.user_id}

    return BearerHandler


def _token(headers: list[tuple[bytes, bytes]]) -> str:
    given = [value for name, value in headers if name == b"authorization"]
    if len(given) == 1:
        scheme, _, token = given[0].decode("latin-1").partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token and len(token) <= _LONGEST_TOKEN:
            return token
    detail = "This needs an API token: send it as 'Authorization: Bearer <token>'."
    raise AuthenticationRequired(detail, status=401)
