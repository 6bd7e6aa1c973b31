-- name: list_timelines :many
-- What several looks see, each of a facility and a period: the facility, and when it is taken
-- and closed within the period, the buffers that a booking there would need included. That is
-- all that availability rests on, in one snapshot of which the oldest transaction still running
-- is told.
-- What bookings hold by the clock is found through the index on start times, at a tenth of
-- what the constraint's index costs: a booking lasts at most eight hours
-- (booking_duration_reasonable), and its buffers and the facility's are four each.
-- What is asked for goes by way of a CTE, which hides it from the planner: see
-- list_closures_of.
  WITH asked AS MATERIALIZED (
       SELECT n.look, n.facility_id, n.start_time, n.end_time
         FROM unnest(%(looks)s::int4[], %(facility_ids)s::int4[], %(start_times)s::timestamptz[],
                     %(end_times)s::timestamptz[])
              AS n (look, facility_id, start_time, end_time)
       )
SELECT f.id, f.site_id, s.name AS site_name, f.name, f.description, f.facility_type,  -- noqa: ST06
       f.capacity, f.amenities, f.time_zone, f.status, f.created_at, f.updated_at,
       f.opening_hours::text AS opening_hours, s.opening_hours::text AS site_opening_hours,
       f.min_duration_minutes, f.max_duration_minutes, f.min_notice_minutes,
       f.horizon_days, f.start_step_minutes, f.cancellation_notice_minutes,
       f.buffer_before_minutes, f.buffer_after_minutes, f.requires_approval,
       f.approval_timeout_minutes,
       ARRAY(SELECT o.user_group_id
               FROM facility_user_groups AS o
              WHERE o.facility_id = f.id
              ORDER BY o.user_group_id) AS user_group_ids,
       t.taken_from, t.taken_until, t.decided_by, c.closed_from, c.closed_until,
       pg_snapshot_xmin(pg_current_snapshot())::text::int8 AS transaction_id, a.look
  FROM asked AS a
  JOIN facilities AS f ON f.id = a.facility_id
  JOIN sites AS s ON s.id = f.site_id
 CROSS JOIN LATERAL (
       SELECT array_agg(lower(b.occupied)) AS taken_from,
              array_agg(upper(b.occupied)) AS taken_until,
              array_agg(b.decide_by) AS decided_by
         FROM bookings AS b
        WHERE b.facility_id = f.id
          AND b.start_time > a.start_time - INTERVAL '16 hours'
          AND b.start_time < a.end_time + INTERVAL '8 hours'
          AND b.status IN ('confirmed', 'pending')
          AND b.occupied && tstzrange(
                  a.start_time - make_interval(mins => f.buffer_before_minutes),
                  a.end_time + make_interval(mins => f.buffer_after_minutes),
                  '[)')
       ) AS t
 CROSS JOIN LATERAL (
       SELECT array_agg(x.start_time) AS closed_from, array_agg(x.end_time) AS closed_until
         FROM (SELECT o.start_time, o.end_time
                 FROM closures AS o
                WHERE o.facility_id = f.id
                  AND o.end_time > a.start_time
                UNION ALL
               SELECT o.start_time, o.end_time
                 FROM closures AS o
                WHERE o.site_id = f.site_id
                  AND o.end_time > a.start_time
                UNION ALL
               SELECT o.start_time, o.end_time
                 FROM closures AS o
                WHERE o.facility_id IS NULL
                  AND o.site_id IS NULL
                  AND o.end_time > a.start_time) AS x
        WHERE x.start_time < a.end_time
       ) AS c;

-- name: list_holds :many
-- The bookings that hold one of these facilities within the period, or whose buffers and the
-- facility's reach into it, four hours each, by facility and start. As in list_timelines they are
-- found by their start times, and what is asked for is hidden from the planner; what they occupy is
-- compared by its ends, for it would go by way of the constraint's index where ranges are.
  WITH asked AS MATERIALIZED (
       SELECT n.facility_id, %(start_time)s::timestamptz AS start_time,
              %(end_time)s::timestamptz AS end_time
         FROM unnest(%(facility_ids)s::int4[]) AS n (facility_id)
       )
SELECT b.id, b.facility_id, b.user_id, u.username,  -- noqa: ST06
       u.display_name AS user_display_name, b.title, b.start_time, b.end_time, b.occupied_from,
       b.occupied_until, b.status, b.decide_by
  FROM asked AS a
 CROSS JOIN LATERAL (
       SELECT o.id, o.facility_id, o.user_id, o.title, o.start_time, o.end_time, o.status,
              o.decide_by, lower(o.occupied) AS occupied_from, upper(o.occupied) AS occupied_until
         FROM bookings AS o
        WHERE o.facility_id = a.facility_id
          AND o.start_time > a.start_time - INTERVAL '16 hours'
          AND o.start_time < a.end_time + INTERVAL '8 hours'
          AND o.status IN ('confirmed', 'pending')
          AND lower(o.occupied) < a.end_time + INTERVAL '4 hours'
          AND upper(o.occupied) > a.start_time - INTERVAL '4 hours'
       ) AS b
 CROSS JOIN LATERAL (
       SELECT o.username, o.display_name
         FROM users AS o
        WHERE o.id = b.user_id
        ORDER BY o.id
       OFFSET 0) AS u
 ORDER BY b.facility_id, b.start_time;
