"""What the application sees of bytes that offer another protocol, however they arrive."""

import asyncio
import socket
from collections.abc import Sequence

import pytest
from uvicorn import Config
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.server import ServerState

from app.protocol import ProblemProtocol

pytestmark = pytest.mark.anyio

Seen = list[tuple[str, str, bytes]]

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\nUpgrade: h2c\r\n"
HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""What is read as a request if, and only if, the requests before it were read to their end."""
SEEN_LAST = ("GET", "/last", b"")

LENGTH = b"POST /a HTTP/1.1\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n%b"
CHUNKS = b"POST /a HTTP/1.1\r\nHost: x\r\n%bTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"


def posted(offer: bytes = OFFER, form: bytes = LENGTH) -> bytes:
    """A request with a body that would be another request, were it not its body."""
    return form % (offer, len(HIDDEN), HIDDEN)


POSTED = ("POST", "/a", HIDDEN)


async def told(pieces: Sequence[bytes]) -> tuple[Seen, bytes]:
    """What the application saw of the pieces, each one received by itself, and the replies."""
    seen: Seen = []

    async def app(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        assert scope["type"] == "http"
        assert b"upgrade" not in dict(scope["headers"])
        body, more = b"", True
        while more:
            message = await receive()
            assert message["type"] == "http.request"
            body, more = body + message["body"], message["more_body"]
        seen.append((scope["method"], scope["path"], body))
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    config = Config(app, http=ProblemProtocol, ws="none", lifespan="off", log_config=None)
    protocol = ProblemProtocol(config, ServerState(), {})
    near, far = socket.socketpair()
    await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, near)
    reader, writer = await asyncio.open_connection(sock=far)
    for piece in pieces:
        if not protocol.transport.is_closing():
            protocol.data_received(piece)
    replies = await asyncio.wait_for(reader.read(), timeout=20)
    writer.close()
    return seen, replies


@pytest.mark.parametrize("form", [LENGTH, CHUNKS])
async def test_a_body_is_a_body_wherever_the_request_is_cut(form: bytes) -> None:
    request = posted(form=form)
    for cut in range(len(request) + 1):
        seen, _ = await told([request[:cut], request[cut:], LAST])
        assert [POSTED, SEEN_LAST] == seen, cut


async def test_a_body_is_a_body_if_every_byte_comes_alone() -> None:
    request = posted()
    seen, _ = await told([*(bytes([byte]) for byte in request), LAST])
    assert [POSTED, SEEN_LAST] == seen


@pytest.mark.parametrize("offer", [OFFER.upper(), OFFER.lower(), OFFER.replace(b": ", b":\t")])
async def test_a_body_is_a_body_however_the_offer_is_written(offer: bytes) -> None:
    for form in (LENGTH, CHUNKS):
        request = posted(offer, form)
        head = request.index(b"\r\n\r\n") + 4
        seen, _ = await told([request[:head], request[head:], LAST])
        assert [POSTED, SEEN_LAST] == seen


async def test_a_body_is_a_body_in_whichever_request_of_a_connection() -> None:
    plain = LENGTH % (b"", 2, b"{}")
    requests = plain + posted() + posted(form=CHUNKS) + plain + posted(OFFER.upper()) + LAST
    expected = [("POST", "/a", b"{}"), POSTED, POSTED, ("POST", "/a", b"{}"), POSTED, SEEN_LAST]
    for cut in range(len(requests) + 1):
        seen, _ = await told([requests[:cut], requests[cut:]])
        assert expected == seen, cut


async def test_an_offer_without_a_body_is_passed_over_as_often_as_it_is_made() -> None:
    request = b"GET /b HTTP/1.1\r\nHost: x\r\n%b\r\n" % OFFER
    seen, _ = await told([request * 3000 + LAST])
    assert [("GET", "/b", b"")] * 3000 + [SEEN_LAST] == seen


async def test_a_web_socket_is_no_other_offer() -> None:
    seen, replies = await told([posted(b"Connection: Upgrade\r\nUpgrade: websocket\r\n"), LAST])
    assert [POSTED, SEEN_LAST] == seen
    assert b" 101 " not in replies


async def test_who_offers_a_protocol_and_wants_to_go_goes() -> None:
    request = posted(OFFER.replace(b"Upgrade,", b"Upgrade, close,"))
    seen, replies = await told([request])
    assert [POSTED] == seen
    assert b"connection: close" in replies.lower()


@pytest.mark.parametrize(
    "request_line",
    [b"CONNECT x:80 HTTP/1.1", b"CONNECT /a HTTP/1.1", b"CONNECT http://x/ HTTP/1.1"],
)
async def test_a_tunnel_is_refused_with_whatever_was_meant_for_it(request_line: bytes) -> None:
    head = request_line + b"\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN)
    seen, replies = await told([head, HIDDEN])
    assert [] == seen
    assert replies.startswith(b"HTTP/1.1 400 ")


async def test_two_lengths_are_refused_as_without_an_offer() -> None:
    for offer in (b"", OFFER):
        request = posted(offer + b"Transfer-Encoding: chunked\r\n")
        seen, replies = await told([request])
        assert [] == seen
        assert replies.startswith(b"HTTP/1.1 400 ")
