"""Searches that were answered before, answered again before Connexion is asked.

Availability of one facility is asked again and again, by other people, for the same days. Where the
process remembers the answer, routing, the contract's checks and the handler would find what they
found before; this finds it at a third of the cost. Who asks is looked up each time, as ever. What
is not remembered, or not quite this question, goes the long way: nobody is refused here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from connexion.middleware.abstract import ROUTING_CONTEXT
from starlette.types import ASGIApp, Receive, Scope, Send

from app.problems import AuthenticationRequired, InvalidRequest
from app.security import admit_remembered
from app.validation import LONGEST_REMEMBERED, REMEMBERED_QUERIES, remembered_query
from domain.availability import check_window
from domain.errors import Refusal
from domain.instants import parse_instant
from domain.periods import Period
from exchange.request import etag_of
from live.live import Live
from steps.searching import Search, told_before

OPERATION = "availability_search"
PATH = "/api/v1/availability/search"

_OF_ONE_FACILITY = {"facility_id", "start_time", "end_time", "duration"}
_ROUTED = {"operation_id": OPERATION}


@dataclass(frozen=True, slots=True)
class Question:
    """When a facility is free within a window, for so long."""

    facility_id: int
    window: Period
    duration: timedelta | None


class Shortcut:
    """ASGI middleware; see the module. ``live`` is what the process remembers."""

    live: Live

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once, or pass on."""
        content = self._content(scope) if _is_search(scope) else None
        if content is None:
            await self.app(scope, receive, send)
            return
        scope["extensions"][ROUTING_CONTEXT] = _ROUTED
        headers = [
            (b"etag", etag_of(content).encode()),
            (b"content-length", str(len(content)).encode()),
            (b"content-type", b"application/json"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _content(self, scope: Scope) -> bytes | None:
        """The answer, if it is remembered and the caller is."""
        now = datetime.now(UTC)
        try:
            caller = admit_remembered(self.live.callers, scope, OPERATION, now)
        except (AuthenticationRequired, Refusal):
            return None
        # Only then: what somebody asks whom nobody knows is not worth remembering.
        question = None if caller is None else _question(scope["query_string"])
        if caller is None or question is None:
            return None
        search = Search(caller, question.window, question.duration, now)
        told = told_before(self.live.timelines.source_at_once(), search, question.facility_id)
        return None if told is None else b"[%b]" % told


def _is_search(scope: Scope) -> bool:
    """Whether it may be such a question: what has conditions is compared where all others are."""
    return (
        scope["type"] == "http"
        and scope["path"] == PATH
        and scope["method"] == "GET"
        and len(scope["query_string"]) <= LONGEST_REMEMBERED
        and not any(name == b"if-none-match" for name, _ in scope["headers"])
    )


@lru_cache(REMEMBERED_QUERIES)
def _question(raw: bytes) -> Question | None:
    """What a query asks, if it is of one facility and the contract has nothing against it."""
    try:
        given = remembered_query(OPERATION, raw)
        if "facility_id" not in given or not given.keys() <= _OF_ONE_FACILITY:
            return None
        start = parse_instant(given["start_time"], "/start_time")
        window = check_window(start, parse_instant(given["end_time"], "/end_time"))
    except (InvalidRequest, Refusal):
        return None
    minutes = given.get("duration")
    duration = None if minutes is None else timedelta(minutes=minutes)
    return Question(given["facility_id"], window, duration)
