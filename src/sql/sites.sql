-- name: get_site :one
-- The site with this id.
SELECT id, name, time_zone, created_at
  FROM sites
 WHERE id = %(site_id)s::int4;

-- name: list_sites :many
-- Sites in the order of their names.
SELECT id, name, time_zone, created_at
  FROM sites
 WHERE (lower(name), id)
       > (lower(COALESCE(%(after_name)s::text, '')), COALESCE(%(after_id)s::int4, 0))
 ORDER BY lower(name), id
 LIMIT %(limit)s::int4;

-- name: insert_site :one
-- A new site, or no row if the name is taken.
INSERT INTO sites (name, time_zone)
VALUES (%(name)s::text, %(time_zone)s::text)
    ON CONFLICT (lower(name)) DO NOTHING
RETURNING id, name, time_zone, created_at;
