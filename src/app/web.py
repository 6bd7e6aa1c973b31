"""The web client: what ``scripts/run.sh`` has built of ``web/``, served as it lies there.

The page is one and the same for every path of the client, and asked for anew each time; whatever
it loads has a digest in its name and is kept for ever, by browsers and by whoever stands between.
"""

import re
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from app.fixed import Page, fixed
from app.markup import HEADERS, ROOT, framed

DIST = ROOT / "web" / "dist"

PATHS = re.compile(
    r"/(sign-in|mine|(facilities|display)/[1-9][0-9]{0,9}"
    r"|staff(/(bookings|facilities|sites|closures|users|groups|history|analytics)"
    r"|/(facilities|sites|users)/[1-9][0-9]{0,9}|/facilities/new)?)?"
)
"""The client's own pages, as ``web/src/app/pages.ts`` and ``web/src/staff/pages.ts`` have them."""

_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}

_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
}

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}

_NOT_BUILT = """\
<h1>The web client is not built</h1>
<p>The service runs, and its API answers; the pages that people book with are missing. They are made
by <code>scripts/run.sh</code>, which says why it could not, or by <code>npm ci</code> and
<code>npm run build</code> in <code>web/</code>. Start the service again then.</p>
<p><a href="/docs">The reference</a> tries every operation out without them.</p>
"""

_NOWHERE = """\
<h1>There is no such page</h1>
<p>The address may be old, or mistyped. <a href="/docs">The reference</a> is there.</p>
"""


class Web:
    """The built client in a folder, read when the process starts."""

    def __init__(self, dist: Path = DIST) -> None:
        index = dist / "index.html"
        self._index = index.read_bytes() if index.exists() else None
        self._page = fixed(self._index, "text/html", _HEADERS) if self._index else _not_built
        self._files = {
            f"/{file.relative_to(dist).as_posix()}": _file(file, dist)
            for file in sorted(dist.rglob("*"))
            if file.suffix in _MEDIA_TYPES
        }

    def routes(self) -> list[Route]:
        """The root, and every file."""
        return [
            Route("/", self.page),
            *(Route(path, page) for path, page in self._files.items()),
        ]

    def is_for(self, scope: Scope) -> bool:
        """Whether a path that nothing else is at is for the client to show, or to say is none."""
        path: str = scope["path"]
        if scope["method"] not in {"GET", "HEAD"} or path.startswith("/api/"):
            return False
        return PATHS.fullmatch(path) is not None or _takes_html(scope)

    async def page(self, request: Request) -> Response:
        """The client; with status 404 where it has no such page, which it says itself."""
        if PATHS.fullmatch(request.url.path) is not None:
            return await self._page(request)
        # Programs get a problem here, and nobody is to keep either for the other.
        headers = {**_HEADERS, "Cache-Control": "no-store", "Vary": "Accept"}
        content = self._index or framed("There is no such page", _NOWHERE, kind="text")
        return Response(content, HTTPStatus.NOT_FOUND, headers, "text/html")


async def _not_built(_: Request) -> Response:
    """503: there is nothing to show, until somebody builds it."""
    content = framed("The web client is not built", _NOT_BUILT, kind="text")
    return Response(content, 503, HEADERS, "text/html")


def _file(file: Path, dist: Path) -> Page:
    is_hashed = file.is_relative_to(dist / "assets")
    headers = _FOR_EVER if is_hashed else {}
    return fixed(file.read_bytes(), _MEDIA_TYPES[file.suffix], headers)


def _takes_html(scope: Scope) -> bool:
    """Whether it is a browser that goes to a page: programs do not name HTML."""
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
