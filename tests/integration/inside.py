"""The service inside the test's own process, asked without a network: what it does can be seen.

A request is the scope that a server would make of it, and a reply all that was sent, header by
header and byte by byte.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import server
from app.routing import StrictRouting
from app.settings import Settings, load_settings
from domain.scopes import SCOPES
from domain.scopes import Scope as TokenScope
from exchange.secrets import new_secret
from live.live import Live
from sql.pool import Connection, Pool, connect
from sql.tokens import insert_token
from sql.users import insert_user

from .api import unique, wire

Headers = Sequence[tuple[bytes, bytes]]

SEARCH = "/api/v1/availability/search"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it was sent; ``is_routed`` if Connexion was asked for it."""

    status: int
    headers: Headers
    body: bytes
    is_routed: bool

    @property
    def sent(self) -> tuple[int, Headers, bytes]:
        """All that whoever asked can see of it."""
        return self.status, self.headers, self.body

    @property
    def json(self) -> Any:
        """What it says."""
        return orjson.loads(self.body)

    def header(self, name: bytes) -> bytes:
        """The one header of this name."""
        (value,) = [value for its_name, value in self.headers if its_name == name]
        return value


class Inside:
    """The running service. ``live`` is what it remembers, ``routed`` how often it routed."""

    def __init__(self, app: ASGIApp, live: Live, conn: Connection) -> None:
        self.app = app
        self.live = live
        self.conn = conn
        self.routed = 0
        self.staff = b""

    async def ask(
        self,
        query: bytes,
        token: bytes | None,
        *headers: tuple[bytes, bytes],
        method: str = "GET",
        path: str = SEARCH,
        body: bytes = b"",
    ) -> Reply:
        """Send a request; all of them have one id, so that what they are told can be equal."""
        given = [(b"host", b"holdfast.test"), (b"x-request-id", b"the-same"), *headers]
        if token is not None:
            given.append((b"authorization", b"Bearer " + token))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query,
            "headers": given,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        sent: list[Message] = []
        before = self.routed
        bodies = iter([body])

        async def receive() -> Message:
            return {"type": "http.request", "body": next(bodies, b""), "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start, *rest = sent
        content = b"".join(message.get("body", b"") for message in rest)
        return Reply(start["status"], tuple(start["headers"]), content, self.routed > before)

    async def do(self, method: str, path: str, body: object = None, *, token: bytes = b"") -> Any:
        """A change, by the staff unless somebody else; what it made, or None."""
        content = b"" if body is None else orjson.dumps(body)
        headers = [(b"content-length", b"%d" % len(content))]
        if body is not None:
            headers.append((b"content-type", b"application/json"))
        reply = await self.ask(
            b"", token or self.staff, *headers, method=method, path=path, body=content
        )
        assert reply.status < 300, reply.body
        return reply.json if reply.body else None

    async def person(
        self,
        *,
        is_staff: bool = False,
        scopes: Sequence[TokenScope] = SCOPES,
        expires_at: datetime | None = None,
    ) -> tuple[int, bytes]:
        """Somebody new, and a token of theirs."""
        user = await insert_user(
            self.conn, username=unique("inside"), display_name=None, is_staff=is_staff
        )
        secret = new_secret()
        await insert_token(
            self.conn,
            user_id=user.id,
            token_hash=secret.hash,
            token_prefix=secret.prefix,
            name="first",
            scopes=scopes,
            expires_at=expires_at,
        )
        return user.id, secret.plain.encode()

    async def facility(self, site: int, **more: object) -> int:
        """A new facility."""
        body = {
            "site_id": site,
            "name": unique("Room"),
            "facility_type": "room",
            "capacity": 8,
            **more,
        }
        made: int = (await self.do("POST", "/api/v1/facilities/", body))["id"]
        return made

    async def book(
        self, facility: int, start: datetime, *, hours: float = 1, token: bytes = b""
    ) -> int:
        """A booking that nothing stands in the way of."""
        body = {
            "facility_id": facility,
            "start_time": wire(start),
            "end_time": wire(start + timedelta(hours=hours)),
            "title": "Stand-up",
        }
        made: int = (await self.do("POST", "/api/v1/bookings/", body, token=token))["id"]
        return made

    async def told(self) -> None:
        """Wait until the service has been told of all that is committed."""
        while not await self.live.feed.passed():
            pass


def searching(facility: int, start: datetime, end: datetime, **more: object) -> bytes:
    """The query of a search of one facility."""
    named = {"facility_id": facility, "start_time": wire(start), "end_time": wire(end), **more}
    return urlencode(named).encode()


@asynccontextmanager
async def inside(dsn: str, **settings: object) -> AsyncIterator[Inside]:
    """The service on a migrated database, with one of the staff."""
    lives: list[Live] = []
    make_live = server._live  # noqa: SLF001 - to see what it remembers

    def live_of(dsn: str, settings: Settings, pool: Pool) -> Live:
        lives.append(make_live(dsn, settings, pool))
        return lives[-1]

    class Counted(StrictRouting):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                running.routed += 1
            await super().__call__(scope, receive, send)

    thresholds = gc.get_threshold()
    async with await connect(dsn) as conn:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(server, "_live", live_of)
            patch.setattr(server, "StrictRouting", Counted)
            app = server.build(load_settings(database_url=dsn, pool_min=1, **settings))
        running = Inside(app, lives[0], conn)
        try:
            async with _lifespan(app):
                _, running.staff = await running.person(is_staff=True)
                yield running
        finally:
            gc.set_threshold(*thresholds)
            gc.unfreeze()


@asynccontextmanager
async def _lifespan(app: ASGIApp) -> AsyncIterator[None]:
    """The time between start and stop, as a server tells of them."""
    to_app, from_app = asyncio.Queue[Message](), asyncio.Queue[Message]()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    task = asyncio.ensure_future(app(scope, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    assert "lifespan.startup.complete" == (await from_app.get())["type"]
    try:
        yield
    finally:
        await to_app.put({"type": "lifespan.shutdown"})
        assert "lifespan.shutdown.complete" == (await from_app.get())["type"]
        await task
