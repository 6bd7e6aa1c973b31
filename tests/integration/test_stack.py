"""What the stack does once instead of for each request changes none of its answers."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from errno import ENOSPC
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import structlog
from connexion import ConnexionMiddleware, Resolver
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from app.contract import document, operations
from app.logging import configure_logging, log_request
from app.routing import StrictRouting
from app.service import _Config
from app.settings import load_settings

from .api import Api, Person, at, invalid, wire

if TYPE_CHECKING:
    from typing_extensions import Buffer

SEARCH = "/api/v1/availability/search"
FACILITIES = "/api/v1/facilities/"


@pytest.fixture(scope="module")
def ada(api: Api) -> Person:
    return api.person()


# Routing.


async def _nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """An application that never answers."""


def _by_search(routing: StrictRouting, method: str, path: str) -> str | None:
    """The operation that Connexion's own router finds."""
    scope = {"type": "http", "method": method, "path": path, "root_path": ""}
    (mount,) = routing.router.routes
    for route in mount.app.routes:
        match, _ = route.matches(scope)
        if match is Match.FULL:
            return str(route.endpoint.operation_id)
    return None


@pytest.mark.anyio
async def test_a_path_that_is_looked_up_leads_where_the_search_does() -> None:
    found: list[Any] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        found.append(scope["extensions"]["connexion_routing"]["operation_id"])

    stack = ConnexionMiddleware(
        app,
        middlewares=[StrictRouting],
        resolver=Resolver(lambda _: _nothing),
    )
    stack.add_api(document())
    routing, _ = stack._build_middleware_stack()  # noqa: SLF001 - what its first request does
    plain = {item.path for item in operations().values() if "{" not in item.path}
    assert len(plain) > 10
    for path in sorted(plain):
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            expected = _by_search(routing, method, path)
            if expected is None:
                continue  # a 405, which only Connexion's router answers
            found.clear()
            scope: Scope = {"type": "http", "method": method, "path": path, "extensions": {}}
            await routing(scope, _receive, _send)
            assert [expected] == found
            assert {} == scope["path_params"]


async def _receive() -> Message:
    raise AssertionError


async def _send(_: Message) -> None:
    raise AssertionError


# Queries.


def test_a_query_means_the_same_each_time_it_is_asked(api: Api, ada: Person) -> None:
    facility = api.facility(amenities=["projector", "whiteboard"])
    params = {
        "start_time": wire(at(0)),
        "end_time": wire(at(24)),
        "facility_id": facility["id"],
        "amenities": "projector,whiteboard",
    }
    first, again = (ada.get(SEARCH, params=params).json() for _ in range(2))
    assert first == again
    assert [facility["id"]] == [item["facility"]["id"] for item in again]


def test_a_query_that_one_operation_takes_means_nothing_to_another(ada: Person) -> None:
    for _ in range(2):
        assert ada.get(FACILITIES, params={"min_capacity": 3}).status_code == 200
        invalid(ada.get("/api/v1/me/", params={"min_capacity": 3}), ("query", "/min_capacity"))


def test_a_query_that_is_refused_is_refused_each_time(ada: Person) -> None:
    for _ in range(2):
        invalid(ada.get(FACILITIES, params={"limit": "+5"}), ("query", "/limit"))
        twice = [("limit", "5"), ("limit", "5")]
        invalid(ada.get(FACILITIES, params=twice), ("query", "/limit"))


@pytest.mark.parametrize("length", [500, 5000])
def test_a_long_query_is_read_like_a_short_one(ada: Person, length: int) -> None:
    invalid(ada.get(FACILITIES, params={"x" * length: "1"}), ("query", f"/{('x' * length)[:100]}"))


# The log.


@pytest.fixture
def written(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], list[bytes]]]:
    """What was written to the log; it is set up as before at the end."""
    monkeypatch.setattr("app.logging._log_request", None)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def lines() -> list[bytes]:
        return capsysbinary.readouterr().err.splitlines()

    yield lines
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


REQUEST = {"method": "GET", "path": "/", "status": 200, "ms": 0.1, "request_id": "abc"}


@pytest.mark.anyio
async def test_a_request_is_logged_in_the_form_of_all_else(
    written: Callable[[], list[bytes]],
) -> None:
    configure_logging(load_settings(log_format="json"))
    log_request(REQUEST)
    await asyncio.sleep(0)
    structlog.get_logger().info("request", **REQUEST)
    ours, theirs = map(orjson.loads, written())
    for line in (ours, theirs):
        stamp = line.pop("timestamp")
        assert 27 == len(stamp)
        assert stamp.endswith("Z")
    assert theirs == ours


@pytest.mark.anyio
async def test_each_request_of_one_turn_has_its_line_in_order_and_so_has_each_of_the_next(
    written: Callable[[], list[bytes]],
) -> None:
    configure_logging(load_settings(log_format="json"))
    for number in range(3):
        log_request({**REQUEST, "request_id": str(number)})
    await asyncio.sleep(0)
    assert ["0", "1", "2"] == [orjson.loads(line)["request_id"] for line in written()]
    log_request({**REQUEST, "request_id": "3"})
    await asyncio.sleep(0)
    assert ["3"] == [orjson.loads(line)["request_id"] for line in written()]


class Full(BytesIO):
    """A file on a disk that is full until there is room."""

    is_full = True

    def write(self, content: "Buffer") -> int:
        """Write, or raise OSError."""
        if self.is_full:
            raise OSError(ENOSPC, "No space left on device")
        return super().write(content)


@pytest.mark.anyio
async def test_after_lines_that_could_not_be_written_others_are(
    monkeypatch: pytest.MonkeyPatch, written: Callable[[], list[bytes]]
) -> None:
    assert [] == written()
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    disk = Full()
    monkeypatch.setattr("sys.stderr", SimpleNamespace(buffer=disk, isatty=lambda: False))
    configure_logging(load_settings(log_format="json"))
    for turn in range(3):
        log_request({**REQUEST, "request_id": str(turn)})
        await asyncio.sleep(0)
    assert 3 == len(told)  # each turn tried
    disk.is_full = False
    log_request({**REQUEST, "request_id": "3"})
    await asyncio.sleep(0)
    asyncio.get_running_loop().set_exception_handler(None)
    assert ["3"] == [orjson.loads(line)["request_id"] for line in disk.getvalue().splitlines()]


@pytest.mark.anyio
@pytest.mark.parametrize(("level", "lines"), [("debug", 1), ("info", 1), ("warning", 0)])
async def test_requests_are_logged_from_info_on(
    written: Callable[[], list[bytes]], level: str, lines: int
) -> None:
    configure_logging(load_settings(log_format="json", log_level=level))
    log_request(REQUEST)
    await asyncio.sleep(0)
    assert lines == len(written())


def test_people_read_requests_too(written: Callable[[], list[bytes]]) -> None:
    configure_logging(load_settings(log_format="console"))
    log_request(REQUEST)
    (line,) = written()
    assert b"request" in line
    assert b"status=200" in line


def test_uvicorn_puts_no_line_together_that_nobody_reads() -> None:
    _Config(load_settings(log_format="json"))
    assert not logging.getLogger("uvicorn.access").hasHandlers()


# Connections.


def test_idle_connections_are_kept_as_long_as_the_setting_says() -> None:
    assert 75 == _Config(load_settings()).timeout_keep_alive
    assert 7 == _Config(load_settings(keep_alive_seconds=7)).timeout_keep_alive
