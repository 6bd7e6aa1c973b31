-- name: try_lock :value
-- Whether this transaction is now the one that answers under this key.
-- The lock ends with the transaction, however it ends.
SELECT pg_try_advisory_xact_lock(
           hashtextextended(concat_ws(' ', %(user_id)s::int4, %(operation)s::text, %(key)s::text),
                            0));

-- name: find_reply :one
-- What was answered under this key, unless that has expired.
SELECT fingerprint, status, headers, body
  FROM idempotency_keys
 WHERE user_id = %(user_id)s::int4
   AND operation = %(operation)s::text
   AND key = %(key)s::text
   AND expires_at > %(now)s::timestamptz;

-- name: forget_replies :exec
-- Forgets what these users were answered: it may show what they may not see any more.
DELETE FROM idempotency_keys
 WHERE user_id = ANY (%(user_ids)s::int4[]);

-- name: store_reply :exec
-- Keeps an answer, over an expired one if need be, and removes a few others that expired.
-- SKIP LOCKED leaves to a rival what it is removing.
  WITH expired AS MATERIALIZED (
       SELECT user_id, operation, key
         FROM idempotency_keys
        WHERE expires_at < now()
          AND (user_id, operation, key)
              <> (%(user_id)s::int4, %(operation)s::text, %(key)s::text)
        ORDER BY expires_at
        LIMIT 5
          FOR UPDATE SKIP LOCKED
       ), removed AS (
       DELETE FROM idempotency_keys AS k
        USING expired AS e
        WHERE (k.user_id, k.operation, k.key) = (e.user_id, e.operation, e.key)
       )
INSERT INTO idempotency_keys (user_id, operation, key, fingerprint, status, headers, body,
                              expires_at)
VALUES (%(user_id)s::int4, %(operation)s::text, %(key)s::text, %(fingerprint)s::bytea,
        %(status)s::int2, %(headers)s::jsonb, %(body)s::bytea, now() + %(ttl)s::interval)
    ON CONFLICT ON CONSTRAINT idempotency_keys_pkey
    DO UPDATE
          SET fingerprint = EXCLUDED.fingerprint,
              status = EXCLUDED.status,
              headers = EXCLUDED.headers,
              body = EXCLUDED.body,
              created_at = EXCLUDED.created_at,
              expires_at = EXCLUDED.expires_at;
