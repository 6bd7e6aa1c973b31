-- name: list_quotas :many :replan
-- Quotas, oldest first: all of them, or those of facilities at these sites alone.
SELECT q.id, q.facility_id, f.name AS facility_name, f.site_id, q.facility_group_id,
       g.name AS facility_group_name, q.max_active_bookings, q.max_hours_per_week,
       q.created_at, q.updated_at
  FROM quotas AS q
  LEFT JOIN facilities AS f ON f.id = q.facility_id
  LEFT JOIN facility_groups AS g ON g.id = q.facility_group_id
 WHERE (%(site_ids)s::int4[] IS NULL OR f.site_id = ANY (%(site_ids)s::int4[]))
   AND q.id > COALESCE(%(after_id)s::int4, 0)
 ORDER BY q.id
 LIMIT %(limit)s::int4;

-- name: lock_user :one
-- The user, held until the commit against all who would count what they hold, and
-- whether they may still call. A row that refers to the user can be made meanwhile.
SELECT id, deactivated_at IS NULL AS is_active
  FROM users
 WHERE id = %(user_id)s::int4
   FOR NO KEY UPDATE;

-- name: measure_quotas :many
-- What a user holds of each quota that covers a facility, one booking not counted.
-- A pending booking whose time to be decided is over holds nothing. A booking lasts at
-- most eight hours (booking_duration_reasonable), so one that is not over has started
-- no longer ago, and the index on the user's start times can skip the rest.
SELECT q.id AS quota_id, q.max_active_bookings, q.max_hours_per_week, u.active_bookings,
       u.minutes_in_week, COALESCE(f.name, g.name) AS scope_name
  FROM quotas AS q
  LEFT JOIN facilities AS f ON f.id = q.facility_id
  LEFT JOIN facility_groups AS g ON g.id = q.facility_group_id
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE b.end_time > %(now)s::timestamptz)::int4
                  AS active_bookings,
              COALESCE(sum(extract(EPOCH FROM b.end_time - b.start_time) / 60) FILTER (
                  WHERE b.start_time >= %(week_start)s::timestamptz
                    AND b.start_time < %(week_end)s::timestamptz), 0)::int4
                  AS minutes_in_week
         FROM bookings AS b
        WHERE b.user_id = %(user_id)s::int4
          AND b.start_time >= LEAST(%(now)s::timestamptz - INTERVAL '8 hours',
                                    %(week_start)s::timestamptz)
          AND (b.status = 'confirmed'
               OR (b.status = 'pending'
                   AND COALESCE(b.decide_by, 'infinity') > %(now)s::timestamptz))
          AND b.id IS DISTINCT FROM %(except_booking_id)s::int8
          AND (q.facility_id IS NULL OR b.facility_id = q.facility_id)
          AND (q.facility_group_id IS NULL
               OR EXISTS (SELECT FROM facility_group_members AS m
                           WHERE m.facility_group_id = q.facility_group_id
                             AND m.facility_id = b.facility_id))
       ) AS u
 WHERE q.facility_id = %(facility_id)s::int4
    OR q.facility_group_id IN (SELECT m.facility_group_id
                                 FROM facility_group_members AS m
                                WHERE m.facility_id = %(facility_id)s::int4)
    OR (q.facility_id IS NULL AND q.facility_group_id IS NULL)
 ORDER BY q.id;

-- name: list_zones :many
-- The time zones that facilities live by.
SELECT DISTINCT time_zone
  FROM facilities
 ORDER BY time_zone;

-- name: list_usage :many
-- What a user holds of each quota: bookings that are not over, and the time of those
-- that start in the present week of their facility's zone.
-- The weeks come from the caller, since PostgreSQL takes a zone such as CET for the
-- abbreviation of a fixed offset. None begins more than eight days ago. For pending
-- bookings see measure_quotas.
  WITH held AS MATERIALIZED (
       SELECT b.facility_id, b.end_time > %(now)s::timestamptz AS active,
              CASE WHEN b.start_time >= w.week_start AND b.start_time < w.week_end
                   THEN extract(EPOCH FROM b.end_time - b.start_time) / 60
                   ELSE 0
               END AS minutes
         FROM bookings AS b
         JOIN facilities AS f ON f.id = b.facility_id
         LEFT JOIN unnest(%(zones)s::text[], %(week_starts)s::timestamptz[],
                          %(week_ends)s::timestamptz[]) AS w (zone, week_start, week_end)
           ON w.zone = f.time_zone
        WHERE b.user_id = %(user_id)s::int4
          AND b.start_time > %(now)s::timestamptz - INTERVAL '8 days'
          AND (b.status = 'confirmed'
               OR (b.status = 'pending'
                   AND COALESCE(b.decide_by, 'infinity') > %(now)s::timestamptz))
       )
SELECT q.id, q.facility_id, f.name AS facility_name, f.site_id, q.facility_group_id,
       g.name AS facility_group_name, q.max_active_bookings, q.max_hours_per_week,
       q.created_at, q.updated_at, u.active_bookings, u.minutes_this_week
  FROM quotas AS q
  LEFT JOIN facilities AS f ON f.id = q.facility_id
  LEFT JOIN facility_groups AS g ON g.id = q.facility_group_id
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE h.active)::int4 AS active_bookings,
              COALESCE(sum(h.minutes), 0)::int4 AS minutes_this_week
         FROM held AS h
        WHERE (q.facility_id IS NULL OR h.facility_id = q.facility_id)
          AND (q.facility_group_id IS NULL
               OR EXISTS (SELECT FROM facility_group_members AS m
                           WHERE m.facility_group_id = q.facility_group_id
                             AND m.facility_id = h.facility_id))
       ) AS u
 ORDER BY q.id
 LIMIT %(limit)s::int4;

-- name: list_exceeding :many
-- Who holds more than a quota allows, whoever has most first. See list_usage.
  WITH held AS (
       SELECT b.user_id, b.end_time > %(now)s::timestamptz AS active,
              CASE WHEN b.start_time >= w.week_start AND b.start_time < w.week_end
                   THEN extract(EPOCH FROM b.end_time - b.start_time) / 60
                   ELSE 0
               END AS minutes
         FROM quotas AS q
         JOIN facilities AS f
           ON (q.facility_id IS NULL OR f.id = q.facility_id)
          AND (q.facility_group_id IS NULL
               OR EXISTS (SELECT FROM facility_group_members AS m
                           WHERE m.facility_group_id = q.facility_group_id
                             AND m.facility_id = f.id))
         JOIN bookings AS b ON b.facility_id = f.id
         LEFT JOIN unnest(%(zones)s::text[], %(week_starts)s::timestamptz[],
                          %(week_ends)s::timestamptz[]) AS w (zone, week_start, week_end)
           ON w.zone = f.time_zone
        WHERE q.id = %(quota_id)s::int4
          AND b.start_time > %(now)s::timestamptz - INTERVAL '8 days'
          AND (b.status = 'confirmed'
               OR (b.status = 'pending'
                   AND COALESCE(b.decide_by, 'infinity') > %(now)s::timestamptz))
       ),
       used AS (
       SELECT h.user_id, count(*) FILTER (WHERE h.active)::int4 AS active_bookings,
              sum(h.minutes)::int4 AS minutes_this_week
         FROM held AS h
        GROUP BY h.user_id
       )
SELECT u.id AS user_id, u.username, u.display_name, d.active_bookings, d.minutes_this_week
  FROM used AS d
  JOIN users AS u ON u.id = d.user_id
 CROSS JOIN quotas AS q
 WHERE q.id = %(quota_id)s::int4
   AND (d.active_bookings > q.max_active_bookings
        OR d.minutes_this_week > q.max_hours_per_week * 60)
 ORDER BY d.active_bookings DESC, d.minutes_this_week DESC, u.id
 LIMIT %(limit)s::int4;

-- name: get_quota :one
-- The quota with this id.
SELECT q.id, q.facility_id, f.name AS facility_name, f.site_id, q.facility_group_id,
       g.name AS facility_group_name, q.max_active_bookings, q.max_hours_per_week,
       q.created_at, q.updated_at
  FROM quotas AS q
  LEFT JOIN facilities AS f ON f.id = q.facility_id
  LEFT JOIN facility_groups AS g ON g.id = q.facility_group_id
 WHERE q.id = %(quota_id)s::int4;

-- name: lock_quota :one
-- The quota with this id, held against every other change until the commit.
-- It is locked before its scope is joined: see lock_facilities.
  WITH locked AS MATERIALIZED (
       SELECT id, facility_id, facility_group_id, max_active_bookings, max_hours_per_week,
              created_at, updated_at
         FROM quotas
        WHERE id = %(quota_id)s::int4
          FOR NO KEY UPDATE
       )
SELECT q.id, q.facility_id, f.name AS facility_name, f.site_id, q.facility_group_id,
       g.name AS facility_group_name, q.max_active_bookings, q.max_hours_per_week,
       q.created_at, q.updated_at
  FROM locked AS q
  LEFT JOIN facilities AS f ON f.id = q.facility_id
  LEFT JOIN facility_groups AS g ON g.id = q.facility_group_id;

-- name: insert_quota :one
-- A new quota, or no row if its scope has one.
  WITH made AS (
       INSERT INTO quotas (facility_id, facility_group_id, max_active_bookings,
                           max_hours_per_week)
       VALUES (%(facility_id)s::int4, %(facility_group_id)s::int4,
               %(max_active_bookings)s::int4, %(max_hours_per_week)s::int4)
           ON CONFLICT DO NOTHING
       RETURNING id, facility_id, facility_group_id, max_active_bookings, max_hours_per_week,
                 created_at, updated_at
       )
SELECT q.id, q.facility_id, f.name AS facility_name, f.site_id, q.facility_group_id,
       g.name AS facility_group_name, q.max_active_bookings, q.max_hours_per_week,
       q.created_at, q.updated_at
  FROM made AS q
  LEFT JOIN facilities AS f ON f.id = q.facility_id
  LEFT JOIN facility_groups AS g ON g.id = q.facility_group_id;

-- name: update_quota :one
-- The quota with these limits.
  WITH made AS (
       UPDATE quotas
          SET max_active_bookings = %(max_active_bookings)s::int4,
              max_hours_per_week = %(max_hours_per_week)s::int4
        WHERE id = %(quota_id)s::int4
       RETURNING id, facility_id, facility_group_id, max_active_bookings, max_hours_per_week,
                 created_at, updated_at
       )
SELECT q.id, q.facility_id, f.name AS facility_name, f.site_id, q.facility_group_id,
       g.name AS facility_group_name, q.max_active_bookings, q.max_hours_per_week,
       q.created_at, q.updated_at
  FROM made AS q
  LEFT JOIN facilities AS f ON f.id = q.facility_id
  LEFT JOIN facility_groups AS g ON g.id = q.facility_group_id;

-- name: delete_quota :exec
-- Ends a quota.
DELETE FROM quotas
 WHERE id = %(quota_id)s::int4;
