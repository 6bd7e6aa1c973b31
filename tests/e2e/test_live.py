"""What others change, where the network is not as it should be; and what leaves with a page."""

import re

from playwright.sync_api import expect

from .conftest import House, OpenPage
from .rooms import room

SOON = 10_000
"""Milliseconds: twice the distance at which it is asked where no stream passes."""


def test_where_no_stream_passes_changes_come_by_asking_and_the_page_says_so(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.route("**/availability/stream*", lambda route: route.abort())
    page.reload()
    expect(page.get_by_text("Checking every few seconds")).to_be_visible()
    expect(where.bar(page).get_by_text("Booked")).to_have_count(0)
    where.book("bob", "10:00", "12:00")
    expect(where.bar(page).get_by_text("Booked")).to_be_visible(timeout=SOON)


def test_offline_is_shown_and_nothing_that_was_typed_is_lost(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    where.click(page, "10:00")
    opened = page.get_by_role("dialog")
    opened.get_by_label("What is it for?").fill("Board meeting")
    page.context.set_offline(True)
    expect(page.get_by_text("Offline", exact=True)).to_be_visible(timeout=SOON)
    opened.get_by_role("button", name="Book", exact=True).click()
    expect(opened.get_by_text("The service cannot be reached")).to_be_visible(timeout=SOON)
    expect(opened.get_by_label("What is it for?")).to_have_value("Board meeting")
    assert [] == where.booked()

    page.context.set_offline(False)
    expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=SOON)
    opened.get_by_role("button", name="Book", exact=True).click()
    expect(where.bar(page).get_by_text("Board meeting")).to_be_visible()
    assert [("Board meeting", "10:00", "11:00")] == where.booked()


def test_a_dialog_leaves_with_its_page(house: House, open_page: OpenPage) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    page.get_by_role("link", name="My bookings").click()
    page.go_back()
    where.click(page, "10:00")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_forward()
    expect(page).to_have_url(re.compile("/mine$"))
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_content_is_a_key_away_and_a_new_page_begins_there(open_page: OpenPage) -> None:
    page = open_page("ada", path="/mine")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    address = page.url
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    assert page.url in {address, f"{address}#content"}
    page.get_by_role("link", name="Find", exact=True).press("Enter")
    expect(page.get_by_role("grid")).to_be_visible()
    expect(page.locator("#content")).to_be_focused()
