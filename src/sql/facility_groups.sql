-- name: list_facility_groups :many
-- Groups of facilities in the order of their names.
SELECT g.id, g.name, g.created_at,
       ARRAY(SELECT m.facility_id
               FROM facility_group_members AS m
              WHERE m.facility_group_id = g.id
              ORDER BY m.facility_id) AS facility_ids
  FROM facility_groups AS g
 WHERE (lower(g.name), g.id)
       > (lower(COALESCE(%(after_name)s::text, '')), COALESCE(%(after_id)s::int4, 0))
 ORDER BY lower(g.name), g.id
 LIMIT %(limit)s::int4;

-- name: get_facility_group :one
-- The group with this id.
SELECT g.id, g.name, g.created_at,
       ARRAY(SELECT m.facility_id
               FROM facility_group_members AS m
              WHERE m.facility_group_id = g.id
              ORDER BY m.facility_id) AS facility_ids
  FROM facility_groups AS g
 WHERE g.id = %(group_id)s::int4;

-- name: lock_facility_group :one
-- The group with this id, held until the commit: nothing can begin to refer to it.
-- It is locked before its facilities are looked up: see lock_facilities.
  WITH locked AS MATERIALIZED (
       SELECT id, name, created_at
         FROM facility_groups
        WHERE id = %(group_id)s::int4
          FOR UPDATE
       )
SELECT g.id, g.name, g.created_at,
       ARRAY(SELECT m.facility_id
               FROM facility_group_members AS m
              WHERE m.facility_group_id = g.id
              ORDER BY m.facility_id) AS facility_ids
  FROM locked AS g;

-- name: insert_facility_group :one
-- A new group without facilities, or no row if the name is taken.
INSERT INTO facility_groups (name)
VALUES (%(name)s::text)
    ON CONFLICT (lower(name)) DO NOTHING
RETURNING id, name, created_at, '{}'::int4[] AS facility_ids;

-- name: rename_facility_group :exec
-- The group by another name.
UPDATE facility_groups
   SET name = %(name)s::text
 WHERE id = %(group_id)s::int4
   AND name <> %(name)s::text;

-- name: list_known_facilities :many
-- Those of these ids that facilities have.
SELECT id
  FROM facilities
 WHERE id = ANY (%(facility_ids)s::int4[])
 ORDER BY id;

-- name: drop_facilities :exec
-- Takes all facilities but these out of the group.
DELETE FROM facility_group_members
 WHERE facility_group_id = %(group_id)s::int4
   AND facility_id <> ALL (%(facility_ids)s::int4[]);

-- name: add_facilities :exec
-- Adds these facilities to the group; those in it already stay.
INSERT INTO facility_group_members (facility_group_id, facility_id)
SELECT %(group_id)s::int4, a.facility_id
  FROM unnest(%(facility_ids)s::int4[]) AS a (facility_id)
    ON CONFLICT DO NOTHING;

-- name: has_quota :value
-- Whether there is a quota for the group.
SELECT EXISTS (SELECT
                 FROM quotas
                WHERE facility_group_id = %(group_id)s::int4);

-- name: delete_facility_group :exec
-- Deletes a group that no quota is for, and with it what belongs to it.
DELETE FROM facility_groups
 WHERE id = %(group_id)s::int4;
