-- name: list_tokens :many
-- A user's tokens, expired ones too, oldest first.
SELECT id, name, token_prefix, scopes, created_at, expires_at
  FROM user_tokens
 WHERE user_id = %(user_id)s::int4
   AND id > COALESCE(%(after_id)s::int4, 0)
 ORDER BY id
 LIMIT %(limit)s::int4;

-- name: insert_token :one
-- A new token of a user, of which only the hash is kept.
INSERT INTO user_tokens (user_id, token_hash, token_prefix, name, scopes, expires_at)
VALUES (%(user_id)s::int4, %(token_hash)s::bytea, %(token_prefix)s::text, %(name)s::text,
        %(scopes)s::text[], %(expires_at)s::timestamptz)
RETURNING id, name, token_prefix, scopes, created_at, expires_at;

-- name: insert_session :exec
-- A new token of a user's browser. What it issues ends when that does which it was opened with.
INSERT INTO user_tokens (user_id, token_hash, token_prefix, name, scopes, expires_at,
                         issues_until)
VALUES (%(user_id)s::int4, %(token_hash)s::bytea, %(token_prefix)s::text, %(name)s::text,
        %(scopes)s::text[], %(expires_at)s::timestamptz,
        COALESCE(%(issues_until)s::timestamptz, 'infinity'));

-- name: delete_token :exec
-- Makes a token useless at once, if it is this user's.
DELETE FROM user_tokens
 WHERE id = %(token_id)s::int4
   AND user_id = %(user_id)s::int4;

-- name: delete_token_by_hash :exec
-- Makes the token with this hash useless at once.
DELETE FROM user_tokens
 WHERE token_hash = %(token_hash)s::bytea;

-- name: delete_expired_tokens :exec
-- Removes those of a user's tokens with this name that have expired.
DELETE FROM user_tokens
 WHERE user_id = %(user_id)s::int4
   AND name = %(name)s::text
   AND expires_at <= %(now)s::timestamptz;
