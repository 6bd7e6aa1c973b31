"""Reports against a count of every quarter of an hour, one by one, in Python.

The two share nothing: SQL multiplies days and looks sums up, Python looks at the wall
clock of each facility at each quarter. What they say must be equal.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from sql.analytics import GroupBy, UtilisationRow, report_utilisation
from sql.pool import Connection

from .world import World

QUARTER = timedelta(minutes=15)
GROUPINGS: tuple[GroupBy, ...] = get_args(GroupBy)

# Zones with their changes of the clock in 2030: the first two hours of a day twice, or its
# last; midnight left out; half an hour's change; offsets of :30 and :45; none at all.
CHANGES = {
    "Europe/Berlin": [date(2030, 3, 31), date(2030, 10, 27)],
    "America/New_York": [date(2030, 3, 10), date(2030, 11, 3)],
    "Atlantic/Azores": [date(2030, 3, 31), date(2030, 10, 27)],
    "America/Havana": [date(2030, 3, 10), date(2030, 11, 3)],
    "America/Nuuk": [date(2030, 3, 30), date(2030, 10, 26)],
    "Asia/Beirut": [date(2030, 3, 31), date(2030, 10, 26)],
    "Africa/Cairo": [date(2030, 4, 26), date(2030, 10, 31)],
    "America/Santiago": [date(2030, 4, 6), date(2030, 9, 8)],
    "Australia/Lord_Howe": [date(2030, 4, 7), date(2030, 10, 6)],
    "Australia/Adelaide": [date(2030, 4, 7), date(2030, 10, 6)],
    "Pacific/Chatham": [date(2030, 4, 7), date(2030, 9, 29)],
    "Antarctica/Troll": [date(2030, 3, 31), date(2030, 10, 27)],
    "Asia/Kathmandu": [date(2030, 6, 1)],
    "America/St_Johns": [date(2030, 3, 10), date(2030, 11, 3)],
    "UTC": [date(2030, 1, 1)],
}

Span = tuple[datetime, datetime]
Minutes = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """A facility as the count needs it; ``hours`` None is always open."""

    id: int
    site_id: int
    zone: ZoneInfo
    is_active: bool
    hours: tuple[Minutes, ...] | None
    closed: tuple[Span, ...]
    booked: tuple[Span, ...]


@dataclass(slots=True)
class Tally:
    """The three sums of one group."""

    open: int = 0
    booked: int = 0
    outside: int = 0


class Draw:
    """A random little world around the changes of the clock, written to the database."""

    def __init__(self, conn: Connection, world: World, seed: int) -> None:
        self.conn = conn
        self.user_id = world.member.id
        self.random = random.Random(seed)  # noqa: S311 - no secret
        self.zone = self.random.choice(list(CHANGES))
        change = self.random.choice(CHANGES[self.zone])
        self.first = change - timedelta(days=self.random.randint(0, 9))
        self.last = self.first + timedelta(days=self.random.randint(0, 12))

    async def places(self) -> list[Place]:
        """Some facilities at two sites, with closures and bookings."""
        everywhere = await self._closures(None, None)
        found = []
        for number in range(2):
            site_hours = self._hours()
            site_id = await self._id(
                "INSERT INTO sites (name, time_zone, opening_hours) VALUES (%s, 'UTC', %s)"
                " RETURNING id",
                f"Place {number}",
                _multirange(site_hours),
            )
            of_site = await self._closures(site_id, None)
            for room in range(2):
                place = await self._place(site_id, f"Room {room}")
                closed = (*everywhere, *of_site, *await self._closures(None, place.id))
                hours = site_hours if place.hours is None else place.hours
                found.append(replace(place, hours=hours, closed=closed))
        return found

    async def _place(self, site_id: int, name: str) -> Place:
        others = [self.zone, self.zone, self.random.choice(list(CHANGES))]
        zone = self.random.choice(others)
        hours = self._hours()
        is_active = self.random.random() < 0.7
        facility_id = await self._id(
            "INSERT INTO facilities (site_id, name, facility_type, capacity, time_zone, status,"
            " opening_hours) VALUES (%s, %s, 'room', 4, %s, %s, %s) RETURNING id",
            site_id,
            name,
            zone,
            "active" if is_active else "archived",
            _multirange(hours),
        )
        booked = await self._bookings(facility_id) if self.random.random() < 0.8 else ()
        return Place(facility_id, site_id, ZoneInfo(zone), is_active, hours, (), booked)

    def _hours(self) -> tuple[Minutes, ...] | None:
        if self.random.random() < 0.3:
            return None
        found, end = [], 0
        while end < 10_000 and self.random.random() < 0.95:
            start = end + 15 * self.random.randint(1, 80)
            end = min(start + 15 * self.random.randint(1, 60), 10_080)
            if start < end:
                found.append((start, end))
        return tuple(found)

    async def _bookings(self, facility_id: int) -> tuple[Span, ...]:
        confirmed, end = [], self._midnight() - timedelta(days=1)
        while end < self._midnight(self.last) + timedelta(days=2):
            start = end + QUARTER * self.random.randint(0, 40)
            end = start + QUARTER * self.random.randint(1, 32)
            status = self.random.choice(["confirmed"] * 4 + ["pending", "cancelled"])
            await self.conn.execute(
                "INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, status)"
                " VALUES (%s, %s, %s, %s, 'Booking', %s)",
                (facility_id, self.user_id, start, end, status),
            )
            if status == "confirmed":
                confirmed.append((start, end))
        return tuple(confirmed)

    async def _closures(self, site_id: int | None, facility_id: int | None) -> tuple[Span, ...]:
        found = []
        for _ in range(self.random.choice([0, 0, 1, 2])):
            start = self._midnight() + QUARTER * self.random.randint(-200, 1000)
            end = start + QUARTER * self.random.choice([1, 7, 40, 96, 250])
            await self.conn.execute(
                "INSERT INTO closures (site_id, facility_id, start_time, end_time, reason)"
                " VALUES (%s, %s, %s, %s, 'Repairs')",
                (site_id, facility_id, start, end),
            )
            found.append((start, end))
        return tuple(found)

    async def _id(self, query: str, *parameters: object) -> int:
        row = await (await self.conn.execute(query.encode(), parameters)).fetchone()
        assert row is not None
        return int(row[0])

    def _midnight(self, day: date | None = None) -> datetime:
        return datetime.combine(day or self.first, datetime.min.time(), UTC)


def _multirange(hours: tuple[Minutes, ...] | None) -> str | None:
    if hours is None:
        return None
    return "{" + ",".join(f"[{start},{end})" for start, end in hours) + "}"


def _quarters(place: Place, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    """Every quarter whose wall clock shows one of the days, and what it shows."""
    at = datetime.combine(first, datetime.min.time(), UTC) - timedelta(days=2)
    end = datetime.combine(last, datetime.min.time(), UTC) + timedelta(days=3)
    while at < end:
        local = at.astimezone(place.zone)
        if first <= local.date() <= last:
            yield at, local
        at += QUARTER


def _holds(spans: tuple[Span, ...], at: datetime) -> bool:
    return any(start <= at < end for start, end in spans)


def _counted(
    places: list[Place], first: date, last: date, group_by: GroupBy
) -> dict[tuple[Any, ...], Tally]:
    """The report, counted."""
    found: dict[tuple[Any, ...], Tally] = {}
    for place in places:
        quarters = list(_quarters(place, first, last))
        if not place.is_active and not any(_holds(place.booked, at) for at, _ in quarters):
            continue
        for at, local in quarters:
            minute = local.weekday() * 1440 + local.hour * 60 + local.minute
            in_hours = place.hours is None or any(a <= minute < b for a, b in place.hours)
            is_open = in_hours and not _holds(place.closed, at)
            tally = found.setdefault(_key(place, local, group_by), Tally())
            tally.open += 15 * is_open
            tally.booked += 15 * (is_open and _holds(place.booked, at))
            tally.outside += 15 * (not is_open and _holds(place.booked, at))
    return found


def _key(place: Place, local: datetime, group_by: GroupBy) -> tuple[Any, ...]:
    """The facility, site, weekday, hour and day of the group."""
    day = {"day": local.date(), "month": local.date().replace(day=1)}.get(group_by)
    return (
        place.id if group_by == "facility" else None,
        place.site_id if group_by in {"facility", "site"} else None,
        local.isoweekday() if group_by in {"weekday", "weekday_hour"} else None,
        local.hour if group_by in {"hour", "weekday_hour"} else None,
        day,
    )


def _tallies(rows: list[UtilisationRow]) -> dict[tuple[Any, ...], Tally]:
    assert (
        max(Counter((r.facility_id, r.site_id, r.weekday, r.hour, r.day) for r in rows).values())
        == 1
    )
    return {
        (row.facility_id, row.site_id, row.weekday, row.hour, row.day): Tally(
            row.open_minutes, row.booked_minutes, row.booked_outside_minutes
        )
        for row in rows
    }


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(60))
async def test_a_report_says_what_counting_every_quarter_says(
    conn: Connection, world: World, seed: int
) -> None:
    await conn.execute("UPDATE facilities SET status = 'archived'")  # the world's own
    draw = Draw(conn, world, seed)
    places = await draw.places()

    for group_by in GROUPINGS:
        rows = await report_utilisation(
            conn,
            site_ids=None,
            site_id=None,
            facility_id=None,
            facility_type=None,
            start_date=draw.first,
            end_date=draw.last,
            group_by=group_by,
        )
        expected = _counted(places, draw.first, draw.last, group_by)
        assert expected == (_tallies(rows) if rows else {}), (group_by, draw.zone)
