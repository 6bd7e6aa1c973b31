"""What reports and their export as CSV share: their scope, and rows as the contract has them."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from domain.access import Caller
from domain.errors import DateRangeReversed, ReportTooLong
from exchange.lanes import Lane
from exchange.request import Request
from sql import analytics
from sql.analytics import SummaryRow, UtilisationRow
from sql.pool import Connection, Pool, transaction
from wire import replies

MOST_DAYS = 731

_lane = Lane("reports", 4)

WEEKDAYS: tuple[replies.Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


@dataclass(frozen=True, slots=True)
class Busy:
    """A facility with all that facilities are ranked by."""

    row: UtilisationRow
    bookings: int
    conflicts: int


@asynccontextmanager
async def reporting(pool: Pool) -> AsyncGenerator[Connection, None]:
    """A connection in a transaction whose statements may take long; a few at once have one."""
    async with _lane.place(), transaction(pool, actor_id=None, request_id=None) as conn:
        await analytics.allow_time(conn)
        yield conn


def check_dates(first: date | None, last: date | None) -> None:
    """Refuse a last day before the first."""
    if first is not None and last is not None and last < first:
        detail = f"end_date must not be before start_date ({first}), and {last} is."
        raise DateRangeReversed(detail, "/end_date")


def period_of(first: date, last: date) -> None:
    """Refuse a report over more days than one may cover, or over none."""
    check_dates(first, last)
    if (last - first).days >= MOST_DAYS:
        latest = first + timedelta(days=MOST_DAYS - 1)
        detail = (
            f"A report covers at most {MOST_DAYS} days: from {first} it may reach to {latest}. Ask"
            " for several in turn."
        )
        raise ReportTooLong(detail, "/end_date")


def sites_of(caller: Caller) -> list[int] | None:
    """The sites that the caller may ask about; None for all."""
    return None if caller.is_staff else sorted(caller.site_ids)


def scope_of(request: Request, first: date, last: date) -> dict[str, Any]:
    """The filters of a report, as its door takes them."""
    return {
        "site_ids": sites_of(request.caller),
        "site_id": request.param("site_id"),
        "facility_id": request.param("facility_id"),
        "facility_type": request.param("facility_type"),
        "start_date": first,
        "end_date": last,
    }


async def top_facilities(
    conn: Connection, scope: dict[str, Any], by: replies.FacilityMeasure
) -> list[Busy]:
    """All facilities of the scope, those with the most of it first."""
    rows = await analytics.report_utilisation(conn, **scope, group_by="facility")
    counts = {row.facility_id: row for row in await analytics.report_facilities(conn, **scope)}
    found = [
        Busy(row, count.bookings, count.conflicts) if count else Busy(row, 0, 0)
        for row, count in ((row, counts.get(row.facility_id or 0)) for row in rows)
    ]
    return sorted(found, key=lambda busy: -_rank(busy, by))  # stable: rows come by their names


def _rank(busy: Busy, by: replies.FacilityMeasure) -> float:
    match by:
        case "bookings":
            return busy.bookings
        case "conflicts":
            return busy.conflicts
        case "booked_minutes":
            return busy.row.booked_minutes + busy.row.booked_outside_minutes
        case "utilisation":
            row = busy.row
            return row.booked_minutes / row.open_minutes if row.open_minutes else 0.0


def utilisation_report(
    rows: Sequence[UtilisationRow], group_by: replies.UtilisationGrouping
) -> replies.UtilisationReport:
    """All rows of a report."""
    return {"group_by": group_by, "rows": [utilisation_view(row, group_by) for row in rows]}


def top_report(busiest: Sequence[Busy], by: replies.FacilityMeasure) -> replies.TopFacilitiesReport:
    """The facilities that rank first."""
    return {"by": by, "facilities": [measures_of(busy) for busy in busiest]}


def ratio(part: int, whole: int) -> float:
    """The part of the whole to four places, 0 where there is no whole."""
    return round(part / whole, 4) if whole else 0.0


def measures_of(busy: Busy) -> replies.TopFacility:
    """A facility with what it is ranked by."""
    row = busy.row
    return {
        "facility": _facility(row),
        "bookings": busy.bookings,
        "conflicts": busy.conflicts,
        "open_minutes": row.open_minutes,
        "booked_minutes": row.booked_minutes,
        "booked_outside_minutes": row.booked_outside_minutes,
        "utilisation": ratio(row.booked_minutes, row.open_minutes),
    }


def utilisation_view(
    row: UtilisationRow, group_by: replies.UtilisationGrouping
) -> replies.UtilisationRow:
    """A row, with what it is about."""
    view: replies.UtilisationRow = {
        "open_minutes": row.open_minutes,
        "booked_minutes": row.booked_minutes,
        "booked_outside_minutes": row.booked_outside_minutes,
        "utilisation": ratio(row.booked_minutes, row.open_minutes),
    }
    if row.facility_id is not None:
        view["facility"] = _facility(row)
    elif row.site_id is not None:
        view["site"] = _site(row)
    if row.weekday is not None:
        view["weekday"] = WEEKDAYS[row.weekday - 1]
    if row.hour is not None:
        view["hour"] = row.hour
    if row.day is not None and group_by == "month":
        view["month"] = row.day.isoformat()[:7]
    elif row.day is not None:
        view["date"] = row.day
    return view


def summary_view(row: SummaryRow) -> replies.BookingSummaryReport:
    """What became of bookings."""
    report: replies.BookingSummaryReport = {
        "bookings": row.bookings,
        "confirmed": row.confirmed,
        "pending": row.pending,
        "cancelled": _cancelled(row),
        "cancellation_rate": ratio(row.cancelled, row.bookings),
        "confirmed_minutes": row.confirmed_minutes,
        "conflicts": row.refused_attempts,
        "conflict_rate": ratio(row.refused_attempts, row.refused_attempts + row.bookings),
        "attendance": ratio(row.attendees, row.capacity),
    }
    if row.lead_mean_minutes is not None:
        report["lead_times"] = {
            "mean_minutes": row.lead_mean_minutes,
            "median_minutes": row.lead_median_minutes or 0,
            "ninth_decile_minutes": row.lead_ninth_decile_minutes or 0,
            "counts": {
                "under_an_hour": row.lead_under_hour,
                "under_a_day": row.lead_under_day,
                "under_a_week": row.lead_under_week,
                "under_thirty_days": row.lead_under_month,
                "longer": row.lead_longer,
            },
        }
    return report


def _cancelled(row: SummaryRow) -> replies.CancellationCounts:
    stated = (
        row.cancelled_by_owner,
        row.cancelled_by_staff,
        row.rejected,
        row.expired,
        row.closed_over,
        row.anonymised,
    )
    return {
        "total": row.cancelled,
        "owner": row.cancelled_by_owner,
        "staff": row.cancelled_by_staff,
        "rejected": row.rejected,
        "expired": row.expired,
        "closure": row.closed_over,
        "anonymised": row.anonymised,
        "unstated": row.cancelled - sum(stated),
    }


def _facility(row: UtilisationRow) -> replies.FacilityName:
    assert row.facility_id is not None  # noqa: S101 - grouped by facility
    return {"id": row.facility_id, "name": row.facility_name or "", "site": _site(row)}


def _site(row: UtilisationRow) -> replies.SiteBasic:
    assert row.site_id is not None  # noqa: S101 - grouped by facility or site
    return {"id": row.site_id, "name": row.site_name or ""}
