-- name: list_changes_of_bookings :many
-- Every change of a user's bookings, and every change of bookings that they made.
-- Two searches, each of which an index serves, rather than one that none does.
SELECT h.id, h.booking_id, h.action, h.old_values, h.new_values,
       h.changed_by AS changed_by_id, u.username AS changed_by_username,
       u.display_name AS changed_by_display_name, h.request_id, h.changed_at
  FROM booking_audit AS h
  LEFT JOIN users AS u ON u.id = h.changed_by
 WHERE h.id IN (SELECT o.id
                  FROM bookings AS b
                  JOIN booking_audit AS o ON o.booking_id = b.id
                 WHERE b.user_id = %(user_id)s::int4
                   AND o.id > COALESCE(%(after_id)s::int8, 0)
                 UNION ALL
                SELECT o.id
                  FROM booking_audit AS o
                 WHERE o.changed_by = %(user_id)s::int4
                   AND o.id > COALESCE(%(after_id)s::int8, 0))
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
-- Every change of a user's own record and memberships, and every change that they made.
SELECT h.id, h.record_type, h.record_id, h.action, h.old_values, h.new_values,
       h.changed_by AS changed_by_id, u.username AS changed_by_username,
       u.display_name AS changed_by_display_name, h.request_id, h.changed_at
  FROM audit_log AS h
  LEFT JOIN users AS u ON u.id = h.changed_by
 WHERE (h.changed_by = %(user_id)s::int4
        OR (h.record_type = 'user' AND h.record_id = %(user_id)s::int4)
        OR (h.record_type IN ('user_group_member', 'site_staff')
            AND (COALESCE(h.new_values, h.old_values) ->> 'user_id')::int4
                = %(user_id)s::int4))
   AND h.id > COALESCE(%(after_id)s::int8, 0)
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
-- How many bookings a user has, held until the commit, in the order of their ids.
  WITH held AS MATERIALIZED (
       SELECT id
         FROM bookings
        WHERE user_id = %(user_id)s::int4
        ORDER BY id
          FOR NO KEY UPDATE
       )
SELECT count(*)
  FROM held;

-- name: hold_user :value
-- Holds a user until the commit, so that nothing begins to refer to them, and tells
-- their name. It waits for whatever they are about to do.
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
                             END
 WHERE user_id = %(user_id)s::int4
   AND (title <> 'Anonymised'
        OR description IS NOT NULL
        OR change_reason IS NOT NULL
        OR (status <> 'cancelled' AND start_time > %(now)s::timestamptz));

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
       deactivated_at = COALESCE(u.deactivated_at, %(now)s::timestamptz)
 WHERE u.id = %(user_id)s::int4
   AND (u.display_name IS NOT NULL
        OR u.is_staff
        OR u.deactivated_at IS NULL
        OR u.username !~ ('^anonymous-' || u.id || '(-[0-9]+)?$'))
RETURNING u.id, u.username;

-- name: forget_log :exec
-- Takes the user's names out of the audit log.
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
-- Deletes a user's tokens, memberships and rights, and every reply kept for a repeated
-- request that names them.
  WITH tokens AS (
       DELETE FROM user_tokens
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
