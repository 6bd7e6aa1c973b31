"""My bookings: shown, moved by hand and by keys, given up and taken back, and taken along."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from .conftest import House, OpenPage
from .rooms import Room, room


def item(page: Page, where: Room) -> Locator:
    return page.get_by_role("listitem").filter(has_text=where.name)


def test_what_is_booked_is_there_and_changes_by_others_show(
    house: House, open_page: OpenPage, axe: Callable[[Page], None]
) -> None:
    where = room(house)
    booking = where.book("carla", "10:00", "11:00", "Choir practice")
    page = open_page("carla", path="/mine")
    expect(item(page, where)).to_contain_text("10:00–11:00")
    axe(page)
    with house.api("ingrid") as staff:
        reason = {"reason": "The organ is being tuned."}
        staff.delete(f"/api/v1/bookings/{booking['id']}/", params=reason)
    expect(item(page, where)).to_contain_text("by the staff", timeout=1000)
    expect(item(page, where).get_by_role("button", name="Move")).to_be_hidden()


def test_a_booking_is_dragged_to_another_time(house: House, open_page: OpenPage) -> None:
    where = room(house)
    where.book("ada", "10:00", "11:00", "Choir practice")
    page = open_page("ada", path="/mine")
    item(page, where).get_by_role("button", name="Move").click()
    handle = item(page, where).get_by_role("slider")
    expect(item(page, where).get_by_text("08:00", exact=True)).to_be_visible()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2 * box["width"], y, steps=5)
    page.mouse.up()
    expect(page.get_by_text(f"Changed: {where.name}")).to_be_visible()
    assert [("Choir practice", "12:00", "13:00")] == where.booked()


def test_a_booking_is_moved_by_keys(
    house: House, open_page: OpenPage, axe: Callable[[Page], None]
) -> None:
    where = room(house, rules={"start_step_minutes": 30})
    where.book("ada", "10:00", "11:00", "Choir practice")
    where.book("bob", "11:00", "12:00")
    page = open_page("ada", path="/mine")
    item(page, where).get_by_role("button", name="Move").click()
    handle = item(page, where).get_by_role("slider")
    expect(item(page, where).locator(".booked").first).to_be_visible()
    expect(handle).to_be_focused()
    axe(page)
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuetext", f"{day_of(page, where)}, 12:30–13:30")
    page.keyboard.press("Escape")
    expect(handle).to_have_attribute("aria-valuetext", f"{day_of(page, where)}, 10:00–11:00")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Changed: {where.name}")).to_be_visible()
    assert ("Choir practice", "09:30", "10:30") in where.booked()


def day_of(page: Page, where: Room) -> str:
    """The date as the handle reads it out."""
    said = item(page, where).get_by_role("slider").get_attribute("aria-valuetext")
    assert said is not None
    return said.rpartition(",")[0]


def test_what_is_given_up_can_be_taken_back(house: House, open_page: OpenPage) -> None:
    where = room(house)
    where.book("ada", "10:00", "11:00", "Choir practice")
    page = open_page("ada", path="/mine", width=390, height=844)
    item(page, where).get_by_role("button", name="Cancel").click()
    expect(item(page, where)).to_be_hidden()
    assert page.evaluate("document.activeElement !== document.body")
    assert [] == where.booked()
    page.get_by_role("button", name="Undo").click()
    expect(item(page, where)).to_be_visible()
    assert [("Choir practice", "10:00", "11:00")] == where.booked()


def test_a_double_click_gives_up_one_booking(house: House, open_page: OpenPage) -> None:
    where, other = room(house), room(house)
    where.book("ada", "10:00", "11:00", "Choir practice")
    other.book("ada", "10:00", "11:00", "Choir practice")
    page = open_page("ada", path="/mine")
    item(page, where).get_by_role("button", name="Cancel").dblclick()
    expect(item(page, where)).to_be_hidden()
    expect(item(page, other)).to_be_visible()
    assert 1 == len(other.booked())


def test_what_could_not_be_taken_back_is_asked_about_first(
    house: House, open_page: OpenPage
) -> None:
    where = room(house, rules={"requires_approval": True})
    booking = where.book("ada", "10:00", "11:00", "Choir practice")
    with house.api("ingrid") as staff:
        staff.post(f"/api/v1/bookings/{booking['id']}/approve/", json={})
    page = open_page("ada", path="/mine")
    item(page, where).get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("You could not book it again as it is")
    assert 1 == len(where.booked())
    dialog.get_by_role("button", name="Cancel booking").click()
    expect(page.get_by_text(f"Cancelled: {where.name}")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert [] == where.booked()


def test_a_booking_is_taken_to_another_calendar(house: House, open_page: OpenPage) -> None:
    where = room(house)
    booking = where.book("ada", "10:00", "11:00", "Choir practice")
    page = open_page("ada", path="/mine")
    with page.expect_download() as saved:
        item(page, where).get_by_role("button", name="Add to calendar").click()
    assert f"booking-{booking['id']}.ics" == saved.value.suggested_filename
    text = Path(saved.value.path()).read_text(encoding="utf-8")
    start = booking["start_time"].replace("-", "").replace(":", "")
    assert f"DTSTART:{start}" in text
    assert "SUMMARY:Choir practice" in text


def test_my_bookings_look_right(
    open_page: OpenPage, axe: Callable[[Page], None], picture: Callable[[Page, str], None]
) -> None:
    for theme in ("light", "dark", "contrast"):
        page = open_page("maria", path="/mine", theme=theme)
        expect(page.get_by_role("listitem").first).to_be_visible()
        axe(page)
        if theme == "light":
            picture(page, "mine")
