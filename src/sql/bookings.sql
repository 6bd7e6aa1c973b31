-- name: get_booking :one
-- The booking with this id, whatever its status.
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.decide_by, b.cancellation_cause, b.change_reason, b.buffer_before_minutes,
       b.buffer_after_minutes, b.booked_by AS booked_by_id, m.username AS booked_by_username,
       m.display_name AS booked_by_display_name, b.created_at, b.updated_at
  FROM bookings AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id
  LEFT JOIN users AS m ON m.id = b.booked_by
 WHERE b.id = %(booking_id)s::int8;

-- name: lock_booking :one
-- The booking with this id, held against every other change until the commit.
-- It is locked before the rest is joined: a booking that a rival moved to another
-- facility while this waited would otherwise be joined to the one it left.
  WITH locked AS MATERIALIZED (
       SELECT id, facility_id, user_id, start_time, end_time, title, description,
              attendee_count, status, decide_by, cancellation_cause, change_reason,
              buffer_before_minutes, buffer_after_minutes, booked_by, created_at, updated_at
         FROM bookings
        WHERE id = %(booking_id)s::int8
          FOR NO KEY UPDATE
       )
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.decide_by, b.cancellation_cause, b.change_reason, b.buffer_before_minutes,
       b.buffer_after_minutes, b.booked_by AS booked_by_id, m.username AS booked_by_username,
       m.display_name AS booked_by_display_name, b.created_at, b.updated_at
  FROM locked AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id
  LEFT JOIN users AS m ON m.id = b.booked_by;

-- name: hold_holder :exec
-- Keeps a user from being deactivated or forgotten until the commit; none if they are
-- deactivated by then. Asked in a statement of its own after the locks before it: one that
-- waited with them would see the user as they were.
SELECT
  FROM users
 WHERE id = %(user_id)s::int4
   AND deactivated_at IS NULL
   FOR KEY SHARE;

-- name: insert_booking :one
-- A new booking, or no row if its period is taken or its user deactivated.
-- The user is held: whoever deactivates or forgets them waits for the commit, or went
-- before and is seen.
-- ON CONFLICT waits for a rival that has not committed yet and then decides; a bare
-- INSERT would raise an error, or deadlock with the rival. No look before it could
-- decide: what it saw could change before the insert.
  WITH holder AS MATERIALIZED (
       SELECT id
         FROM users
        WHERE id = %(user_id)s::int4
          AND deactivated_at IS NULL
          FOR KEY SHARE
       ),
       made AS (
       INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, description,
                             attendee_count, status, decide_by, buffer_before_minutes,
                             buffer_after_minutes, booked_by)
       SELECT %(facility_id)s::int4, h.id, %(start_time)s::timestamptz,
              %(end_time)s::timestamptz, %(title)s::text, %(description)s::text,
              %(attendee_count)s::int4, %(status)s::booking_status,
              %(decide_by)s::timestamptz, %(buffer_before_minutes)s::int2,
              %(buffer_after_minutes)s::int2, %(booked_by)s::int4
         FROM holder AS h
           ON CONFLICT ON CONSTRAINT bookings_no_overlap DO NOTHING
       RETURNING id, facility_id, user_id, start_time, end_time, title, description,
                 attendee_count, status, decide_by, cancellation_cause, change_reason,
                 buffer_before_minutes, buffer_after_minutes, booked_by, created_at, updated_at
       )
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.decide_by, b.cancellation_cause, b.change_reason, b.buffer_before_minutes,
       b.buffer_after_minutes, b.booked_by AS booked_by_id, m.username AS booked_by_username,
       m.display_name AS booked_by_display_name, b.created_at, b.updated_at
  FROM made AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id
  LEFT JOIN users AS m ON m.id = b.booked_by;

-- name: update_booking :one
-- The booking with these values.
  WITH made AS (
       UPDATE bookings
          SET facility_id = %(facility_id)s::int4,
              start_time = %(start_time)s::timestamptz,
              end_time = %(end_time)s::timestamptz,
              title = %(title)s::text,
              description = %(description)s::text,
              attendee_count = %(attendee_count)s::int4,
              status = %(status)s::booking_status,
              decide_by = %(decide_by)s::timestamptz,
              buffer_before_minutes = %(buffer_before_minutes)s::int2,
              buffer_after_minutes = %(buffer_after_minutes)s::int2,
              change_reason = %(change_reason)s::text
        WHERE id = %(booking_id)s::int8
       RETURNING id, facility_id, user_id, start_time, end_time, title, description,
                 attendee_count, status, decide_by, cancellation_cause, change_reason,
                 buffer_before_minutes, buffer_after_minutes, booked_by, created_at, updated_at
       )
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.decide_by, b.cancellation_cause, b.change_reason, b.buffer_before_minutes,
       b.buffer_after_minutes, b.booked_by AS booked_by_id, m.username AS booked_by_username,
       m.display_name AS booked_by_display_name, b.created_at, b.updated_at
  FROM made AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id
  LEFT JOIN users AS m ON m.id = b.booked_by;

-- name: cancel_booking :one
-- The booking, cancelled for this cause.
  WITH made AS (
       UPDATE bookings
          SET status = 'cancelled',
              decide_by = NULL,
              cancellation_cause = %(cause)s::cancellation_cause,
              change_reason = %(reason)s::text
        WHERE id = %(booking_id)s::int8
       RETURNING id, facility_id, user_id, start_time, end_time, title, description,
                 attendee_count, status, decide_by, cancellation_cause, change_reason,
                 buffer_before_minutes, buffer_after_minutes, booked_by, created_at, updated_at
       )
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.decide_by, b.cancellation_cause, b.change_reason, b.buffer_before_minutes,
       b.buffer_after_minutes, b.booked_by AS booked_by_id, m.username AS booked_by_username,
       m.display_name AS booked_by_display_name, b.created_at, b.updated_at
  FROM made AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id
  LEFT JOIN users AS m ON m.id = b.booked_by;

-- name: confirm_booking :one
-- The booking, confirmed.
  WITH made AS (
       UPDATE bookings
          SET status = 'confirmed',
              decide_by = NULL,
              change_reason = %(reason)s::text
        WHERE id = %(booking_id)s::int8
       RETURNING id, facility_id, user_id, start_time, end_time, title, description,
                 attendee_count, status, decide_by, cancellation_cause, change_reason,
                 buffer_before_minutes, buffer_after_minutes, booked_by, created_at, updated_at
       )
SELECT b.id, b.facility_id, f.name AS facility_name, f.site_id, s.name AS site_name,
       f.time_zone AS facility_time_zone, f.capacity AS facility_capacity, f.facility_type,
       b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.description, b.attendee_count, b.status,
       b.decide_by, b.cancellation_cause, b.change_reason, b.buffer_before_minutes,
       b.buffer_after_minutes, b.booked_by AS booked_by_id, m.username AS booked_by_username,
       m.display_name AS booked_by_display_name, b.created_at, b.updated_at
  FROM made AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id
  LEFT JOIN users AS m ON m.id = b.booked_by;

-- name: expire_in_the_way :exec
-- Cancels the facility's pending bookings whose time to be decided is over. It waits for
-- whoever is deciding about one of them, and then leaves that one alone.
UPDATE bookings
   SET status = 'cancelled',
       decide_by = NULL,
       cancellation_cause = 'expired',
       change_reason = NULL
 WHERE facility_id = %(facility_id)s::int4
   AND status = 'pending'
   AND decide_by <= %(now)s::timestamptz;

-- name: expire_bookings :exec
-- Cancels pending bookings whose time to be decided is over, the longest over first.
-- SKIP LOCKED leaves to a rival what it is changing, so that any number of processes
-- share the work.
  WITH due AS MATERIALIZED (
       SELECT id
         FROM bookings
        WHERE status = 'pending'
          AND decide_by <= %(now)s::timestamptz
        ORDER BY decide_by
        LIMIT %(limit)s::int4
          FOR NO KEY UPDATE SKIP LOCKED
       )
UPDATE bookings AS b
   SET status = 'cancelled',
       decide_by = NULL,
       cancellation_cause = 'expired',
       change_reason = NULL
  FROM due AS d
 WHERE b.id = d.id;

-- name: insert_conflict :exec
-- Records that somebody asked for a time that was taken, unless they are deactivated; they
-- are held as by hold_holder.
INSERT INTO booking_conflicts (facility_id, user_id, start_time, end_time)
SELECT %(facility_id)s::int4, u.id, %(start_time)s::timestamptz, %(end_time)s::timestamptz
  FROM users AS u
 WHERE u.id = %(user_id)s::int4
   AND u.deactivated_at IS NULL
   FOR KEY SHARE;

-- name: list_in_the_way :many
-- Active bookings of the facility that, with their buffers, share any moment with the
-- period, earliest first; expired ones that nobody has cleared away yet among them.
-- OFFSET 0 keeps the planner, which takes them for many, from reading all users.
  WITH asked AS MATERIALIZED (
       SELECT tstzrange(%(start_time)s::timestamptz, %(end_time)s::timestamptz, '[)') AS period
       )
SELECT b.id, b.facility_id, b.user_id, u.username, u.display_name AS user_display_name,
       b.start_time, b.end_time, b.title, b.status, b.decide_by,
       lower(b.occupied) AS occupied_from, upper(b.occupied) AS occupied_until
  FROM bookings AS b
 CROSS JOIN LATERAL (
       SELECT o.username, o.display_name
         FROM users AS o
        WHERE o.id = b.user_id
        ORDER BY o.id
       OFFSET 0) AS u
 WHERE b.facility_id = %(facility_id)s::int4
   AND b.occupied && (SELECT a.period FROM asked AS a)
   AND b.status IN ('confirmed', 'pending')
   AND b.id IS DISTINCT FROM %(except_booking_id)s::int8
 ORDER BY b.start_time
 LIMIT 32;

-- name: list_user_bookings :many
-- A user's bookings in the order of their start times.
-- What is left out becomes a bound that excludes nothing, so that one plan serves
-- every call. A booking lasts at most eight hours (booking_duration_reasonable),
-- so one that ends after an instant starts after eight hours before it, and the
-- index on start times can skip the rest. The page is cut before the rest is joined:
-- a planner that takes the user for an idle one would join and sort all they have.
  WITH page AS MATERIALIZED (
       SELECT id, facility_id, start_time, end_time, title, attendee_count, status, decide_by,
              cancellation_cause
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
       b.start_time, b.end_time, b.title, b.attendee_count, b.status, b.decide_by,
       b.cancellation_cause
  FROM page AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
 ORDER BY b.start_time, b.id;

-- name: list_bookings :many :replan
-- Bookings that pass every filter given, in the order of their start times.
-- For the eight hours, and for why the page is cut first, see list_user_bookings.
  WITH page AS MATERIALIZED (
       SELECT id, facility_id, user_id, start_time, end_time, title, description,
              attendee_count, status, decide_by, cancellation_cause, change_reason,
              buffer_before_minutes, buffer_after_minutes, booked_by, created_at, updated_at
         FROM bookings
        WHERE (%(facility_id)s::int4 IS NULL OR facility_id = %(facility_id)s::int4)
          AND (%(site_ids)s::int4[] IS NULL
               OR facility_id = ANY (ARRAY(SELECT a.id
                                             FROM facilities AS a
                                            WHERE a.site_id = ANY (%(site_ids)s::int4[]))))
          AND (%(user_id)s::int4 IS NULL OR user_id = %(user_id)s::int4)
          AND (%(booked_by_id)s::int4 IS NULL OR booked_by = %(booked_by_id)s::int4)
          AND (%(status)s::booking_status IS NULL OR status = %(status)s::booking_status)
          AND (%(cancellation_cause)s::cancellation_cause IS NULL
               OR cancellation_cause = %(cancellation_cause)s::cancellation_cause)
          AND (%(search)s::text IS NULL
               OR lower(title) LIKE ALL (string_to_array(lower(%(search)s::text), chr(10))))
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
       b.decide_by, b.cancellation_cause, b.change_reason, b.buffer_before_minutes,
       b.buffer_after_minutes, b.booked_by AS booked_by_id, m.username AS booked_by_username,
       m.display_name AS booked_by_display_name, b.created_at, b.updated_at
  FROM page AS b
  JOIN facilities AS f ON f.id = b.facility_id
  JOIN sites AS s ON s.id = f.site_id
  JOIN users AS u ON u.id = b.user_id
  LEFT JOIN users AS m ON m.id = b.booked_by
 ORDER BY b.start_time, b.id;

-- name: list_history :many
-- Every change of a booking, oldest first, with the names that its values refer to.
-- A facility's zone is that of now, which is where people read it.
SELECT h.id, h.action, h.old_values, h.new_values, h.changed_by AS changed_by_id,
       u.username AS changed_by_username, u.display_name AS changed_by_display_name,
       h.request_id, h.changed_at, o.name AS old_facility_name, o.time_zone AS old_time_zone,
       n.name AS new_facility_name, n.time_zone AS new_time_zone, w.id AS user_id, w.username,
       w.display_name AS user_display_name, m.username AS booked_by_username
  FROM booking_audit AS h
  JOIN facilities AS n ON n.id = (h.new_values ->> 'facility_id')::int4
  JOIN users AS w ON w.id = (h.new_values ->> 'user_id')::int4
  LEFT JOIN facilities AS o ON o.id = (h.old_values ->> 'facility_id')::int4
  LEFT JOIN users AS m ON m.id = (h.new_values ->> 'booked_by')::int4
  LEFT JOIN users AS u ON u.id = h.changed_by
 WHERE h.booking_id = %(booking_id)s::int8
   AND h.id > COALESCE(%(after_id)s::int8, 0)
 ORDER BY h.id
 LIMIT %(limit)s::int4;
