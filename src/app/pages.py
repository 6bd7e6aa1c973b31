"""What lies outside the contract's paths: the contract itself, health, a signpost."""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from app.contract import CONTRACT, document
from exchange.request import Service
from sql.pool import reading

SIGNPOST = {
    "service": "Holdfast",
    "api": "/api/v1/",
    "contract": ["/openapi.yaml", "/openapi.json"],
    "health": ["/healthz", "/readyz"],
}


def pages(service: Service) -> Router:
    """The router of all that is no operation; 404 and 405 for the rest."""

    async def readyz(_: Request) -> Response:
        """The database answers too; a 503 problem otherwise."""
        async with reading(service.pool) as conn:
            await conn.execute("SELECT 1")
        return JSONResponse({"status": "ready"}, headers={"Cache-Control": "no-store"})

    return Router(
        [
            Route("/", _always(orjson.dumps(SIGNPOST), "application/json")),
            Route("/openapi.yaml", _always(CONTRACT.read_bytes(), "application/yaml")),
            Route("/openapi.json", _always(orjson.dumps(document()), "application/json")),
            Route("/healthz", _always(b'{"status":"ok"}', "application/json")),
            Route("/readyz", readyz),
        ],
        redirect_slashes=False,
    )


def _always(content: bytes, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    """A page that is the same for as long as the process lives."""

    async def page(_: Request) -> Response:
        return Response(content, media_type=media_type)

    return page
