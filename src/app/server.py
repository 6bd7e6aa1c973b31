"""The ASGI application: Connexion around our dispatcher, our edge around Connexion.

Connexion routes each request to an operation of the contract, authenticates it
and has it validated; the dispatcher awaits the handler that the operationId names.
Connexion's own middlewares for errors, context and replies are left out: the edge
and ready-made responses do their work at a tenth of the cost (docs/adr).
"""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

import connexion
from connexion import ConnexionMiddleware
from connexion.middleware.lifespan import LifespanMiddleware
from connexion.middleware.security import SecurityMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.compression import Compression
from app.contract import document, operations
from app.deprecation import announcements
from app.descriptors import allowed, streams_within
from app.edge import Edge
from app.failure import Failure
from app.metrics import observing
from app.pages import pages
from app.problems import kind_of, problem_of
from app.routing import StrictRouting, handlers
from app.security import CookieHandler, bearer_handler
from app.settings import Settings, load_settings
from app.shortcut import Shortcut
from app.turnstile import Turnstile
from app.upkeep import upkeep
from app.validation import (
    BodyValidator,
    ParameterValidator,
    TextValidator,
    Validation,
    checker,
)
from domain.access import NOBODY
from domain.errors import Refusal
from exchange.request import Request, Service
from live.callers import Callers
from live.feed import Feed
from live.hub import Hub, Terms
from live.live import Live
from live.making import make_bookings
from live.refusals import refuse
from live.shared import SharedDays
from live.source import Database
from live.terms import TermsMemory
from live.timelines import Timelines
from live.together import Together
from sql.pool import Pool, connect, create_pool, reading
from sql.users import CallerRow, find_caller
from steps.rules import facility_facts

_WRITE_WEIGHS = 4
"""What a booking weighs beside others, made or refused: see live.together."""

_GC_THRESHOLDS = (10_000, 20, 200)
"""How seldom Python looks for garbage among objects that are new, older and old."""


def create_app() -> ASGIApp:
    """The application as uvicorn's ``--factory`` wants it, set up from the environment."""
    return build(load_settings())


def build(settings: Settings) -> ASGIApp:
    """The application with the given settings. Its pool opens with the lifespan."""
    service = _service(settings)
    shared = service.live.shared
    announcements()  # a contract that announces it wrongly is not served

    class BoundedBody(BodyValidator):
        limit = settings.body_limit_bytes

    class OurShortcut(Shortcut):
        live = service.live

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        await service.pool.open()
        for operation_id in operations():
            checker(operation_id)
        # What is there by now stays. To look through it again and again for garbage would
        # stop everything for 80 ms each time.
        gc.collect()
        gc.freeze()
        # What is remembered is no garbage either, and takes as long to look through.
        gc.set_threshold(*_GC_THRESHOLDS)
        try:
            async with (
                observing(service.pool, service.live.feed),
                service.live.feed.running(),
                shared.running() if shared else nullcontext(),
                upkeep(service, settings.upkeep_seconds),
            ):
                yield
        finally:
            await service.pool.close()

    stack = ConnexionMiddleware(
        Dispatcher(service),
        lifespan=lifespan,
        middlewares=[
            Turnstile,
            Compression,
            Edge,
            OurShortcut,
            StrictRouting,
            SecurityMiddleware,
            Validation,
            LifespanMiddleware,
        ],
        resolver=connexion.Resolver(handlers().__getitem__),
        security_map={
            "bearer": bearer_handler(service.live.callers),
            "apiKey": CookieHandler,
        },
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
    pool = create_pool(
        settings.database_url,
        min_size=settings.pool_min,
        max_size=settings.pool_max,
        timeout=settings.pool_timeout_seconds,
    )
    return Service(
        pool=pool,
        live=_live(settings.database_url, settings, pool),
        horizon=timedelta(days=settings.booking_horizon_days),
        render=_render,
        type_of=lambda refusal: kind_of(refusal).type,
        counts_usage=settings.usage_counts,
    )


def _live(dsn: str, settings: Settings, pool: Pool) -> Live:
    feed = Feed(partial(connect, dsn), settings.feed_seconds)

    async def lookup(token_hash: bytes) -> CallerRow | None:
        async with reading(pool) as conn:
            return await find_caller(conn, token_hash, datetime.now(UTC))

    terms = Terms(
        settings.stream_seconds,
        settings.heartbeat_seconds,
        settings.streams_per_user,
        streams_within(settings, allowed()),
    )
    facts_of = partial(facility_facts, horizon=timedelta(days=settings.booking_horizon_days))
    shared = None
    if settings.redis_url is not None and settings.cache:
        shared = SharedDays(settings.redis_url, lambda: feed.origin)
    timelines = Timelines(Database(pool, facts_of), feed, is_on=settings.cache, shared=shared)
    kept = timedelta(hours=settings.feed_hours)
    return Live(
        feed=feed,
        callers=Callers(feed, lookup),
        streams=Hub(feed, terms),
        timelines=timelines,
        terms=TermsMemory(facts_of),
        bookings=Together(pool, make_bookings, lambda _: _WRITE_WEIGHS),
        refusals=Together(pool, refuse, lambda _: _WRITE_WEIGHS),
        kept=kept,
        shared=shared,
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
            caller=exchange.get("caller", NOBODY),
            token_expires_at=exchange.get("token_expires_at"),
            token_issues_until=exchange.get("token_issues_until"),
            token_scopes=exchange.get("token_scopes", frozenset()),
            path=scope["path"],
            params={**scope.get("path_params", {}), **exchange["params"]},
            headers=exchange["headers"],
            body=exchange.get("body"),
            token_hash=exchange.get("token_hash", b""),
            by_cookie=exchange.get("by_cookie", False),
            is_secure=scope["scheme"] == "https",
        )
        response = await self.handlers[operation_id](request)
        await response(scope, receive, send)


def _render(refusal: Refusal, request: Request) -> Response:
    return problem_of(refusal, request.request_id)
