"""Pages that are the same for as long as the process lives, each with its version."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from exchange.request import etag_of, names_version

Page = Callable[[Request], Awaitable[Response]]


def fixed(content: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> Page:
    """A page of this content; 304 to those who have it (RFC 9110, 13.1.2).

    Whoever keeps it asks each time whether it still stands: another version of the service may
    say something else at the same address.
    """
    etag = etag_of(content)
    told = {"ETag": etag, "Cache-Control": "no-cache", **(headers or {})}

    async def page(request: Request) -> Response:
        known = ", ".join(request.headers.getlist("if-none-match"))
        if known and names_version(known, etag):
            return Response(status_code=304, headers=told)
        return Response(content, headers=told, media_type=media_type)

    return page
