"""What ``holdfast up`` shows at the end: ways in, where everything is, a booking to try."""

import asyncio
import http
import json
import shlex
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.commands.api import base_url, fetch
from app.commands.console import Steps
from app.commands.links import issue_link
from app.commands.tokens import TokenOrder, issue_token
from app.failure import Failure
from app.settings import Settings
from demo import DEMO_MEMBER, DEMO_STAFF, load_demo

LINK_LIFETIME = timedelta(hours=24)
TOKEN_NAME = "demo"  # noqa: S105 - what the token is called
MEETING = timedelta(hours=1)
DAY_BEGINS = time(9)
DAYS_AHEAD = 14


def load_demo_into(dsn: str, steps: Steps) -> bool:
    """Load the demo data; tell whether the database has them now.

    A database that holds other people's data is left as it is, and that is said.
    """
    told: list[str] = []
    with steps.step("Loading the demo data"):
        summary = asyncio.run(load_demo(dsn, report=told.append))
    for sentence in told:
        steps.say(sentence)
    return summary.outcome != "left_out"


def welcome(settings: Settings, dsn: str, *, demo_loaded: bool, log: Path | None) -> list[str]:
    """The last lines of a start: plain text, to be read and copied."""
    base = base_url(settings)
    lines = [
        "",
        "Holdfast is running.",
        "",
        *_ways_in(settings, base, dsn, demo_loaded=demo_loaded),
        "",
        f"  API       {base}/api/v1/",
        f"  Docs      {base}/docs",
        f"  Contract  {base}/openapi.yaml",
        f"  Health    {base}/healthz",
        f"            {base}/readyz",
        *([f"  Log       {log}"] if log else []),
        "",
    ]
    if demo_loaded:
        lines += _demo_lines(base, dsn)
    return [*lines, "", "Ctrl-C stops it."]


def _ways_in(settings: Settings, base: str, dsn: str, *, demo_loaded: bool) -> list[str]:
    """The page, and how to come in: by a link for each demo user, or by one to be made."""
    if not demo_loaded:
        return [
            f"  Open      {base}/",
            "",
            "A link that signs you in:",
            "",
            _link_command(settings, "YOUR-NAME", "--staff"),
        ]
    try:
        links = [
            (who, asyncio.run(issue_link(dsn, username, LINK_LIFETIME)).address(base))
            for who, username in (("member", DEMO_MEMBER), ("staff", DEMO_STAFF))
        ]
    except Failure as failure:  # somebody deactivated a demo user
        return [f"  Open      {base}/", f"No demo links: {failure}"]
    lines = [f"  Open      {address}  ({who})" for who, address in links]
    return [
        *lines,
        "            (each signs in once)",
        "",
        "Another link, for anybody:",
        "",
        _link_command(settings, DEMO_MEMBER),
    ]


def _demo_lines(base: str, dsn: str) -> list[str]:
    try:
        member = _demo_token(dsn, DEMO_MEMBER, staff=False)
        staff = _demo_token(dsn, DEMO_STAFF, staff=True)
    except Failure as failure:  # somebody deactivated a demo user
        return [f"No demo tokens: {failure}"]
    width = max(len(DEMO_MEMBER), len(DEMO_STAFF))
    return [
        f"  Member    {DEMO_MEMBER:{width}}  {member}",
        f"  Staff     {DEMO_STAFF:{width}}  {staff}",
        "            (these two work until the next start)",
        "",
        *_booking_lines(base, member),
    ]


def _demo_token(dsn: str, username: str, *, staff: bool) -> str:
    """A new token in the place of the last start's."""
    order = TokenOrder(username, TOKEN_NAME, staff=staff, replace=True)
    return asyncio.run(issue_token(dsn, order)).secret


def _link_command(settings: Settings, username: str, *more: str) -> str:
    words = [str(Path(sys.prefix) / "bin" / "holdfast"), "link"]
    words += ["--username", username, *more]
    words += ["--url", base_url(settings)]
    if settings.data_dir is not None:
        words += ["--data-dir", str(settings.data_dir)]
    return "  " + shlex.join(words)


def _booking_lines(base: str, token: str) -> list[str]:
    """A curl line that books a period that is free now, and what it books."""
    facility = _get(base, token, "/api/v1/facilities/", limit="1")[0]
    zone = ZoneInfo(facility["time_zone"])
    start = _free_start(base, token, int(facility["id"]), zone)
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
        f"{base}/api/v1/bookings/",
        "-H",
        f"Authorization: Bearer {token}",
        "-H",
        "Content-Type: application/json",
        "-d",
        json.dumps(body),
    ]
    local = start.astimezone(zone)
    when = f"{local:%A, %d %B} from {local:%H:%M} to {local + MEETING:%H:%M} ({zone.key})"
    heading = f"Book {facility['name']} on {when}; a second time it is taken:"
    return [heading, "", shlex.join(command)]


def _free_start(base: str, token: str, facility_id: int, zone: ZoneInfo) -> datetime | None:
    """The first free hour of a working day from tomorrow on, else the first free hour."""
    today = datetime.now(zone).date()
    for days in range(1, DAYS_AHEAD + 1):
        midnight = datetime.combine(today + timedelta(days=days), time(), zone)
        results = _get(
            base,
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


def _get(base: str, token: str, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
    """A reply of the service that was started a moment ago."""
    status, body = fetch(base, path, query, token)
    if status != http.HTTPStatus.OK:
        message = f"The service answers {path} with {status}: {body.decode(errors='replace')}"
        raise Failure(message)
    return json.loads(body)
