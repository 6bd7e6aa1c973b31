"""Analytics: how much is used, what becomes of bookings, and which facilities are busiest."""

from datetime import date
from typing import Any

from starlette.responses import Response

from exchange.request import Request, resource_reply
from sql import analytics, visits
from steps.reports import (
    period_of,
    reporting,
    scope_of,
    summary_view,
    top_facilities,
    top_report,
    utilisation_report,
)
from steps.usage import usage_report


async def analytics_utilisation(request: Request) -> Response:
    """Open and booked time, by what it is grouped by."""
    request.require_staff_somewhere()
    group_by = request.param("group_by")
    scope = _scope(request)
    async with reporting(request.pool) as conn:
        rows = await analytics.report_utilisation(conn, **scope, group_by=group_by)
    return resource_reply(request, utilisation_report(rows, group_by))


async def analytics_summary(request: Request) -> Response:
    """What became of the bookings of a period, and how long before they were made."""
    request.require_staff_somewhere()
    scope = _scope(request)
    async with reporting(request.pool) as conn:
        row = await analytics.report_summary(conn, **scope)
    return resource_reply(request, summary_view(row))


async def analytics_top_facilities(request: Request) -> Response:
    """The facilities with the most of what is asked for."""
    request.require_staff_somewhere()
    by = request.param("by")
    scope = _scope(request)
    async with reporting(request.pool) as conn:
        busiest = await top_facilities(conn, scope, by)
    return resource_reply(request, top_report(busiest[: request.param("limit", 10)], by))


def _scope(request: Request) -> dict[str, Any]:
    """The filters of a report, checked, as its door takes them."""
    return scope_of(request, *_dates(request))


async def analytics_usage(request: Request) -> Response:
    """How visits to the timeline ended, how long it took to book, and who books at all."""
    request.require_staff()
    first, last = _dates(request)
    async with reporting(request.pool) as conn:
        counted = await visits.report_visits(conn, start_date=first, end_date=last)
        adoption = await visits.report_adoption(conn, start_date=first, end_date=last)
    is_counting = request.service.counts_usage
    return resource_reply(request, usage_report(counted, adoption, is_counting=is_counting))


def _dates(request: Request) -> tuple[date, date]:
    """The days of a report, checked."""
    first, last = request.date("start_date"), request.date("end_date")
    assert first is not None  # noqa: S101 - the contract requires both
    assert last is not None  # noqa: S101
    period_of(first, last)
    return first, last
