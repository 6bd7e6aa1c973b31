"""Exports: whole tables as CSV."""

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import fields
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

from starlette.responses import Response

from domain.tables import file_name, hours_text, names_text
from exchange.request import Request
from exchange.streams import CsvStream, Rows
from sql import analytics, exports
from sql.analytics import GroupBy, UtilisationRow
from sql.hours import weekly
from sql.pool import Connection
from steps.reports import (
    WEEKDAYS,
    Busy,
    check_dates,
    period_of,
    ratio,
    scope_of,
    sites_of,
    summary_view,
    top_facilities,
)

_OF_THE_HOUSE = {"users", "user_groups"}
_YEAR = timedelta(days=364)
_MEASURES = ("open_minutes", "booked_minutes", "booked_outside_minutes", "utilisation")
_GROUPS: dict[GroupBy, tuple[str, ...]] = {
    "facility": ("site", "facility"),
    "site": ("site",),
    "weekday": ("weekday",),
    "hour": ("hour",),
    "weekday_hour": ("weekday", "hour"),
    "day": ("date",),
    "month": ("month",),
}
_REPORTS = ("utilisation_", "top_", "summary")

Table = Callable[[Connection], Rows]


async def exports_retrieve(request: Request) -> Response:
    """A table, streamed."""
    table: str = request.param("table")
    request.require_staff_somewhere()
    if table in _OF_THE_HOUSE:
        request.require_staff()
    first, last = request.date("start_date"), request.date("end_date")
    if table.startswith(_REPORTS):
        first, last = _period(request, first, last)
        rows = _report(request, table, first, last)
    else:
        check_dates(first, last)
        rows = _records(request, table, first, last)
    return CsvStream(request.pool, rows, file_name=file_name(table, first, last))


def _period(request: Request, first: date | None, last: date | None) -> tuple[date, date]:
    """The days of a report: those asked for, or else a year up to the last, or to today."""
    last = last or max(request.now().date(), first or date.min)
    first = first or last - min(_YEAR, last - date.min)
    period_of(first, last)
    return first, last


def _records(request: Request, table: str, first: date | None, last: date | None) -> Table:
    """The lines of a table of records."""
    at = {"site_ids": sites_of(request.caller), "site_id": request.param("site_id")}
    on = {**at, "start_date": first, "end_date": last}
    tables: dict[str, Table] = {
        "facilities": _written(
            exports.FacilityLine,
            lambda conn: exports.export_facilities(conn, **at),
            amenities=" ".join,
            opening_hours=lambda hours: hours_text(weekly(hours)),
            open_to=names_text,
        ),
        "users": _written(
            exports.UserLine,
            lambda conn: exports.export_users(conn, site_id=at["site_id"]),
            groups=names_text,
            sites=names_text,
        ),
        "user_groups": _written(exports.MembershipLine, exports.export_user_groups),
        "bookings": _written(exports.BookingLine, lambda conn: exports.export_bookings(conn, **on)),
        "closures": _written(exports.ClosureLine, lambda conn: exports.export_closures(conn, **on)),
        "conflicts": _written(
            exports.ConflictLine, lambda conn: exports.export_conflicts(conn, **on)
        ),
        "quotas": _written(exports.QuotaLine, lambda conn: exports.export_quotas(conn, **at)),
    }
    return tables[table]


def _written(
    line: type[Any],
    door: Callable[[Connection], AsyncGenerator[Sequence[Any], None]],
    **texts: Callable[[Any], str],
) -> Table:
    """The columns' names and then the rows of a door; ``texts`` write what is no plain value."""
    names = [field.name for field in fields(line)]
    values_of = attrgetter(*names)  # dataclasses.astuple copies every list and value, deeply

    def values(row: Any) -> list[object]:  # noqa: ANN401 - a line of any table
        pairs = zip(names, values_of(row), strict=True)
        return [
            texts[name](value) if name in texts and value is not None else value
            for name, value in pairs
        ]

    async def rows(conn: Connection) -> Rows:
        head: list[list[object]] = [[*names]]
        async with aclosing(door(conn)) as batches:
            async for batch in batches:
                yield [*head, *map(values, batch)]
                head = []
        if head:
            yield head

    return rows


def _report(request: Request, table: str, first: date, last: date) -> Table:
    """The lines of a report, all at once: there are few."""
    scope = scope_of(request, first, last)

    async def busiest(conn: Connection) -> Rows:
        found = await top_facilities(conn, scope, request.param("by", "utilisation"))
        names = ("site", "facility", "bookings", "conflicts", *_MEASURES)
        yield [names, *map(_ranked, found)]

    async def utilisation(conn: Connection) -> Rows:
        group_by = _grouping(table)
        found = await analytics.report_utilisation(conn, **scope, group_by=group_by)
        names = (*_GROUPS[group_by], *_MEASURES)
        yield [names, *((*_group(row, group_by), *_measures(row)) for row in found)]

    async def summary(conn: Connection) -> Rows:
        row = await analytics.report_summary(conn, **scope)
        yield [("measure", "value"), *_measured(summary_view(row))]

    return {"top_facilities": busiest, "summary": summary}.get(table, utilisation)


def _measured(report: Mapping[str, object], within: str = "") -> Iterator[tuple[str, object]]:
    """Each figure of a report with its name; of figures within figures, both names."""
    for name, value in report.items():
        if isinstance(value, Mapping):
            yield from _measured(value, f"{within}{name}.")
        else:
            yield f"{within}{name}", value


def _ranked(busy: Busy) -> Sequence[object]:
    row = busy.row
    return (row.site_name, row.facility_name, busy.bookings, busy.conflicts, *_measures(row))


def _grouping(table: str) -> GroupBy:
    name = table.removeprefix("utilisation_by_")
    return next(group_by for group_by in _GROUPS if group_by == name)


def _group(row: UtilisationRow, group_by: GroupBy) -> Iterable[object]:
    named = {
        "site": row.site_name,
        "facility": row.facility_name,
        "weekday": row.weekday and WEEKDAYS[row.weekday - 1],
        "hour": row.hour,
        "date": row.day,
        "month": row.day and row.day.isoformat()[:7],
    }
    return (named[name] for name in _GROUPS[group_by])


def _measures(row: UtilisationRow) -> tuple[object, ...]:
    return (
        row.open_minutes,
        row.booked_minutes,
        row.booked_outside_minutes,
        ratio(row.booked_minutes, row.open_minutes),
    )
