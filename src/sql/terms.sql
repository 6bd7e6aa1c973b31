-- name: get_terms :one
-- The facility with this id, archived or not, with what a booking at a time depends on:
-- what closes it then, earliest first (NULLs where nothing does), whether any quota covers
-- it, and the revision of all that, which lacks where triggers were off as it was copied.
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
       c.closed_from, c.closed_until, c.closed_for,
       EXISTS (SELECT
                 FROM quotas AS q
                WHERE q.facility_id = f.id
                   OR q.facility_group_id IN (SELECT m.facility_group_id
                                                FROM facility_group_members AS m
                                               WHERE m.facility_id = f.id)
                   OR (q.facility_id IS NULL AND q.facility_group_id IS NULL)) AS has_quota,
       t.revision::text AS revision
  FROM facilities AS f
  JOIN sites AS s ON s.id = f.site_id
  LEFT JOIN facility_terms AS t ON t.facility_id = f.id
 CROSS JOIN LATERAL (
       SELECT array_agg(x.start_time ORDER BY x.start_time, x.end_time, x.id) AS closed_from,
              array_agg(x.end_time ORDER BY x.start_time, x.end_time, x.id) AS closed_until,
              array_agg(x.reason ORDER BY x.start_time, x.end_time, x.id) AS closed_for
         FROM closures AS x
        WHERE (x.facility_id = f.id
               OR x.site_id = f.site_id
               OR (x.facility_id IS NULL AND x.site_id IS NULL))
          AND x.start_time < %(end_time)s::timestamptz
          AND x.end_time > %(start_time)s::timestamptz
       ) AS c
 WHERE f.id = %(facility_id)s::int4;

-- name: book_at_terms :many
-- New bookings, each its user's own doing, in one statement, and so in one transaction that needs
-- no other. No row for one whose terms are not the facility's any more, whose period is taken or
-- whose user is deactivated, nor for the second of two at one facility and start.
-- Each facility, its terms and then the user are held until the commit, so that nobody closes the
-- facility or lets the user go without seeing the booking, or being seen here: a row that changed
-- since it was looked for is read anew. KEY SHARE would not notice that of a user. One that another
-- transaction changes just now gets no row either: nobody waits here for what concerns somebody
-- else. Rivals for a period are waited for, and their number is what bounds that; how long for
-- each is told first, with whose doing each booking is.
-- They are stored by facility and start: two statements that each wait for a booking of the other
-- could not have come to that in one order. ON CONFLICT: see insert_booking.
  WITH asked AS MATERIALIZED (
       SELECT DISTINCT ON (n.facility_id, n.start_time)
              e.attempt, n.revision, n.request_id, n.facility_id, n.user_id, n.start_time,
              n.end_time, n.title, n.description, n.attendee_count, n.status, n.decide_by,
              n.buffer_before_minutes, n.buffer_after_minutes
         FROM jsonb_array_elements(%(bookings)s::jsonb) WITH ORDINALITY AS e (booking, attempt)
        CROSS JOIN LATERAL jsonb_to_record(e.booking) AS n (
              revision UUID, request_id TEXT, facility_id INT4, user_id INT4,
              start_time TIMESTAMPTZ, end_time TIMESTAMPTZ, title TEXT, description TEXT,
              attendee_count INT4, status BOOKING_STATUS, decide_by TIMESTAMPTZ,
              buffer_before_minutes INT2, buffer_after_minutes INT2
              )
        ORDER BY n.facility_id, n.start_time, e.attempt
       ),
       told AS MATERIALIZED (
       SELECT set_config('holdfast.own_requests',
                         jsonb_object_agg(concat_ws(' ', facility_id,
                                                    extract(EPOCH FROM start_time)::int8),
                                          request_id)::text,
                         TRUE) AS own_requests,
              set_config('lock_timeout',
                         COALESCE(%(patience)s::text, current_setting('lock_timeout')),
                         TRUE) AS patience
         FROM asked
       ),
       held AS MATERIALIZED (
       SELECT a.*, u.username, u.display_name
         FROM asked AS a
        CROSS JOIN told AS d
        CROSS JOIN LATERAL (
              SELECT f.id
                FROM facilities AS f
                JOIN facility_terms AS t ON t.facility_id = f.id
               WHERE f.id = a.facility_id
                 AND t.revision = a.revision
                 AND d.own_requests IS NOT NULL
                 AND d.patience IS NOT NULL
                 FOR SHARE SKIP LOCKED
              ) AS f
        CROSS JOIN LATERAL (
              SELECT o.username, o.display_name
                FROM users AS o
               WHERE o.id = a.user_id
                 AND o.deactivated_at IS NULL
                 AND f.id IS NOT NULL
                 FOR SHARE SKIP LOCKED
              ) AS u
       ),
       made AS (
       INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, description,
                             attendee_count, status, decide_by, buffer_before_minutes,
                             buffer_after_minutes)
       SELECT facility_id, user_id, start_time, end_time, title, description, attendee_count,
              status, decide_by, buffer_before_minutes, buffer_after_minutes
         FROM held
        ORDER BY facility_id, start_time
           ON CONFLICT ON CONSTRAINT bookings_no_overlap DO NOTHING
       RETURNING id, facility_id, start_time, created_at, updated_at
       )
SELECT h.attempt, b.id, b.created_at, b.updated_at, h.username, h.display_name,
       pg_current_xact_id()::text::int8 AS transaction_id
  FROM made AS b
  JOIN held AS h ON h.facility_id = b.facility_id AND h.start_time = b.start_time;

-- name: refuse_at_terms :many
-- What is in the way of several bookings, each at its terms, as list_in_the_way lists it, recorded
-- as conflicts in the same statement. No rows where nothing is, or where the terms are not the
-- facility's any more; nothing is recorded (is_recorded) where some of it has expired and only
-- waits to be cleared away, and of a user who is deactivated, or changed just now: nobody waits
-- here for what concerns somebody else.
-- It is found by start, as list_timelines does; whoever asks has added their own buffers.
-- What is asked for goes by way of a CTE, which hides it from the planner: see list_closures_of.
  WITH asked AS MATERIALIZED (
       SELECT n.attempt, n.revision, n.facility_id, n.user_id, n.start_time, n.end_time,
              tstzrange(n.occupied_from, n.occupied_until, '[)') AS period
         FROM unnest(%(revisions)s::uuid[], %(facility_ids)s::int4[], %(user_ids)s::int4[],
                     %(start_times)s::timestamptz[], %(end_times)s::timestamptz[],
                     %(occupied_from)s::timestamptz[], %(occupied_until)s::timestamptz[])
              WITH ORDINALITY AS n (revision, facility_id, user_id, start_time, end_time,
                                    occupied_from, occupied_until, attempt)
       ),
       taken AS MATERIALIZED (
       SELECT a.attempt, b.id, b.facility_id, b.user_id, b.start_time, b.end_time, b.title,
              b.status, b.decide_by, b.occupied
         FROM asked AS a
         JOIN facility_terms AS t ON t.facility_id = a.facility_id AND t.revision = a.revision
        CROSS JOIN LATERAL (
              SELECT o.*
                FROM bookings AS o
               WHERE o.facility_id = a.facility_id
                 AND o.start_time > lower(a.period) - INTERVAL '12 hours'
                 AND o.start_time < upper(a.period) + INTERVAL '4 hours'
                 AND o.occupied && a.period
                 AND o.status IN ('confirmed', 'pending')
               ORDER BY o.start_time
               LIMIT 32
              ) AS b
       ),
       told AS MATERIALIZED (
       SELECT a.attempt, a.facility_id, u.id AS user_id, a.start_time, a.end_time
         FROM asked AS a
        CROSS JOIN LATERAL (
              SELECT o.id
                FROM users AS o
               WHERE o.id = a.user_id
                 AND o.deactivated_at IS NULL
                 FOR SHARE SKIP LOCKED
              ) AS u
        WHERE EXISTS (SELECT
                        FROM taken AS e
                       WHERE e.attempt = a.attempt)
          AND NOT EXISTS (SELECT
                            FROM taken AS e
                           WHERE e.attempt = a.attempt
                             AND e.status = 'pending'
                             AND e.decide_by <= %(now)s::timestamptz)
       ),
       recorded AS (
       INSERT INTO booking_conflicts (facility_id, user_id, start_time, end_time)
       SELECT facility_id, user_id, start_time, end_time
         FROM told
       )
SELECT b.id, b.facility_id, b.user_id, u.username,  -- noqa: ST06
       u.display_name AS user_display_name, b.start_time, b.end_time, b.title, b.status,
       b.decide_by, lower(b.occupied) AS occupied_from, upper(b.occupied) AS occupied_until,
       b.attempt, EXISTS (SELECT
                            FROM told AS d
                           WHERE d.attempt = b.attempt) AS is_recorded
  FROM taken AS b
 CROSS JOIN LATERAL (
       SELECT o.username, o.display_name
         FROM users AS o
        WHERE o.id = b.user_id
        ORDER BY o.id
       OFFSET 0) AS u
 ORDER BY b.attempt, b.start_time;
