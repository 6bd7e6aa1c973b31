"""What hangs beside a door: free or taken, until when, and a booking at a touch."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .rooms import new_name

QUARTER = timedelta(minutes=15)


def next_quarter() -> datetime:
    """The mark at which a booking at the door begins."""
    now = datetime.now(UTC)
    past = timedelta(minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond)
    return now - past + QUARTER


@pytest.fixture
def room(house: Any) -> int:
    """A room that nobody else's tests know, open day and night."""
    with house.api("ingrid") as staff:
        wanted = {"site_id": 1, "name": new_name(), "facility_type": "room", "capacity": 4}
        made = staff.post("/api/v1/facilities/", json={**wanted, "opening_hours": None})
        assert made.status_code == 201, made.text
        facility = made.json()
        if facility["opening_hours_of"] != "nobody":
            # Its site's hours would have it closed whenever these tests run at night.
            always = [
                {"weekday": day, "opens": "00:00", "closes": "24:00"}
                for day in (
                    "monday",
                    "tuesday",
                    "wednesday",
                    "thursday",
                    "friday",
                    "saturday",
                    "sunday",
                )
            ]
            changed = staff.patch(
                f"/api/v1/facilities/{facility['id']}/", json={"opening_hours": always}
            )
            assert changed.status_code == 200, changed.text
        return int(facility["id"])


def book(house: Any, room: int, username: str, start: datetime, title: str) -> None:
    """A booking of a quarter of an hour that somebody makes elsewhere."""
    with house.api(username) as user:
        made = user.post(
            "/api/v1/bookings/",
            json={
                "facility_id": room,
                "start_time": start.isoformat(),
                "end_time": (start + QUARTER).isoformat(),
                "title": title,
            },
        )
    assert made.status_code == 201, made.text


def test_a_touch_at_the_door_books_the_next_quarter_and_can_be_undone(
    room: int,
    open_page: Callable[..., Page],
    axe: Callable[[Page], None],
    picture: Callable[[Page, str], None],
) -> None:
    page = open_page("maria", path=f"/display/{room}", width=1024, height=768)
    expect(page.get_by_text("Free", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name=f"/facilities/{room}")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="15 min").click()
    expect(page.get_by_role("list")).to_contain_text("Booked at the door")
    picture(page, "display")
    # Nobody waits here until it begins: the page's clock is put forward.
    page.clock.set_fixed_time(next_quarter() + timedelta(minutes=1))
    expect(page.get_by_text("Taken", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="30 min")).to_be_disabled()
    axe(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Free", exact=True)).to_be_visible()


def test_a_booking_by_somebody_else_appears_within_a_second_without_its_title(
    house: Any, room: int, open_page: Callable[..., Page]
) -> None:
    page = open_page("maria", path=f"/display/{room}", width=390, height=844, theme="dark")
    expect(page.get_by_text("Nothing more is booked today.")).to_be_visible()
    start = next_quarter() + QUARTER
    book(house, room, "tomasz", start, "A secret of Tomasz")
    next_up = page.get_by_role("list")
    expect(next_up).to_contain_text("Booked", timeout=1000)
    expect(next_up).not_to_contain_text("secret")
    expect(page.get_by_role("button", name="15 min")).to_be_enabled()
    hour = page.get_by_role("button", name="1 h")
    expect(hour).to_be_disabled()
    taken = re.compile(rf"Taken from (tomorrow, )?{shown(page, start)}\.")
    expect(hour).to_have_accessible_description(taken)


def shown(page: Page, instant: datetime) -> str:
    """What the clock of the rooms' site shows, by the browser's own knowledge of zones."""
    text: str = page.evaluate(
        """instant => new Date(instant).toLocaleTimeString("en-GB",
             { timeZone: "Europe/Berlin", hour: "2-digit", minute: "2-digit" })""",
        instant.isoformat(),
    )
    return text


def test_a_closure_shows_its_reason_and_its_end(
    house: Any,
    room: int,
    open_page: Callable[..., Page],
    axe: Callable[[Page], None],
    picture: Callable[[Page, str], None],
) -> None:
    page = open_page("maria", path=f"/display/{room}", width=800, height=1280)
    expect(page.get_by_text("Free", exact=True)).to_be_visible()
    end = next_quarter() + 4 * QUARTER
    with house.api("ingrid") as staff:
        made = staff.post(
            "/api/v1/closures/",
            json={
                "facility_id": room,
                "start_time": (end - timedelta(hours=3)).isoformat(),
                "end_time": end.isoformat(),
                "reason": "New carpet",
                "cancel_bookings": False,
            },
        )
    assert made.status_code == 201, made.text
    expect(page.get_by_text("Closed", exact=True)).to_be_visible()
    expect(page.get_by_text("New carpet")).to_be_visible()
    axe(page)
    picture(page, "display-closed")


def test_a_door_without_a_network_says_since_when_and_comes_back_by_itself(
    room: int, open_page: Callable[..., Page]
) -> None:
    page = open_page("maria", path=f"/display/{room}")
    # Its own pieces are there: what is missing later is the service alone.
    expect(page.get_by_role("img", name=f"/facilities/{room}")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("No connection since")).to_be_visible()
    expect(page.get_by_role("button", name="15 min")).to_be_disabled()
    page.context.set_offline(False)
    expect(page.get_by_text("No connection since")).to_be_hidden()
    expect(page.get_by_role("button", name="15 min")).to_be_enabled()


def test_a_door_shows_the_next_day_after_a_night_without_a_visitor(
    house: Any, room: int, open_page: Callable[..., Page]
) -> None:
    tomorrow = next_quarter() + timedelta(days=1)
    book(house, room, "maria", tomorrow, "The day after")
    page = open_page("maria", path=f"/display/{room}")
    expect(page.get_by_text("Free", exact=True)).to_be_visible()
    page.clock.set_fixed_time(tomorrow + timedelta(minutes=1))
    expect(page.get_by_text("Taken", exact=True)).to_be_visible()
    expect(page.get_by_text("The day after")).to_be_visible()


def test_a_door_whose_clock_is_put_right_asks_anew(
    house: Any, room: int, open_page: Callable[..., Page]
) -> None:
    book(house, room, "maria", next_quarter() + timedelta(days=1), "The day after")
    page = open_page("maria", path=f"/display/{room}")
    expect(page.get_by_text("Free", exact=True)).to_be_visible()
    page.clock.set_fixed_time(datetime(1970, 1, 1, tzinfo=UTC))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("not booked for a month")).to_be_visible()
    page.clock.set_fixed_time(datetime.now(UTC))
    expect(page.get_by_text("not booked for a month")).to_be_hidden()
    expect(page.get_by_text(re.compile("^until "))).to_be_visible()
