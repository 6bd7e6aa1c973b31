-- name: allow_pauses :value
-- Let the client of this transaction pause for so long between statements.
SELECT set_config('idle_in_transaction_session_timeout', %(milliseconds)s::int4::text, TRUE);

-- name: export_facilities :stream
-- Facilities with the names of their sites and of the groups that they are open to.
SELECT s.name AS site, f.name, f.description, f.facility_type, f.capacity, f.amenities,
       f.time_zone, f.status, f.opening_hours::text AS opening_hours, f.min_duration_minutes,
       f.max_duration_minutes, f.min_notice_minutes, f.horizon_days, f.start_step_minutes,
       f.cancellation_notice_minutes, f.buffer_before_minutes, f.buffer_after_minutes,
       f.requires_approval, f.approval_timeout_minutes,
       ARRAY(SELECT g.name
               FROM facility_user_groups AS o
               JOIN user_groups AS g ON g.id = o.user_group_id
              WHERE o.facility_id = f.id
              ORDER BY lower(g.name)) AS open_to
  FROM facilities AS f
  JOIN sites AS s ON s.id = f.site_id
 WHERE (%(site_ids)s::int4[] IS NULL OR f.site_id = ANY (%(site_ids)s::int4[]))
   AND (%(site_id)s::int4 IS NULL OR f.site_id = %(site_id)s::int4)
 ORDER BY lower(s.name), lower(f.name);

-- name: export_users :stream
-- All users; with a site, those who are staff of it.
SELECT u.username, u.display_name, u.is_staff,
       ARRAY(SELECT g.name
               FROM user_group_members AS m
               JOIN user_groups AS g ON g.id = m.user_group_id
              WHERE m.user_id = u.id
              ORDER BY lower(g.name)) AS groups,
       ARRAY(SELECT s.name
               FROM site_staff AS m
               JOIN sites AS s ON s.id = m.site_id
              WHERE m.user_id = u.id
              ORDER BY lower(s.name)) AS sites,
       CASE WHEN u.deactivated_at IS NULL THEN 'active' ELSE 'deactivated' END AS status
  FROM users AS u
 WHERE (%(site_id)s::int4 IS NULL
        OR EXISTS (SELECT
                     FROM site_staff AS m
                    WHERE m.user_id = u.id
                      AND m.site_id = %(site_id)s::int4))
 ORDER BY lower(u.username);

-- name: export_user_groups :stream
-- A line for each member of each group, and one for a group that has none.
SELECT g.name AS "group", u.username
  FROM user_groups AS g
  LEFT JOIN user_group_members AS m ON m.user_group_id = g.id
  LEFT JOIN users AS u ON u.id = m.user_id
 ORDER BY lower(g.name), lower(u.username);

-- name: export_bookings :stream
-- Bookings of any status that begin on the days, by the clocks of their facilities.
SELECT b.id, s.name AS site, f.name AS facility, f.time_zone, b.start_time, b.end_time,
       b.title, b.description, b.attendee_count, b.status, u.username, m.username AS booked_by,
       b.cancellation_cause, b.change_reason, b.decide_by, b.created_at, b.updated_at
  FROM bookings AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id
  LEFT JOIN users AS m ON m.id = b.booked_by
 WHERE (%(site_ids)s::int4[] IS NULL OR f.site_id = ANY (%(site_ids)s::int4[]))
   AND (%(site_id)s::int4 IS NULL OR f.site_id = %(site_id)s::int4)
   AND (%(start_date)s::date IS NULL
        OR (b.start_time > %(start_date)s::date::timestamptz - INTERVAL '1 day'
            AND b.start_time AT TIME ZONE f.time_zone >= %(start_date)s::date))
   AND (%(end_date)s::date IS NULL
        OR (b.start_time < %(end_date)s::date::timestamptz + INTERVAL '2 days'
            AND b.start_time AT TIME ZONE f.time_zone < %(end_date)s::date + INTERVAL '1 day'))
 ORDER BY b.start_time, b.id;

-- name: export_closures :stream
-- Closures that close anything on the days, by the clocks of their sites; by UTC those of
-- everything.
SELECT c.id, s.name AS site, f.name AS facility, c.start_time, c.end_time, c.reason, c.source
  FROM closures AS c
  LEFT JOIN facilities AS f ON f.id = c.facility_id
  LEFT JOIN sites AS s ON s.id = COALESCE(c.site_id, f.site_id)
 WHERE (%(site_ids)s::int4[] IS NULL OR s.id IS NULL OR s.id = ANY (%(site_ids)s::int4[]))
   AND (%(site_id)s::int4 IS NULL OR s.id IS NULL OR s.id = %(site_id)s::int4)
   AND (%(start_date)s::date IS NULL
        OR c.end_time AT TIME ZONE COALESCE(f.time_zone, s.time_zone, 'UTC')
           > %(start_date)s::date)
   AND (%(end_date)s::date IS NULL
        OR c.start_time AT TIME ZONE COALESCE(f.time_zone, s.time_zone, 'UTC')
           < %(end_date)s::date + INTERVAL '1 day')
 ORDER BY c.start_time, c.id;

-- name: export_conflicts :stream
-- Refused attempts to book time that begins on the days, by the clocks of the facilities.
SELECT c.id, s.name AS site, f.name AS facility, u.username, c.start_time, c.end_time,
       c.occurred_at
  FROM booking_conflicts AS c
  JOIN facilities AS f ON f.id = c.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = c.user_id
 WHERE (%(site_ids)s::int4[] IS NULL OR f.site_id = ANY (%(site_ids)s::int4[]))
   AND (%(site_id)s::int4 IS NULL OR f.site_id = %(site_id)s::int4)
   AND (%(start_date)s::date IS NULL
        OR c.start_time AT TIME ZONE f.time_zone >= %(start_date)s::date)
   AND (%(end_date)s::date IS NULL
        OR c.start_time AT TIME ZONE f.time_zone < %(end_date)s::date + INTERVAL '1 day')
 ORDER BY c.occurred_at, c.id;

-- name: export_quotas :stream
-- Quotas of facilities, of groups of facilities and of all; of a site, those of its facilities.
SELECT q.id, s.name AS site, f.name AS facility, g.name AS facility_group,
       q.max_active_bookings, q.max_hours_per_week
  FROM quotas AS q
  LEFT JOIN facilities AS f ON f.id = q.facility_id
  LEFT JOIN sites AS s ON s.id = f.site_id
  LEFT JOIN facility_groups AS g ON g.id = q.facility_group_id
 WHERE (%(site_ids)s::int4[] IS NULL OR f.site_id = ANY (%(site_ids)s::int4[]))
   AND (%(site_id)s::int4 IS NULL OR f.site_id = %(site_id)s::int4)
 ORDER BY q.id;
