"""What may come over a socket: whatever it is, the answer is the contract's, and never a 5xx."""

import gzip
import re
import socket
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any

import httpx
import orjson
import pytest

from app.contract import operations

from .api import Api, Json, Person, at, created, invalid, path_of, raw, refused, wire

BODY_LIMIT = 65_536
BOOKINGS = "/api/v1/bookings/"
FACILITIES = "/api/v1/facilities/"
ME = "/api/v1/me/"
JSON = b"Content-Type: application/json"


@pytest.fixture(scope="module")
def ada(api: Api) -> Person:
    """Somebody who sends strange things."""
    return api.person()


@pytest.fixture
def body(api: Api) -> Json:
    """A body that makes a booking."""
    return {
        "facility_id": api.facility()["id"],
        "start_time": wire(at(9)),
        "end_time": wire(at(10)),
        "title": "Stand-up",
    }


def authorization(person: Person) -> bytes:
    """The header line of the person's token."""
    return f"Authorization: Bearer {person.token}".encode()


def send(
    person: Person, content: bytes, *, content_type: str | None = "application/json", **more: str
) -> httpx.Response:
    """Ask for a booking with these bytes."""
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    if content_type is not None:
        headers["Content-Type"] = content_type
    return person.post(BOOKINGS, content=content, headers=headers)


# Media types.


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "APPLICATION/JSON; CHARSET=UTF-8",
        'application/json;charset="utf-8"',
        "application/json ; charset=utf-8",
        "application/json; odata=none",
    ],
)
def test_json_is_read_and_checked_however_its_media_type_is_written(
    ada: Person, body: Json, content_type: str
) -> None:
    content = orjson.dumps({**body, "title": ""})
    invalid(send(ada, content, content_type=content_type), ("body", "/title"))
    created(send(ada, orjson.dumps(body), content_type=content_type))


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/merge-patch+json",
        "application/problem+json",
        "application/jsonx",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/json; charset=no-such-thing",
        "application/json; charset=utf-8; charset=utf-7",
        "application/json, text/plain",
        "*/*",
        ";",
    ],
)
def test_what_is_not_json_in_utf_8_is_not_read(
    ada: Person, body: Json, content_type: str | None
) -> None:
    content = orjson.dumps(body)
    response = send(ada, content, content_type=content_type)
    refused(response, 415, "unsupported_media_type", says=["application/json"])
    booking = ada.book({"id": body["facility_id"]}, at(9), at(10))
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = ada.patch(path_of(booking), content=b'{"title":"x"}', headers=headers)
    refused(response, 415, "unsupported_media_type")


def test_two_media_types_are_none(api: Api, ada: Person) -> None:
    response = raw(
        api,
        b"POST /api/v1/bookings/",
        authorization(ada),
        JSON,
        b"Content-Type: text/plain",
        b"Content-Length: 2",
        body=b"{}",
    )
    refused(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity", "x"])
def test_a_compressed_body_is_not_read(ada: Person, body: Json, encoding: str) -> None:
    content = gzip.compress(orjson.dumps(body))
    response = send(ada, content, Content_Encoding=encoding)
    refused(response, 415, "unsupported_media_type", says=["compressed"])


def test_a_body_that_says_it_is_not_compressed_is_read(ada: Person, body: Json) -> None:
    created(send(ada, orjson.dumps(body), Content_Encoding="identity"))


def test_a_media_type_where_there_is_no_body_does_not_matter(ada: Person) -> None:
    for content_type in ("multipart/form-data", "application/json", "nonsense", ""):
        response = ada.get(ME, headers={"Content-Type": content_type})
        assert response.status_code == 200


def test_a_body_where_none_is_asked_for_does_not_matter(ada: Person, body: Json) -> None:
    booking = created(send(ada, orjson.dumps(body)))
    for content in (b"{}", b"\xff" * 1000):
        assert ada.request("GET", path_of(booking), content=content).status_code == 200
    assert ada.request("DELETE", path_of(booking), content=b"{").status_code == 204


# Bodies.


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b" \n", id="white space"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b'{"title":"x"} {}', id="two documents"),
        pytest.param(b"{'title':'x'}", id="Python"),
        pytest.param(b'{"title":NaN}', id="NaN"),
        pytest.param(b'{"attendee_count":Infinity}', id="Infinity"),
        pytest.param(b'{"attendee_count":1e999}', id="too large a number"),
        pytest.param(b'{"attendee_count":01}', id="leading zero"),
        pytest.param(b'{"title":"\xff\xfe"}', id="not UTF-8"),
        pytest.param(b'{"title":"\xed\xa0\x80"}', id="a surrogate in UTF-8"),
        pytest.param(b'{"title":"\\ud800"}', id="a lone surrogate"),
        pytest.param(b'{"title":"\x00"}', id="a bare NUL"),
        pytest.param("{}".encode("utf-16"), id="UTF-16"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param(b"[" * 60_000, id="deep and open"),
        pytest.param(b"[" * 30_000 + b"]" * 30_000, id="deep"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, id="deep objects"),
        pytest.param(b"\x1f\x8b\x08\x00", id="bytes"),
    ],
)
def test_what_is_not_json_is_invalid(ada: Person, content: bytes) -> None:
    invalid(send(ada, content))


@pytest.mark.parametrize(
    "number", [b"9" * 5000, b"-" + b"9" * 5000, b"1." + b"0" * 5000, b"1e400", b"1e30", b"-0.0"]
)
def test_no_number_is_too_much(ada: Person, body: Json, number: bytes) -> None:
    for field in ("facility_id", "attendee_count"):
        rest = orjson.dumps({name: value for name, value in body.items() if name != field})
        content = rest[:-1] + b',"' + field.encode() + b'":' + number + b"}"
        response = send(ada, content)
        assert (400, "invalid_request") == (response.status_code, response.json()["type"])


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\x1b[31m", "\x7f", "line\u000bfeed"])
def test_control_characters_are_invalid_in_every_line_of_text(
    api: Api, ada: Person, body: Json, text: str
) -> None:
    invalid(ada.post(BOOKINGS, {**body, "title": text}), ("body", "/title"))
    invalid(ada.post("/api/v1/me/tokens/", {"name": text}), ("body", "/name"))
    site = {"name": text, "time_zone": "UTC"}
    invalid(api.staff.post("/api/v1/sites/", site), ("body", "/name"))
    invalid(ada.get(FACILITIES, params={"search": text}), ("query", "/search"))


@pytest.mark.parametrize("text", ["\u202e", "\ufeff", "\ufffe", "\U0010ffff", "e\u0301", "\u2028"])
def test_every_other_character_is_kept(ada: Person, body: Json, text: str) -> None:
    booking = created(ada.post(BOOKINGS, {**body, "title": f"x{text}", "description": text}))
    shown = ada.get(path_of(booking)).json()
    assert (f"x{text}", text) == (shown["title"], shown["description"])


def chunked(*chunks: bytes) -> bytes:
    """A body in chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def test_a_body_may_come_in_chunks(api: Api, ada: Person, body: Json) -> None:
    content = orjson.dumps(body)
    response = raw(
        api,
        b"POST /api/v1/bookings/",
        authorization(ada),
        JSON,
        b"Transfer-Encoding: chunked",
        body=chunked(content[:1], content[1:30], content[30:]),
    )
    created(response)


def test_a_body_in_chunks_needs_its_media_type_too(api: Api, ada: Person, body: Json) -> None:
    response = raw(
        api,
        b"POST /api/v1/bookings/",
        authorization(ada),
        b"Transfer-Encoding: chunked",
        body=chunked(orjson.dumps(body)),
    )
    refused(response, 415, "unsupported_media_type")


def test_no_body_and_no_media_type_is_a_body_that_is_missing(api: Api, ada: Person) -> None:
    for headers in ((), (b"Content-Length: 0",)):
        response = raw(api, b"POST /api/v1/bookings/", authorization(ada), *headers)
        invalid(response)
        assert "empty" in response.json()["detail"]


def test_a_client_may_wait_for_leave_to_send_its_body(ada: Person, body: Json) -> None:
    created(send(ada, orjson.dumps(body), Expect="100-continue"))


def padded(body: Json, size: int) -> bytes:
    """The body in so many bytes."""
    content = orjson.dumps(body)
    return content + b" " * (size - len(content))


def test_a_body_has_up_to_its_limit_of_bytes(api: Api, ada: Person, body: Json) -> None:
    for size in (BODY_LIMIT + 1, 2 * BODY_LIMIT, 1_000_000, 4_000_000):
        content = padded(body, size)
        declared = send(ada, content)
        refused(declared, 413, "payload_too_large", says=[str(BODY_LIMIT)])
        in_chunks = raw(
            api,
            b"POST /api/v1/bookings/",
            authorization(ada),
            JSON,
            b"Transfer-Encoding: chunked",
            body=chunked(content[:100], content[100:]),
        )
        refused(in_chunks, 413, "payload_too_large")
    assert ada.get(BOOKINGS.replace("bookings", "me/bookings")).json() is not None
    created(send(ada, padded(body, BODY_LIMIT)))


def test_an_answer_does_not_repeat_what_was_sent_at_length(ada: Person, body: Json) -> None:
    long = "x" * 60_000
    for wrong in (
        {**body, "title": long},
        {**body, long: 1},
        {**body, "facility_id": long},
        {**body, "start_time": long},
        {**body, **{f"{number}{'y' * 300}": 1 for number in range(150)}},
    ):
        response = ada.post(BOOKINGS, wrong)
        assert response.status_code == 400
        assert len(response.content) < 10_000
    response = ada.get(FACILITIES, params={"search": "x" * 30_000})
    invalid(response, ("query", "/search"))
    assert len(response.content) < 2_000


# Queries.


@pytest.mark.parametrize(
    "text",
    [
        "1_5",
        "%2030%20",
        "+30",
        "%2B30",
        "030",
        "30.0",
        "3e1",
        "0x1e",
        "%EF%BC%93%EF%BC%90",
        "%D9%A3%D9%A0",
        "30%00",
        "30%0A",
        "--30",
        "",
        "true",
        "[30]",
        "9" * 5000,
    ],
)
def test_an_integer_is_written_in_one_way(api: Api, ada: Person, text: str) -> None:
    line = f"GET /api/v1/facilities/?limit={text}".encode()
    invalid(raw(api, line, authorization(ada)), ("query", "/limit"))
    line = f"GET /api/v1/facilities/?min_capacity={text}".encode()
    invalid(raw(api, line, authorization(ada)), ("query", "/min_capacity"))


@pytest.mark.parametrize(
    "query", ["limit=10&limit=20", "limit=10&limit=10", "amenities=a&amenities=b"]
)
def test_a_parameter_is_given_once(api: Api, ada: Person, query: str) -> None:
    name = query.partition("=")[0]
    response = raw(api, f"GET /api/v1/facilities/?{query}".encode(), authorization(ada))
    invalid(response, ("query", f"/{name}"))
    assert "twice" in response.json()["detail"]


@pytest.mark.parametrize("query", ["search=%ff", "%ff=1", "search=%ED%A0%80", "search=%C0%80"])
def test_a_query_is_in_utf_8(api: Api, ada: Person, query: str) -> None:
    invalid(raw(api, f"GET /api/v1/facilities/?{query}".encode(), authorization(ada)))


def test_a_query_has_an_end(ada: Person) -> None:
    invalid(ada.get(f"{FACILITIES}?{'&'.join(f'x{n}={n}' for n in range(101))}"))
    response = ada.get(f"{FACILITIES}?{'&'.join(f'x{n}={n}' for n in range(100))}")
    assert response.status_code == 400
    assert len(response.json()["errors"]) <= 100


@pytest.mark.parametrize("query", ["", "&", "&&limit=5", "limit=5&", "search=a;b", "search=a%26b"])
def test_an_odd_query_that_means_something_is_answered(api: Api, ada: Person, query: str) -> None:
    response = raw(api, f"GET /api/v1/facilities/?{query}".encode(), authorization(ada))
    assert response.status_code == 200


# Paths.


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/me",
        "/api/v1/me//",
        "//api/v1/me/",
        "/api//v1/me/",
        "/api/v1/bookings",
        "/api/v1/bookings/1",
        "/api/v1/bookings//",
        "/api/v1/bookings/1//",
        "/api/v1/bookings/1/history",
        "/api/v1/availability/search/",
        "/healthz/",
        "/openapi.yaml/",
    ],
)
def test_a_slash_too_many_or_too_few_leads_nowhere_and_redirects_nobody(
    api: Api, ada: Person, path: str
) -> None:
    for method in (b"GET", b"POST"):
        line = method + b" " + path.encode()
        response = raw(api, line, authorization(ada), b"Host: evil.example")
        refused(response, 404, "not_found", says=["Nothing lies at this path"])
        assert "location" not in response.headers
        assert b"evil.example" not in response.content


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api",
        "/api/v2/me/",
        "/API/V1/ME/",
        "/api/v1/",
        "/api/v1/../../etc/passwd",
        "/%2e%2e/secret",
        "/%00",
        "/%ff",
        "/api/v1%2Fme/x/",
        "/" + "x" * 5000,
        "*",
    ],
)
def test_an_unknown_path_is_not_found_with_or_without_a_token(
    api: Api, ada: Person, path: str
) -> None:
    for headers in ((), (authorization(ada),)):
        refused(raw(api, b"GET " + path.encode(), *headers), 404, "not_found")


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-1",
        "+1",
        "01",
        "1.0",
        "1_0",
        "1e3",
        "abc",
        "%201",
        "1%0A",
        "1%00",
        "%EF%BC%91",
        "%D9%A1",
        "9" * 20,
        "9" * 5000,
        "1,2",
        "{id}",
    ],
)
def test_what_is_no_id_names_nothing(api: Api, text: str) -> None:
    for kind in ("bookings", "facilities", "users", "me/tokens"):
        method = "DELETE" if kind == "me/tokens" else "GET"
        line = f"{method} /api/v1/{kind}/{text}/".encode()
        refused(raw(api, line, authorization(api.staff)), 404, "not_found")


def test_an_id_beyond_the_contracts_is_told_so(api: Api) -> None:
    for kind, most in (("bookings", 2**53 - 1), ("facilities", 2**31 - 1), ("users", 2**31 - 1)):
        beyond = api.staff.get(f"/api/v1/{kind}/{most + 1}/")
        invalid(beyond, ("path", "/id"))
        refused(api.staff.get(f"/api/v1/{kind}/{most}/"), 404, "not_found")


def test_an_id_may_be_percent_encoded(api: Api, ada: Person, body: Json) -> None:
    booking = created(ada.post(BOOKINGS, body))
    encoded = "".join(f"%{ord(digit):02x}" for digit in str(booking["id"]))
    response = raw(api, f"GET /api/v1/bookings/{encoded}/".encode(), authorization(ada))
    assert booking == response.json()


# Methods.


def methods_of_paths() -> dict[str, set[str]]:
    """The methods of each path: those of the contract, and HEAD wherever there is GET."""
    found: dict[str, set[str]] = {}
    for operation in operations().values():
        methods = {"GET", "HEAD"} if operation.method == "get" else {operation.method.upper()}
        found.setdefault(operation.path, set()).update(methods)
    return found


@pytest.mark.parametrize(("path", "methods"), sorted(methods_of_paths().items()))
def test_a_method_that_a_path_does_not_have_is_told_all_that_it_has(
    api: Api, ada: Person, path: str, methods: set[str]
) -> None:
    concrete = re.sub(r"\{\w+\}", "1", path).encode()
    others = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - methods
    for method in sorted(others):
        line = method.encode() + b" " + concrete
        for headers in ((), (authorization(ada),)):
            response = raw(api, line, *headers)
            refused(response, 405, "method_not_allowed", says=[method, *methods])
            assert methods == set(response.headers["allow"].split(", "))


def test_a_page_outside_the_contract_tells_its_methods_too(api: Api) -> None:
    for path in ("/", "/healthz", "/readyz", "/openapi.yaml", "/openapi.json"):
        for method in ("POST", "DELETE", "OPTIONS"):
            response = api.anonymous.request(method, path)
            refused(response, 405, "method_not_allowed", says=["GET"])
            assert response.headers["allow"] == "GET, HEAD"


def test_head_is_get_without_the_body(api: Api, ada: Person, body: Json) -> None:
    booking = created(ada.post(BOOKINGS, body))
    for path in (path_of(booking), ME, FACILITIES, "/healthz", "/openapi.yaml"):
        head, get = ada.request("HEAD", path), ada.get(path)
        assert (200, b"") == (head.status_code, head.content)
        for name in ("content-type", "content-length", "etag", "link"):
            assert get.headers.get(name) == head.headers.get(name)
    assert ada.request("HEAD", f"{BOOKINGS}9007199254740991/").status_code == 404
    assert api.anonymous.request("HEAD", ME).status_code == 401
    assert ada.request("HEAD", BOOKINGS).status_code == 405


# Request ids and other headers.


@pytest.mark.parametrize(
    "given", ["a", "x" * 64, "Web.1_2-3", "00000000-0000-0000-0000-000000000000"]
)
def test_a_request_may_bring_its_own_id(api: Api, ada: Person, given: str) -> None:
    for response in (
        ada.get(ME, headers={"X-Request-Id": given}),
        api.anonymous.get(ME, headers={"X-Request-Id": given}),
        ada.get("/nowhere", headers={"X-Request-Id": given}),
        ada.get("/healthz", headers={"X-Request-Id": given}),
    ):
        assert given == response.headers["x-request-id"]


@pytest.mark.parametrize(
    "given",
    [b"", b"x" * 65, b"two words", b"<script>", b"a\tb", b"\xff\xfe", b'"', b"a;b", b"../x"],
)
def test_a_request_id_of_other_characters_is_replaced(api: Api, ada: Person, given: bytes) -> None:
    response = raw(api, b"GET /api/v1/me/", authorization(ada), b"X-Request-Id: " + given)
    assert response.status_code == 200
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])


def test_each_request_without_an_id_gets_one_of_its_own(ada: Person) -> None:
    assert len({ada.get(ME).headers["x-request-id"] for _ in range(5)}) == 5


def test_what_a_client_would_accept_does_not_matter(ada: Person) -> None:
    for accept in ("text/html", "application/xml;q=0.9", "nonsense", ""):
        response = ada.get(ME, headers={"Accept": accept})
        assert (200, "application/json") == (
            response.status_code,
            response.headers["content-type"],
        )


@pytest.mark.parametrize(
    "line",
    [
        b"NONSENSE",
        b"FOO /",
        b"GET /\xff",
        b"GET /two words",
        b"GET",
        b"",
        b"GET /" + b"x" * 100_000,
    ],
    ids=lambda line: repr(line[:20]),
)
def test_what_is_not_http_is_a_problem_too(api: Api, line: bytes) -> None:
    response = raw(api, line)
    assert (400, "invalid_request") == (response.status_code, response.json()["type"])


@pytest.mark.parametrize(
    "header",
    [
        b"No colon",
        b"Bad name: x",
        b"Content-Length: -1",
        b"Content-Length: many",
        b"Content-Length: 1\r\nContent-Length: 2",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked",
        b"X: nul\x00",
    ],
)
def test_headers_that_are_not_http_are_a_problem_too(api: Api, ada: Person, header: bytes) -> None:
    response = raw(api, b"POST /api/v1/bookings/", authorization(ada), JSON, header, body=b"{}")
    assert (400, "invalid_request") == (response.status_code, response.json()["type"])


def test_headers_have_an_end(api: Api) -> None:
    """The service hangs up on them, after saying why if the client still listens."""
    url = httpx.URL(api.base_url)
    with socket.create_connection((url.host, url.port or 80), timeout=20) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        sent = 0
        with suppress(ConnectionError):
            while sent < 16_000_000:
                sock.sendall(b"X: %b\r\n" % (b"x" * 16_000))
                sent += 16_000
    assert sent < 16_000_000
    assert api.anonymous.get("/healthz").status_code == 200


def test_every_kind_of_answer_has_one_request_id_and_names_no_server(api: Api, ada: Person) -> None:
    replies: list[Any] = [
        ada.get(ME),
        ada.get("/nowhere"),
        api.anonymous.get(ME),
        ada.post(BOOKINGS, {}),
        ada.get("/healthz"),
        ada.request("PUT", ME),
    ]
    for response in replies:
        assert len(response.headers.get_list("x-request-id")) == 1
        assert "server" not in response.headers
        assert response.headers["x-content-type-options"] == "nosniff"


def test_nothing_of_the_api_is_kept_for_others_or_unasked(
    api: Api, ada: Person, body: Json
) -> None:
    booking = created(ada.post(BOOKINGS, body))
    for response in (
        ada.get(path_of(booking)),
        ada.get(path_of(booking), headers={"If-None-Match": "*"}),
        ada.get(FACILITIES),
        ada.get("/api/v1/nowhere"),
        api.anonymous.get(ME),
    ):
        assert response.headers["cache-control"] == "private, no-cache"


# Clients that go away.


def leave(api: Api, *headers: bytes, body: bytes) -> None:
    """Ask for a booking and hang up once the service has read what was sent of the body."""
    url = httpx.URL(api.base_url)
    lines = [b"POST /api/v1/bookings/ HTTP/1.1", b"Host: x", JSON, b"Expect: 100-continue"]
    with socket.create_connection((url.host, url.port or 80), timeout=20) as sock:
        sock.sendall(b"\r\n".join([*lines, *headers]) + b"\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 100 ")  # now it waits for the body
        sock.sendall(body)
        # It reads what it has before it answers who asks after that.
        assert api.anonymous.get("/readyz").status_code == 200


def test_half_a_request_is_none_even_if_it_can_be_read(api: Api, body: Json) -> None:
    person, content = api.person(), orjson.dumps(body)
    token = authorization(person)
    leave(api, token, b"Content-Length: %d" % (len(content) + 1), body=content)
    leave(api, token, b"Transfer-Encoding: chunked", body=chunked(content)[:-5])
    leave(api, token, b"Content-Length: 1000", body=b"{")
    # Whoever asks next gets the period: nobody has taken it before.
    created(api.person().post(BOOKINGS, body))
    assert person.get("/api/v1/me/bookings/").json() == []


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/api/v1/me", "/api/v1/me/"),
        ("/api/v1/availability/search/", "/api/v1/availability/search"),
    ],
)
def test_a_slash_that_makes_the_difference_is_named(ada: Person, path: str, meant: str) -> None:
    refused(ada.get(path), 404, "not_found", says=[f"Did you mean {meant} ?"])


def test_a_value_that_is_not_accepted_is_told_all_that_would_be(ada: Person) -> None:
    kinds = ada.get(FACILITIES, params={"facility_type": "spaceship"}).json()
    assert "none of room, court, lab, desk, vehicle, other" in kinds["detail"]
    bare = {"start_time": "2026-11-25T03:00:00", "end_time": "2026-11-25T04:00:00Z"}
    instants = ada.get("/api/v1/availability/search", params=bare).json()
    assert "with an offset, such as 2026-11-25T03:00:00Z" in instants["detail"]
    nothing = ada.post(BOOKINGS, {}).json()
    assert "(and 3 more, see errors)" in nothing["detail"]


def test_an_offer_to_speak_another_protocol_is_passed_over(api: Api) -> None:
    offer = (
        b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
        b"Upgrade: h2c\r\n"
    )
    url = httpx.URL(api.base_url)
    with socket.create_connection((url.host, url.port or 80), timeout=20) as sock:
        for word in ("first", "second"):  # The connection goes on, and so does the offer.
            body = b'{"name": "%b"}' % word.encode()
            head = (
                b"POST /api/v1/me/tokens/ HTTP/1.1\r\nHost: holdfast.test\r\n%b"
                b"Authorization: Bearer %b\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n"
            )
            sock.sendall(head % (offer, api.staff.token.encode(), len(body)))
            sock.sendall(body)
            with HTTPResponse(sock, method="POST") as reply:
                reply.begin()
                made = orjson.loads(reply.read())
            assert (reply.status, made["name"]) == (201, word), made
