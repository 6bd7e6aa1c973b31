"""What lies outside the contract's paths: what explains it, the web client, health, metrics."""

import asyncio
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType

import orjson
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from app import guides
from app.contract import CONTRACT, document
from app.fixed import Page, fixed
from app.markup import GUIDES, HEADERS, PICTURES
from app.metrics import exposition
from app.web import Web
from exchange.request import Service
from sql.pool import reading

ASSETS = Path(__file__).parent / "assets"

MEDIA_TYPES = MappingProxyType(
    {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
)
"""The files of app/assets that are served, by their endings."""


def pages(service: Service) -> Router:
    """The router of all that is no operation; 404 and 405 for the rest."""
    web = Web()

    async def readyz(_: Request) -> Response:
        """The database answers too; a 503 problem otherwise."""
        async with reading(service.pool) as conn:
            await conn.execute("SELECT 1")
        return JSONResponse({"status": "ready"}, headers={"Cache-Control": "no-store"})

    async def metrics(_: Request) -> Response:
        """In a thread: where several workers count, it reads a file of each."""
        content = await asyncio.to_thread(exposition)
        return Response(content, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return Router(
        [
            *web.routes(),
            Route("/openapi.yaml", fixed(CONTRACT.read_bytes(), "application/yaml")),
            Route("/openapi.json", fixed(orjson.dumps(document()), "application/json")),
            Route("/healthz", fixed(b'{"status":"ok"}', "application/json")),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            *_to_read(),
        ],
        redirect_slashes=False,
        default=partial(_elsewhere, web),
    )


def _to_read() -> list[Route]:
    """The pages for people, each written when it is first asked for."""
    reference, problems = _html(guides.reference), _html(guides.problems)
    return [
        *(Route(path, reference) for path in ("/docs", "/docs/")),
        *(Route(path, problems) for path in ("/problems", "/problems/")),
        *(Route(f"/docs/{name}", _html(guides.guide, name)) for name in GUIDES),
        *(
            Route(f"/problems/{name}", _html(guides.problem, name))
            for name in guides.problem_types()
        ),
        *(
            Route(f"/docs/pictures/{file.name}", _picture(file))
            for file in sorted(PICTURES.glob("*.png"))
        ),
        *(
            Route(f"/docs/assets/{file.relative_to(ASSETS).as_posix()}", _asset(file))
            for file in sorted(ASSETS.rglob("*"))
            if file.suffix in MEDIA_TYPES
        ),
    ]


def _html(write: Callable[..., bytes], *names: str) -> Page:
    return _when_asked(lambda: fixed(write(*names), "text/html", HEADERS))


def _asset(file: Path) -> Page:
    return _when_asked(lambda: fixed(file.read_bytes(), MEDIA_TYPES[file.suffix]))


def _picture(file: Path) -> Page:
    """Read each time: few ask, and all of them together are large."""

    async def page(request: Request) -> Response:
        content = await asyncio.to_thread(file.read_bytes)
        return await fixed(content, "image/png")(request)

    return page


def _when_asked(make: Callable[[], Page]) -> Page:
    made = cache(make)

    async def page(request: Request) -> Response:
        return await made()(request)

    return page


async def _elsewhere(web: Web, scope: Scope, receive: Receive, send: Send) -> None:
    """The page of a problem type, for those who resolve one as RFC 9457 has it; else the client's.

    To the RFC a ``type`` is a reference relative to what was asked for: after
    ``/api/v1/bookings/``, ``booking_conflict`` is ``/api/v1/bookings/booking_conflict``.
    """
    name = scope["path"].rpartition("/")[2]
    if scope["method"] in {"GET", "HEAD"} and name in guides.problem_types():
        await RedirectResponse(f"/problems/{name}", 303)(scope, receive, send)
    elif web.is_for(scope):
        reply = await web.page(Request(scope))
        await reply(scope, receive, send)
    else:
        raise HTTPException(404)
