"""The way in and the way out: by a link, by a token, and by those that open nothing."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from .conftest import House, OpenPage


def test_a_link_signs_in_once_and_leaves_no_secret_behind(
    house: House, open_page: OpenPage
) -> None:
    link = house.link("ada").removeprefix(house.url)
    page = open_page(path=link)
    expect(page.get_by_role("navigation")).to_be_visible()
    assert house.url + "/" == page.url
    (cookie,) = page.context.cookies()
    assert ("holdfast_session", True, "Strict") == (
        cookie["name"],
        cookie["httpOnly"],
        cookie["sameSite"],
    )

    again = open_page(path=link)
    expect(again.get_by_text("This link has been used already")).to_be_visible()
    assert house.url + "/sign-in" == again.url
    expect(again.get_by_label("Token")).to_be_visible()


def test_a_token_signs_in_where_one_wanted_to_go_and_out_again(
    house: House, open_page: OpenPage
) -> None:
    page = open_page(path="/mine")
    token = page.get_by_label("Token")
    token.fill("hf_too_short")
    token.press("Enter")
    expect(page.get_by_text("This one is not: was it copied whole?")).to_be_visible()
    token.fill("hf_" + "x" * 43)
    token.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This opens nothing")
    token.fill(house.token("ada"))
    token.press("Enter")
    expect(page.get_by_role("navigation")).to_be_visible()
    assert house.url + "/mine" == page.url

    page.get_by_label("Settings").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    assert [] == page.context.cookies()


def test_a_session_that_ends_leaves_the_page_as_it_is(house: House, open_page: OpenPage) -> None:
    page = open_page("bob")
    expect(page.get_by_role("navigation")).to_be_visible()
    with house.api("bob") as bob:
        for token in bob.get("/api/v1/me/tokens/").json():
            if token["name"] == "Browser session":
                bob.delete(f"/api/v1/me/tokens/{token['id']}/")
    dialog = page.get_by_role("dialog", name="Your session is over")
    expect(dialog).to_be_visible(timeout=15_000)
    dialog.get_by_label("Token").fill(house.token("bob"))
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("navigation")).to_be_visible()


def test_the_way_in_is_for_everybody(
    open_page: OpenPage, axe: Callable[[Page], None], picture: Callable[[Page, str], None]
) -> None:
    for theme in ("light", "dark", "contrast"):
        page = open_page(path="/sign-in", theme=theme, width=390, height=844)
        expect(page.get_by_label("Token")).to_be_visible()
        axe(page)
        if theme == "light":
            picture(page, "sign-in")


def test_it_speaks_german(open_page: OpenPage) -> None:
    page = open_page(path="/sign-in", language="de")
    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    assert "de" == page.evaluate("document.documentElement.lang")
