-- name: get_facility :one
-- The facility with this id, archived or not.
SELECT f.id, f.site_id, s.name AS site_name, f.name, f.description, f.facility_type,
       f.capacity, f.amenities, f.time_zone, f.status, f.created_at, f.updated_at,
       f.opening_hours::text AS opening_hours, s.opening_hours::text AS site_opening_hours,
       f.min_duration_minutes, f.max_duration_minutes, f.min_notice_minutes,
       f.horizon_days, f.start_step_minutes, f.cancellation_notice_minutes,
       f.buffer_before_minutes, f.buffer_after_minutes, f.requires_approval,
       f.approval_timeout_minutes,
       ARRAY(SELECT o.user_group_id
               FROM facility_user_groups AS o
              WHERE o.facility_id = f.id
              ORDER BY o.user_group_id) AS user_group_ids
  FROM facilities AS f
  JOIN sites AS s ON s.id = f.site_id
 WHERE f.id = %(facility_id)s::int4;

-- name: list_facilities :many :replan
-- Facilities that pass every filter given, in the order of their names.
-- Each pattern of the search, one to a line, must match the facility's own words or
-- its site's name. The first, the longest, is asked for alone before that, of each of
-- the two: an index finds one pattern in one column, and neither all nor both.
SELECT f.id, f.site_id, s.name AS site_name, f.name, f.description, f.facility_type,
       f.capacity, f.amenities, f.time_zone, f.status, f.created_at, f.updated_at,
       f.opening_hours::text AS opening_hours, s.opening_hours::text AS site_opening_hours,
       f.min_duration_minutes, f.max_duration_minutes, f.min_notice_minutes,
       f.horizon_days, f.start_step_minutes, f.cancellation_notice_minutes,
       f.buffer_before_minutes, f.buffer_after_minutes, f.requires_approval,
       f.approval_timeout_minutes,
       ARRAY(SELECT o.user_group_id
               FROM facility_user_groups AS o
              WHERE o.facility_id = f.id
              ORDER BY o.user_group_id) AS user_group_ids
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

-- name: list_facilities_of :many
-- These facilities, archived or not, lowest id first.
SELECT f.id, f.site_id, s.name AS site_name, f.name, f.description, f.facility_type,
       f.capacity, f.amenities, f.time_zone, f.status, f.created_at, f.updated_at,
       f.opening_hours::text AS opening_hours, s.opening_hours::text AS site_opening_hours,
       f.min_duration_minutes, f.max_duration_minutes, f.min_notice_minutes,
       f.horizon_days, f.start_step_minutes, f.cancellation_notice_minutes,
       f.buffer_before_minutes, f.buffer_after_minutes, f.requires_approval,
       f.approval_timeout_minutes,
       ARRAY(SELECT o.user_group_id
               FROM facility_user_groups AS o
              WHERE o.facility_id = f.id
              ORDER BY o.user_group_id) AS user_group_ids
  FROM facilities AS f
  JOIN sites AS s ON s.id = f.site_id
 WHERE f.id = ANY (%(facility_ids)s::int4[])
 ORDER BY f.id;

-- name: hold_facility :exec
-- Keeps the facility with this id, and its terms, as they are until the commit; others may
-- hold it too. It is read by the next statement: one that waited for a rival would still see
-- the groups and the site of the facility as they were before.
  WITH held AS MATERIALIZED (
       SELECT id
         FROM facilities
        WHERE id = %(facility_id)s::int4
          FOR SHARE
       ),
       terms AS MATERIALIZED (
       SELECT facility_id
         FROM facility_terms
        WHERE facility_id = (SELECT h.id FROM held AS h)
          FOR SHARE
       )
SELECT
  FROM held AS h
  LEFT JOIN terms AS t  -- noqa: ST11
    ON t.facility_id = h.id;

-- name: lock_facilities :exec
-- Holds these facilities against every other change until the commit, lowest id first.
-- They are read by the next statement: see hold_facility.
SELECT
  FROM facilities
 WHERE id = ANY (%(facility_ids)s::int4[])
 ORDER BY id
   FOR NO KEY UPDATE;

-- name: lock_facilities_in_scope :exec
-- Holds one facility, all of a site, or all there are, against every other change until
-- the commit, lowest id first.
SELECT
  FROM facilities
 WHERE (%(facility_id)s::int4 IS NULL OR id = %(facility_id)s::int4)
   AND (%(site_id)s::int4 IS NULL OR site_id = %(site_id)s::int4)
 ORDER BY id
   FOR NO KEY UPDATE;

-- name: insert_facility :one
-- A new facility, open to all, or no row if the site has one of this name.
  WITH made AS (
       INSERT INTO facilities (site_id, name, description, facility_type, capacity, amenities,
                               time_zone, opening_hours, min_duration_minutes,
                               max_duration_minutes, min_notice_minutes, horizon_days,
                               start_step_minutes, cancellation_notice_minutes,
                               buffer_before_minutes, buffer_after_minutes, requires_approval,
                               approval_timeout_minutes)
       VALUES (%(site_id)s::int4, %(name)s::text, %(description)s::text,
               %(facility_type)s::facility_type, %(capacity)s::int4, %(amenities)s::text[],
               %(time_zone)s::text, %(opening_hours)s::int4multirange,
               %(min_duration_minutes)s::int2, %(max_duration_minutes)s::int2,
               %(min_notice_minutes)s::int4, %(horizon_days)s::int2,
               %(start_step_minutes)s::int2, %(cancellation_notice_minutes)s::int4,
               %(buffer_before_minutes)s::int2, %(buffer_after_minutes)s::int2,
               %(requires_approval)s::bool, %(approval_timeout_minutes)s::int4)
           ON CONFLICT (site_id, lower(name)) DO NOTHING
       RETURNING id, site_id, name, description, facility_type, capacity, amenities, time_zone,
                 status, created_at, updated_at, opening_hours, min_duration_minutes,
                 max_duration_minutes, min_notice_minutes, horizon_days, start_step_minutes,
                 cancellation_notice_minutes, buffer_before_minutes, buffer_after_minutes,
                 requires_approval, approval_timeout_minutes
       )
SELECT f.id, f.site_id, s.name AS site_name, f.name, f.description, f.facility_type,
       f.capacity, f.amenities, f.time_zone, f.status, f.created_at, f.updated_at,
       f.opening_hours::text AS opening_hours, s.opening_hours::text AS site_opening_hours,
       f.min_duration_minutes, f.max_duration_minutes, f.min_notice_minutes,
       f.horizon_days, f.start_step_minutes, f.cancellation_notice_minutes,
       f.buffer_before_minutes, f.buffer_after_minutes, f.requires_approval,
       f.approval_timeout_minutes,
       ARRAY(SELECT o.user_group_id
               FROM facility_user_groups AS o
              WHERE o.facility_id = f.id
              ORDER BY o.user_group_id) AS user_group_ids
  FROM made AS f
  JOIN sites AS s ON s.id = f.site_id;

-- name: update_facility :exec
-- Gives the facility these values.
UPDATE facilities
   SET site_id = %(site_id)s::int4,
       name = %(name)s::text,
       description = %(description)s::text,
       facility_type = %(facility_type)s::facility_type,
       capacity = %(capacity)s::int4,
       amenities = %(amenities)s::text[],
       time_zone = %(time_zone)s::text,
       status = %(status)s::facility_status,
       opening_hours = %(opening_hours)s::int4multirange,
       min_duration_minutes = %(min_duration_minutes)s::int2,
       max_duration_minutes = %(max_duration_minutes)s::int2,
       min_notice_minutes = %(min_notice_minutes)s::int4,
       horizon_days = %(horizon_days)s::int2,
       start_step_minutes = %(start_step_minutes)s::int2,
       cancellation_notice_minutes = %(cancellation_notice_minutes)s::int4,
       buffer_before_minutes = %(buffer_before_minutes)s::int2,
       buffer_after_minutes = %(buffer_after_minutes)s::int2,
       requires_approval = %(requires_approval)s::bool,
       approval_timeout_minutes = %(approval_timeout_minutes)s::int4,
       updated_at = CASE WHEN %(touched)s::bool THEN now() ELSE updated_at END
 WHERE id = %(facility_id)s::int4;

-- name: list_groups_let_in :many
-- The groups of users that these facilities are open to, by facility and then by name.
SELECT o.facility_id, g.id, g.name
  FROM facility_user_groups AS o
  JOIN user_groups AS g ON g.id = o.user_group_id
 WHERE o.facility_id = ANY (%(facility_ids)s::int4[])
 ORDER BY o.facility_id, lower(g.name), g.id;

-- name: let_groups_in :exec
-- Lets these groups of users book the facility besides those that may.
INSERT INTO facility_user_groups (facility_id, user_group_id)
SELECT %(facility_id)s::int4, wanted.id
  FROM unnest(%(user_group_ids)s::int4[]) AS wanted (id)
    ON CONFLICT (facility_id, user_group_id) DO NOTHING;

-- name: keep_other_groups_out :exec
-- Lets all groups but these no longer book the facility; with none, it is open to all.
DELETE FROM facility_user_groups
 WHERE facility_id = %(facility_id)s::int4
   AND user_group_id <> ALL (%(user_group_ids)s::int4[]);

-- name: list_candidates :many
-- Active facilities that are large enough, to be looked at in place of one of this site, type and
-- size: first those of the type, of which first the site's, then those whose size is nearest by its
-- factor to the middle of what the power of two of theirs spans. A room elsewhere comes before a
-- bicycle here: neither may do, but only one can.
SELECT f.id, f.site_id, s.name AS site_name, f.name, f.description, f.facility_type,
       f.capacity, f.amenities, f.time_zone, f.status, f.created_at, f.updated_at,
       f.opening_hours::text AS opening_hours, s.opening_hours::text AS site_opening_hours,
       f.min_duration_minutes, f.max_duration_minutes, f.min_notice_minutes,
       f.horizon_days, f.start_step_minutes, f.cancellation_notice_minutes,
       f.buffer_before_minutes, f.buffer_after_minutes, f.requires_approval,
       f.approval_timeout_minutes,
       ARRAY(SELECT o.user_group_id
               FROM facility_user_groups AS o
              WHERE o.facility_id = f.id
              ORDER BY o.user_group_id) AS user_group_ids
  FROM facilities AS f
  JOIN sites AS s ON s.id = f.site_id
 WHERE f.status = 'active'
   AND f.capacity >= %(min_capacity)s::int4
 ORDER BY (f.facility_type = %(facility_type)s::facility_type) DESC,
          (f.site_id = %(site_id)s::int4) DESC,
          abs(ln(f.capacity) - ln(1.4 * %(capacity)s::int4)), f.id
 LIMIT %(limit)s::int4;
