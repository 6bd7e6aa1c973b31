-- name: get_facility :one
-- The facility with this id, archived or not.
SELECT f.id, f.site_id, s.name AS site_name, f.name, f.description, f.facility_type,
       f.capacity, f.amenities, f.time_zone, f.status, f.created_at, f.updated_at
  FROM facilities AS f
  JOIN sites AS s ON s.id = f.site_id
 WHERE f.id = %(facility_id)s::int4;

-- name: list_facilities :many :replan
-- Facilities that pass every filter given, in the order of their names.
-- Each pattern of the search, one to a line, must match the facility's own words or
-- its site's name. The first, the longest, is asked for alone before that, of each of
-- the two: an index finds one pattern in one column, and neither all nor both.
SELECT f.id, f.site_id, s.name AS site_name, f.name, f.description, f.facility_type,
       f.capacity, f.amenities, f.time_zone, f.status, f.created_at, f.updated_at
  FROM facilities AS f
  JOIN sites AS s ON s.id = f.site_id
 WHERE (%(facility_id)s::int4 IS NULL OR f.id = %(facility_id)s::int4)
   AND (%(site_id)s::int4 IS NULL OR f.site_id = %(site_id)s::int4)
   AND (%(min_capacity)s::int4 IS NULL OR f.capacity >= %(min_capacity)s::int4)
   AND (%(amenities)s::text[] IS NULL OR f.amenities @> %(amenities)s::text[])
   AND (%(facility_type)s::facility_type IS NULL
        OR f.facility_type = %(facility_type)s::facility_type)
   AND (%(status)s::facility_status IS NULL OR f.status = %(status)s::facility_status)
   AND (%(search)s::text IS NULL
        OR (f.id = ANY (ARRAY(
                SELECT o.id
                  FROM facilities AS o
                 WHERE o.search_text LIKE (string_to_array(lower(%(search)s::text), chr(10)))[1]
                 UNION ALL
                SELECT o.id
                  FROM sites AS p
                  JOIN facilities AS o ON o.site_id = p.id
                 WHERE lower(p.name) LIKE (string_to_array(lower(%(search)s::text), chr(10)))[1]))
            AND f.search_text || ' ' || lower(s.name)
                LIKE ALL (string_to_array(lower(%(search)s::text), chr(10)))))
   AND (%(after_name)s::text IS NULL
        OR (lower(f.name), f.id) > (lower(%(after_name)s::text), %(after_id)s::int4))
 ORDER BY lower(f.name), f.id
 LIMIT %(limit)s::int4;

-- name: hold_facility :one
-- The facility with this id, kept as it is until the commit; others may hold it too.
-- It is locked before its site is joined: see lock_facilities.
  WITH held AS MATERIALIZED (
       SELECT id, site_id, name, description, facility_type, capacity, amenities, time_zone,
              status, created_at, updated_at
         FROM facilities
        WHERE id = %(facility_id)s::int4
          FOR SHARE
       )
SELECT f.id, f.site_id, s.name AS site_name, f.name, f.description, f.facility_type,
       f.capacity, f.amenities, f.time_zone, f.status, f.created_at, f.updated_at
  FROM held AS f
  JOIN sites AS s ON s.id = f.site_id;

-- name: lock_facilities :many
-- These facilities, held against every other change until the commit, lowest id first.
-- They are locked before their sites are joined: a row that a rival changed while
-- this waited would otherwise be joined to what it was before.
  WITH locked AS MATERIALIZED (
       SELECT id, site_id, name, description, facility_type, capacity, amenities, time_zone,
              status, created_at, updated_at
         FROM facilities
        WHERE id = ANY (%(facility_ids)s::int4[])
        ORDER BY id
          FOR NO KEY UPDATE
       )
SELECT f.id, f.site_id, s.name AS site_name, f.name, f.description, f.facility_type,
       f.capacity, f.amenities, f.time_zone, f.status, f.created_at, f.updated_at
  FROM locked AS f
  JOIN sites AS s ON s.id = f.site_id
 ORDER BY f.id;

-- name: insert_facility :one
-- A new facility, or no row if the site has one of this name.
  WITH made AS (
       INSERT INTO facilities (site_id, name, description, facility_type, capacity, amenities,
                               time_zone)
       VALUES (%(site_id)s::int4, %(name)s::text, %(description)s::text,
               %(facility_type)s::facility_type, %(capacity)s::int4, %(amenities)s::text[],
               %(time_zone)s::text)
           ON CONFLICT (site_id, lower(name)) DO NOTHING
       RETURNING id, site_id, name, description, facility_type, capacity, amenities, time_zone,
                 status, created_at, updated_at
       )
SELECT f.id, f.site_id, s.name AS site_name, f.name, f.description, f.facility_type,
       f.capacity, f.amenities, f.time_zone, f.status, f.created_at, f.updated_at
  FROM made AS f
  JOIN sites AS s ON s.id = f.site_id;

-- name: update_facility :one
-- The facility with these values.
  WITH made AS (
       UPDATE facilities
          SET site_id = %(site_id)s::int4,
              name = %(name)s::text,
              description = %(description)s::text,
              facility_type = %(facility_type)s::facility_type,
              capacity = %(capacity)s::int4,
              amenities = %(amenities)s::text[],
              time_zone = %(time_zone)s::text,
              status = %(status)s::facility_status
        WHERE id = %(facility_id)s::int4
       RETURNING id, site_id, name, description, facility_type, capacity, amenities, time_zone,
                 status, created_at, updated_at
       )
SELECT f.id, f.site_id, s.name AS site_name, f.name, f.description, f.facility_type,
       f.capacity, f.amenities, f.time_zone, f.status, f.created_at, f.updated_at
  FROM made AS f
  JOIN sites AS s ON s.id = f.site_id;

-- name: list_free_facilities :many
-- Other active facilities that are free for the whole period and large enough.
-- First those of the same type at the same site, then the same site's, then the
-- smallest that will do. Over all facilities the index on start times, bounded by the
-- eight hours that a booking lasts at most, costs a tenth of the constraint's index,
-- which looks into one facility after another.
SELECT f.id, f.site_id, s.name AS site_name, f.name, f.description, f.facility_type,
       f.capacity, f.amenities, f.time_zone, f.status, f.created_at, f.updated_at
  FROM facilities AS f
  JOIN sites AS s ON s.id = f.site_id
  JOIN facilities AS wanted ON wanted.id = %(facility_id)s::int4
 WHERE f.id <> wanted.id
   AND f.status = 'active'
   AND f.capacity >= %(min_capacity)s::int4
   AND NOT EXISTS (SELECT
                     FROM bookings AS b
                    WHERE b.facility_id = f.id
                      AND b.start_time < %(end_time)s::timestamptz
                      AND b.end_time > %(start_time)s::timestamptz
                      AND b.start_time > %(start_time)s::timestamptz - INTERVAL '8 hours'
                      AND b.status IN ('confirmed', 'pending'))
 ORDER BY (f.site_id = wanted.site_id AND f.facility_type = wanted.facility_type) DESC,
          (f.site_id = wanted.site_id) DESC, f.capacity, f.id
 LIMIT %(limit)s::int4;
