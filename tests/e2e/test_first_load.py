"""What the first sight of the timeline costs, and what a newcomer needs to book."""

import gzip
import time
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from .conftest import House, OpenPage, Quote
from .rooms import room

MOST_SCRIPT_BYTES = 150_000
MOST_SECONDS = 60
TYPING_MILLISECONDS = 180
"""Between two keys: 65 words a minute is what people who type much reach; this is 60 to 65."""


def test_the_first_load_is_small(house: House, open_page: OpenPage, quote: Quote) -> None:
    page = open_page("ada")
    expect(page.get_by_role("grid")).to_be_visible()
    asked = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    scripts = {url for url in asked if url.endswith(".js")}
    assert all(url.startswith(f"{house.url}/assets/") for url in scripts)
    sizes = {url: len(gzip.compress(httpx.get(url).content)) for url in scripts}
    quote("first load", f"{sum(sizes.values()) / 1000:.0f} kB of script, gzipped")
    assert 0 < sum(sizes.values()) < MOST_SCRIPT_BYTES, sizes


def test_a_newcomer_books_within_a_minute(house: House, open_page: OpenPage, quote: Quote) -> None:
    """From the link to the confirmation, at the speed of somebody who reads and types."""
    where = room(house)
    link = house.link("newcomer").removeprefix(house.url)
    began = time.monotonic()
    steps = Steps(open_page(path=link))
    page = steps.page
    expect(page.get_by_role("grid")).to_be_visible()
    steps.look()
    search = page.get_by_role("searchbox")
    steps.click(search)
    search.press_sequentially(where.name[:12], delay=TYPING_MILLISECONDS)
    expect(where.bar(page)).to_be_visible()
    steps.click(page.get_by_role("button", name="Next day"))
    steps.look()
    where.click(page, "14:00")
    steps.count += 1
    title = page.get_by_role("dialog").get_by_label("What is it for?")
    expect(title).to_be_focused()
    steps.look()
    title.press_sequentially("Planning the summer party", delay=TYPING_MILLISECONDS)
    steps.click(page.get_by_role("dialog").get_by_role("button", name="Book", exact=True))
    expect(page.get_by_text(f"Booked: {where.name}")).to_be_visible()
    seconds = time.monotonic() - began
    quote("a newcomer's first booking", f"{steps.count} clicks, {seconds:.0f} s")
    assert steps.count <= 5
    assert seconds < MOST_SECONDS


class Steps:
    """Somebody who looks before each click."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def look(self) -> None:
        """As long as it takes to read a line and find one's way."""
        self.page.wait_for_timeout(1500)

    def click(self, what: Any) -> None:
        """Click on it, having looked."""
        self.look()
        what.click()
        self.count += 1
