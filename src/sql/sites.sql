-- name: get_site :one
-- The site with this id.
SELECT id, name, time_zone, created_at, updated_at, opening_hours::text AS opening_hours,
       holiday_country, holiday_subdivision, holidays_until
  FROM sites
 WHERE id = %(site_id)s::int4;

-- name: list_sites :many
-- Sites in the order of their names.
SELECT id, name, time_zone, created_at, updated_at, opening_hours::text AS opening_hours,
       holiday_country, holiday_subdivision, holidays_until
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
RETURNING id, name, time_zone, created_at, updated_at, opening_hours::text AS opening_hours,
          holiday_country, holiday_subdivision, holidays_until;

-- name: hold_site :one
-- The site with this id, kept as it is until the commit; others may hold it too.
SELECT id, name, time_zone, created_at, updated_at, opening_hours::text AS opening_hours,
       holiday_country, holiday_subdivision, holidays_until
  FROM sites
 WHERE id = %(site_id)s::int4
   FOR SHARE;

-- name: lock_site :one
-- The site with this id, held against every other change until the commit.
SELECT id, name, time_zone, created_at, updated_at, opening_hours::text AS opening_hours,
       holiday_country, holiday_subdivision, holidays_until
  FROM sites
 WHERE id = %(site_id)s::int4
   FOR NO KEY UPDATE;

-- name: lock_sites_in_scope :exec
-- Holds one site, or all, so that no facility comes to it until the commit, lowest id
-- first. A facility refers to its site, which a stronger lock than that of a mere change
-- keeps it from.
SELECT
  FROM sites
 WHERE %(site_id)s::int4 IS NULL OR id = %(site_id)s::int4
 ORDER BY id
   FOR UPDATE;

-- name: update_site :one
-- The site with these values.
UPDATE sites
   SET name = %(name)s::text,
       time_zone = %(time_zone)s::text,
       opening_hours = %(opening_hours)s::int4multirange,
       holiday_country = %(holiday_country)s::text,
       holiday_subdivision = %(holiday_subdivision)s::text,
       holidays_until = %(holidays_until)s::int2
 WHERE id = %(site_id)s::int4
RETURNING id, name, time_zone, created_at, updated_at, opening_hours::text AS opening_hours,
          holiday_country, holiday_subdivision, holidays_until;

-- name: list_sites_to_refresh :many
-- Sites that have a calendar of public holidays whose days are not all written up to a year.
SELECT id
  FROM sites
 WHERE holiday_country IS NOT NULL
   AND COALESCE(holidays_until, 0) < %(year)s::int2
 ORDER BY id;

-- name: lock_site_to_refresh :one
-- The site, if it still is one of those, held until the commit. One that somebody else holds
-- is left for the next time.
SELECT id, name, time_zone, created_at, updated_at, opening_hours::text AS opening_hours,
       holiday_country, holiday_subdivision, holidays_until
  FROM sites
 WHERE id = %(site_id)s::int4
   AND holiday_country IS NOT NULL
   AND COALESCE(holidays_until, 0) < %(year)s::int2
   FOR NO KEY UPDATE SKIP LOCKED;

-- name: set_holidays_until :exec
-- Notes up to which year a site's public holidays are written.
UPDATE sites
   SET holidays_until = %(year)s::int2
 WHERE id = %(site_id)s::int4;
