-- name: list_user_groups :many
-- Groups of users in the order of their names.
SELECT g.id, g.name, g.created_at,
       (SELECT count(*)::int4
          FROM user_group_members AS m
         WHERE m.user_group_id = g.id) AS member_count
  FROM user_groups AS g
 WHERE (lower(g.name), g.id)
       > (lower(COALESCE(%(after_name)s::text, '')), COALESCE(%(after_id)s::int4, 0))
 ORDER BY lower(g.name), g.id
 LIMIT %(limit)s::int4;

-- name: get_user_group :one
-- The group with this id.
SELECT g.id, g.name, g.created_at,
       (SELECT count(*)::int4
          FROM user_group_members AS m
         WHERE m.user_group_id = g.id) AS member_count
  FROM user_groups AS g
 WHERE g.id = %(group_id)s::int4;

-- name: lock_user_group :one
-- The group with this id, held until the commit: nothing can begin to refer to it.
-- It is locked before its members are counted: see lock_facilities.
  WITH locked AS MATERIALIZED (
       SELECT id, name, created_at
         FROM user_groups
        WHERE id = %(group_id)s::int4
          FOR UPDATE
       )
SELECT g.id, g.name, g.created_at,
       (SELECT count(*)::int4
          FROM user_group_members AS m
         WHERE m.user_group_id = g.id) AS member_count
  FROM locked AS g;

-- name: insert_user_group :one
-- A new group without members, or no row if the name is taken.
INSERT INTO user_groups (name)
VALUES (%(name)s::text)
    ON CONFLICT (lower(name)) DO NOTHING
RETURNING id, name, created_at, 0 AS member_count;

-- name: rename_user_group :exec
-- The group by another name.
UPDATE user_groups
   SET name = %(name)s::text
 WHERE id = %(group_id)s::int4
   AND name <> %(name)s::text;

-- name: delete_user_group :exec
-- Deletes a group that no facility is open to, and with it who belongs to it.
DELETE FROM user_groups
 WHERE id = %(group_id)s::int4;

-- name: list_open_to :many
-- The first few facilities that are open to the group, by name.
SELECT f.id, f.name
  FROM facility_user_groups AS o
  JOIN facilities AS f ON f.id = o.facility_id
 WHERE o.user_group_id = %(group_id)s::int4
 ORDER BY lower(f.name), f.id
 LIMIT 11;

-- name: list_members :many
-- The users of a group in the order of their names.
SELECT u.id, u.username, u.display_name
  FROM user_group_members AS m
  JOIN users AS u ON u.id = m.user_id
 WHERE m.user_group_id = %(group_id)s::int4
   AND (lower(u.username), u.id)
       > (lower(COALESCE(%(after_username)s::text, '')), COALESCE(%(after_id)s::int4, 0))
 ORDER BY lower(u.username), u.id
 LIMIT %(limit)s::int4;

-- name: add_member :exec
-- Makes a user a member of a group; nothing happens if they are, or if either is not there.
INSERT INTO user_group_members (user_group_id, user_id)
SELECT g.id, u.id
  FROM user_groups AS g
 CROSS JOIN users AS u
 WHERE g.id = %(group_id)s::int4
   AND u.id = %(user_id)s::int4
    ON CONFLICT DO NOTHING;

-- name: remove_member :exec
-- Takes a user out of a group; nothing happens if they are not in it.
DELETE FROM user_group_members
 WHERE user_group_id = %(group_id)s::int4
   AND user_id = %(user_id)s::int4;
