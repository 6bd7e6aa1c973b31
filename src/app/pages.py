"""What lies outside the contract's paths: the contract itself, health, metrics, a signpost."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from app.contract import CONTRACT, document
from app.metrics import exposition
from exchange.request import Service
from sql.pool import reading

SIGNPOST = {
    "service": "Holdfast",
    "api": "/api/v1/",
    "contract": ["/openapi.yaml", "/openapi.json"],
    "health": ["/healthz", "/readyz"],
    "metrics": "/metrics",
}


def pages(service: Service) -> Router:
    """The router of all that is no operation; 404 and 405 for the rest."""

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
            Route("/", _always(orjson.dumps(SIGNPOST), "application/json")),
            Route("/openapi.yaml", _always(CONTRACT.read_bytes(), "application/yaml")),
            Route("/openapi.json", _always(orjson.dumps(document()), "application/json")),
            Route("/healthz", _always(b'{"status":"ok"}', "application/json")),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ],
        redirect_slashes=False,
    )


def _always(content: bytes, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    """A page that is the same for as long as the process lives."""

    async def page(_: Request) -> Response:
        return Response(content, media_type=media_type)

    return page
