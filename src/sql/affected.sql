-- name: lock_closed_over :value :replan
-- How many bookings of a facility, of a site's or of all share any moment with the period
-- and are not over, locked until the commit, in the order of their ids.
-- Those that have expired are among them: somebody may just have confirmed one, which only
-- who waits for them sees. A booking lasts at most eight hours
-- (booking_duration_reasonable), so one that is not over has started no longer ago.
  WITH held AS MATERIALIZED (
       SELECT b.id
         FROM bookings AS b
         JOIN facilities AS f ON f.id = b.facility_id
        WHERE (%(facility_id)s::int4 IS NULL OR b.facility_id = %(facility_id)s::int4)
          AND (%(site_id)s::int4 IS NULL OR f.site_id = %(site_id)s::int4)
          AND b.start_time < %(end_time)s::timestamptz
          AND b.end_time > GREATEST(%(start_time)s::timestamptz, %(now)s::timestamptz)
          AND b.start_time
              > GREATEST(%(start_time)s::timestamptz, %(now)s::timestamptz)
                - INTERVAL '8 hours'
          AND b.status IN ('confirmed', 'pending')
        ORDER BY b.id
          FOR NO KEY UPDATE OF b
       )
SELECT count(*)
  FROM held;

-- name: count_closed_over :value :replan
-- How many active bookings of a facility, of a site's or of all share any moment with the
-- period and are not over. A pending one whose time to be decided is over holds nothing.
SELECT count(*)
  FROM bookings AS b
  JOIN facilities AS f ON f.id = b.facility_id
 WHERE (%(facility_id)s::int4 IS NULL OR b.facility_id = %(facility_id)s::int4)
   AND (%(site_id)s::int4 IS NULL OR f.site_id = %(site_id)s::int4)
   AND b.start_time < %(end_time)s::timestamptz
   AND b.end_time > GREATEST(%(start_time)s::timestamptz, %(now)s::timestamptz)
   AND b.start_time
       > GREATEST(%(start_time)s::timestamptz, %(now)s::timestamptz) - INTERVAL '8 hours'
   AND (b.status = 'confirmed'
        OR (b.status = 'pending'
            AND COALESCE(b.decide_by, 'infinity') > %(now)s::timestamptz));

-- name: list_closed_over :many :replan
-- The earliest of the bookings that count_closed_over counts.
SELECT b.id, b.facility_id, b.user_id, u.username, u.display_name AS user_display_name,
       u.is_staff AS user_is_staff, b.start_time, b.end_time, b.title, b.attendee_count,
       b.status,
       ARRAY(SELECT w.site_id
               FROM site_staff AS w
              WHERE w.user_id = b.user_id) AS user_site_ids,
       ARRAY(SELECT m.user_group_id
               FROM user_group_members AS m
              WHERE m.user_id = b.user_id) AS user_group_ids
  FROM bookings AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN users AS u ON u.id = b.user_id
 WHERE (%(facility_id)s::int4 IS NULL OR b.facility_id = %(facility_id)s::int4)
   AND (%(site_id)s::int4 IS NULL OR f.site_id = %(site_id)s::int4)
   AND b.start_time < %(end_time)s::timestamptz
   AND b.end_time > GREATEST(%(start_time)s::timestamptz, %(now)s::timestamptz)
   AND b.start_time
       > GREATEST(%(start_time)s::timestamptz, %(now)s::timestamptz) - INTERVAL '8 hours'
   AND (b.status = 'confirmed'
        OR (b.status = 'pending'
            AND COALESCE(b.decide_by, 'infinity') > %(now)s::timestamptz))
 ORDER BY b.start_time, b.id
 LIMIT %(limit)s::int4;

-- name: cancel_closed_over :exec :replan
-- Cancels the bookings that count_closed_over counts for a closure that has this reason.
UPDATE bookings AS b
   SET status = 'cancelled',
       decide_by = NULL,
       cancellation_cause = 'closure',
       change_reason = %(reason)s::text
  FROM facilities AS f
 WHERE f.id = b.facility_id
   AND (%(facility_id)s::int4 IS NULL OR b.facility_id = %(facility_id)s::int4)
   AND (%(site_id)s::int4 IS NULL OR f.site_id = %(site_id)s::int4)
   AND b.start_time < %(end_time)s::timestamptz
   AND b.end_time > GREATEST(%(start_time)s::timestamptz, %(now)s::timestamptz)
   AND b.start_time
       > GREATEST(%(start_time)s::timestamptz, %(now)s::timestamptz) - INTERVAL '8 hours'
   AND (b.status = 'confirmed'
        OR (b.status = 'pending'
            AND COALESCE(b.decide_by, 'infinity') > %(now)s::timestamptz));

-- name: list_upcoming :many :replan
-- Active bookings of these facilities that are still to begin, earliest first, after the
-- one given.
SELECT b.id, b.facility_id, b.user_id, u.username, u.display_name AS user_display_name,
       u.is_staff AS user_is_staff, b.start_time, b.end_time, b.title, b.attendee_count,
       b.status,
       ARRAY(SELECT w.site_id
               FROM site_staff AS w
              WHERE w.user_id = b.user_id) AS user_site_ids,
       ARRAY(SELECT m.user_group_id
               FROM user_group_members AS m
              WHERE m.user_id = b.user_id) AS user_group_ids
  FROM bookings AS b
  JOIN users AS u ON u.id = b.user_id
 WHERE b.facility_id = ANY (%(facility_ids)s::int4[])
   AND b.start_time > %(now)s::timestamptz
   AND (b.status = 'confirmed'
        OR (b.status = 'pending'
            AND COALESCE(b.decide_by, 'infinity') > %(now)s::timestamptz))
   AND (b.start_time, b.id)
       > (COALESCE(%(after_start)s::timestamptz, '-infinity'), COALESCE(%(after_id)s::int8, 0))
 ORDER BY b.start_time, b.id
 LIMIT %(limit)s::int4;
