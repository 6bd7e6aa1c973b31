-- name: find_caller :one
-- The active user whose unexpired token has this hash.
SELECT u.id AS user_id, u.username, u.is_staff,
       t.expires_at AS token_expires_at, t.scopes AS token_scopes,
       NULLIF(COALESCE(t.issues_until, t.expires_at), 'infinity') AS token_issues_until,
       ARRAY(SELECT s.site_id
               FROM site_staff AS s
              WHERE s.user_id = u.id) AS site_ids,
       ARRAY(SELECT g.user_group_id
               FROM user_group_members AS g
              WHERE g.user_id = u.id) AS group_ids
  FROM user_tokens AS t
  JOIN users AS u ON u.id = t.user_id
 WHERE t.token_hash = %(token_hash)s::bytea
   AND (t.expires_at IS NULL OR t.expires_at > %(now)s::timestamptz)
   AND u.deactivated_at IS NULL;

-- name: get_user :one
-- The user with this id, active or not.
SELECT u.id, u.username, u.display_name, u.is_staff, u.created_at, u.deactivated_at,
       u.anonymised_at,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name)
                                  ORDER BY lower(s.name), s.id)
                   FROM site_staff AS m
                   JOIN sites AS s ON s.id = m.site_id
                  WHERE m.user_id = u.id), '[]') AS sites,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name)
                                  ORDER BY lower(g.name), g.id)
                   FROM user_group_members AS m
                   JOIN user_groups AS g ON g.id = m.user_group_id
                  WHERE m.user_id = u.id), '[]') AS groups
  FROM users AS u
 WHERE u.id = %(user_id)s::int4;

-- name: find_user_by_username :one
-- The user of this name, however it is capitalised, active or not.
SELECT u.id, u.username, u.display_name, u.is_staff, u.created_at, u.deactivated_at,
       u.anonymised_at,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name)
                                  ORDER BY lower(s.name), s.id)
                   FROM site_staff AS m
                   JOIN sites AS s ON s.id = m.site_id
                  WHERE m.user_id = u.id), '[]') AS sites,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name)
                                  ORDER BY lower(g.name), g.id)
                   FROM user_group_members AS m
                   JOIN user_groups AS g ON g.id = m.user_group_id
                  WHERE m.user_id = u.id), '[]') AS groups
  FROM users AS u
 WHERE lower(u.username) = lower(%(username)s::text);

-- name: list_users :many :replan
-- Users in the order of their names; each pattern of the search, one to a line, must
-- match what they are called. The first, the longest, is there twice: an index finds
-- one, not all.
SELECT u.id, u.username, u.display_name, u.is_staff, u.created_at, u.deactivated_at,
       u.anonymised_at,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name)
                                  ORDER BY lower(s.name), s.id)
                   FROM site_staff AS m
                   JOIN sites AS s ON s.id = m.site_id
                  WHERE m.user_id = u.id), '[]') AS sites,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name)
                                  ORDER BY lower(g.name), g.id)
                   FROM user_group_members AS m
                   JOIN user_groups AS g ON g.id = m.user_group_id
                  WHERE m.user_id = u.id), '[]') AS groups
  FROM users AS u
 WHERE (%(search)s::text IS NULL
        OR (lower(u.username || ' ' || COALESCE(u.display_name, ''))
            LIKE (string_to_array(lower(%(search)s::text), chr(10)))[1]
            AND lower(u.username || ' ' || COALESCE(u.display_name, ''))
                LIKE ALL (string_to_array(lower(%(search)s::text), chr(10)))))
   AND (%(after_username)s::text IS NULL
        OR (lower(u.username), u.id) > (lower(%(after_username)s::text), %(after_id)s::int4))
 ORDER BY lower(u.username), u.id
 LIMIT %(limit)s::int4;

-- name: insert_user :one
-- A new user, who belongs to nothing yet, or no row if the name is taken.
INSERT INTO users (username, display_name, is_staff)
VALUES (%(username)s::text, %(display_name)s::text, %(is_staff)s::bool)
    ON CONFLICT (lower(username)) DO NOTHING
RETURNING id, username, display_name, is_staff, created_at, deactivated_at, anonymised_at,
          '[]'::jsonb AS sites, '[]'::jsonb AS groups;

-- name: lock_staff_and :many
-- All active staff of the house, and the user with this id, held until the commit.
-- Whoever takes somebody's rights holds all who have them, in the order of their ids:
-- two who want to take each other's wait, and the second sees that theirs are gone.
SELECT id, is_staff AND deactivated_at IS NULL AS governs
  FROM users
 WHERE id = %(user_id)s::int4
    OR (is_staff AND deactivated_at IS NULL)
 ORDER BY id
   FOR NO KEY UPDATE;

-- name: update_user :exec
-- The user with these values; no change is none.
UPDATE users
   SET display_name = %(display_name)s::text,
       is_staff = %(is_staff)s::bool,
       deactivated_at = %(deactivated_at)s::timestamptz
 WHERE id = %(user_id)s::int4
   AND (display_name, is_staff, deactivated_at)
       IS DISTINCT FROM
       (%(display_name)s::text, %(is_staff)s::bool, %(deactivated_at)s::timestamptz);

-- name: deactivate_user :exec
-- The user is deactivated from now on, or stays so since the time they already are.
UPDATE users
   SET deactivated_at = now()
 WHERE id = %(user_id)s::int4
   AND deactivated_at IS NULL;

-- name: list_known_sites :many
-- Those of these ids that sites have.
SELECT id
  FROM sites
 WHERE id = ANY (%(site_ids)s::int4[])
 ORDER BY id;

-- name: drop_sites :exec
-- The user is staff of none but these sites.
DELETE FROM site_staff
 WHERE user_id = %(user_id)s::int4
   AND site_id <> ALL (%(site_ids)s::int4[]);

-- name: add_sites :exec
-- The user is staff of these sites too.
INSERT INTO site_staff (user_id, site_id)
SELECT %(user_id)s::int4, a.site_id
  FROM unnest(%(site_ids)s::int4[]) AS a (site_id)
    ON CONFLICT DO NOTHING;
