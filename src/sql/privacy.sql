-- name: list_changes_of_bookings :many
-- Every change of a user's bookings, and every change of bookings that they made. What
-- others' bookings say is theirs: of those there are no values.
-- Two searches, each of which an index serves, rather than one that none does; each gives
-- no more than the page takes. The first is done before it is put in order: else it might
-- walk the whole log in the order of its ids, looking whose each booking is.
  WITH of_theirs AS MATERIALIZED (
       SELECT o.id
         FROM bookings AS m
         JOIN booking_audit AS o ON o.booking_id = m.id
        WHERE m.user_id = %(user_id)s::int4
          AND o.id > COALESCE(%(after_id)s::int8, 0)
       ),
       found AS (
       (SELECT o.id
          FROM of_theirs AS o
         ORDER BY o.id
         LIMIT %(limit)s::int4)
         UNION
       (SELECT o.id
          FROM booking_audit AS o
         WHERE o.changed_by = %(user_id)s::int4
           AND o.id > COALESCE(%(after_id)s::int8, 0)
         ORDER BY o.id
         LIMIT %(limit)s::int4)
       )
SELECT h.id, h.booking_id, h.action, v.old_values, v.new_values,
       h.changed_by AS changed_by_id, u.username AS changed_by_username,
       u.display_name AS changed_by_display_name, h.request_id, h.changed_at
  FROM found AS f
  JOIN booking_audit AS h ON h.id = f.id
  JOIN bookings AS b ON b.id = h.booking_id
  LEFT JOIN booking_audit AS v ON v.id = h.id AND b.user_id = %(user_id)s::int4
  LEFT JOIN users AS u ON u.id = h.changed_by
 ORDER BY h.id
 LIMIT %(limit)s::int4;

-- name: list_changes_of_facilities :many
-- Every change of a facility that a user made.
SELECT id, facility_id, action, old_values, new_values, request_id, changed_at
  FROM facility_audit
 WHERE changed_by = %(user_id)s::int4
   AND id > COALESCE(%(after_id)s::int8, 0)
 ORDER BY id
 LIMIT %(limit)s::int4;

-- name: list_changes_of_records :many
-- Every change of a user's own record, memberships and tokens, and every change that they
-- made. Of other users' there are no values: see list_changes_of_bookings.
  WITH found AS (
       (SELECT o.id
          FROM audit_log AS o
         WHERE o.changed_by = %(user_id)s::int4
           AND o.id > COALESCE(%(after_id)s::int8, 0)
         ORDER BY o.id
         LIMIT %(limit)s::int4)
         UNION
       (SELECT o.id
          FROM audit_log AS o
         WHERE o.record_type = 'user'
           AND o.record_id = %(user_id)s::int4
           AND o.id > COALESCE(%(after_id)s::int8, 0)
         ORDER BY o.id
         LIMIT %(limit)s::int4)
         UNION
       (SELECT o.id
          FROM audit_log AS o
         WHERE o.record_type IN ('user_group_member', 'site_staff', 'user_token')
           AND (COALESCE(o.new_values, o.old_values) ->> 'user_id')::int4 = %(user_id)s::int4
           AND o.id > COALESCE(%(after_id)s::int8, 0)
         ORDER BY o.id
         LIMIT %(limit)s::int4)
       )
SELECT h.id, h.record_type, h.record_id, h.action, v.old_values, v.new_values,
       h.changed_by AS changed_by_id, u.username AS changed_by_username,
       u.display_name AS changed_by_display_name, h.request_id, h.changed_at
  FROM found AS f
  JOIN audit_log AS h ON h.id = f.id
  LEFT JOIN audit_log AS v
         ON v.id = h.id
        AND CASE WHEN v.record_type = 'user' THEN v.record_id = %(user_id)s::int4
                 WHEN v.record_type IN ('user_group_member', 'site_staff', 'user_token')
                 THEN (COALESCE(v.new_values, v.old_values) ->> 'user_id')::int4
                      = %(user_id)s::int4
                 ELSE TRUE
            END
  LEFT JOIN users AS u ON u.id = h.changed_by
 ORDER BY h.id
 LIMIT %(limit)s::int4;

-- name: list_conflicts :many
-- A user's requests that met a booking in their way, oldest first.
SELECT id, facility_id, start_time, end_time, occurred_at
  FROM booking_conflicts
 WHERE user_id = %(user_id)s::int4
   AND id > COALESCE(%(after_id)s::int8, 0)
 ORDER BY id
 LIMIT %(limit)s::int4;

-- name: hold_bookings :value
-- How many bookings a user has or has given a reason for a change of, held until the
-- commit, in the order of their ids.
  WITH held AS MATERIALIZED (
       SELECT id
         FROM bookings
        WHERE id = ANY (ARRAY(
                  SELECT b.id
                    FROM bookings AS b
                   WHERE b.user_id = %(user_id)s::int4
                   UNION
                  SELECT h.booking_id
                    FROM booking_audit AS h
                   WHERE h.changed_by = %(user_id)s::int4
                     AND h.new_values ->> 'change_reason' IS NOT NULL))
        ORDER BY id
          FOR NO KEY UPDATE
       )
SELECT count(*)
  FROM held;

-- name: hold_user :value
-- Holds a user until the commit, and tells their name. It waits for whoever has just booked
-- for them, and whoever is about to waits for it: a booking refers to its user, which a
-- stronger lock than that of a mere change keeps it from.
SELECT username
  FROM users
 WHERE id = %(user_id)s::int4
   FOR UPDATE;

-- name: allow_redaction :value
-- Lets this transaction take words out of the logs, which only grow otherwise.
SELECT set_config('holdfast.anonymising', 'on', true);

-- name: forget_bookings :exec
-- Takes the words out of a user's bookings, and cancels those that have not begun.
UPDATE bookings
   SET title = 'Anonymised',
       description = NULL,
       change_reason = NULL,
       status = CASE WHEN status <> 'cancelled' AND start_time > %(now)s::timestamptz
                     THEN 'cancelled'
                     ELSE status
                 END,
       cancellation_cause = CASE WHEN status <> 'cancelled'
                                      AND start_time > %(now)s::timestamptz
                                 THEN 'anonymised'
                                 ELSE cancellation_cause
                             END,
       decide_by = CASE WHEN start_time > %(now)s::timestamptz THEN NULL ELSE decide_by END
 WHERE user_id = %(user_id)s::int4
   AND (title <> 'Anonymised'
        OR description IS NOT NULL
        OR change_reason IS NOT NULL
        OR (status <> 'cancelled' AND start_time > %(now)s::timestamptz));

-- name: forget_reasons :exec
-- Takes the reasons that a user gave for the latest changes of others' bookings out of
-- them. The reason of a closure is the house's, not a person's, and stays.
UPDATE bookings AS b
   SET change_reason = NULL
 WHERE b.id = ANY (ARRAY(SELECT h.booking_id
                           FROM booking_audit AS h
                          WHERE h.changed_by = %(user_id)s::int4
                            AND h.new_values ->> 'change_reason' IS NOT NULL))
   AND b.change_reason IS NOT NULL
   AND b.cancellation_cause IS DISTINCT FROM 'closure'
   AND (SELECT h.changed_by
          FROM booking_audit AS h
         WHERE h.booking_id = b.id
         ORDER BY h.id DESC
         LIMIT 1) = %(user_id)s::int4;

-- name: forget_history :exec
-- Takes the words out of the histories of a user's bookings.
UPDATE booking_audit AS h
   SET old_values = h.old_values || w.words,
       new_values = h.new_values || w.words
  FROM bookings AS b,
       (VALUES ('{"title": "Anonymised", "description": null, "change_reason": null}'::jsonb))
           AS w (words)
 WHERE b.id = h.booking_id
   AND b.user_id = %(user_id)s::int4;

-- name: forget_reasons_told :exec
-- Takes the reasons that a user gave for changes of others' bookings out of the histories:
-- from what each change made of a booking, and from what the next one found.
  WITH given AS MATERIALIZED (
       SELECT h.id, h.booking_id
         FROM booking_audit AS h
        WHERE h.changed_by = %(user_id)s::int4
          AND h.new_values ->> 'change_reason' IS NOT NULL
          AND h.new_values ->> 'cancellation_cause' IS DISTINCT FROM 'closure'
       ),
       told AS (
       SELECT g.id, FALSE AS is_next
         FROM given AS g
        UNION ALL
       SELECT (SELECT min(n.id)
                 FROM booking_audit AS n
                WHERE n.booking_id = g.booking_id
                  AND n.id > g.id) AS id,
              TRUE AS is_next
         FROM given AS g
       ),
       entries AS (
       SELECT t.id, bool_or(t.is_next) AS in_old, bool_or(NOT t.is_next) AS in_new
         FROM told AS t
        GROUP BY t.id
       )
UPDATE booking_audit AS h
   SET old_values = CASE WHEN e.in_old
                         THEN h.old_values || '{"change_reason": null}'::jsonb
                         ELSE h.old_values
                    END,
       new_values = CASE WHEN e.in_new
                         THEN h.new_values || '{"change_reason": null}'::jsonb
                         ELSE h.new_values
                    END
  FROM entries AS e
 WHERE h.id = e.id;

-- name: forget_user :one
-- The user without a name, rights or access. Should somebody else be called as they are
-- to be called, a number is added.
UPDATE users AS u
   SET username = (SELECT c.name
                     FROM (SELECT n.n,
                                  'anonymous-' || u.id
                                  || CASE n.n WHEN 1 THEN '' ELSE '-' || n.n END AS name
                             FROM generate_series(1, 1000) AS n (n)) AS c
                    WHERE NOT EXISTS (SELECT
                                        FROM users AS o
                                       WHERE lower(o.username) = c.name
                                         AND o.id <> u.id)
                    ORDER BY c.n
                    LIMIT 1),
       display_name = NULL,
       is_staff = FALSE,
       deactivated_at = COALESCE(u.deactivated_at, %(now)s::timestamptz),
       anonymised_at = COALESCE(u.anonymised_at, %(now)s::timestamptz)
 WHERE u.id = %(user_id)s::int4
   AND (u.anonymised_at IS NULL
        OR u.display_name IS NOT NULL
        OR u.is_staff)
RETURNING u.id, u.username;

-- name: forget_log :exec
-- Takes the names of a user and of their tokens out of the audit log.
  WITH tokens AS (
       UPDATE audit_log AS h
          SET old_values = h.old_values || '{"name": "Anonymised"}'::jsonb,
              new_values = h.new_values || '{"name": "Anonymised"}'::jsonb
        WHERE h.record_type = 'user_token'
          AND h.record_type IN ('user_group_member', 'site_staff', 'user_token')
          AND (COALESCE(h.new_values, h.old_values) ->> 'user_id')::int4 = %(user_id)s::int4
       )
UPDATE audit_log AS h
   SET old_values
           = h.old_values || jsonb_build_object('username', u.username, 'display_name', NULL),
       new_values
           = h.new_values || jsonb_build_object('username', u.username, 'display_name', NULL)
  FROM users AS u
 WHERE h.record_type = 'user'
   AND h.record_id = u.id
   AND u.id = %(user_id)s::int4;

-- name: forget_access :exec
-- Deletes a user's tokens, links, memberships and rights, and every reply kept for a repeated
-- request that names them.
  WITH tokens AS (
       DELETE FROM user_tokens
        WHERE user_id = %(user_id)s::int4
       ),
       links AS (
       DELETE FROM sign_in_links
        WHERE user_id = %(user_id)s::int4
       ),
       memberships AS (
       DELETE FROM user_group_members
        WHERE user_id = %(user_id)s::int4
       ),
       rights AS (
       DELETE FROM site_staff
        WHERE user_id = %(user_id)s::int4
       )
DELETE FROM idempotency_keys
 WHERE user_id = %(user_id)s::int4
    OR position(convert_to('"username":"' || %(username)s::text || '"', 'UTF8') IN body) > 0;
