"""Rooms that no other test knows, and where to click on their day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect

from .conftest import House

BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_numbers = count(1)


def _workday() -> date:
    """The Wednesday of the week after next."""
    today = datetime.now(BERLIN).date()
    return today + timedelta(days=16 - today.weekday())


DAY = _workday()


@dataclass(frozen=True, slots=True)
class Room:
    """A facility, open from eight to eight by Berlin's clock."""

    house: House
    id: int
    name: str

    @property
    def path(self) -> str:
        """The address of the day with nothing but this."""
        return f"/?day={DAY.isoformat()}&q={self.name.replace(' ', '+')}"

    def times(self, start: str, end: str) -> dict[str, str]:
        """Two times of the day, as the contract writes them."""
        return {"start_time": instant(start), "end_time": instant(end)}

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
            (block["booking"]["title"], clock(block["start_time"]), clock(block["end_time"]))
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
        "name": f"Room {next(_numbers)} of {datetime.now(UTC):%H%M%S%f}",
        "facility_type": "room",
        "capacity": 7,
        "time_zone": "Europe/Berlin",
        "opening_hours": hours,
        **more,
    }
    with house.api("ingrid") as staff:
        made = staff.post("/api/v1/facilities/", json=body)
    assert made.status_code == 201, made.text
    return Room(house, int(made.json()["id"]), made.json()["name"])


def instant(clock: str) -> str:
    """A time of the day by Berlin's clock, in UTC."""
    local = datetime.combine(DAY, time.fromisoformat(clock), BERLIN)
    return f"{local.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def clock(text: str) -> str:
    """What Berlin's clock shows at an instant."""
    return f"{datetime.fromisoformat(text).astimezone(BERLIN):%H:%M}"
