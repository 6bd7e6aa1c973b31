"""A facility as the rules know it, from what the database knows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from domain.bookings import Facility
from domain.errors import RulesContradict
from domain.hours import open_periods
from domain.periods import MARK, Period
from domain.rules import LONGEST_BOOKING, Closure, Rules, check_rules
from exchange.hours import effective_hours
from sql import closures, facilities
from sql.facilities import FacilityRow
from sql.hours import weekly
from sql.pool import Connection

opened = lru_cache(4096)(open_periods)
"""What is open when, remembered: most facilities share their hours, and most requests a day."""

RULES = (
    "min_duration_minutes",
    "max_duration_minutes",
    "min_notice_minutes",
    "horizon_days",
    "start_step_minutes",
    "cancellation_notice_minutes",
    "buffer_before_minutes",
    "buffer_after_minutes",
    "requires_approval",
    "approval_timeout_minutes",
)
"""The columns of a facility's rules, which are called the same in the contract."""


def facility_facts(row: FacilityRow, horizon: timedelta) -> Facility:
    """What the rules need to know of a facility; ``horizon`` is the service's own."""
    return Facility(
        id=row.id,
        site_id=row.site_id,
        name=row.name,
        capacity=row.capacity,
        is_active=row.status == "active",
        open_to=frozenset(row.user_group_ids),
        rules=rules_of(row, horizon),
    )


def rules_of(row: FacilityRow, horizon: timedelta) -> Rules:
    """The rules of a facility: its own, and where it has none its site's or the service's."""
    hours = effective_hours(row)
    return Rules(
        zone=ZoneInfo(row.time_zone),
        horizon=horizon if row.horizon_days is None else timedelta(days=row.horizon_days),
        opening_hours=None if hours is None else weekly(hours),
        min_duration=_minutes(row.min_duration_minutes),
        max_duration=_minutes(row.max_duration_minutes),
        min_notice=_minutes(row.min_notice_minutes),
        start_step=_minutes(row.start_step_minutes),
        cancellation_notice=_minutes(row.cancellation_notice_minutes),
        buffer_before=_minutes(row.buffer_before_minutes),
        buffer_after=_minutes(row.buffer_after_minutes),
        requires_approval=row.requires_approval,
        approval_timeout=_minutes(row.approval_timeout_minutes),
    )


def check_rule_columns(given: Mapping[str, Any], horizon: timedelta) -> None:
    """Refuse rules that no booking could meet together; what is absent asks for nothing.

    :raises RulesContradict: with a pointer into the ``rules`` of a request.
    """
    days = given.get("horizon_days")
    rules = Rules(
        zone=UTC,
        horizon=horizon if days is None else timedelta(days=days),
        min_duration=_minutes(given.get("min_duration_minutes", minutes_of(MARK))),
        max_duration=_minutes(given.get("max_duration_minutes", minutes_of(LONGEST_BOOKING))),
        min_notice=_minutes(given.get("min_notice_minutes", 0)),
    )
    try:
        check_rules(rules)
    except RulesContradict as refusal:
        raise RulesContradict(refusal.detail, f"/rules{refusal.pointer}") from None


async def lock(conn: Connection, facility_ids: Sequence[int]) -> list[FacilityRow]:
    """Those of the facilities that exist, lowest id first, locked against all others."""
    await facilities.lock_facilities(conn, facility_ids)
    return await facilities.list_facilities_of(conn, facility_ids)


async def closures_of(
    conn: Connection, facility_ids: Sequence[int], start_time: datetime, end_time: datetime
) -> dict[int, list[Closure]]:
    """What closes each of these facilities within the time, earliest first."""
    found: dict[int, list[Closure]] = {facility_id: [] for facility_id in facility_ids}
    rows = await closures.list_closures_of(
        conn, facility_ids=facility_ids, start_time=start_time, end_time=end_time
    )
    for row in rows:
        found[row.facility_id].append(Closure(Period(row.start_time, row.end_time), row.reason))
    return found


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def minutes_of(length: timedelta) -> int:
    """A length of the rules as the database keeps it."""
    return length // timedelta(minutes=1)
