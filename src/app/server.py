"""The ASGI application: Connexion around our dispatcher, our edge around Connexion.

Connexion routes each request to an operation of the contract, authenticates it
and has it validated; the dispatcher awaits the handler that the operationId names.
Connexion's own middlewares for errors, context and replies are left out: the edge
and ready-made responses do their work at a tenth of the cost (docs/adr).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

import connexion
from connexion import ConnexionMiddleware
from connexion.middleware.lifespan import LifespanMiddleware
from connexion.middleware.request_validation import RequestValidationMiddleware
from connexion.middleware.security import SecurityMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.contract import document
from app.edge import Edge
from app.failure import Failure
from app.pages import pages
from app.problems import kind_of, problem_of
from app.routing import StrictRouting, handlers
from app.security import bearer_handler
from app.settings import Settings, load_settings
from app.upkeep import upkeep
from app.validation import BodyValidator, ParameterValidator, TextValidator
from domain.errors import Refusal
from exchange.request import Request, Service
from sql.pool import create_pool


def create_app() -> ASGIApp:
    """The application as uvicorn's ``--factory`` wants it, set up from the environment."""
    return build(load_settings())


def build(settings: Settings) -> ASGIApp:
    """The application with the given settings. Its pool opens with the lifespan."""
    service = _service(settings)

    class BoundedBody(BodyValidator):
        limit = settings.body_limit_bytes

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        await service.pool.open()
        try:
            async with upkeep(service, settings.upkeep_seconds):
                yield
        finally:
            await service.pool.close()

    stack = ConnexionMiddleware(
        Dispatcher(service),
        lifespan=lifespan,
        middlewares=[
            Edge,
            StrictRouting,
            SecurityMiddleware,
            RequestValidationMiddleware,
            LifespanMiddleware,
        ],
        resolver=connexion.Resolver(handlers().__getitem__),
        strict_validation=True,
        uri_parser_class=_NoParser,
        security_map={"bearer": bearer_handler(service)},
        validator_map={
            "parameter": ParameterValidator,
            "body": {"application/json": BoundedBody, "text/csv": TextValidator},
        },
    )
    # As a dict: Connexion renders a file through Jinja first.
    stack.add_api(document())
    return cast("ASGIApp", stack)


def _service(settings: Settings) -> Service:
    if settings.database_url is None:
        message = "DATABASE_URL is not set, and the service itself starts no database."
        raise Failure(message)
    return Service(
        pool=create_pool(
            settings.database_url,
            min_size=settings.pool_min,
            max_size=settings.pool_max,
            timeout=settings.pool_timeout_seconds,
        ),
        horizon=timedelta(days=settings.booking_horizon_days),
        render=_render,
        type_of=lambda refusal: kind_of(refusal).type,
    )


class Dispatcher:
    """Awaits the handler of the operation that Connexion's routing found."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.handlers = handlers()
        self.pages = pages(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the handler's reply, or from the plain pages where no operation matched."""
        extensions = scope["extensions"]
        operation_id = extensions["connexion_routing"]["operation_id"]
        if operation_id is None:
            await self.pages(scope, receive, send)
            return
        exchange = extensions["holdfast"]
        request = Request(
            service=self.service,
            operation_id=operation_id,
            request_id=exchange["request_id"],
            caller=exchange["caller"],
            token_expires_at=exchange["token_expires_at"],
            path=scope["path"],
            params={**scope.get("path_params", {}), **exchange["params"]},
            headers=exchange["headers"],
            body=exchange.get("body"),
        )
        response = await self.handlers[operation_id](request)
        await response(scope, receive, send)


class _NoParser:
    """Connexion makes one per request and lets it parse the query; ours is parsed once."""

    def __init__(self, *_: object, **__: object) -> None:
        """Keep nothing."""


def _render(refusal: Refusal, request: Request) -> Response:
    return problem_of(refusal, request.request_id)
