"""Houses of different sizes are alike but for that, or growth would tell of something else."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from benchmarks.filling import A_DAY, BOOKINGS_EACH, CALLERS, House, fill
from benchmarks.run import FACILITIES, GROWTH_DAYS

TENTH = 0.1
"""Of the bookings are cancelled."""


@pytest.mark.parametrize("bookings", [10_000, 100_000])
def test_the_days_asked_about_are_alike_in_houses_of_any_size(dsn: str, bookings: int) -> None:
    fill(dsn, House(FACILITIES, bookings))

    first = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    given = {"first": first, "last": first + timedelta(days=GROWTH_DAYS), "callers": CALLERS}
    with psycopg.connect(dsn) as conn:
        conn.execute("SET timezone = 'UTC'")
        days = conn.execute(_A_DAY, given).fetchall()
        repairs = conn.execute(_REPAIRS, given).fetchone() or (0,)
        least, most = conn.execute(_OF_CALLERS, given).fetchone() or (0, 0)

    expected = FACILITIES * A_DAY * (1 - TENTH)
    assert [pytest.approx(expected, rel=0.05)] * GROWTH_DAYS == [count for _, count in days]
    assert repairs[0] <= 2 * GROWTH_DAYS
    assert (BOOKINGS_EACH, BOOKINGS_EACH) == (least, most)


_A_DAY = """
SELECT start_time::date, count(*)
  FROM bookings
 WHERE status = 'confirmed'
   AND start_time >= %(first)s
   AND start_time < %(last)s
 GROUP BY 1
 ORDER BY 1
"""

_REPAIRS = """
SELECT count(*)
  FROM closures
 WHERE facility_id IS NOT NULL
   AND start_time >= %(first)s
   AND start_time < %(last)s
"""

_OF_CALLERS = """
SELECT min(held), max(held)
  FROM (SELECT u.id, count(b.id) AS held
          FROM users AS u
          LEFT JOIN bookings AS b ON b.user_id = u.id
         WHERE u.id <= %(callers)s
         GROUP BY u.id) AS each
"""
