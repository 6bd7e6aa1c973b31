"""What ``holdfast up`` shows at the end: where everything is, two tokens, a booking to try."""

import asyncio
import http.client
import json
import shlex
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from app.commands.console import Steps
from app.settings import Settings
from app.commands.tokens import issue_token
from sql.facilities import list_facilities
from sql.pool import create_pool, reading
from sql.sites import list_sites
from sql.users import find_user_by_username, list_users

TOKEN_NAME = "demo"  # noqa: S105 - what the token is called
MEETING = timedelta(hours=1)
DAY_BEGINS = time(9)
DAYS_AHEAD = 14


def load_demo_into(dsn: str, steps: Steps) -> bool:
    """Load the demo data, or top them up; tell whether the database has them now.

    A database that holds other people's data is left as it is.
    """
    if not asyncio.run(_takes_demo(dsn)):
        steps.say("The database has data of its own, so the demo data are left out.")
        return False
    from app import demo
    with steps.step("Loading the demo data") as report:
        asyncio.run(demo.load_demo(dsn, report=report))
    return True


async def _takes_demo(dsn: str) -> bool:
    """Tell whether the database is empty, or has the demo data already."""
    from app import demo
    async with create_pool(dsn, min_size=1, max_size=1) as pool, reading(pool) as conn:
        if await find_user_by_username(conn, demo.STAFF) is not None:
            return await find_user_by_username(conn, demo.MEMBER) is not None
        sites = await list_sites(conn, after_name=None, after_id=None, limit=1)
        users = await list_users(conn, search=None, after_username=None, after_id=None, limit=1)
        facilities = await list_facilities(
            conn,
            facility_id=None,
            search=None,
            site_id=None,
            min_capacity=None,
            amenities=None,
            facility_type=None,
            status=None,
            after_name=None,
            after_id=None,
            limit=1,
        )
        return not (sites or users or facilities)


def welcome(settings: Settings, base_url: str, dsn: str, *, demo_loaded: bool) -> list[str]:
    """The last lines of a start: plain text, to be read and copied."""
    lines = [
        "",
        "Holdfast is running.",
        "",
        f"  API       {base_url}/api/v1/",
        f"  Contract  {base_url}/openapi.yaml",
        f"  Health    {base_url}/healthz and {base_url}/readyz",
        "",
    ]
    if demo_loaded:
        lines += _demo_lines(base_url, dsn)
    else:
        lines += ["A first token, for yourself:", "", _token_command(settings)]
    return [*lines, "", "Ctrl-C stops it."]


def _demo_lines(base_url: str, dsn: str) -> list[str]:
    from app import demo
    member = _demo_token(dsn, demo.MEMBER, staff=False)
    staff = _demo_token(dsn, demo.STAFF, staff=True)
    width = max(len(demo.MEMBER), len(demo.STAFF))
    return [
        f"  Member    {demo.MEMBER:{width}}  {member}",
        f"  Staff     {demo.STAFF:{width}}  {staff}",
        "",
        *_booking_lines(base_url, member),
    ]


def _demo_token(dsn: str, username: str, *, staff: bool) -> str:
    issued = asyncio.run(
        issue_token(dsn, username=username, staff=staff, name=TOKEN_NAME, replace=True)
    )
    return issued.secret


def _token_command(settings: Settings) -> str:
    words = [str(Path(sys.prefix) / "bin" / "holdfast"), "token", "create"]
    words += ["--username", "YOUR-NAME", "--staff"]
    if settings.data_dir is not None:
        words += ["--data-dir", str(settings.data_dir)]
    return "  " + shlex.join(words)


def _booking_lines(base_url: str, token: str) -> list[str]:
    """A curl line that books a period that is free now, and what it books."""
    facility = _get(base_url, token, "/api/v1/facilities/", limit="1")[0]
    zone = ZoneInfo(facility["time_zone"])
    start = _free_start(base_url, token, int(facility["id"]), zone)
    if start is None:
        return [f"{facility['name']} has no free hour in the next {DAYS_AHEAD} days."]
    body = {
        "facility_id": facility["id"],
        "start_time": _wire(start),
        "end_time": _wire(start + MEETING),
        "title": "A first booking",
    }
    command = [
        "curl",
        "--fail-with-body",
        "--silent",
        "--show-error",
        f"{base_url}/api/v1/bookings/",
        "-H",
        f"Authorization: Bearer {token}",
        "-H",
        "Content-Type: application/json",
        "-d",
        json.dumps(body),
    ]
    local = start.astimezone(zone)
    return [
        f"Book {facility['name']} on {local:%A, %d %B} from {local:%H:%M} to "
        f"{local + MEETING:%H:%M} ({zone.key}); a second time it is taken:",
        "",
        shlex.join(command),
    ]


def _free_start(base_url: str, token: str, facility_id: int, zone: ZoneInfo) -> datetime | None:
    """The first free hour of a working day from tomorrow on, else the first free hour."""
    today = datetime.now(zone).date()
    for days in range(1, DAYS_AHEAD + 1):
        midnight = datetime.combine(today + timedelta(days=days), time(), zone)
        results = _get(
            base_url,
            token,
            "/api/v1/availability/search",
            facility_id=str(facility_id),
            start_time=_wire(midnight),
            end_time=_wire(midnight + timedelta(days=1)),
            duration="60",
        )
        opening = datetime.combine(midnight.date(), DAY_BEGINS, zone)
        slots = [
            (datetime.fromisoformat(slot["start_time"]), datetime.fromisoformat(slot["end_time"]))
            for result in results
            for slot in result["available_slots"]
        ]
        for start, end in slots:
            if max(start, opening) + MEETING <= end:
                return max(start, opening)
        if slots:
            return slots[0][0]
    return None


def _wire(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _get(base_url: str, token: str, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
    """A reply of the service that was started a moment ago."""
    host, _, port = base_url.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=30)
    try:
        headers = {"Authorization": f"Bearer {token}"}
        connection.request("GET", f"{path}?{urlencode(query)}", headers=headers)
        reply = connection.getresponse()
        body = reply.read()
        if reply.status != http.client.OK:
            message = f"{path} answered {reply.status}: {body.decode(errors='replace')}"
            raise RuntimeError(message)
        return json.loads(body)
    finally:
        connection.close()
