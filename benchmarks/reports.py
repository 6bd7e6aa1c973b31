"""Measures the staff's reports over a year, among 500 facilities and 1,000,000 bookings.

    .venv/bin/python -m benchmarks.reports [--facilities 500] [--bookings 1000000]

Fills a throwaway database on the tests' own kind of server (``fsync`` off: nothing here
measures writes) with some two years of bookings, and prints a Markdown table. Every report is
asked for as a handler asks for it, with the session that the service has.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from typing import get_args

from benchmarks.filling import House, fill
from sql import analytics
from sql.pool import Connection, create_pool, transaction
from tests import servers

Report = Callable[..., Awaitable[object]]

YEAR_DAYS = 365
TIMES = 3


def main() -> None:
    """Fill, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--facilities", type=int, default=500)
    parser.add_argument("--bookings", type=int, default=1_000_000)
    options = parser.parse_args()
    house = House(options.facilities, options.bookings)
    with _filled(house) as dsn:
        asyncio.run(_measure(dsn, house))


@contextmanager
def _filled(house: House) -> Iterator[str]:
    """A throwaway database with the house in it; yields its DSN."""
    with (
        servers.postgres() as server,
        servers.migrated_template(server) as template,
        servers.clone(server, template) as dsn,
    ):
        fill(dsn, house)
        yield dsn


async def _measure(dsn: str, house: House) -> None:
    async with (
        create_pool(dsn, min_size=1, max_size=1) as pool,
        transaction(pool, actor_id=None, request_id=None) as conn,
    ):
        await analytics.allow_time(conn)
        count = await (await conn.execute("SELECT count(*) FROM bookings")).fetchone()
        print(f"{count[0] if count else 0} bookings\n")
        print(f"| report | a year, s | all {house.days} days, s |")
        print("|---|---:|---:|")
        for name, report in REPORTS.items():
            year, whole = [
                await _seconds(conn, report, house.first_day, days)
                for days in (YEAR_DAYS, house.days)
            ]
            print(f"| {name} | {year:.2f} | {whole:.2f} |", flush=True)


async def _seconds(conn: Connection, report: Report, first_day: date, days: int) -> float:
    """The best of a few times, in which the machine did little else."""
    scope = {
        "site_ids": None,
        "site_id": None,
        "facility_id": None,
        "facility_type": None,
        "start_date": first_day,
        "end_date": first_day + timedelta(days=days - 1),
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
