"""What users hold of quotas at the present instant and in its week."""

from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from domain.quotas import week_of
from exchange.request import Request
from sql import quotas
from sql.pool import Connection
from sql.quotas import ExceedingRow, UsageRow

MOST_QUOTAS = 1000
MOST_EXCEEDING = 100
"""How many quotas, and how many users above one, a reply shows at most."""


class _Present(TypedDict):
    """An instant, and the week that it lies in by the calendar of each zone."""

    now: datetime
    zones: list[str]
    week_starts: list[datetime]
    week_ends: list[datetime]


async def usage_of(conn: Connection, request: Request, user_id: int) -> list[UsageRow]:
    """What a user holds of each quota, oldest quota first."""
    present = await _present(conn, request.now())
    return await quotas.list_usage(conn, user_id=user_id, limit=MOST_QUOTAS, **present)


async def exceeding(conn: Connection, request: Request, quota_id: int) -> list[ExceedingRow]:
    """Who holds more than the quota allows, whoever has most first."""
    present = await _present(conn, request.now())
    return await quotas.list_exceeding(conn, quota_id=quota_id, limit=MOST_EXCEEDING, **present)


async def _present(conn: Connection, now: datetime) -> _Present:
    zones = [row.time_zone for row in await quotas.list_zones(conn)]
    weeks = [week_of(now, ZoneInfo(zone)) for zone in zones]
    return {
        "now": now,
        "zones": zones,
        "week_starts": [week.start for week in weeks],
        "week_ends": [week.end for week in weeks],
    }
