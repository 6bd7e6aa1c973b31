"""Every page, and the dialogs, in every theme, wide and on a phone: axe-core finds nothing wrong.

A page is loaded once: another theme, or another size of the window, needs no other load.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import Axe, House, OpenPage
from .rooms import room

ANYBODY = ("/sign-in",)
MEMBERS = ("/", "/facilities/1", "/mine", "/display/1", "/nowhere")
STAFF = (
    "/staff",
    "/staff/bookings",
    "/staff/facilities",
    "/staff/facilities/1",
    "/staff/facilities/new",
    "/staff/sites",
    "/staff/sites/1",
    "/staff/closures",
    "/staff/users",
    "/staff/users/1",
    "/staff/groups",
    "/staff/history",
    "/staff/analytics",
)
DIALOGS = {
    "/staff/facilities/1": "Archive",
    "/staff/sites": "New site",
    "/staff/closures": "New closure",
    "/staff/users": "New user",
    "/staff/users/1": "New token",
    "/staff/groups": "New quota",
}
"""A button of the page that opens one."""

SIZES = {"": (1280, 800), "-phone": (360, 740)}
THEMES = ("light", "dark", "contrast")
OF_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that another theme can break."""

AT_ONCE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, *::before, *::after { transition: none !important }");
  document.adoptedStyleSheets = [sheet];
}"""
"""Has a page change its colours without passing through others."""

Picture = Callable[[Page, str], None]


def look(page: Page, axe: Axe, seen: Callable[[str, str], None], within: str = "html") -> None:
    """Look at a page, as it stands, in every size and theme."""
    page.evaluate(AT_ONCE)
    for suffix, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in THEMES:
            page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            page.evaluate("() => new Promise(requestAnimationFrame)")
            axe(page, within=within, only=() if theme == "light" else OF_COLOURS)
            seen(suffix, theme)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, "the page is wider than the window"


@pytest.mark.parametrize("path", [*ANYBODY, *MEMBERS, *STAFF])
def test_axe_finds_nothing(open_page: OpenPage, axe: Axe, picture: Picture, path: str) -> None:
    name = path.strip("/").replace("/", "-") or "find"

    def seen(suffix: str, theme: str) -> None:
        if path not in ANYBODY and (suffix, theme) in {("", "light"), ("-phone", "dark")}:
            picture(page, f"{name}{suffix}")

    username = "ingrid" if path in STAFF else "maria" if path in MEMBERS else None
    page = open_page(username, path=path)
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_text("Loading …")).to_have_count(0)
    look(page, axe, seen)
    if path in DIALOGS:
        page.get_by_role("button", name=DIALOGS[path]).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        look(page, axe, unseen, "dialog")


def unseen(_suffix: str, _theme: str) -> None:
    """Take no picture."""


def test_axe_finds_nothing_where_something_is_booked(
    house: House, open_page: OpenPage, axe: Axe
) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    where.click(page, "10:00")
    book = page.get_by_role("dialog").get_by_role("button", name="Book", exact=True)
    expect(book).to_be_visible()
    look(page, axe, unseen, "dialog")
    where.book("bob", "10:00", "12:00")
    book.click()
    expect(page.get_by_text("That time is taken.")).to_be_visible()
    look(page, axe, unseen, "dialog")
    page.keyboard.press("Escape")
    where.book("ada", "14:00", "15:00", "Choir practice")
    page.set_viewport_size({"width": 1280, "height": 800})
    where.bar(page).get_by_text("Choir practice").click()
    expect(page.get_by_role("dialog").get_by_text("Choir practice")).to_be_visible()
    look(page, axe, unseen, "dialog")
