"""Head and body leave together, and nothing waits for longer than a turn of the loop."""

import asyncio
from collections.abc import Iterable
from typing import cast

import pytest

from app.joining import Joined

pytestmark = pytest.mark.anyio


class Wire:
    """A transport that keeps what is sent, call by call."""

    def __init__(self) -> None:
        self.sent: list[object] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        """As a transport's."""
        self.sent.append(data)

    def writelines(self, data: Iterable[bytes]) -> None:
        """As a transport's."""
        self.sent.append(tuple(data))

    def close(self) -> None:
        """As a transport's."""
        self.sent.append("closed")
        self.closing = True

    def abort(self) -> None:
        """As a transport's."""
        self.sent.append("aborted")
        self.closing = True

    def is_closing(self) -> bool:
        """As a transport's."""
        return self.closing


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def joined(wire: Wire) -> Joined:
    return Joined(cast("asyncio.Transport", wire), asyncio.get_running_loop())


async def test_head_and_body_are_one_call(wire: Wire, joined: Joined) -> None:
    joined.write(b"head")
    joined.write(b"body")
    assert [(b"head", b"body")] == wire.sent
    await asyncio.sleep(0)
    assert [(b"head", b"body")] == wire.sent


async def test_what_nothing_follows_leaves_in_the_next_turn(wire: Wire, joined: Joined) -> None:
    joined.write(b"head")
    assert [] == wire.sent
    await asyncio.sleep(0)
    assert [b"head"] == wire.sent
    joined.write(b"later")
    await asyncio.sleep(0)
    assert [b"head", b"later"] == wire.sent


async def test_the_order_stays(wire: Wire, joined: Joined) -> None:
    for letter in (b"a", b"b", b"c"):
        joined.write(letter)
    await asyncio.sleep(0)
    assert [(b"a", b"b"), b"c"] == wire.sent


async def test_closing_sends_what_is_held_and_aborting_does_not(wire: Wire, joined: Joined) -> None:
    joined.write(b"last")
    joined.close()
    await asyncio.sleep(0)
    assert [b"last", "closed"] == wire.sent
    wire.sent.clear()
    joined.write(b"lost")
    joined.abort()
    await asyncio.sleep(0)
    assert ["aborted"] == wire.sent


async def test_nothing_is_sent_to_who_hung_up_meanwhile(wire: Wire, joined: Joined) -> None:
    joined.write(b"head")
    wire.closing = True
    await asyncio.sleep(0)
    assert [] == wire.sent


async def test_all_else_is_the_transports_own(wire: Wire, joined: Joined) -> None:
    assert not joined.is_closing()
    wire.closing = True
    assert joined.is_closing()
