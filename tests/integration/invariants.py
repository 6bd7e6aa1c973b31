"""What must hold of the database at all times, asked of it in plain SQL.

The questions use neither the constraint nor its range column, so that a database
which lost them, or has them wrong, does not pass.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import psycopg

_OVERLAPS = """
SELECT a.id, b.id, a.facility_id, a.start_time, a.end_time, b.start_time, b.end_time
  FROM bookings AS a
  JOIN bookings AS b ON b.facility_id = a.facility_id AND b.id > a.id
 WHERE a.start_time < b.end_time
   AND b.start_time < a.end_time
   AND a.status <> 'cancelled'
   AND b.status <> 'cancelled'
"""

_NOT_CREATED_ONCE = """
SELECT b.id, count(h.id)
  FROM bookings AS b
  LEFT JOIN booking_audit AS h ON h.booking_id = b.id AND h.action = 'created'
 GROUP BY b.id
HAVING count(h.id) <> 1
"""

# Each row of the log begins where the one before it ended, and the last one ends
# where the booking is. What a row stands for is a change, and nothing else.
_BROKEN_HISTORIES = """
SELECT h.booking_id, h.id
  FROM (SELECT id, booking_id, action, old_values, new_values,
               lag(new_values) OVER history AS before,
               lead(id) OVER history IS NULL AS is_last
          FROM booking_audit
       WINDOW history AS (PARTITION BY booking_id ORDER BY id)) AS h
  JOIN bookings AS b ON b.id = h.booking_id
 WHERE h.old_values IS DISTINCT FROM h.before
    OR h.old_values = h.new_values
    OR (h.is_last AND h.new_values <> to_jsonb(b) - 'occupied')
    OR (h.action = 'cancelled') <> (h.new_values ->> 'status' = 'cancelled')
"""


_LOG = """
SELECT booking_id, new_values ->> 'status' <> 'cancelled',
       (new_values ->> 'facility_id')::integer,
       (new_values ->> 'start_time')::timestamptz, (new_values ->> 'end_time')::timestamptz
  FROM booking_audit
 ORDER BY id
"""


def check(dsn: str) -> None:
    """Hold the whole database against its invariants."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("SET timezone = 'UTC'")  # which the log's instants are written in
        assert [] == conn.execute(_OVERLAPS).fetchall(), "two active bookings overlap"
        assert [] == conn.execute(_NOT_CREATED_ONCE).fetchall(), "not created exactly once"
        assert [] == conn.execute(_BROKEN_HISTORIES).fetchall(), "a history has a gap"
        _check_no_overlap_at_any_time(conn.execute(_LOG).fetchall())


def _check_no_overlap_at_any_time(log: Iterable[tuple[Any, ...]]) -> None:
    """Hold what was true after each change against the law, too.

    Whoever gets a place that somebody left writes the log after they have left for good.
    """
    held: dict[int, dict[int, tuple[Any, Any]]] = defaultdict(dict)
    where: dict[int, int] = {}
    for booking_id, is_active, facility_id, start, end in log:
        if booking_id in where:
            held[where[booking_id]].pop(booking_id, None)
        if is_active:
            others = held[facility_id]
            rivals = [
                rival for rival, (begins, ends) in others.items() if start < ends and begins < end
            ]
            assert [] == rivals, f"booking {booking_id} came to overlap these"
            others[booking_id] = start, end
            where[booking_id] = facility_id
