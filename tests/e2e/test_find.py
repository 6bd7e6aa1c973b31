"""What is free and taken: a day of all facilities, and a week of one."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Position, expect

from .conftest import House, OpenPage
from .rooms import BERLIN, DAY, room


def line(page: Page, name: str) -> Locator:
    """The line of a facility, or of a day."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def bar(page: Page, name: str) -> Locator:
    """Its hours."""
    return line(page, name).get_by_role("gridcell")


def at(cell: Locator, hour: float) -> Position:
    """Where in it an hour is."""
    box = cell.bounding_box()
    assert box is not None
    return {"x": box["width"] * hour / 24, "y": box["height"] / 2}


def chosen(page: Page, label: str) -> str:
    """What a choice of the dialog shows."""
    choice = page.get_by_role("dialog").get_by_label(label, exact=True)
    return str(choice.evaluate("it => it.selectedOptions[0].text"))


def marked(page: Page) -> Locator:
    """What the keys have marked."""
    active = page.get_by_role("grid").get_attribute("aria-activedescendant")
    return page.locator(f'[id="{active}"]')


def test_a_click_and_enter_book_the_hour_that_was_pointed_at(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    cell = bar(page, where.name)
    cell.click(position=at(cell, 14.1))
    dialog = page.get_by_role("dialog", name=f"Book {where.name}")
    expect(dialog).to_be_visible()
    assert "14:00" == chosen(page, "From")
    assert chosen(page, "To").startswith("15:00")
    page.keyboard.type("Piano lesson")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(cell.get_by_text("Piano lesson")).to_be_visible()
    expect(cell).to_contain_text("Free: 08:00\N{EN DASH}14:00, 15:00\N{EN DASH}20:00")


def test_a_drag_marks_what_is_booked_and_escape_lets_go_of_it(
    house: House, open_page: OpenPage
) -> None:
    where = room(house, rules={"start_step_minutes": 30})
    page = open_page("ada", path=where.path)
    cell = bar(page, where.name)
    expect(cell).to_be_visible()
    box = cell.bounding_box()
    assert box is not None
    mouse, middle = page.mouse, box["y"] + box["height"] / 2

    def drag(start: float, end: float) -> None:
        mouse.move(box["x"] + box["width"] * start / 24, middle)
        mouse.down()
        mouse.move(box["x"] + box["width"] * end / 24, middle, steps=5)

    drag(10.2, 12.1)
    mark = cell.locator(".mark[data-times='10:00\N{EN DASH}12:15']")
    expect(mark).to_be_visible()
    page.keyboard.press("Escape")
    mouse.up()
    expect(mark).to_be_hidden()
    expect(page.get_by_role("dialog")).to_be_hidden()

    drag(15.9, 13.6)
    mouse.up()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert "13:30" == chosen(page, "From")
    assert chosen(page, "To").startswith("16:00")


def test_a_drag_that_is_held_at_the_edge_goes_on(house: House, open_page: OpenPage) -> None:
    where = room(house)
    page = open_page("ada", path=where.path, width=700)
    cell = bar(page, where.name)
    expect(cell).to_be_visible()
    box = cell.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 12.1 / 24, middle)
    page.mouse.down()
    page.mouse.move(695, middle, steps=5)
    # Twenty o'clock was out of sight, and nobody has moved since.
    expect(cell.locator(".mark[data-times='12:00\N{EN DASH}20:00']")).to_be_visible()
    page.mouse.up()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert ("12:00", "20:00") == (chosen(page, "From"), chosen(page, "To")[:5])


def test_a_line_stays_where_something_was_booked_though_the_filter_takes_it_no_more(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    page = open_page("ada", path=f"{where.path}&at=10:00&for=60")
    where.click(page, "10:00")
    page.get_by_role("dialog").get_by_role("button", name="Book", exact=True).click()
    expect(where.bar(page).get_by_text("Booking by ada")).to_be_visible()
    page.wait_for_timeout(3_500)  # until it is drawn by what the service says
    expect(where.bar(page).get_by_text("Booking by ada")).to_be_visible()
    page.get_by_label("For how long").select_option("120")
    expect(page.get_by_role("heading", name="1 facility fits")).to_be_visible()


def test_what_is_unfolded_is_closed_by_escape_and_by_a_press_elsewhere(
    open_page: OpenPage,
) -> None:
    page = open_page("ada")
    for summary, inside in (
        (page.get_by_text("What the colours mean"), page.get_by_text("Not open to you")),
        (page.get_by_label("Settings"), page.get_by_text("Signed in as")),
        (
            page.locator("summary", has_text="Amenities"),
            page.get_by_role("checkbox", name="whiteboard"),
        ),
    ):
        summary.click()
        expect(inside).to_be_visible()
        page.keyboard.press("Escape")
        expect(inside).to_be_hidden()
        summary.click()
        expect(inside).to_be_visible()
        page.get_by_role("heading", level=1).click()
        expect(inside).to_be_hidden()


def test_keys_alone_find_a_time_and_book_it(house: House, open_page: OpenPage) -> None:
    where = room(house)
    where.book("bob", "09:00", "10:00")
    page = open_page("ada", path=where.path)
    cell = bar(page, where.name)
    expect(cell).to_contain_text("Free: 08:00\N{EN DASH}09:00")
    page.get_by_label("For how long").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.role") == "grid":
            break
    expect(marked(page)).to_have_accessible_name(f"{where.name}, 08:00 to 09:00, free")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(marked(page)).to_have_accessible_name(
        f"{where.name}, 09:00 to 09:15, Booked · 09:00\N{EN DASH}10:00"
    )
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(marked(page)).to_have_accessible_name(f"{where.name}, 10:00 to 11:15, free")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name=f"Book {where.name}")).to_be_visible()
    assert chosen(page, "To").startswith("11:15")
    page.keyboard.press("Enter")
    expect(cell).to_contain_text("Free: 08:00\N{EN DASH}09:00, 11:15\N{EN DASH}20:00")
    expect(page.get_by_role("grid")).to_be_focused()


def test_what_another_does_appears_within_a_second_and_is_marked_as_new(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    page = open_page("ada", path=where.path)
    cell = bar(page, where.name)
    expect(cell).to_contain_text("Free: 08:00\N{EN DASH}20:00")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    where.book("bob", "11:00", "13:00")
    expect(cell).to_contain_text(
        "Free: 08:00\N{EN DASH}11:00, 13:00\N{EN DASH}20:00", timeout=1_000
    )
    expect(cell.locator(".fresh")).to_have_count(1)
    expect(cell.locator(".fresh")).to_have_count(0)
    # Whose it is and what for is not for everybody.
    expect(cell).not_to_contain_text("Choir")


def test_each_line_shows_the_day_by_the_clock_of_its_own_place(
    house: House, open_page: OpenPage
) -> None:
    where = room(house, time_zone="America/New_York")
    where.book("ada", "09:00", "10:00")
    page = open_page("ada", path=where.path)
    expect(bar(page, where.name)).to_contain_text(
        "Free: 08:00\N{EN DASH}09:00, 10:00\N{EN DASH}20:00"
    )
    expect(line(page, where.name)).to_contain_text("behind")
    block = bar(page, where.name).get_by_text("Choir")
    block.hover()
    title = block.locator("xpath=..").get_attribute("title") or ""
    title = title or block.get_attribute("title") or ""
    there = datetime.combine(DAY, time(9), where.zone).astimezone(BERLIN)
    assert "09:00\N{EN DASH}10:00" in title
    assert f"{there:%H:%M}\N{EN DASH}" in title


def test_an_address_holds_what_is_looked_for_and_an_empty_answer_says_what_to_leave_out(
    house: House, open_page: OpenPage
) -> None:
    where = room(house, rules={"max_duration_minutes": 120})
    where.book("bob", "14:00", "15:00")
    page = open_page("ada", path=where.path)
    expect(
        page.get_by_text("1 of", exact=False).or_(page.get_by_text("1 facility"))
    ).to_be_visible()
    page.get_by_label("Free at", exact=True).select_option("14:00")
    expect(page.get_by_text("1 facility fits, but it is not free then")).to_be_visible()
    assert "at=14%3A00" in page.url
    page.reload()
    page.get_by_role("button", name="Without: Free at 14:00").click()
    expect(bar(page, where.name)).to_be_visible()
    page.get_by_label("For how long").select_option("240")
    expect(bar(page, where.name)).to_be_hidden()
    page.get_by_label("For how long").select_option("120")
    expect(bar(page, where.name)).to_be_visible()
    page.get_by_label("People").select_option("50")
    page.get_by_role("button", name="Without: 50 people or more").click()
    expect(bar(page, where.name)).to_be_visible()


def test_only_lines_in_sight_are_drawn_and_all_can_be_scrolled_to(open_page: OpenPage) -> None:
    page = open_page("ada", height=560)
    grid = page.get_by_role("grid")
    expect(page.get_by_role("rowheader", name="Anvil")).to_be_visible()
    expect(grid).to_have_attribute("aria-busy", "false")
    rows = int(grid.get_attribute("aria-rowcount") or 0)
    assert rows > 40
    assert page.get_by_role("row").count() < 30
    grid.evaluate("it => it.scrollTo(0, it.scrollHeight)")
    expect(page.locator(f'[aria-rowindex="{rows}"]')).to_be_visible()
    expect(page.get_by_role("rowheader", name="Anvil")).to_be_hidden()


def test_a_facility_shows_its_week_and_its_rules_in_plain_words(
    house: House,
    open_page: OpenPage,
    axe: Callable[[Page], None],
    picture: Callable[[Page, str], None],
) -> None:
    where = room(
        house,
        rules={"min_duration_minutes": 60, "max_duration_minutes": 240, "start_step_minutes": 30},
    )
    where.book("ada", "09:00", "11:00", "Choir")
    page = open_page("ada", path=f"/facilities/{where.id}?week={DAY.isoformat()}")
    expect(page.get_by_role("heading", level=1, name=where.name)).to_be_visible()
    expect(page.get_by_text("1 h to 4 h at a time")).to_be_visible()
    expect(page.get_by_text("starting on the hour or half hour")).to_be_visible()
    expect(bar(page, f"{DAY:%a} {DAY.day}")).to_contain_text("Choir")
    axe(page)
    picture(page, "week")
    thursday = DAY + timedelta(days=1)
    cell = bar(page, f"{thursday:%a} {thursday.day}")
    cell.click(position=at(cell, 16.6))
    expect(page.get_by_role("dialog", name=f"Book {where.name}")).to_be_visible()
    assert "16:30" == chosen(page, "From")
    assert thursday.isoformat() == page.get_by_role("dialog").get_by_label("Day").input_value()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Next week").click()
    expect(
        bar(page, f"{thursday + timedelta(days=7):%a} {(thursday + timedelta(days=7)).day}")
    ).to_be_visible()
    page.go_back()
    expect(bar(page, f"{DAY:%a} {DAY.day}")).to_contain_text("Choir")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_the_day_and_a_tap_books(
    house: House,
    open_page: OpenPage,
    axe: Callable[[Page], None],
    picture: Callable[[Page, str], None],
    theme: str,
) -> None:
    phone: dict[str, Any] = {"has_touch": True, "is_mobile": True, "theme": theme}
    page = open_page("ada", path=f"/?day={DAY}", width=390, height=844, **phone)
    expect(page.get_by_role("rowheader", name="Anvil")).to_be_visible()
    axe(page)
    picture(page, f"timeline-phone-{theme}")
    where = room(house)
    page = open_page("ada", path=where.path, width=360, height=700, **phone)
    cell = bar(page, where.name)
    expect(cell).to_contain_text("Free: 08:00\N{EN DASH}20:00")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("grid").evaluate("it => { it.scrollLeft = it.scrollWidth / 24 * 10 }")
    cell.tap(position=at(cell, 11.1))
    expect(page.get_by_role("dialog", name=f"Book {where.name}")).to_be_visible()
    assert "11:00" == chosen(page, "From")


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_the_day_at_a_desk_is_for_everybody(
    open_page: OpenPage,
    axe: Callable[[Page], None],
    picture: Callable[[Page, str], None],
    theme: str,
) -> None:
    page = open_page("ada", path=f"/?day={DAY}", theme=theme)
    expect(page.get_by_role("rowheader", name="Anvil")).to_be_visible()
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowDown")
    axe(page)
    picture(page, f"timeline-{theme}")
