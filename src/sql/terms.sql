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

-- name: book_at_terms :one
-- A new booking in one statement, and so in one transaction that needs no other; no row if the
-- terms that it was judged by are not the facility's any more, its period is taken or its user
-- deactivated. Whose doing it is is told first, as sql.pool does at the beginning of others.
-- The facility, its terms and then the user are held until the commit, so that nobody closes
-- the facility or lets the user go without seeing the booking, or being seen here: a row that
-- changed while it was waited for is read anew. KEY SHARE would not notice that of a user.
-- ON CONFLICT: see insert_booking.
  WITH actor AS MATERIALIZED (
       SELECT set_config('holdfast.actor_id', %(user_id)s::int4::text, TRUE) AS actor_id,
              set_config('holdfast.request_id', %(request_id)s::text, TRUE) AS request_id
       ),
       terms AS MATERIALIZED (
       SELECT f.id
         FROM facilities AS f
         JOIN facility_terms AS t ON t.facility_id = f.id
        WHERE f.id = %(facility_id)s::int4
          AND t.revision = %(revision)s::uuid
          FOR SHARE
       ),
       holder AS MATERIALIZED (
       SELECT u.id, u.username, u.display_name
         FROM users AS u
        WHERE u.id = %(user_id)s::int4
          AND u.deactivated_at IS NULL
          AND (SELECT t.id FROM terms AS t) IS NOT NULL
          FOR SHARE
       ),
       made AS (
       INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, description,
                             attendee_count, status, decide_by, buffer_before_minutes,
                             buffer_after_minutes)
       SELECT t.id, h.id, %(start_time)s::timestamptz, %(end_time)s::timestamptz,
              %(title)s::text, %(description)s::text, %(attendee_count)s::int4,
              %(status)s::booking_status, %(decide_by)s::timestamptz,
              %(buffer_before_minutes)s::int2, %(buffer_after_minutes)s::int2
         FROM terms AS t
        CROSS JOIN holder AS h
        CROSS JOIN actor AS a
        WHERE a.actor_id IS NOT NULL
          AND a.request_id IS NOT NULL
           ON CONFLICT ON CONSTRAINT bookings_no_overlap DO NOTHING
       RETURNING id, created_at, updated_at
       )
SELECT b.id, b.created_at, b.updated_at, h.username, h.display_name,
       pg_current_xact_id()::text::int8 AS transaction_id
  FROM made AS b
 CROSS JOIN holder AS h;

-- name: refuse_at_terms :many
-- What is in the way of several bookings, each at its terms, as list_in_the_way lists it, recorded
-- as conflicts in the same statement. No rows where nothing is, or where the terms are not the
-- facility's any more; nothing is recorded (is_recorded) where some of it has expired and only
-- waits to be cleared away, and of a user who is deactivated, or changed just now: nobody waits
-- here for what concerns somebody else.
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
                 AND o.occupied && a.period
                 AND o.status IN ('confirmed', 'pending')
               ORDER BY o.start_time
               LIMIT 32
              ) AS b
       ),
       told AS MATERIALIZED (
       SELECT a.attempt, a.facility_id, u.id AS user_id, a.start_time, a.end_time
         FROM asked AS a
         JOIN users AS u ON u.id = a.user_id
        WHERE u.deactivated_at IS NULL
          AND EXISTS (SELECT
                        FROM taken AS e
                       WHERE e.attempt = a.attempt)
          AND NOT EXISTS (SELECT
                            FROM taken AS e
                           WHERE e.attempt = a.attempt
                             AND e.status = 'pending'
                             AND e.decide_by <= %(now)s::timestamptz)
          FOR SHARE OF u SKIP LOCKED
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
