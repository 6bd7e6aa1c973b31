"""A request as handlers see it, and the replies they give.

By the time a handler runs, Connexion has routed and authenticated the request
and checked it against the contract: parameters are typed, the body is parsed.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar, cast

import orjson
from pydantic import BaseModel
from starlette.responses import Response

from domain.access import Caller
from domain.errors import PermissionDenied, PreconditionFailed, Refusal
from domain.instants import parse_date, parse_instant
from domain.scopes import Scope
from live.live import Live
from sql.pool import Connection, Pool, retrying, transaction_after
from sql.statement import Statement
from wire import replies

Model = TypeVar("Model", bound=BaseModel)
T = TypeVar("T")

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Service:
    """What handlers need of the running service.

    ``render`` makes the problem+json reply of a refusal; handlers need it only
    where a refusal must be kept for a replay. ``type_of`` is the problem type of a
    refusal, for replies that tell of one and are none. ``counts_usage`` is whether visits
    are counted.
    """

    pool: Pool
    live: Live
    horizon: timedelta
    render: Callable[[Refusal, "Request"], Response]
    type_of: Callable[[Refusal], replies.ProblemType]
    counts_usage: bool = True
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    ``params`` holds path and query parameters by name, typed as the contract says
    (instants still as text); ``headers`` the declared ones, by their names in lower
    case; ``body`` the parsed JSON, or None. ``token_hash`` is the SHA-256 of the token that
    it came with, ``token_issues_until`` when tokens end at the latest that it makes, None for
    never, ``by_cookie`` whether that was in the cookie of a session, ``is_secure``
    whether it came over TLS.
    """

    service: Service
    operation_id: str
    request_id: str
    caller: Caller
    token_expires_at: datetime | None
    token_issues_until: datetime | None
    token_scopes: frozenset[Scope]
    path: str
    params: Mapping[str, Any]
    headers: Mapping[str, str]
    body: Any
    token_hash: bytes
    by_cookie: bool
    is_secure: bool

    @property
    def pool(self) -> Pool:
        """The pool of database connections."""
        return self.service.pool

    async def write(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """What the work returns, done in one transaction in the caller's name.

        It is done again, from the start, if it loses to a rival transaction; so it must
        read within it whatever it decides by.
        """
        return await self.write_after((), lambda conn, _: work(conn))

    async def write_after(
        self,
        first: Sequence[Statement[Any]],
        work: Callable[[Connection, list[Any]], Awaitable[T]],
        *,
        waits: bool = True,
    ) -> T:
        """As ``write``; the first statements cost no round trip, and the work has what they say.

        Whoever tells of what it changed themselves need not wait for the feed.
        """

        async def attempt() -> T:
            async with transaction_after(
                first, self.pool, actor_id=self.caller.user_id, request_id=self.request_id
            ) as (conn, said):
                return await work(conn, said)

        done = await retrying(attempt)
        if waits:
            # So that whoever has the reply finds it in the next answer of this process.
            await self.service.live.feed.passed()
        return done

    def told(self, refusal: Refusal) -> replies.RefusalBasic:
        """A refusal as a part of a reply that is none itself."""
        return {"type": self.service.type_of(refusal), "detail": refusal.detail}

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return self.service.clock()

    def read(self, model: type[Model]) -> Model:
        """The body as the wire model; the contract has already accepted it.

        Not for bodies with instants: the contract takes more of RFC 3339 than pydantic
        reads. Those go through ``body_instant``.
        """
        return model.model_validate(self.body)

    def param(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - typed by the contract
        """A path or query parameter."""
        return self.params.get(name, default)

    def instant(self, name: str) -> datetime | None:
        """A date-time parameter in UTC, or None where it is absent."""
        text = self.params.get(name)
        return None if text is None else parse_instant(text, f"/{name}")

    def date(self, name: str) -> date | None:
        """A calendar date parameter, or None where it is absent."""
        text = self.params.get(name)
        return None if text is None else parse_date(text, f"/{name}")

    def body_instant(self, name: str) -> datetime:
        """A date-time member of the body, in UTC."""
        return parse_instant(self.body[name], f"/{name}")

    def require_staff(self) -> None:
        """Refuse everybody who is not staff."""
        if not self.caller.is_staff:
            detail = "Only staff of the house may do this, who govern every site: ask one of them."
            raise PermissionDenied(detail)

    def require_staff_somewhere(self) -> None:
        """Refuse everybody who governs no site at all."""
        if not self.caller.is_staff_somewhere:
            detail = "Only staff may do this. Ask the staff of the facility, or use a staff token."
            raise PermissionDenied(detail)

    def check_if_match(self, present: bytes) -> None:
        """Refuse with PreconditionFailed if If-Match is given and names another version.

        ``present`` is the representation as it stands; strong comparison (RFC 9110, 13.1.1).
        """
        expected = self.headers.get("if-match")
        if expected is None or expected.strip() == "*":
            return
        current = etag_of(present)
        if current not in (tag.strip() for tag in expected.split(",")):
            detail = (
                "If-Match names another version than the present one, whose ETag is"
                f" {current}. Retrieve it, look at what changed, and send the change again."
            )
            raise PreconditionFailed(detail)


def dump(body: object) -> bytes:
    """JSON bytes; instants in UTC with a final Z."""
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


def etag_of(representation: bytes) -> str:
    """The strong entity tag of a representation: a digest of its bytes."""
    digest = hashlib.blake2b(representation, digest_size=12).hexdigest()
    return f'"{digest}"'


def json_reply(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON reply."""
    return Response(dump(body), status, headers, "application/json")


def problem_reply(body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Response:
    """A problem+json reply (RFC 9457) with the status that the problem states.

    ``Link`` leads to the page about its type (docs/adr/0033).
    """
    explained = {"Link": f'</problems/{body["type"]}>; rel="type"', **(headers or {})}
    return Response(dump(body), cast("int", body["status"]), explained, PROBLEM_JSON)


def resource_reply(
    request: Request, body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A single resource with its ETag; 304 if If-None-Match names what the client has."""
    return content_reply(request, dump(body), status, headers)


def content_reply(
    request: Request, content: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """JSON that is written already, as ``resource_reply`` replies it.

    The last page of a list becomes another when one follows it, though its items are the same.
    """
    etag = etag_of(content + (headers or {}).get("Link", "").encode())
    known = request.headers.get("if-none-match")
    if known is not None and names_version(known, etag):
        return Response(status_code=304, headers={"ETag": etag})
    return Response(content, status, {"ETag": etag, **(headers or {})}, "application/json")


def no_content() -> Response:
    """204."""
    return Response(status_code=204)


def names_version(condition: str, etag: str) -> bool:
    """Whether If-None-Match holds the tag; weak comparison (RFC 9110, 13.1.2)."""
    tags = (tag.strip().removeprefix("W/") for tag in condition.split(","))
    return condition.strip() == "*" or etag in tags
