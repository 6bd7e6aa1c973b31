-- name: lock_closed_over :many
-- Active bookings of a facility, of a site's or of all that share any moment with the
-- period and are not over, locked until the commit, lowest id first.
-- A booking lasts at most eight hours (booking_duration_reasonable), so one that is not
-- over has started no longer ago. A pending one whose time to be decided is over holds
-- nothing.
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
 ORDER BY b.id
   FOR NO KEY UPDATE OF b;

-- name: cancel_closed_over :exec
-- Cancels these bookings for a closure that has this reason.
UPDATE bookings
   SET status = 'cancelled',
       cancellation_cause = 'closure',
       change_reason = %(reason)s::text
 WHERE id = ANY (%(booking_ids)s::int8[]);

-- name: list_upcoming :many
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
