"""Every page, in every theme, wide and on a phone: axe-core finds nothing wrong with any."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenPage

MEMBERS = ("/", "/facilities/1", "/mine", "/nowhere")
STAFF = (
    "/staff",
    "/staff/bookings",
    "/staff/facilities",
    "/staff/facilities/1",
    "/staff/sites/1",
    "/staff/closures",
    "/staff/users",
    "/staff/users/1",
    "/staff/groups",
    "/staff/history",
    "/staff/analytics",
)
SIZES = {"light": (1280, 800), "dark": (390, 844), "contrast": (360, 740)}


@pytest.mark.parametrize("path", [*MEMBERS, *STAFF])
def test_axe_finds_nothing(
    open_page: OpenPage,
    axe: Callable[[Page], None],
    picture: Callable[[Page, str], None],
    path: str,
) -> None:
    username = "ingrid" if path in STAFF else "maria"
    name = path.strip("/").replace("/", "-") or "find"
    for theme, (width, height) in SIZES.items():
        page = open_page(username, path=path, theme=theme, width=width, height=height)
        expect(page.get_by_role("main")).to_be_visible()
        expect(page.get_by_text("Loading …")).to_have_count(0)
        axe(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, "the page is wider than the window"
        if theme != "contrast":
            picture(page, f"{name}{'-phone' if theme == 'dark' else ''}")
