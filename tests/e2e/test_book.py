"""Booking: in two clicks, against rivals, changed, given up, and taken back."""

import re
from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Locator, Page, Route, expect

from .conftest import Axe, House, OpenPage
from .rooms import DAY, Room, instant, room


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def begin(page: Page, where: Room, at: str) -> Locator:
    """The dialog that a click on a free time opens."""
    where.click(page, at)
    opened = dialog(page)
    expect(opened.get_by_role("heading", name=f"Book {where.name}")).to_be_visible()
    return opened


def test_two_clicks_book(
    house: House, open_page: OpenPage, axe: Axe, picture: Callable[[Page, str], None]
) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    opened = begin(page, where, "10:00")
    picture(page, "book")
    opened.get_by_role("button", name="Book", exact=True).hover()
    axe(page, within="dialog", only=["color-contrast"])
    opened.get_by_role("button", name="Book", exact=True).click()

    expect(opened).to_be_hidden()
    expect(page.get_by_text(f"Booked: {where.name}")).to_be_visible()
    expect(where.bar(page).get_by_text("Booking by ada")).to_be_visible()
    assert [("Booking by ada", "10:00", "11:00")] == where.booked()

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: nothing is booked.")).to_be_visible()
    assert [] == where.booked()


def test_what_is_typed_is_what_is_booked(
    house: House, open_page: OpenPage, axe: Callable[[Page], None]
) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    opened = begin(page, where, "09:00")
    opened.get_by_label("What is it for?").fill("Rehearsal of the quartet")
    opened.get_by_label("From").select_option(label="13:00")
    opened.get_by_label("To").select_option(label="14:30 · 1 h 30 min")
    opened.get_by_text("People, notes and more").click()
    opened.get_by_label("People", exact=True).fill("4")
    opened.get_by_label("Notes").fill("Two cellos.")
    axe(page)
    opened.get_by_label("What is it for?").press("Enter")
    expect(page.get_by_text(f"Booked: {where.name}")).to_be_visible()
    assert [("Rehearsal of the quartet", "13:00", "14:30")] == where.booked()


def test_of_two_browsers_that_race_one_books_and_the_other_is_told(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    pages = [open_page(username, path=where.path) for username in ("ada", "bob")]
    dialogs = [begin(page, where, "10:00") for page in pages]
    for opened in dialogs:
        opened.get_by_role("button", name="Book", exact=True).click(no_wait_after=True)
    won = (
        pages[0]
        .get_by_text(f"Booked: {where.name}")
        .or_(pages[0].get_by_text("That time is taken."))
    )
    expect(won).to_be_visible()
    expect(
        pages[1]
        .get_by_text(f"Booked: {where.name}")
        .or_(pages[1].get_by_text("That time is taken."))
    ).to_be_visible()
    assert 1 == len(where.booked())
    assert 1 == sum(page.get_by_text("That time is taken.").count() for page in pages)


def test_a_conflict_shows_what_is_in_the_way_and_books_what_is_free(
    house: House,
    open_page: OpenPage,
    axe: Callable[[Page], None],
    picture: Callable[[Page, str], None],
) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    opened = begin(page, where, "10:00")
    opened.get_by_label("What is it for?").fill("Board meeting")
    where.book("bob", "10:00", "12:00")
    opened.get_by_role("button", name="Book", exact=True).click()

    expect(opened.get_by_text("That time is taken.")).to_be_visible()
    expect(opened.locator(":focus")).to_contain_text("That time is taken.")
    expect(opened.get_by_role("listitem")).to_contain_text("10:00–12:00: somebody else")
    expect(opened.get_by_label("What is it for?")).to_have_value("Board meeting")
    axe(page)
    picture(page, "conflict")
    # What would only be refused again is not what is pressed first.
    again = opened.get_by_role("button", name="Book", exact=True)
    expect(again).not_to_have_class(re.compile("primary"))
    opened.get_by_label("From").select_option(label="13:00")
    expect(again).to_have_class(re.compile("primary"))
    instead = opened.get_by_role("group", name=f"Free at {where.name}")
    offered = [text[:5] for text in instead.get_by_role("button").all_inner_texts()]
    assert sorted(offered) == offered
    elsewhere = opened.get_by_role("group", name="Free at that time").get_by_role("button")
    for text in elsewhere.all_inner_texts():
        assert "Room · " in text
    instead.get_by_role("button", name="09:00–10:00").click()

    expect(page.get_by_text(f"Booked: {where.name}")).to_be_visible()
    assert ("Board meeting", "09:00", "10:00") in where.booked()


def test_a_refusal_names_the_rule_and_keeps_what_was_typed(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    opened = begin(page, where, "10:00")
    opened.get_by_label("What is it for?").fill("Too late")
    with house.api("ingrid") as staff:
        rules = {"rules": {"min_notice_minutes": 43200}}
        staff.patch(f"/api/v1/facilities/{where.id}/", json=rules)
    opened.get_by_role("button", name="Book", exact=True).click()
    expect(opened.get_by_role("alert")).to_contain_text("this has to be booked longer ahead")
    expect(opened.get_by_label("What is it for?")).to_have_value("Too late")
    assert [] == where.booked()


def test_what_needs_approval_is_asked_for(house: House, open_page: OpenPage) -> None:
    where = room(house, rules={"requires_approval": True})
    page = open_page("ada", path=where.path)
    opened = begin(page, where, "10:00")
    expect(opened.get_by_text("The staff have to agree")).to_be_visible()
    opened.get_by_role("button", name="Request").click()
    expect(page.get_by_text(f"Requested: {where.name}")).to_be_visible()


def test_a_booking_is_looked_at_changed_and_given_up(
    house: House, open_page: OpenPage, axe: Callable[[Page], None]
) -> None:
    where = room(house)
    where.book("ada", "10:00", "11:00", "Draft")
    page = open_page("ada", path=where.path)
    where.click(page, "10:15")
    opened = dialog(page)
    expect(opened.get_by_text("Confirmed")).to_be_visible()
    axe(page)
    opened.get_by_role("button", name="Edit").click()
    opened.get_by_label("What is it for?").fill("Final")
    opened.get_by_label("From").select_option(label="15:00")
    opened.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"Changed: {where.name}")).to_be_visible()
    assert [("Final", "15:00", "16:00")] == where.booked()

    opened.get_by_text("History").click()
    expect(opened.get_by_role("listitem")).to_have_count(2)
    opened.get_by_role("button", name="Cancel booking").click()
    opened.get_by_label("Reason").fill("The figures are not ready.")
    axe(page)
    opened.get_by_role("button", name="Cancel booking").click()
    expect(page.get_by_text(f"Cancelled: {where.name}")).to_be_visible()
    assert [] == where.booked()
    page.get_by_role("button", name="Undo").last.click()
    expect(page.get_by_text(f"Taken back: {where.name}")).to_be_visible()
    assert [("Final", "15:00", "16:00")] == where.booked()


def test_somebody_elses_change_meanwhile_is_not_overwritten(
    house: House, open_page: OpenPage, axe: Callable[[Page], None]
) -> None:
    where = room(house)
    booking = where.book("ada", "10:00", "11:00", "Draft")
    page = open_page("ada", path=where.path)
    where.click(page, "10:15")
    opened = dialog(page)
    opened.get_by_role("button", name="Edit").click()
    opened.get_by_label("What is it for?").fill("Mine")
    with house.api("ingrid") as staff:
        theirs = {"title": "Theirs", "end_time": instant("12:00")}
        staff.patch(f"/api/v1/bookings/{booking['id']}/", json=theirs)
    opened.get_by_role("button", name="Save").click()
    expect(opened.get_by_role("status").first).to_contain_text(
        "Somebody else changed it in the meantime"
    )
    expect(opened.get_by_role("listitem").first).to_contain_text("Draft → Theirs")
    axe(page)
    expect(opened.get_by_label("What is it for?")).to_have_value("Mine")
    assert [("Theirs", "10:00", "12:00")] == where.booked()
    # Whoever saves it all the same writes over the title alone.
    opened.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"Changed: {where.name}")).to_be_visible()
    assert [("Mine", "10:00", "12:00")] == where.booked()


def test_the_keyboard_alone_books(house: House, open_page: OpenPage) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    grid = page.get_by_role("grid")
    expect(where.bar(page)).to_be_visible()
    grid.focus()
    page.keyboard.press("Home")
    for _ in range(12):
        if dialog(page).count() == 0:
            page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_label("What is it for?")).to_be_focused()
    page.keyboard.type("By keys alone")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Booked: {where.name}")).to_be_visible()
    assert ["By keys alone"] == [title for title, _, _ in where.booked()]


def test_an_answer_that_was_lost_is_asked_for_again_and_not_booked_twice(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    opened = begin(page, where, "10:00")
    keys: list[str | None] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        route.fetch()
        route.abort()

    page.route("**/api/v1/bookings/", lose)
    opened.get_by_label("What is it for?").fill("Board meeting")
    opened.get_by_role("button", name="Book", exact=True).click()
    expect(opened.get_by_role("alert")).to_contain_text("cannot be reached", timeout=15_000)
    expect(opened.get_by_label("What is it for?")).to_have_value("Board meeting")
    page.unroute("**/api/v1/bookings/")
    opened.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_text(f"Booked: {where.name}")).to_be_visible()
    assert [("Board meeting", "10:00", "11:00")] == where.booked()
    assert 1 == len(set(keys))


def test_a_refusal_waits_for_the_dialog_that_is_open(house: House, open_page: OpenPage) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    opened = begin(page, where, "10:00")
    opened.get_by_label("What is it for?").fill("The first")
    where.book("bob", "10:00", "11:00")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/v1/bookings/", hold)
    opened.get_by_role("button", name="Book", exact=True).click()
    expect(opened).to_be_hidden()
    opened = begin(page, where, "15:00")
    opened.get_by_label("What is it for?").fill("The second")
    held[0].continue_()
    expect(page.locator(".toast.bad")).to_be_visible()
    expect(opened.get_by_label("What is it for?")).to_have_value("The second")
    page.unroute("**/api/v1/bookings/")
    opened.get_by_role("button", name="Cancel", exact=True).click()
    expect(opened.get_by_text("That time is taken.")).to_be_visible()
    expect(opened.get_by_label("What is it for?")).to_have_value("The first")


def test_a_session_that_ends_takes_nothing_with_it_that_was_typed(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    opened = begin(page, where, "10:00")
    opened.get_by_label("What is it for?").fill("Board meeting")
    page.context.clear_cookies()
    opened.get_by_role("button", name="Book", exact=True).click()
    again = page.get_by_role("dialog", name="Your session is over")
    again.get_by_label("Token").fill(house.token("ada"))
    again.get_by_role("button", name="Sign in").click()
    expect(again).to_be_hidden()
    expect(opened.get_by_label("What is it for?")).to_have_value("Board meeting")
    opened.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_text(f"Booked: {where.name}")).to_be_visible()


def test_staff_book_for_somebody_else_and_never_by_mistake_for_themselves(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    page = open_page("ingrid", path=where.path)
    opened = begin(page, where, "10:00")
    opened.get_by_text("People, notes and more").click()
    holder = opened.get_by_label("Booked for")
    holder.fill("nobody of that name")
    opened.get_by_role("button", name="Book", exact=True).click()
    expect(opened).to_be_visible()
    holder.fill("tomasz")
    expect(opened.get_by_label("What is it for?")).to_have_value("Booking by Tomasz Zieliński")
    opened.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_text(f"Booked: {where.name}")).to_be_visible()
    assert [("Booking by Tomasz Zieliński", "10:00", "11:00")] == where.booked()


def test_the_same_time_elsewhere_is_booked_at_one_click(house: House, open_page: OpenPage) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    opened = begin(page, where, "10:00")
    opened.get_by_label("What is it for?").fill("Elsewhere if need be")
    where.book("bob", "10:00", "11:00")
    opened.get_by_role("button", name="Book", exact=True).click()
    elsewhere = opened.get_by_role("group", name="Free at that time").get_by_role("button").first
    name = elsewhere.locator("strong").inner_text()
    elsewhere.click()
    expect(page.get_by_text(f"Booked: {name}")).to_be_visible()


def test_other_days_and_places_offer_what_is_free_there(house: House, open_page: OpenPage) -> None:
    where = room(house)
    where.book("bob", "09:00", "12:00")
    page = open_page("ada", path=where.path)
    opened = begin(page, where, "13:00")
    starts = opened.get_by_label("From").get_by_role("option")
    expect(starts.first).to_have_text("08:00")
    expect(starts.filter(has_text="10:00")).to_have_count(0)
    next_day = (DAY + timedelta(days=1)).isoformat()
    opened.get_by_label("Day").fill(next_day)
    expect(starts.filter(has_text="10:00")).to_have_count(1)
    opened.get_by_label("Day").fill(DAY.isoformat())
    expect(starts.filter(has_text="10:00")).to_have_count(0)
    opened.get_by_label("From").select_option(label="08:30")
    expect(opened.get_by_label("To").get_by_role("option").last).to_have_text("09:00 · 30 min")
