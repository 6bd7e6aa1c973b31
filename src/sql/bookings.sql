-- name: get_booking :one
-- The booking with this id, whatever its status.
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.created_at, b.updated_at
  FROM bookings AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id
 WHERE b.id = %(booking_id)s::int8;

-- name: lock_booking :one
-- The booking with this id, held against every other change until the commit.
-- It is locked before the rest is joined: a booking that a rival moved to another
-- facility while this waited would otherwise be joined to the one it left.
  WITH locked AS MATERIALIZED (
       SELECT id, facility_id, user_id, start_time, end_time, title, description,
              attendee_count, status, created_at, updated_at
         FROM bookings
        WHERE id = %(booking_id)s::int8
          FOR NO KEY UPDATE
       )
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.created_at, b.updated_at
  FROM locked AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id;

-- name: insert_booking :one
-- A new confirmed booking, or no row if its period is taken.
-- ON CONFLICT waits for a rival that has not committed yet and then decides; a bare
-- INSERT would raise an error, or deadlock with the rival. No look before it could
-- decide: what it saw could change before the insert.
  WITH made AS (
       INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, description,
                             attendee_count)
       VALUES (%(facility_id)s::int4, %(user_id)s::int4, %(start_time)s::timestamptz,
               %(end_time)s::timestamptz, %(title)s::text, %(description)s::text,
               %(attendee_count)s::int4)
           ON CONFLICT ON CONSTRAINT bookings_no_overlap DO NOTHING
       RETURNING id, facility_id, user_id, start_time, end_time, title, description,
                 attendee_count, status, created_at, updated_at
       )
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.created_at, b.updated_at
  FROM made AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id;

-- name: update_booking :one
-- The booking with these values.
  WITH made AS (
       UPDATE bookings
          SET facility_id = %(facility_id)s::int4,
              start_time = %(start_time)s::timestamptz,
              end_time = %(end_time)s::timestamptz,
              title = %(title)s::text,
              description = %(description)s::text,
              attendee_count = %(attendee_count)s::int4
        WHERE id = %(booking_id)s::int8
       RETURNING id, facility_id, user_id, start_time, end_time, title, description,
                 attendee_count, status, created_at, updated_at
       )
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.created_at, b.updated_at
  FROM made AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id;

-- name: cancel_booking :one
-- The booking, cancelled; one that is cancelled already stays as it is.
  WITH made AS (
       UPDATE bookings
          SET status = 'cancelled'
        WHERE id = %(booking_id)s::int8
       RETURNING id, facility_id, user_id, start_time, end_time, title, description,
                 attendee_count, status, created_at, updated_at
       )
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.created_at, b.updated_at
  FROM made AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id;

-- name: list_in_the_way :many
-- Active bookings of the facility that share any moment with the period, earliest first.
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.created_at, b.updated_at
  FROM bookings AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id
 WHERE b.facility_id = %(facility_id)s::int4
   AND b.occupied && tstzrange(%(start_time)s::timestamptz, %(end_time)s::timestamptz, '[)')
   AND b.status IN ('confirmed', 'pending')
   AND b.id IS DISTINCT FROM %(except_booking_id)s::int8
 ORDER BY b.start_time
 LIMIT 32;

-- name: list_busy :many
-- When these facilities are occupied within the period, each one's earliest first.
SELECT facility_id, lower(occupied) AS start_time, upper(occupied) AS end_time
  FROM bookings
 WHERE facility_id = ANY (%(facility_ids)s::int4[])
   AND occupied && tstzrange(%(start_time)s::timestamptz, %(end_time)s::timestamptz, '[)')
   AND status IN ('confirmed', 'pending')
   AND id IS DISTINCT FROM %(except_booking_id)s::int8
 ORDER BY facility_id, start_time;

-- name: list_user_bookings :many
-- A user's bookings in the order of their start times.
-- What is left out becomes a bound that excludes nothing, so that one plan serves
-- every call. A booking lasts at most eight hours (booking_duration_reasonable),
-- so one that ends after an instant starts after eight hours before it, and the
-- index on start times can skip the rest. The page is cut before the rest is joined:
-- a planner that takes the user for an idle one would join and sort all they have.
  WITH page AS MATERIALIZED (
       SELECT id, facility_id, user_id, start_time, end_time, title, description,
              attendee_count, status, created_at, updated_at
         FROM bookings
        WHERE user_id = %(user_id)s::int4
          AND end_time > COALESCE(%(ending_after)s::timestamptz, '-infinity')
          AND start_time
              > COALESCE(%(ending_after)s::timestamptz - INTERVAL '8 hours', '-infinity')
          AND start_time < COALESCE(%(starting_before)s::timestamptz, 'infinity')
          AND status = COALESCE(%(status)s::booking_status, status)
          AND (start_time, id)
              > (COALESCE(%(after_start)s::timestamptz, '-infinity'),
                 COALESCE(%(after_id)s::int8, 0))
        ORDER BY start_time, id
        LIMIT %(limit)s::int4
       )
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.created_at, b.updated_at
  FROM page AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id
 ORDER BY b.start_time, b.id;

-- name: list_bookings :many :replan
-- Bookings that pass every filter given, in the order of their start times.
-- For the eight hours, and for why the page is cut first, see list_user_bookings.
  WITH page AS MATERIALIZED (
       SELECT id, facility_id, user_id, start_time, end_time, title, description,
              attendee_count, status, created_at, updated_at
         FROM bookings
        WHERE (%(facility_id)s::int4 IS NULL OR facility_id = %(facility_id)s::int4)
          AND (%(user_id)s::int4 IS NULL OR user_id = %(user_id)s::int4)
          AND (%(status)s::booking_status IS NULL OR status = %(status)s::booking_status)
          AND (%(ending_after)s::timestamptz IS NULL
               OR (end_time > %(ending_after)s::timestamptz
                   AND start_time > %(ending_after)s::timestamptz - INTERVAL '8 hours'))
          AND (%(starting_before)s::timestamptz IS NULL
               OR start_time < %(starting_before)s::timestamptz)
          AND (%(after_start)s::timestamptz IS NULL
               OR (start_time, id) > (%(after_start)s::timestamptz, %(after_id)s::int8))
        ORDER BY start_time, id
        LIMIT %(limit)s::int4
       )
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.created_at, b.updated_at
  FROM page AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id
 ORDER BY b.start_time, b.id;

-- name: list_history :many
-- Every change of a booking, oldest first.
SELECT h.id, h.action, h.old_values, h.new_values, h.changed_by AS changed_by_id,
       u.username AS changed_by_username, u.display_name AS changed_by_display_name,
       h.request_id, h.changed_at
  FROM booking_audit AS h
  LEFT JOIN users AS u ON u.id = h.changed_by
 WHERE h.booking_id = %(booking_id)s::int8
   AND h.id > COALESCE(%(after_id)s::int8, 0)
 ORDER BY h.id
 LIMIT %(limit)s::int4;
