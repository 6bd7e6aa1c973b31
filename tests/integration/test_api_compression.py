"""Compression: a matter between the service's edge and the client, which nothing inside sees."""

import gzip
import zlib
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.compression import Compression

from .api import Api, Json, Person

ME = "/api/v1/me/"
GZIP = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
def ada(api: Api) -> Person:
    return api.person()


@pytest.fixture(scope="module")
def path(api: Api) -> str:
    """Where something long is."""
    return f"/api/v1/facilities/{api.facility(description='A room. ' * 200)['id']}/"


def raw_of(person: Person, path: str, headers: dict[str, str]) -> tuple[Any, bytes]:
    """A reply and its bytes as they came."""
    with person.http.stream(
        "GET", path, headers={"Authorization": f"Bearer {person.token}", **headers}
    ) as response:
        return response, b"".join(response.iter_raw())


def test_a_long_reply_is_compressed_for_who_takes_gzip(ada: Person, path: str) -> None:
    plain, plain_bytes = raw_of(ada, path, PLAIN)
    response, content = raw_of(ada, path, GZIP)
    assert "gzip" == response.headers["content-encoding"]
    assert str(len(content)) == response.headers["content-length"]
    assert len(content) < len(plain_bytes) / 2
    assert plain_bytes == gzip.decompress(content)
    assert "content-encoding" not in plain.headers
    assert "Accept-Encoding" == response.headers["vary"] == plain.headers["vary"]


def test_a_short_reply_is_left_as_it_is(ada: Person) -> None:
    response, content = raw_of(ada, ME, GZIP)
    assert len(content) < 1000
    assert {"content-encoding", "vary"}.isdisjoint(response.headers)


@pytest.mark.parametrize("size", [999, 1000])
@pytest.mark.anyio
async def test_a_reply_is_long_from_a_kilobyte_on(size: int) -> None:
    head, _ = await sent(answering(b"x" * size))
    assert (size >= 1000) == ("content-encoding" in head)


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP;q=0.2", True),
        ("x-gzip", True),
        ("*", True),
        ("identity, *;q=0.5", True),
        ("", False),
        ("br, deflate", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("gzip;q=much", False),
        ("gzipped", False),
    ],
)
def test_accept_encoding_is_read_as_it_is_meant(
    ada: Person, path: str, accepted: str, *, is_compressed: bool
) -> None:
    response, _ = raw_of(ada, path, {"Accept-Encoding": accepted})
    assert is_compressed == ("content-encoding" in response.headers)


def test_each_representation_has_a_strong_tag_of_its_own(ada: Person, path: str) -> None:
    plain, packed = ada.get(path, headers=PLAIN), ada.get(path, headers=GZIP)
    tag = plain.headers["etag"].strip('"')
    assert f'"{tag}-gzip"' == packed.headers["etag"]
    assert plain.content == packed.content


@pytest.mark.parametrize("asked", [PLAIN, GZIP])
@pytest.mark.parametrize("known", [PLAIN, GZIP])
def test_who_has_either_representation_is_told_that_it_stands(
    ada: Person, path: str, asked: dict[str, str], known: dict[str, str]
) -> None:
    tag = ada.get(path, headers=known).headers["etag"]
    response = ada.get(path, headers={**asked, "If-None-Match": f'"old-gzip", {tag}'})
    assert 304 == response.status_code
    assert b"" == response.content
    assert "Accept-Encoding" == response.headers["vary"]
    # The tag is that of the representation which the reply would have had, if it is known.
    if asked is known:
        assert tag == response.headers["etag"]


def test_a_change_may_be_conditional_on_a_compressed_representation(api: Api) -> None:
    facility = api.facility(description="B room. " * 200)
    path = f"/api/v1/facilities/{facility['id']}/"
    tag = api.staff.get(path, headers=GZIP).headers["etag"]
    assert tag.endswith('-gzip"')
    for status in (200, 412):  # the second time it is another version
        response = api.staff.patch(path, {"capacity": 3}, headers={"If-Match": tag})
        assert status == response.status_code


def test_head_says_what_get_says(ada: Person, path: str) -> None:
    head, get = ada.request("HEAD", path, headers=GZIP), ada.get(path, headers=GZIP)
    for name in ("content-encoding", "content-length", "etag", "vary"):
        assert get.headers[name] == head.headers[name]
    assert b"" == head.content


def test_a_problem_that_is_long_is_compressed_too(ada: Person) -> None:
    body: Json = {f"unknown_{number}": 1 for number in range(20)}
    response = ada.post("/api/v1/bookings/", body, headers=GZIP)
    assert (400, "gzip") == (response.status_code, response.headers["content-encoding"])


def test_an_export_is_compressed_as_it_comes(api: Api) -> None:
    lines = []
    for headers in (PLAIN, GZIP):
        response, content = raw_of(api.staff, "/api/v1/exports/facilities/", headers)
        assert 200 == response.status_code
        assert "content-length" not in response.headers
        lines.append(gzip.decompress(content) if headers is GZIP else content)
    assert lines[0] == lines[1]
    assert lines[0].count(b"\r\n") >= 1


def test_a_page_of_a_list_says_the_same_compressed(api: Api, path: str) -> None:
    assert api.staff.get(path).status_code == 200  # so that there is something long
    plain, packed = (
        api.staff.get("/api/v1/facilities/", params={"limit": 5}, headers=headers)
        for headers in (PLAIN, GZIP)
    )
    assert plain.json() == packed.json()
    assert "gzip" == packed.headers["content-encoding"]


# The layer alone.


def answering(
    *pieces: bytes,
    media_type: bytes = b"application/json",
    length: bool = True,
    more: Sequence[tuple[bytes, bytes]] = (),
) -> Any:
    """An application that answers with these pieces."""
    size = (b"content-length", b"%d" % sum(map(len, pieces)))
    headers = [(b"content-type", media_type), *([size] if length else []), *more]

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, piece in enumerate(pieces, start=1):
            more = number < len(pieces)
            await send({"type": "http.response.body", "body": piece, "more_body": more})

    return app


async def sent(app: ASGIApp) -> tuple[dict[str, str], list[bytes]]:
    """The headers and the pieces that leave the layer around the application."""
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        raise AssertionError

    scope = {"type": "http", "headers": [(b"accept-encoding", b"gzip")]}
    await Compression(app)(scope, receive, send)
    head, *rest = messages
    headers = {name.decode(): value.decode() for name, value in head["headers"]}
    return headers, [message["body"] for message in rest]


@pytest.mark.anyio
async def test_events_are_sent_as_they_are() -> None:
    app = answering(b"x" * 2000, media_type=b"text/event-stream; charset=utf-8", length=False)
    head, pieces = await sent(app)
    assert {"content-encoding", "vary"}.isdisjoint(head)
    assert [b"x" * 2000] == pieces


@pytest.mark.parametrize(
    ("media_type", "more"),
    [(b"image/png", []), (b"application/json", [(b"content-encoding", b"br")])],
)
@pytest.mark.anyio
async def test_what_is_compressed_already_is_not_compressed_again(
    media_type: bytes, more: list[tuple[bytes, bytes]]
) -> None:
    _, pieces = await sent(answering(b"x" * 2000, media_type=media_type, more=more))
    assert [b"x" * 2000] == pieces


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.anyio
async def test_each_piece_can_be_read_when_it_comes(*, length: bool) -> None:
    given = [b"one " * 400, b"two " * 400, b""]
    head, pieces = await sent(answering(*given, length=length))
    assert "gzip" == head["content-encoding"]
    assert "content-length" not in head
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert given == [unpacker.decompress(piece) for piece in pieces]
    assert unpacker.eof


@pytest.mark.anyio
async def test_a_very_long_reply_is_compressed_all_the_same() -> None:
    body = b"0123456789" * 50_000
    head, pieces = await sent(answering(body))
    assert body == gzip.decompress(b"".join(pieces))
    assert str(sum(map(len, pieces))) == head["content-length"]
