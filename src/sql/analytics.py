"""Analytics: what staff ask about many bookings at once.

Every report is about the facilities of a scope on the calendar days from
``start_date`` to ``end_date``, both among them; the days are those of each
facility's own zone. None in the place of a filter stands for everything;
``site_ids`` are the sites whose facilities the caller may ask about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)

MOST_MILLISECONDS = 30_000
"""How long a report may take; one over two years of a million bookings takes a tenth of it."""

GroupBy: TypeAlias = Literal["facility", "site", "weekday", "hour", "weekday_hour", "day", "month"]


@dataclass(frozen=True, slots=True)
class UtilisationRow:
    """Minutes of one group; what the group is not about is None.

    ``weekday`` is 1 for Monday; ``day`` is the first of the month where months are asked
    for. ``booked_minutes`` are those within the open ones, ``booked_outside_minutes`` the
    rest: booked under other hours, or before a closure was made.
    """

    facility_id: int | None
    facility_name: str | None
    site_id: int | None
    site_name: str | None
    weekday: int | None
    hour: int | None
    day: date | None
    open_minutes: int
    booked_minutes: int
    booked_outside_minutes: int


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """What became of the bookings that begin in the period.

    The ``lead_*_minutes`` are None where there are no bookings; the other ``lead_*`` say
    how many bookings were made so long before they begin.
    """

    bookings: int
    confirmed: int
    pending: int
    cancelled: int
    cancelled_by_owner: int
    cancelled_by_staff: int
    rejected: int
    expired: int
    closed_over: int
    anonymised: int
    confirmed_minutes: int
    attendees: int
    capacity: int
    lead_mean_minutes: int | None
    lead_median_minutes: int | None
    lead_ninth_decile_minutes: int | None
    lead_under_hour: int
    lead_under_day: int
    lead_under_week: int
    lead_under_month: int
    lead_longer: int
    refused_attempts: int


@dataclass(frozen=True, slots=True)
class FacilityCountsRow:
    """How often a facility was booked, and asked for in vain."""

    facility_id: int
    bookings: int
    conflicts: int


async def allow_time(conn: Connection, *, milliseconds: int = MOST_MILLISECONDS) -> str:
    """Let the statements of this transaction take longer than others may."""
    settings = await _QUERIES["allow_time"].value(conn, {"milliseconds": milliseconds})
    return str(settings)


async def report_utilisation(  # noqa: PLR0913 - one parameter for each filter
    conn: Connection,
    *,
    site_ids: Sequence[int] | None,
    site_id: int | None,
    facility_id: int | None,
    facility_type: str | None,
    start_date: date,
    end_date: date,
    group_by: GroupBy,
) -> list[UtilisationRow]:
    """Open and booked minutes by group, groups in the order of their names or times.

    Facilities are the active ones of the scope, and archived ones that are booked on one
    of the days. A minute is open if the facility's present hours hold what its wall
    clock then shows, and no closure holds the minute.
    """
    parameters = {
        "site_ids": None if site_ids is None else list(site_ids),
        "site_id": site_id,
        "facility_id": facility_id,
        "facility_type": facility_type,
        "start_date": start_date,
        "end_date": end_date,
        "group_by": group_by,
    }
    return await _QUERIES["report_utilisation"].many(conn, UtilisationRow, parameters)


async def report_summary(  # noqa: PLR0913 - one parameter for each filter
    conn: Connection,
    *,
    site_ids: Sequence[int] | None,
    site_id: int | None,
    facility_id: int | None,
    facility_type: str | None,
    start_date: date,
    end_date: date,
) -> SummaryRow:
    """The one row there always is."""
    parameters = {
        "site_ids": None if site_ids is None else list(site_ids),
        "site_id": site_id,
        "facility_id": facility_id,
        "facility_type": facility_type,
        "start_date": start_date,
        "end_date": end_date,
    }
    return await _QUERIES["report_summary"].only(conn, SummaryRow, parameters)


async def report_facilities(  # noqa: PLR0913 - one parameter for each filter
    conn: Connection,
    *,
    site_ids: Sequence[int] | None,
    site_id: int | None,
    facility_id: int | None,
    facility_type: str | None,
    start_date: date,
    end_date: date,
) -> list[FacilityCountsRow]:
    """The facilities that anybody booked or asked for in vain, lowest id first."""
    parameters = {
        "site_ids": None if site_ids is None else list(site_ids),
        "site_id": site_id,
        "facility_id": facility_id,
        "facility_type": facility_type,
        "start_date": start_date,
        "end_date": end_date,
    }
    return await _QUERIES["report_facilities"].many(conn, FacilityCountsRow, parameters)
