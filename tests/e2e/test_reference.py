"""The reference at /docs in a browser: it can be tried out there and then, on a phone too."""

from playwright.sync_api import expect

from .conftest import House, OpenPage


def test_an_operation_is_tried_out_with_a_token_and_answered(
    house: House, open_page: OpenPage
) -> None:
    page = open_page(path="/docs")
    page.get_by_role("button", name="Authorize").click()
    page.locator(".modal-ux input").first.fill(house.token("ada"))
    page.locator(".modal-ux .auth-btn-wrapper .authorize").first.click()
    page.locator(".modal-ux .btn-done").first.click()

    page.locator("#operations-tag-facilities").click()
    operation = page.locator("[id$='-facilities_list']").first
    operation.locator(".opblock-summary").first.click()
    operation.get_by_role("button", name="Execute").click()

    reply = operation.locator(".live-responses-table")
    expect(reply.locator(".response-col_status").nth(1)).to_contain_text("200")
    expect(reply).to_contain_text("Lighthouse")


def test_a_filter_narrows_what_is_shown_on_a_phone_too(open_page: OpenPage) -> None:
    page = open_page(path="/docs", width=390, height=844)
    page.get_by_placeholder("Filter by tag").fill("closures")

    expect(page.locator(".opblock-tag")).to_have_count(1)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
