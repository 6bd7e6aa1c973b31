"""A client of the stream, as the contract describes one."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from tests.client import Client, check_event, check_reply, connection

from .api import Json

PATH = "/api/v1/availability/stream"


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the stream: an event where it has a name, else what goes between events."""

    id: str | None = None
    event: str | None = None
    data: Any = None
    retry: int | None = None
    is_heartbeat: bool = False


def _checked(found: dict[str, Any]) -> Block:
    """The block; an exception if it is an event that the contract does not describe."""
    if "event" not in found:
        return Block(**found)
    check_event(found)
    return Block(**{**found, "data": orjson.loads(found["data"])})


class Watch:
    """An open stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def blocks(self) -> Iterator[Block]:
        """Every block, as it comes, until the stream ends."""
        found: dict[str, Any] = {}
        for line in self._lines:
            name, _, text = line.partition(":")
            match name, text.removeprefix(" "):
                case "", "" if not line:
                    yield _checked(found)
                    found = {}
                case "", _:
                    found["is_heartbeat"] = True
                case "retry", value:
                    found["retry"] = int(value)
                case other, value:
                    found[other] = value
        assert found == {}, "The stream ended within a block"

    def block(self) -> Block:
        """The next block; StopIteration at the end of the stream."""
        return next(self.blocks())

    def event(self) -> Block:
        """The next event."""
        return next(block for block in self.blocks() if block.event is not None)

    def change(self) -> Json:
        """The data of the next event, which is a change."""
        event = self.event()
        assert event.event == "availability_changed"
        change: Json = event.data
        return change

    def heartbeat(self) -> Block:
        """The next heartbeat."""
        return next(block for block in self.blocks() if block.is_heartbeat)

    def rest(self) -> list[Block]:
        """The events up to the end of the stream."""
        return [block for block in self.blocks() if block.event is not None]

    def until_heartbeat(self) -> list[Block]:
        """The events before the next heartbeat."""
        found: list[Block] = []
        while not (block := self.block()).is_heartbeat:
            if block.event is not None:
                found.append(block)
        return found


def ask(client: Client, last_id: str | None = None, **params: Any) -> httpx.Response:
    """Ask for a stream that is refused."""
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    return client.get(PATH, params=params, headers=headers)


@contextmanager
def watching(client: Client, last_id: str | None = None, **params: Any) -> Iterator[Watch]:
    """A stream on a connection of its own, past its first block."""
    with opened(client, last_id, **params) as watch:
        first = watch.block()
        assert (first.retry, first.event) == (2000, None)
        assert first.id is not None
        yield watch


@contextmanager
def opened(client: Client, last_id: str | None = None, **params: Any) -> Iterator[Watch]:
    """A stream on a connection of its own."""
    headers = {} if client.token is None else {"Authorization": f"Bearer {client.token}"}
    if last_id is not None:
        headers["Last-Event-ID"] = last_id
    with connection(client.base_url) as http, ExitStack() as stack:
        http.cookies.update(client.http.cookies)
        response = stack.enter_context(http.stream("GET", PATH, params=params, headers=headers))
        if response.status_code != 200:
            response.read()
            check_reply(response)
        assert response.status_code == 200, response.text
        yield Watch(response)
