"""The staff's desk: what waits for them, what they run, and what they see of it."""

import re
from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Dialog, Locator, Page, Route, expect

from .conftest import House, OpenPage
from .rooms import DAY, room


def pending(house: House, *titles: str) -> list[dict[str, Any]]:
    """Bookings that wait for approval, in a room of their own, an hour after the other."""
    where = room(house, rules={"requires_approval": True})
    clocks = ("09:00", "10:00", "11:00", "12:00")
    return [
        where.book("carla", start, end, title)
        for title, start, end in zip(titles, clocks, clocks[1:], strict=False)
    ]


def user(house: House, username: str, **more: Any) -> dict[str, Any]:
    """A new user, whom no other test knows."""
    with house.api("ingrid") as staff:
        made = staff.post("/api/v1/users/", json={"username": username, **more})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def status(house: House, booking: dict[str, Any]) -> dict[str, Any]:
    with house.api("ingrid") as staff:
        found: dict[str, Any] = staff.get(f"/api/v1/bookings/{booking['id']}/").json()
    return found


def item(page: Page, text: str) -> Locator:
    return page.get_by_role("listitem").filter(has_text=text)


def test_many_are_approved_at_once_and_what_could_not_be_says_why(
    house: House, open_page: OpenPage, picture: Callable[[Page, str], None]
) -> None:
    one, other, meanwhile = pending(house, "Brass band", "Woodwind", "Strings")
    page = open_page("ingrid", path="/staff")
    for title in ("Brass band", "Woodwind", "Strings"):
        item(page, title).get_by_role("checkbox").check()
    picture(page, "staff-approvals")

    def decided_elsewhere(route: Route) -> None:
        with house.api("desmond") as staff:
            staff.post(f"/api/v1/bookings/{meanwhile['id']}/approve/", json={})
        route.continue_()

    page.route("**/admin/bookings/decisions/", decided_elsewhere)
    page.get_by_role("button", name="Approve 3").click()
    sure = page.get_by_role("dialog", name="Approve 3 bookings?")
    assert "pending" == status(house, one)["status"]
    sure.get_by_role("button", name="Approve 3").click()
    expect(sure).to_be_hidden()
    expect(page.get_by_text("1 booking could not be decided.")).to_be_visible()
    expect(page.get_by_text("Strings: This booking is confirmed")).to_be_visible()
    expect(item(page, "Brass band").get_by_role("checkbox")).to_have_count(0)
    assert ["confirmed"] * 2 == [status(house, each)["status"] for each in (one, other)]


def test_a_rejection_needs_a_reason_which_the_user_reads(house: House, open_page: OpenPage) -> None:
    (booking,) = pending(house, "Fireworks")
    page = open_page("ingrid", path="/staff")
    item(page, "Fireworks").get_by_role("checkbox").check()
    page.get_by_role("button", name="Reject 1").click()
    dialog = page.get_by_role("dialog")
    reason = dialog.get_by_label("Reason")
    expect(reason).to_be_focused()
    reason.fill("   ")
    dialog.get_by_role("button", name="Reject 1").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(reason).to_have_attribute("aria-invalid", "true")
    reason.fill("The river is too dry.")
    reason.press("Enter")
    expect(item(page, "Fireworks")).to_have_count(0)
    found = status(house, booking)
    assert ("rejected", "The river is too dry.") == (
        found["cancellation_cause"],
        found["change_reason"],
    )


def test_what_is_asked_for_meanwhile_appears(house: House, open_page: OpenPage) -> None:
    page = open_page("ingrid", path="/staff")
    expect(page.get_by_text("Live")).to_be_visible()
    pending(house, "Midnight opera")
    expect(item(page, "Midnight opera")).to_be_visible(timeout=3000)


def test_bookings_are_found_by_the_address_and_cancelled_with_a_reason(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    kept = where.book("carla", "09:00", "10:00", "Tango class")
    gone = where.book("carla", "11:00", "12:00", "Waltz class")
    page = open_page("ingrid", path=f"/staff/bookings?facility={where.id}")
    expect(page.get_by_role("combobox", name="Facility")).to_have_value(where.name)
    expect(item(page, "class")).to_have_count(2)
    page.get_by_label("Search").fill("waltz")
    expect(item(page, "class")).to_have_count(1)
    assert "search=waltz" in page.url
    page.get_by_role("button", name="Cancel booking: Waltz class").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("The floor is wet.")
    page.get_by_role("dialog").get_by_role("button", name="Cancel booking").click()
    expect(item(page, "Waltz class")).to_contain_text("by the staff")
    assert "The floor is wet." == status(house, gone)["change_reason"]
    assert "confirmed" == status(house, kept)["status"]


def test_a_change_of_rules_shows_first_which_bookings_it_leaves_outside(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    where.book("carla", "09:00", "10:00", "Short class")
    page = open_page("ingrid", path=f"/staff/facilities/{where.id}")
    page.get_by_label("A booking lasts at least").select_option("2 h")
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 booking would be outside the rules")
    expect(dialog.get_by_role("heading", level=3)).to_have_text(
        "That is shorter than may be booked here. (1)"
    )
    expect(dialog.get_by_role("listitem")).to_contain_text("Short class")
    expect(dialog.get_by_role("listitem")).to_contain_text("09:00\N{EN DASH}10:00")
    with house.api("ingrid") as staff:
        assert 15 == _rules(staff, where.id)["min_duration_minutes"]
        dialog.get_by_role("button", name="Save all the same").click()
        told = "Ingrid Hansen changed the shortest booking from 15 min to 2 h"
        expect(page.get_by_text(told)).to_be_visible()
        assert 120 == _rules(staff, where.id)["min_duration_minutes"]


def _rules(staff: httpx.Client, facility_id: int) -> dict[str, Any]:
    rules: dict[str, Any] = staff.get(f"/api/v1/facilities/{facility_id}/").json()["rules"]
    return rules


def test_what_somebody_else_saved_meanwhile_is_told_and_nothing_typed_is_lost(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    page = open_page("ingrid", path=f"/staff/facilities/{where.id}")
    page.get_by_role("spinbutton", name="People").fill("9")
    with house.api("desmond") as staff:
        address = f"/api/v1/facilities/{where.id}/"
        staff.patch(address, json={"description": "By the water."})
        page.get_by_role("button", name="Save").click()
        told = page.get_by_text("Somebody else saved this in the meantime")
        expect(told).to_be_visible()
        expect(page.get_by_text("They set the description to “By the water.”")).to_be_visible()
        expect(page.get_by_role("spinbutton", name="People")).to_have_value("9")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text(f"{where.name} is saved.")).to_be_visible()
        found = staff.get(address).json()
    assert (9, "By the water.") == (found["capacity"], found["description"])


def test_archiving_asks_and_keeps_what_is_not_saved_and_what_others_saved(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    page = open_page("ingrid", path=f"/staff/facilities/{where.id}")
    page.get_by_role("spinbutton", name="People").fill("9")
    address = f"/api/v1/facilities/{where.id}/"
    with house.api("desmond") as staff:
        staff.patch(address, json={"description": "By the water."})
        page.get_by_role("button", name="Archive").click()
        dialog = page.get_by_role("dialog", name=f"Archive {where.name}?")
        dialog.get_by_role("button", name="Archive").click()
        expect(dialog.get_by_role("alert")).to_contain_text("Somebody else has changed this")
        dialog.get_by_role("button", name="Archive").click()
        expect(page.get_by_text("This facility is archived")).to_be_visible()
        expect(page.get_by_role("spinbutton", name="People")).to_have_value("9")
        expect(page.get_by_label("Description")).to_have_value("By the water.")
        page.get_by_role("button", name="Restore").click()
        expect(page.get_by_role("button", name="Archive")).to_be_visible()
        expect(page.get_by_role("spinbutton", name="People")).to_have_value("9")
        found = staff.get(address).json()
    assert ("active", 7) == (found["status"], found["capacity"])


def test_what_is_not_saved_is_not_left_unasked(house: House, open_page: OpenPage) -> None:
    where = room(house)
    page = open_page("ingrid", path="/staff/facilities")
    page.get_by_label("Search").fill(where.name)
    page.get_by_role("link", name=where.name).click()
    people = page.get_by_role("spinbutton", name="People")
    people.fill("9")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="Closures").click()
    page.evaluate("history.back()")
    expect(page).to_have_url(re.compile(rf"/staff/facilities/{where.id}$"))
    expect(people).to_have_value("9")
    assert ["What you changed is not saved. Leave all the same?"] * 2 == asked
    page.remove_listener("dialog", stay)
    page.get_by_role("button", name="Discard changes").click()
    page.get_by_role("link", name="Closures").click()
    expect(page).to_have_url(re.compile("/staff/closures$"))


def test_opening_hours_are_written_by_keyboard(house: House, open_page: OpenPage) -> None:
    where = room(house, opening_hours=[])
    page = open_page("ingrid", path=f"/staff/facilities/{where.id}")
    page.get_by_role("button", name="Monday: add hours").press("Enter")
    expect(page.get_by_label("Monday: opens at")).to_be_focused()
    page.keyboard.type("2030")
    page.keyboard.press("Tab")
    page.keyboard.type("2")
    page.keyboard.press("Tab")
    expect(page.get_by_role("group", name="Monday")).to_contain_text("next day")
    page.get_by_role("button", name="Copy Monday's hours to the days below").press("Enter")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text(f"{where.name} is saved.")).to_be_visible()
    with house.api("ingrid") as staff:
        hours = staff.get(f"/api/v1/facilities/{where.id}/").json()["opening_hours"]
    assert 7 == len(hours)
    assert {"weekday": "monday", "opens": "20:30", "closes": "02:00"} in hours


def test_a_facility_is_created_and_a_name_that_is_taken_marks_the_field(
    house: House, open_page: OpenPage, picture: Callable[[Page, str], None]
) -> None:
    where = room(house)
    page = open_page("ingrid", path="/staff/facilities/new")
    page.get_by_label("Site", exact=True).select_option("Harbour Campus")
    name = page.get_by_label("Name")
    name.fill(where.name)
    page.get_by_role("spinbutton", name="People").fill("4")
    page.get_by_role("button", name="Create facility").click()
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    name.fill(f"{where.name}, annexe")
    page.get_by_role("button", name="Create facility").click()
    expect(page).to_have_url(re.compile(r"/staff/facilities/\d+$"))
    expect(page.get_by_role("heading", name=f"{where.name}, annexe")).to_be_visible()
    picture(page, "staff-facility")


def test_a_closure_names_the_bookings_that_it_would_cancel(
    house: House, open_page: OpenPage
) -> None:
    where = room(house)
    booking = where.book("carla", "14:00", "15:00", "Life drawing")
    page = open_page("ingrid", path="/staff/closures")
    page.get_by_role("button", name="New closure").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("One facility").check()
    dialog.get_by_role("combobox", name="Facility").fill(where.name)
    dialog.get_by_role("option", name=where.name).click()
    for label in ("From", "To"):
        dialog.get_by_label(label, exact=True).fill(DAY.isoformat())
    dialog.get_by_label("From: time").fill("13")
    dialog.get_by_label("To: time").fill("16")
    dialog.get_by_label("Reason").fill("New carpet")
    dialog.get_by_role("button", name="Add closure").click()
    expect(dialog).to_contain_text("1 booking is in that time")
    expect(dialog).to_contain_text("Life drawing")
    assert "confirmed" == status(house, booking)["status"]
    dialog.get_by_role("button", name="Close, and cancel 1 booking").click()
    expect(item(page, where.name)).to_contain_text("13:00 – 16:00")
    assert "closure" == status(house, booking)["cancellation_cause"]
    item(page, where.name).get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(item(page, where.name)).to_have_count(0)


def test_staff_of_two_sites_close_what_is_at_the_second(house: House, open_page: OpenPage) -> None:
    user(house, "odile", site_ids=[1, 2])
    where = room(house, site_id=2)
    page = open_page("odile", path="/staff/closures")
    page.get_by_role("button", name="New closure").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("One facility").check()
    dialog.get_by_role("combobox", name="Facility").fill(where.name)
    expect(dialog.get_by_role("option", name=where.name)).to_be_visible()


def test_a_right_that_was_taken_away_meanwhile_is_not_given_back(
    house: House, open_page: OpenPage
) -> None:
    found = user(house, "priya", is_staff=True)
    address = f"/api/v1/users/{found['id']}/"
    page = open_page("ingrid", path=f"/staff/users/{found['id']}")
    right = page.get_by_label("Staff of the house")
    expect(right).to_be_checked()
    with house.api("desmond") as staff:
        staff.patch(address, json={"is_staff": False})
        page.get_by_label("Makers").check()
        expect(page.get_by_text("They changed staff of the house from Yes to No")).to_be_visible()
        expect(right).not_to_be_checked()
        page.get_by_label("Name to show").fill("Priya Nair")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Priya Nair is saved.")).to_be_visible()
        assert staff.get(address).json()["is_staff"] is False


def test_a_user_is_created_whose_token_works_and_is_forgotten_again(
    house: House, open_page: OpenPage
) -> None:
    page = open_page("ingrid", path="/staff/users")
    page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Username").fill("Maria")
    dialog.get_by_role("button", name="Create user").click()
    expect(dialog.get_by_label("Username")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Username").fill("noor haddad")
    dialog.get_by_role("button", name="Create user").click()
    assert dialog.get_by_label("Username").evaluate("it => it.validity.patternMismatch")
    dialog.get_by_label("Username").fill("noor")
    dialog.get_by_label("Name to show").fill("Noor Haddad")
    dialog.get_by_role("button", name="Create user").click()
    token = page.get_by_role("dialog").get_by_label("Token", exact=True).input_value()
    expect(page.get_by_role("dialog")).to_contain_text("no end date")
    page.keyboard.press("Escape")
    me = f"{house.url}/api/v1/me/"
    headers = {"Authorization": f"Bearer {token}"}
    assert "noor" == httpx.get(me, headers=headers).json()["username"]
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", name="Noor Haddad")).to_be_visible()
    page.get_by_label("Makers").check()
    page.get_by_role("button", name="Anonymise …").click()
    forget = page.get_by_role("dialog").get_by_role("button", name="Anonymise for good")
    expect(forget).to_be_disabled()
    page.get_by_label("Type noor to go on").fill("noor")
    forget.click()
    expect(page.get_by_text("nobody can let them in again")).to_be_visible()
    assert 401 == httpx.get(me, headers=headers).status_code


def test_a_group_is_filled_and_the_history_tells_it_in_sentences(
    house: House, open_page: OpenPage
) -> None:
    assert house.token("ada")
    page = open_page("ingrid", path="/staff/groups")
    groups = page.get_by_role("region", name="Groups of users")
    groups.get_by_role("button", name="New group").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Bell ringers")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    groups.get_by_role("button", name="Members of Bell ringers").click()
    add = page.get_by_role("combobox", name="Add a member")
    add.fill("ada")
    expect(page.get_by_role("option", name="ada")).to_be_visible()
    add.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_count(1)
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    expect(item(page, "Bell ringers")).to_contain_text("1 person")
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("created the group of users “Bell ringers”")).to_be_visible()
    expect(page.get_by_text(re.compile("added .+ to the group Bell ringers"))).to_be_visible()
    page.get_by_label("What").select_option("Groups of users")
    expect(page.get_by_text(re.compile("added .+ to the group Bell ringers"))).to_have_count(0)
    assert "type=user_group" in page.url


def test_two_who_fill_a_group_at_the_same_time_both_do(house: House, open_page: OpenPage) -> None:
    mine, theirs = room(house), room(house)
    with house.api("desmond") as staff:
        body = {"name": f"Group of {mine.name}", "facility_ids": []}
        made = staff.post("/api/v1/facility-groups/", json=body).json()
        page = open_page("ingrid", path="/staff/groups")
        page.get_by_role("button", name=f"Edit: {made['name']}").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("combobox", name="Add a facility").fill(mine.name)
        dialog.get_by_role("option", name=mine.name).click()
        address = f"/api/v1/facility-groups/{made['id']}/"
        staff.patch(address, json={"facility_ids": [theirs.id]})
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_contain_text("Somebody else saved this in the meantime")
        expect(dialog.get_by_role("listitem").filter(has_text=theirs.name).last).to_be_visible()
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)
        assert {mine.id, theirs.id} == set(staff.get(address).json()["facility_ids"])


def test_staff_of_a_site_run_theirs_and_look_at_the_others(
    house: House, open_page: OpenPage
) -> None:
    with house.api("ingrid") as staff:
        (other, *_) = staff.get("/api/v1/facilities/", params={"site_id": 2}).json()
    page = open_page("emeka", path="/staff/facilities")
    desk = page.get_by_role("navigation", name="Staff pages")
    expect(desk.get_by_role("link", name="Closures")).to_be_visible()
    expect(desk.get_by_role("link", name="History")).to_have_count(0)
    expect(page.get_by_role("row").nth(1)).to_contain_text("Harbour Campus")
    expect(page.get_by_role("row").filter(has_text="Foundry Yard")).to_have_count(0)
    page.goto(f"{house.url}/staff/facilities/{other['id']}")
    expect(page.get_by_text("You may look at this facility")).to_be_visible()
    expect(page.get_by_label("Name")).to_be_disabled()
    page.goto(f"{house.url}/staff/history")
    expect(page.get_by_text("Only staff of the house see the history")).to_be_visible()


def test_members_are_told_that_the_desk_is_not_theirs(open_page: OpenPage) -> None:
    page = open_page("maria", path="/staff/users")
    expect(page.get_by_text("This is the staff's desk")).to_be_visible()
    expect(page.get_by_role("navigation", name="Staff pages")).to_have_count(0)


def test_on_a_phone_the_tab_of_the_page_is_in_sight(open_page: OpenPage) -> None:
    page = open_page("ingrid", path="/staff/history", width=390, height=844)
    tabs = page.get_by_role("navigation", name="Staff pages")
    expect(tabs.get_by_role("link", name="History")).to_be_in_viewport(ratio=1)
