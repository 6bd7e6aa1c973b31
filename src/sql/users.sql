-- name: find_caller :one
-- The active user whose unexpired token has this hash.
SELECT u.id AS user_id, u.username, u.is_staff, t.expires_at AS token_expires_at
  FROM user_tokens AS t
  JOIN users AS u ON u.id = t.user_id
 WHERE t.token_hash = %(token_hash)s::bytea
   AND (t.expires_at IS NULL OR t.expires_at > %(now)s::timestamptz)
   AND u.deactivated_at IS NULL;

-- name: get_user :one
-- The user with this id, active or not.
SELECT id, username, display_name, is_staff, created_at, deactivated_at
  FROM users
 WHERE id = %(user_id)s::int4;

-- name: find_user_by_username :one
-- The user of this name, however it is capitalised, active or not.
SELECT id, username, display_name, is_staff, created_at, deactivated_at
  FROM users
 WHERE lower(username) = lower(%(username)s::text);

-- name: list_users :many :replan
-- Users in the order of their names; each pattern of the search, one to a line, must
-- match what they are called. The first, the longest, is there twice: an index finds
-- one, not all.
SELECT id, username, display_name, is_staff, created_at, deactivated_at
  FROM users
 WHERE (%(search)s::text IS NULL
        OR (lower(username || ' ' || COALESCE(display_name, ''))
            LIKE (string_to_array(lower(%(search)s::text), chr(10)))[1]
            AND lower(username || ' ' || COALESCE(display_name, ''))
                LIKE ALL (string_to_array(lower(%(search)s::text), chr(10)))))
   AND (%(after_username)s::text IS NULL
        OR (lower(username), id) > (lower(%(after_username)s::text), %(after_id)s::int4))
 ORDER BY lower(username), id
 LIMIT %(limit)s::int4;

-- name: insert_user :one
-- A new user, or no row if the name is taken.
INSERT INTO users (username, display_name, is_staff)
VALUES (%(username)s::text, %(display_name)s::text, %(is_staff)s::bool)
    ON CONFLICT (lower(username)) DO NOTHING
RETURNING id, username, display_name, is_staff, created_at, deactivated_at;

-- name: deactivate_user :one
-- The user, deactivated from now on, or since the time they already are.
UPDATE users
   SET deactivated_at = COALESCE(deactivated_at, now())
 WHERE id = %(user_id)s::int4
RETURNING id, username, display_name, is_staff, created_at, deactivated_at;
