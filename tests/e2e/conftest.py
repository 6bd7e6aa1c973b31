"""The real service with the built pages and the demo's house, and a real browser before it.

Playwright drives the Chromium that ``scripts/test.sh`` finds or installs. Its loop runs while the
browser does, so whatever is asynchronous here runs in a thread of its own.
"""

import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from app.commands.links import issue_link
from app.commands.tokens import TokenOrder, issue_token
from app.web import DIST
from demo import load_demo
from tests import servers, service

from .looking import ARGUMENTS, LINK_LIFETIME, Watch

HERE = Path(__file__).parent
REPORT = HERE.parents[1] / "reports" / "e2e.txt"
PICTURES = HERE.parents[1] / "docs" / "pictures"

T = TypeVar("T")

Quote = Callable[[str, str], None]
"""Writes down what was measured, and of what."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what cannot be, for the reason that ``scripts/test.sh`` found."""
    why = os.environ.get("HOLDFAST_NO_WEB") or os.environ.get("HOLDFAST_NO_BROWSER")
    if why:
        for item in items:
            if item.path.is_relative_to(HERE):
                item.add_marker(pytest.mark.skip(reason=why))


def _in_a_thread(work: Coroutine[Any, Any, T]) -> T:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@dataclass(frozen=True, slots=True)
class House:
    """A running service with the demo's data: ada and bob are members, ingrid is of the staff."""

    url: str
    dsn: str

    def token(self, username: str) -> str:
        """A new token of the user, who is made if there is none."""
        return _in_a_thread(issue_token(self.dsn, TokenOrder(username, "e2e"))).secret

    def link(self, username: str) -> str:
        """The address that signs the user in, once."""
        issued = _in_a_thread(issue_link(self.dsn, username, LINK_LIFETIME))
        return issued.address(self.url)

    def api(self, username: str) -> httpx.Client:
        """A program of the user's."""
        headers = {"Authorization": f"Bearer {self.token(username)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def session(self, username: str) -> str:
        """The cookie of a new session of the user."""
        body = {"token": self.token(username)}
        reply = httpx.post(f"{self.url}/api/v1/session/", json=body)
        assert reply.status_code == 201, reply.text
        return reply.cookies["holdfast_session"]


@pytest.fixture(scope="package")
def house(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The service, shared by all tests: each books in places or at times of its own."""
    assert (DIST / "index.html").exists(), "web/dist is not there: scripts/test.sh makes it"
    log = tmp_path_factory.mktemp("e2e") / "service.log"
    with servers.clone(server, template) as dsn:
        _in_a_thread(load_demo(dsn, report=lambda _: None))
        with service.service(dsn, log) as url:
            yield House(url, dsn)


def chromium_path() -> str:
    """Where Chromium is."""
    names = (os.environ.get("HOLDFAST_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    assert found, "there is no Chromium: scripts/test.sh installs it"
    return found


@pytest.fixture(scope="package")
def browser(house: House) -> Iterator[Browser]:
    """Chromium, which looks at nothing but the house."""
    assert house.url
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=chromium_path(), args=[*ARGUMENTS, *as_root]
        )
        yield chromium
        chromium.close()


class OpenPage(Protocol):
    """See ``open_page``."""

    def __call__(  # noqa: PLR0913 - what a visit can be like
        self,
        username: str | None = None,
        *,
        path: str = "/",
        width: int = 1280,
        height: int = 800,
        theme: str = "light",
        language: str = "en",
        **context: Any,
    ) -> Page:
        """A page, opened."""


@pytest.fixture
def open_page(house: House, browser: Browser) -> Iterator[OpenPage]:
    """Opens a page in a browser of its own, signed in as the user if one is named.

    At the end no script may have failed, nothing may have been asked of another host, and the
    content security policy may have forbidden nothing.
    """
    contexts: list[BrowserContext] = []
    watch = Watch(house.url)

    def opened(  # noqa: PLR0913 - as OpenPage
        username: str | None = None,
        *,
        path: str = "/",
        width: int = 1280,
        height: int = 800,
        theme: str = "light",
        language: str = "en",
        **more: Any,
    ) -> Page:
        settings: dict[str, Any] = {
            "viewport": {"width": width, "height": height},
            "locale": {"en": "en-GB", "de": "de-DE"}[language],
            "timezone_id": "Europe/Berlin",
            "color_scheme": "dark" if theme == "dark" else "light",
            "reduced_motion": "reduce",
            **more,
        }
        context = browser.new_context(**settings)
        contexts.append(context)
        context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        if username is not None:
            cookie = {"name": "holdfast_session", "value": house.session(username)}
            safe = {"httpOnly": True, "sameSite": "Strict"}
            context.add_cookies([{**cookie, **safe, "url": house.url}])  # type: ignore[typeddict-item]
        page = context.new_page()
        page.on("console", lambda message: watch.console(_told(message)))
        page.on("pageerror", lambda error: watch.failed(str(error)))
        page.on("request", lambda request: watch.asked(request.url))
        page.goto(house.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [] == watch.found


def _told(message: ConsoleMessage) -> tuple[str, str]:
    return message.type, message.text


class Axe(Protocol):
    """See ``axe``."""

    def __call__(self, page: Page, *, within: str = "html", only: Sequence[str] = ()) -> None:
        """Look at a page, or at a part of it; for all that axe knows, or only by some rules."""


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Fails if axe-core finds anything wrong with a page as it stands."""
    source = (HERE / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")

    def look(page: Page, *, within: str = "html", only: Sequence[str] = ()) -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(source)
        options = {"resultTypes": ["violations"], **({"runOnly": list(only)} if only else {})}
        # Whole pages have rules of their own, which a part of one has not.
        what = "document" if within == "html" else f"'{within}'"
        found = page.evaluate(
            f"async options => (await axe.run({what}, options)).violations", options
        )
        assert [] == [
            (each["id"], node["html"][:200], node.get("failureSummary", "")[:300])
            for each in found
            for node in each["nodes"]
        ]

    return look


@pytest.fixture
def picture(tmp_path: Path) -> Callable[[Page, str], None]:
    """Takes a picture of a page: for docs/ if HOLDFAST_PICTURES is set, else for nobody."""
    folder = PICTURES if os.environ.get("HOLDFAST_PICTURES") else tmp_path

    def take(page: Page, name: str) -> None:
        folder.mkdir(exist_ok=True)
        page.screenshot(path=folder / f"{name}.png")

    return take


@pytest.fixture(scope="session")
def quote() -> Quote:
    """Puts figures into reports/e2e.txt, which is begun anew by each run."""
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("", encoding="utf-8")

    def write(what: str, figure: str) -> None:
        with REPORT.open("a", encoding="utf-8") as report:
            report.write(f"{what}: {figure}\n")

    return write
