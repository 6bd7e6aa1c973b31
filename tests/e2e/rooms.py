"""Rooms that no other test knows, and where to click on their day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect

from .conftest import House

BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_names = (
    f"{adjective} {noun}"
    for noun, adjective in product(
        ("Capstan", "Bollard", "Windlass", "Halyard", "Sextant", "Bosun", "Mizzen", "Gunwale"),
        ("Copper", "Amber", "Cobalt", "Walnut", "Marble", "Linen", "Coral", "Maple", "Slate"),
    )
)


def new_name() -> str:
    """A name that nothing else has, fit to be seen on a picture."""
    return next(_names)


def _workday() -> date:
    """The Wednesday of the week after next."""
    today = datetime.now(BERLIN).date()
    return today + timedelta(days=16 - today.weekday())


DAY = _workday()


@dataclass(frozen=True, slots=True)
class Room:
    """A facility, open from eight to eight by its own clock."""

    house: House
    id: int
    name: str
    zone: ZoneInfo

    @property
    def path(self) -> str:
        """The address of the day with nothing but this."""
        return f"/?day={DAY.isoformat()}&q={self.name.replace(' ', '+')}"

    def times(self, start: str, end: str) -> dict[str, str]:
        """Two times of the day, as the contract writes them."""
        return {"start_time": instant(start, self.zone), "end_time": instant(end, self.zone)}

    def book(self, username: str, start: str, end: str, title: str = "Choir") -> dict[str, Any]:
        """A booking that somebody makes elsewhere."""
        body = {"facility_id": self.id, "title": title, **self.times(start, end)}
        with self.house.api(username) as user:
            made = user.post("/api/v1/bookings/", json=body)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    def booked(self) -> list[tuple[str, str, str]]:
        """What is booked on the day, as the staff see it: title, from, to."""
        asked = {"facility_id": str(self.id), **self.times("00:00", "23:59")}
        with self.house.api("ingrid") as staff:
            (found,) = staff.get("/api/v1/availability/timeline", params=asked).json()
        return [
            (
                block["booking"]["title"],
                clock(block["start_time"], self.zone),
                clock(block["end_time"], self.zone),
            )
            for block in found["blocks"]
            if "booking" in block
        ]

    def bar(self, page: Page) -> Locator:
        """Its hours on the page."""
        head = page.get_by_role("rowheader", name=self.name)
        return page.get_by_role("row").filter(has=head).get_by_role("gridcell")

    def click(self, page: Page, at: str) -> None:
        """Click where its clock shows this."""
        bar = self.bar(page)
        expect(bar).to_be_visible()
        box = bar.bounding_box()
        assert box is not None
        moment = time.fromisoformat(at)
        x = box["width"] * (moment.hour * 60 + moment.minute + 2) / 1440
        bar.click(position={"x": x, "y": box["height"] / 2})


def room(house: House, **more: Any) -> Room:
    """A new one."""
    hours = [{"weekday": day, "opens": "08:00", "closes": "20:00"} for day in WEEKDAYS]
    body = {
        "site_id": 1,
        "name": new_name(),
        "facility_type": "room",
        "capacity": 7,
        "time_zone": "Europe/Berlin",
        "opening_hours": hours,
        **more,
    }
    with house.api("ingrid") as staff:
        made = staff.post("/api/v1/facilities/", json=body)
    assert made.status_code == 201, made.text
    facility = made.json()
    return Room(house, int(facility["id"]), facility["name"], ZoneInfo(facility["time_zone"]))


def instant(clock: str, zone: ZoneInfo = BERLIN) -> str:
    """A time of the day by a zone's clock, in UTC."""
    local = datetime.combine(DAY, time.fromisoformat(clock), zone)
    return f"{local.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def clock(text: str, zone: ZoneInfo) -> str:
    """What a zone's clock shows at an instant."""
    return f"{datetime.fromisoformat(text).astimezone(zone):%H:%M}"
