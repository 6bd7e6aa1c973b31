"""Following the live stream, over every break, without losing or repeating anything.

The stream says where something changed, not what is free now. So: at ``Begun``, search for what you
show; at ``Changed``, search again if it concerns what you show; at ``Resynced``, search for all of
it again, because events are missing.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Generator, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeAlias

import httpx

from holdfast_client._events import Block, Reader
from holdfast_client.connection import Holdfast
from holdfast_client.models.availability_change import AvailabilityChange
from holdfast_client.models.resync import Resync
from holdfast_client.problems import (
    media_type,
    not_understood,
    problem_of,
    retry_after,
    unexpected,
)
from holdfast_client.retry import AWAY, MISTAKES, Retry

PATH = "/api/v1/availability/stream"

SILENCE_SECONDS = 60.0
"""Where nothing came for so long, not even a heartbeat, the connection is dead."""

PASSES = {*AWAY, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR}


@dataclass(frozen=True, slots=True)
class Begun:
    """The stream has begun: what is searched for from now on, the stream keeps up to date.

    It comes once, before anything else; after a break, the stream goes on where it was.
    """

    id: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Something changed what is free."""

    id: str
    change: AvailabilityChange


@dataclass(frozen=True, slots=True)
class Resynced:
    """Events are missing. What follows is complete again."""

    id: str
    resync: Resync


Event: TypeAlias = Begun | Changed | Resynced


class Following:
    """Where a stream is, from one connection to the next. It neither reads nor waits."""

    def __init__(
        self, facility_id: int | None, site_id: int | None, last_event_id: str | None
    ) -> None:
        scope = {"facility_id": facility_id, "site_id": site_id}
        self._params = {name: value for name, value in scope.items() if value is not None}
        self._last_id = last_event_id or ""
        self._is_answered = False
        self._has_begun = False
        self._failures = 0
        self._reader = Reader()
        self._retry = Retry(first_wait=1.0, longest_wait=30.0)

    def request(self, http: httpx.Client | httpx.AsyncClient, timeout: float) -> httpx.Request:
        """The request that opens the stream, or goes on with it."""
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        self._reader = Reader(self._last_id)
        return http.build_request(
            "GET",
            PATH,
            params=self._params,
            headers=headers,
            timeout=httpx.Timeout(timeout, read=SILENCE_SECONDS),
        )

    def opened(self, response: httpx.Response) -> bool:
        """Whether the reply is a stream; a ``Problem`` if it never will be one."""
        self._is_answered = True
        if response.status_code == HTTPStatus.OK:
            if media_type(response) == "text/event-stream":
                return True
        elif response.status_code in PASSES:
            return False
        raise problem_of(response) or unexpected(response, "where a stream was expected")

    def read(self, chunk: bytes, response: httpx.Response) -> Iterator[Event]:
        """What a piece of the stream tells."""
        for block in self._reader.feed(chunk):
            self._failures = 0
            self._last_id = block.last_id
            if not self._has_begun:
                self._has_begun = True
                yield Begun(block.last_id)
            event = _event(block, response)
            if event is not None:
                yield event

    def may_come_back(self, error: httpx.TransportError) -> bool:
        """Whether another connection may do better: if there ever was one, and it is no mistake."""
        return self._is_answered and not isinstance(error, MISTAKES)

    def pause(self, response: httpx.Response | None) -> float:
        """How long to wait before the next connection, after one that ended or never began."""
        self._failures += 1
        asked = retry_after(response) if response is not None else None
        wanted = self._reader.retry if self._failures == 1 else None
        return max(asked or 0.0, wanted or self._retry.backoff(self._failures))


def changes(
    client: Holdfast,
    *,
    facility_id: int | None = None,
    site_id: int | None = None,
    last_event_id: str | None = None,
) -> Generator[Event, None, None]:
    """What changes, of one facility, of one site, or of all, for as long as it is iterated over.

    A connection that ends is opened anew. Raises ``Problem`` where that is of no use, such as when
    the token has ended, and httpx's error if the first connection never comes about.
    ``last_event_id`` goes on behind an event that an earlier run has seen.
    """
    http = client.get_httpx_client()
    following = Following(facility_id, site_id, last_event_id)
    while True:
        response = None
        try:
            request = following.request(http, client.timeout)
            response = http.send(request, stream=True)
            if following.opened(response):
                for chunk in response.iter_bytes():
                    yield from following.read(chunk, response)
        except httpx.TransportError as error:
            if not following.may_come_back(error):
                raise
        finally:
            if response is not None:
                response.close()
        time.sleep(following.pause(response))


async def async_changes(
    client: Holdfast,
    *,
    facility_id: int | None = None,
    site_id: int | None = None,
    last_event_id: str | None = None,
) -> AsyncGenerator[Event, None]:
    """As ``changes``, without waiting."""
    http = client.get_async_httpx_client()
    following = Following(facility_id, site_id, last_event_id)
    while True:
        response = None
        try:
            request = following.request(http, client.timeout)
            response = await http.send(request, stream=True)
            if following.opened(response):
                async for chunk in response.aiter_bytes():
                    for event in following.read(chunk, response):
                        yield event
        except httpx.TransportError as error:
            if not following.may_come_back(error):
                raise
        finally:
            if response is not None:
                await response.aclose()
        await asyncio.sleep(following.pause(response))


def _event(block: Block, response: httpx.Response) -> Event | None:
    """What the block tells; None of one without data, and of events that came to be later."""
    if block.data is None:
        return None
    try:
        match block.event:
            case "availability_changed":
                return Changed(block.last_id, AvailabilityChange.from_dict(_object(block.data)))
            case "resync":
                return Resynced(block.last_id, Resync.from_dict(_object(block.data)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise not_understood(response, error) from error
    return None


def _object(data: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(data)
    return loaded
