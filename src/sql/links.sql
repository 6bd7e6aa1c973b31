-- name: delete_links :exec
-- Makes every link of a user useless, and those of anybody's that are too old.
DELETE FROM sign_in_links
 WHERE user_id = %(user_id)s::int4
    OR expires_at <= %(now)s::timestamptz;

-- name: insert_link :exec
-- A new link of a user, of which only the hash is kept.
INSERT INTO sign_in_links (secret_hash, user_id, expires_at)
VALUES (%(secret_hash)s::bytea, %(user_id)s::int4, %(expires_at)s::timestamptz);

-- name: find_link :one
-- The active user whom the link with this hash signs in, if it is not too old.
SELECT l.user_id
  FROM sign_in_links AS l
  JOIN users AS u ON u.id = l.user_id
 WHERE l.secret_hash = %(secret_hash)s::bytea
   AND l.expires_at > %(now)s::timestamptz
   AND u.deactivated_at IS NULL;

-- name: use_link :exec
-- Uses the link with this hash up, if it still signs somebody in. Of those who come at once, one
-- does.
DELETE FROM sign_in_links AS l
 USING users AS u
 WHERE l.secret_hash = %(secret_hash)s::bytea
   AND l.expires_at > %(now)s::timestamptz
   AND u.id = l.user_id
   AND u.deactivated_at IS NULL;
