"""From the contract's operationIds to the handlers, and how paths are matched."""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib import import_module
from typing import Any

from connexion.middleware.abstract import ROUTING_CONTEXT
from connexion.middleware.routing import RoutingMiddleware
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.contract import operations
from exchange.request import Request

Handler = Callable[[Request], Awaitable[Response]]


@cache
def handlers() -> dict[str, Handler]:
    """The function of each operation: ``handlers.<tag>.<operationId>``.

    Found by name, so that the contract holds no name of this program. A missing
    one raises AttributeError, and so the service does not start without it.
    """
    return {
        operation.id: getattr(import_module(f"handlers.{operation.tag}"), operation.id)
        for operation in operations().values()
    }


class _IdConvertor(Convertor[int]):
    """An id in a path: canonical digits that a BIGINT holds. Anything else names nothing."""

    regex = "[1-9][0-9]{0,15}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


class StrictRouting(RoutingMiddleware):  # type: ignore[misc]  # Connexion is untyped
    """Connexion's routing without two of its surprises, and without its search where none is due.

    A missing slash is no redirect to wherever the Host header points, and ``+1``,
    ``007`` or 5,000 digits are no id. Connexion tries one path's pattern after the
    other; a path without parameters is looked up.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        self.router.redirect_slashes = False
        register_url_convertor("int", _IdConvertor())
        self._plain: dict[tuple[str, str], dict[str, str]] = {}

    def add_api(self, specification: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as Connexion's
        """Add the contract's paths."""
        super().add_api(specification, **kwargs)
        for mount in self.router.routes:
            mount.app.redirect_slashes = False
            for route in mount.app.routes:
                if not route.param_convertors:
                    found = {
                        "api_base_path": mount.path,
                        "operation_id": route.endpoint.operation_id,
                    }
                    for method in route.methods:
                        self._plain.setdefault((method, mount.path + route.path), found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave the operation, if there is one, in the scope as Connexion does."""
        found = self._plain.get((scope["method"], scope["path"])) if _is_http(scope) else None
        if found is None:
            await super().__call__(scope, receive, send)
            return
        scope["path_params"] = {}
        scope["extensions"][ROUTING_CONTEXT] = found
        await self.app(scope, receive, send)


def _is_http(scope: Scope) -> bool:
    return bool(scope["type"] == "http")
