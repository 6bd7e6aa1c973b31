"""The web client as the service serves it: what is kept for how long, and what is no page."""

import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from app.web import DIST, PATHS, Web

from .api import Api

SOURCES = Path(__file__).parents[2] / "web" / "src"
PAGES = (SOURCES / "app" / "pages.ts", SOURCES / "staff" / "pages.ts")
ALL_OF_THE_STAFF = "/staff(?:/.*)?"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
needs_web = pytest.mark.skipif(not DIST.exists(), reason="the web client is not built")


def get(api: Api, path: str, **headers: str) -> httpx.Response:
    return httpx.get(api.base_url + path, headers=headers or BROWSER)


def client_paths() -> list[str]:
    """A path for each page that the client has."""
    patterns = [pattern for file in PAGES for pattern in patterns_in(file)]
    # What the staff's list has instead, page by page.
    patterns.remove(ALL_OF_THE_STAFF)
    return [path for pattern in patterns for path in paths_in(pattern)]


def patterns_in(file: Path) -> list[str]:
    """The patterns of paths in a list of pages."""
    text = file.read_text(encoding="utf-8")
    return [each.replace("\\/", "/") for each in re.findall(r"pattern: /\^(.+)\$/", text)]


def paths_in(pattern: str) -> list[str]:
    """Paths that match: one for each alternative, with 7 as the identifier of whatever has one."""
    path = re.sub(r"\(\?<\w+>[^)]*\)", "7", pattern)
    start, choice, rest = re.fullmatch(r"([^(]*)(?:\(\?:([^)]*)\)(.*))?", path).groups()  # type: ignore[union-attr]  # fails the test where it does not match
    return [start] if choice is None else [start + each + rest for each in choice.split("|")]


def test_the_client_has_pages() -> None:
    assert {"/", "/display/7", "/sign-in", "/staff/facilities/new"} <= set(client_paths())


@needs_web
@pytest.mark.parametrize("path", client_paths())
def test_every_page_of_the_client_is_served(api: Api, path: str) -> None:
    response = get(api, path)
    assert (200, "text/html; charset=utf-8") == (
        response.status_code,
        response.headers["content-type"],
    )
    assert "no-cache" == response.headers["cache-control"]
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert 304 == get(api, path, **{"If-None-Match": response.headers["etag"]}).status_code


@needs_web
def test_what_a_page_loads_is_kept_for_ever(api: Api) -> None:
    files = re.findall(r'"(/assets/[^"]+)"', get(api, "/").text)
    assert files
    for file in files:
        response = get(api, file)
        assert 200 == response.status_code
        assert "public, max-age=31536000, immutable" == response.headers["cache-control"]
        assert re.fullmatch(r"/assets/[\w.-]+-[\w-]{8}\.(js|css)", file)


@needs_web
@pytest.mark.parametrize("path", ["/nowhere", "/staff/nowhere", "/facilities/0", "/docs/typo"])
def test_a_browser_is_shown_that_there_is_no_such_page(api: Api, path: str) -> None:
    page = get(api, "/")
    known = {**BROWSER, "If-None-Match": page.headers["etag"]}
    for headers in (BROWSER, known):
        response = get(api, path, **headers)
        assert (404, page.content) == (response.status_code, response.content)
        assert "no-store" == response.headers["cache-control"]
        assert "Accept" in response.headers["vary"].split(", ")


@pytest.mark.parametrize("path", ["/nowhere", "/assets/none-12345678.js", "/api/v1/nowhere"])
def test_a_program_is_told_that_there_is_no_such_thing(api: Api, path: str) -> None:
    response = get(api, path, Accept="*/*")
    assert (404, "not_found") == (response.status_code, response.json()["type"])


def test_a_path_of_the_api_is_never_a_page(api: Api) -> None:
    assert "not_found" == get(api, "/api/v1/nowhere").json()["type"]


def test_where_it_is_not_built_the_page_says_how_to(tmp_path: Path) -> None:
    web = Web(tmp_path / "dist")
    routes = [*web.routes(), Route("/{path:path}", web.page)]
    with TestClient(Starlette(routes=routes)) as client:
        response = client.get("/")
        assert 404 == client.get("/nowhere").status_code
    assert 503 == response.status_code
    assert "scripts/run.sh" in response.text
    assert "/docs" in response.text


@pytest.mark.parametrize(
    "path", ["/staff/", "/facilities/", "/mine/7", "/display/x", "/docs", "/staff/sites/new"]
)
def test_only_its_own_paths_are_the_clients(path: str) -> None:
    assert PATHS.fullmatch(path) is None
