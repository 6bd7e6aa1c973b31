"""The floor's statements: the best single one that we could find for each operation.

They are the physical limit, too: pgbench runs them with nothing before the database.
"""

from typing import LiteralString, TypeAlias

Statement: TypeAlias = LiteralString

_FACILITY: Statement = "f.id, f.name, s.id, s.name, f.facility_type::text, f.capacity, f.time_zone"

# What is in the way comes as arrays, and Python takes it from what is open: the same in SQL, with
# multiranges, took four times as long. The busy come by the index on start times, not by the
# constraint's: a booking lasts at most eight hours, and its buffers four hours each.
_BUSY: Statement = """
       CROSS JOIN LATERAL (
            SELECT array_agg(lower(b.occupied)) AS starts, array_agg(upper(b.occupied)) AS ends
              FROM bookings AS b
             WHERE b.facility_id = f.id
               AND b.start_time > %(start_time)s::timestamptz - INTERVAL '16 hours'
               AND b.start_time < %(end_time)s::timestamptz + INTERVAL '8 hours'
               AND b.status IN ('confirmed', 'pending')
            ) AS busy
"""

_ANSWER: Statement = (
    "SELECT "
    + _FACILITY
    + """, f.min_duration_minutes, f.max_duration_minutes, f.start_step_minutes,
       f.requires_approval, f.buffer_before_minutes, f.buffer_after_minutes,
       COALESCE(f.opening_hours, s.opening_hours)::text,
       busy.starts, busy.ends, closed.starts, closed.ends
"""
)

AVAILABILITY_OF_ONE: Statement = (
    _ANSWER
    + """
  FROM facilities AS f
  JOIN sites AS s ON s.id = f.site_id"""
    + _BUSY
    + """
       CROSS JOIN LATERAL (
            SELECT array_agg(c.start_time) AS starts, array_agg(c.end_time) AS ends
              FROM closures AS c
             WHERE (c.facility_id = f.id
                    OR c.site_id = f.site_id
                    OR (c.facility_id IS NULL AND c.site_id IS NULL))
               AND c.start_time < %(end_time)s::timestamptz
               AND c.end_time > %(start_time)s::timestamptz
            ) AS closed
 WHERE f.id = %(facility_id)s::int4
   AND f.status = 'active'"""
)

AVAILABILITY_OF_PAGE: Statement = (
    """
  WITH page AS MATERIALIZED (
       SELECT id, name, site_id, facility_type, capacity, time_zone, opening_hours,
              min_duration_minutes, max_duration_minutes, start_step_minutes, requires_approval,
              buffer_before_minutes, buffer_after_minutes
         FROM facilities
        WHERE status = 'active'
        ORDER BY lower(name), id
        LIMIT 50
       ),
       shut AS MATERIALIZED (
       SELECT facility_id, site_id, start_time, end_time
         FROM closures
        WHERE start_time < %(end_time)s::timestamptz
          AND end_time > %(start_time)s::timestamptz
       )
"""
    + _ANSWER
    + """
  FROM page AS f
  JOIN sites AS s ON s.id = f.site_id"""
    + _BUSY
    + """
       CROSS JOIN LATERAL (
            SELECT array_agg(c.start_time) AS starts, array_agg(c.end_time) AS ends
              FROM shut AS c
             WHERE c.facility_id = f.id
                OR c.site_id = f.site_id
                OR (c.facility_id IS NULL AND c.site_id IS NULL)
            ) AS closed
 ORDER BY lower(f.name), f.id"""
)

CREATE: Statement = (
    """
  WITH made AS (
       INSERT INTO bookings (facility_id, user_id, start_time, end_time, title,
                             buffer_before_minutes, buffer_after_minutes)
       SELECT id, %(user_id)s::int4, %(start_time)s::timestamptz, %(end_time)s::timestamptz,
              %(title)s::text, buffer_before_minutes, buffer_after_minutes
         FROM facilities
        WHERE id = %(facility_id)s::int4
           ON CONFLICT ON CONSTRAINT bookings_no_overlap DO NOTHING
       RETURNING id, facility_id, user_id, start_time, end_time, title, attendee_count,
                 status, cancellation_cause, buffer_before_minutes, buffer_after_minutes,
                 created_at, updated_at
       )
SELECT """
    + _FACILITY
    + """, b.id, b.start_time, b.end_time, b.title, b.attendee_count, b.status::text,
       b.cancellation_cause::text, b.buffer_before_minutes, b.buffer_after_minutes,
       b.created_at, b.updated_at, u.id, u.username, u.display_name
  FROM made AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id"""
)

MINE: Statement = (
    """
  WITH page AS MATERIALIZED (
       SELECT id, facility_id, start_time, end_time, title, attendee_count, status,
              cancellation_cause
         FROM bookings
        WHERE user_id = %(user_id)s::int4
        ORDER BY start_time, id
        LIMIT 50
       )
SELECT """
    + _FACILITY
    + """, b.id, b.start_time, b.end_time, b.title, b.attendee_count, b.status::text,
       b.cancellation_cause::text
  FROM page AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
 ORDER BY b.start_time, b.id"""
)

# The failed insert has told that something is in the way; this tells what is busy and closed there
# within a week to either side, from which follow what is in the way and what is free instead, and
# five other facilities that are free. Those are put in order first and then looked at one
# after another until there are five, which takes less than half as long.
CONFLICT: Statement = """
  WITH shut AS MATERIALIZED (
       SELECT facility_id, site_id
         FROM closures
        WHERE start_time < %(end_time)s::timestamptz
          AND end_time > %(start_time)s::timestamptz
       )
SELECT f.time_zone, f.buffer_before_minutes, f.buffer_after_minutes,
       COALESCE(f.opening_hours, s.opening_hours)::text,
       busy.starts, busy.ends, closed.starts, closed.ends, elsewhere.facilities
  FROM facilities AS f
  JOIN sites AS s ON s.id = f.site_id
       CROSS JOIN LATERAL (
            SELECT array_agg(lower(b.occupied)) AS starts, array_agg(upper(b.occupied)) AS ends
              FROM bookings AS b
             WHERE b.facility_id = f.id
               AND b.start_time > %(start_time)s::timestamptz - INTERVAL '7 days 16 hours'
               AND b.start_time < %(end_time)s::timestamptz + INTERVAL '7 days 8 hours'
               AND b.status IN ('confirmed', 'pending')
            ) AS busy
       CROSS JOIN LATERAL (
            SELECT array_agg(c.start_time) AS starts, array_agg(c.end_time) AS ends
              FROM closures AS c
             WHERE (c.facility_id = f.id
                    OR c.site_id = f.site_id
                    OR (c.facility_id IS NULL AND c.site_id IS NULL))
               AND c.start_time < %(end_time)s::timestamptz + INTERVAL '7 days'
               AND c.end_time > %(start_time)s::timestamptz - INTERVAL '7 days'
            ) AS closed
       CROSS JOIN LATERAL (
            SELECT json_agg(json_build_array(e.id, e.name, e.site_id, e.site_name,
                                             e.facility_type, e.capacity, e.time_zone))
                   AS facilities
              FROM (SELECT o.id, o.name, o.site_id, p.name AS site_name, o.facility_type,
                           o.capacity, o.time_zone
                      FROM (SELECT n.id, n.name, n.site_id, n.facility_type, n.capacity,
                                   n.time_zone, n.buffer_before_minutes, n.buffer_after_minutes,
                                   n.site_id = f.site_id AS is_near,
                                   n.site_id = f.site_id AND n.facility_type = f.facility_type
                                   AS is_like
                              FROM facilities AS n
                             WHERE n.id <> f.id
                               AND n.status = 'active'
                             ORDER BY is_like DESC, is_near DESC, capacity, id
                            OFFSET 0) AS o
                      JOIN sites AS p ON p.id = o.site_id
                     WHERE NOT EXISTS (
                           SELECT
                             FROM shut AS c
                            WHERE c.facility_id = o.id
                               OR c.site_id = o.site_id
                               OR (c.facility_id IS NULL AND c.site_id IS NULL))
                       AND NOT EXISTS (
                           SELECT
                             FROM bookings AS b
                            WHERE b.facility_id = o.id
                              AND b.occupied && tstzrange(
                                      %(start_time)s::timestamptz
                                      - make_interval(mins => o.buffer_before_minutes),
                                      %(end_time)s::timestamptz
                                      + make_interval(mins => o.buffer_after_minutes))
                              AND b.start_time > %(start_time)s::timestamptz - INTERVAL '16 hours'
                              AND b.start_time < %(end_time)s::timestamptz + INTERVAL '8 hours'
                              AND b.status IN ('confirmed', 'pending'))
                     ORDER BY o.is_like DESC, o.is_near DESC, o.capacity, o.id
                     LIMIT 5) AS e
            ) AS elsewhere
 WHERE f.id = %(facility_id)s::int4"""
