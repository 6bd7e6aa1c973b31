"""Measures the staff's reports over a year, among 500 facilities and 1,000,000 bookings.

    .venv/bin/python benchmarks/reports.py [--facilities 500] [--bookings 1000000]

Fills a throwaway database on the tests' own kind of server (``fsync`` off: nothing here
measures writes) with two years of bookings, and prints a Markdown table. Every report is
asked for as a handler asks for it, with the session that the service has.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import get_args

import psycopg

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from sql import analytics  # noqa: E402 - the path is set up by then
from sql.pool import Connection, create_pool, transaction  # noqa: E402
from tests import servers  # noqa: E402

Report = Callable[..., Awaitable[object]]

DAYS = 731
FIRST_DAY = datetime.now(UTC).date() - timedelta(days=DAYS // 2)
TIMES = 3

# Eight zones, and among ten sites four sets of hours; a tenth of the facilities keep their own.
_FILL = (
    """
    INSERT INTO sites (name, time_zone, opening_hours)
    SELECT 'Site ' || i,
           (ARRAY['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Adelaide',
                  'UTC', 'Europe/Lisbon', 'America/Santiago', 'Asia/Tokyo'])[1 + i %% 8],
           CASE WHEN i %% 5 > 0
                THEN (SELECT range_agg(int4range(d * 1440 + (6 + i %% 4) * 60, d * 1440 + 1320))
                        FROM generate_series(0, 5) AS d)
           END
      FROM generate_series(1, 10) AS i
    """,
    """
    INSERT INTO facilities (site_id, name, facility_type, capacity, time_zone, opening_hours)
    SELECT s.id, 'Facility ' || i, 'room', 4 + i %% 60, s.time_zone,
           CASE WHEN i %% 10 = 0
                THEN (SELECT range_agg(int4range(d * 1440 + 420 + i %% 13 * 15, d * 1440 + 1260))
                        FROM generate_series(0, 4) AS d)
           END
      FROM generate_series(1, %(facilities)s) AS i
      JOIN sites AS s ON s.id = 1 + i %% 10
    """,
    """
    INSERT INTO users (username)
    SELECT 'user' || i
      FROM generate_series(1, 2000) AS i
    """,
    # A dozen holidays a year at each site, and some hours' repairs in each facility.
    """
    INSERT INTO closures (site_id, start_time, end_time, reason)
    SELECT s.id, (d::timestamp AT TIME ZONE s.time_zone),
           ((d + 1)::timestamp AT TIME ZONE s.time_zone), 'Holiday'
      FROM sites AS s,
           generate_series(0, %(days)s - 1, 30) AS i,
           LATERAL (SELECT %(first_day)s::date + i AS d) AS day
    """,
    """
    INSERT INTO closures (facility_id, start_time, end_time, reason)
    SELECT f.id, at, at + INTERVAL '5 hours', 'Repairs'
      FROM facilities AS f,
           LATERAL (SELECT %(first_day)s::date + f.id %% %(days)s + TIME '06:00' AS at) AS t
    """,
    # Each facility has its day cut into as many slots as it takes to hold its share, each with
    # one booking of one to three quarters of it; one in ten is cancelled.
    """
    INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, attendee_count,
                          status, cancellation_cause, created_at)
    SELECT f, 1 + n %% 2000, at, at + (1 + n %% 3) * INTERVAL '45 minutes', 'Booking ' || n,
           1 + n %% 4, kind::booking_status,
           CASE WHEN kind = 'cancelled' THEN 'owner'::cancellation_cause END,
           at - (n %% 20000) * INTERVAL '7 minutes'
      FROM generate_series(0, %(bookings)s - 1) AS n,
           LATERAL (SELECT 1 + n %% %(facilities)s AS f, n / %(facilities)s AS k) AS share
      JOIN facilities ON facilities.id = share.f,
           LATERAL (SELECT CASE WHEN n %% 10 = 9 THEN 'cancelled' ELSE 'confirmed' END AS kind,
                           (%(first_day)s::date + k * %(days)s / %(per_facility)s
                            + INTERVAL '8 hours' + (k %% 4) * INTERVAL '3 hours')
                           AT TIME ZONE facilities.time_zone AS at) AS t
        ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO booking_conflicts (facility_id, user_id, start_time, end_time)
    SELECT facility_id, user_id, start_time, end_time
      FROM bookings
     WHERE id %% 20 = 0
    """,
)


def main() -> None:
    """Fill, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--facilities", type=int, default=500)
    parser.add_argument("--bookings", type=int, default=1_000_000)
    options = parser.parse_args()
    with _filled(options.facilities, options.bookings) as dsn:
        asyncio.run(_measure(dsn))


@contextmanager
def _filled(facilities: int, bookings: int) -> Iterator[str]:
    """A database with so many of them over two years; yields its DSN."""
    with (
        servers.postgres() as server,
        servers.migrated_template(server) as template,
        servers.clone(server, template) as dsn,
    ):
        fill(dsn, facilities, bookings)
        yield dsn


def fill(dsn: str, facilities: int, bookings: int) -> None:
    """Fill a migrated database; audit triggers are off meanwhile, since no report reads those."""
    given = {
        "facilities": facilities,
        "bookings": bookings,
        "days": DAYS,
        "first_day": FIRST_DAY,
        "per_facility": max(bookings // facilities, 1),
    }
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("SET timezone = 'UTC'")
        conn.execute("SET session_replication_role = replica")
        for statement in _FILL:
            conn.execute(statement.encode(), given)
        conn.execute("VACUUM ANALYZE")


async def _measure(dsn: str) -> None:
    async with (
        create_pool(dsn, min_size=1, max_size=1) as pool,
        transaction(pool, actor_id=None, request_id=None) as conn,
    ):
        await analytics.allow_time(conn)
        count = await (await conn.execute("SELECT count(*) FROM bookings")).fetchone()
        print(f"{count[0] if count else 0} bookings\n")
        print("| report | a year, s | two years, s |")
        print("|---|---:|---:|")
        for name, report in REPORTS.items():
            year, both = [await _seconds(conn, report, days) for days in (365, DAYS)]
            print(f"| {name} | {year:.2f} | {both:.2f} |", flush=True)


async def _seconds(conn: Connection, report: Report, days: int) -> float:
    """The best of a few times, in which the machine did little else."""
    scope = {
        "site_ids": None,
        "site_id": None,
        "facility_id": None,
        "facility_type": None,
        "start_date": FIRST_DAY,
        "end_date": FIRST_DAY + timedelta(days=days - 1),
    }
    seconds = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await report(conn, **scope)
        seconds.append(time.perf_counter() - began)
    return min(seconds)


REPORTS: dict[str, Report] = {
    **{
        f"utilisation by {each}": partial(analytics.report_utilisation, group_by=each)
        for each in get_args(analytics.GroupBy)
    },
    "summary": analytics.report_summary,
    "counts of facilities": analytics.report_facilities,
}


if __name__ == "__main__":
    main()
