-- name: lock_facilities_named :many
-- The facilities that the lines name at these sites, held against every other change, lowest
-- id first.
SELECT f.id
  FROM facilities AS f
 WHERE f.id = ANY (ARRAY(
           SELECT o.id
             FROM unnest(%(sites)s::text[], %(names)s::text[]) AS l (site, name)
             JOIN sites AS s ON lower(s.name) = lower(l.site)
             JOIN facilities AS o ON o.site_id = s.id AND lower(o.name) = lower(l.name)
            WHERE %(site_ids)s::int4[] IS NULL
               OR s.id = ANY (%(site_ids)s::int4[])))
 ORDER BY f.id
   FOR NO KEY UPDATE;

-- name: match_facilities :many
-- For each line, in order, the site and the facility that it names, as far as there are any.
SELECT s.id AS site_id, s.time_zone AS site_time_zone, f.id AS facility_id,
       f.name, f.description, f.facility_type, f.capacity, f.amenities,
       f.time_zone, f.status, f.opening_hours::text AS opening_hours, f.min_duration_minutes,
       f.max_duration_minutes, f.min_notice_minutes, f.horizon_days, f.start_step_minutes,
       f.cancellation_notice_minutes, f.buffer_before_minutes, f.buffer_after_minutes,
       f.requires_approval, f.approval_timeout_minutes, lower(l.name) AS key,
       ARRAY(SELECT o.user_group_id
               FROM facility_user_groups AS o
              WHERE o.facility_id = f.id
              ORDER BY o.user_group_id) AS open_to
  FROM unnest(%(sites)s::text[], %(names)s::text[]) WITH ORDINALITY AS l (site, name, line)
  LEFT JOIN sites AS s ON lower(s.name) = lower(l.site)
  LEFT JOIN facilities AS f ON f.site_id = s.id AND lower(f.name) = lower(l.name)
 ORDER BY l.line;

-- name: match_user_groups :many
-- For each of the names that a group of users has, the group.
SELECT l.name, g.id
  FROM unnest(%(names)s::text[]) AS l (name)
  JOIN user_groups AS g ON lower(g.name) = lower(l.name);

-- name: match_sites :many
-- For each of the names that a site has, the site.
SELECT l.name, s.id
  FROM unnest(%(names)s::text[]) AS l (name)
  JOIN sites AS s ON lower(s.name) = lower(l.name);

-- name: insert_facilities :exec
-- New facilities; one that somebody else has added meanwhile is left out.
INSERT INTO facilities (
       site_id, name, description, facility_type, capacity, amenities, time_zone, status,
       opening_hours, min_duration_minutes, max_duration_minutes, min_notice_minutes,
       horizon_days, start_step_minutes, cancellation_notice_minutes, buffer_before_minutes,
       buffer_after_minutes, requires_approval, approval_timeout_minutes)
SELECT l.site_id, l.name, l.description, l.facility_type, l.capacity, l.amenities, l.time_zone,
       l.status, l.opening_hours, l.min_duration_minutes, l.max_duration_minutes,
       l.min_notice_minutes, l.horizon_days, l.start_step_minutes,
       l.cancellation_notice_minutes, l.buffer_before_minutes, l.buffer_after_minutes,
       l.requires_approval, l.approval_timeout_minutes
  FROM jsonb_populate_recordset(NULL::facilities, %(lines)s::jsonb) AS l
    ON CONFLICT (site_id, lower(name)) DO NOTHING;

-- name: update_facilities :exec
-- Facilities with other values.
UPDATE facilities AS f
   SET name = l.name,
       description = l.description,
       facility_type = l.facility_type,
       capacity = l.capacity,
       amenities = l.amenities,
       time_zone = l.time_zone,
       status = l.status,
       opening_hours = l.opening_hours,
       min_duration_minutes = l.min_duration_minutes,
       max_duration_minutes = l.max_duration_minutes,
       min_notice_minutes = l.min_notice_minutes,
       horizon_days = l.horizon_days,
       start_step_minutes = l.start_step_minutes,
       cancellation_notice_minutes = l.cancellation_notice_minutes,
       buffer_before_minutes = l.buffer_before_minutes,
       buffer_after_minutes = l.buffer_after_minutes,
       requires_approval = l.requires_approval,
       approval_timeout_minutes = l.approval_timeout_minutes
  FROM jsonb_populate_recordset(NULL::facilities, %(lines)s::jsonb) AS l
 WHERE f.id = l.id;

-- name: close_to_groups :exec
-- Close facilities to the groups that their lines do not name.
DELETE FROM facility_user_groups AS o
 USING jsonb_to_recordset(%(lines)s::jsonb) AS l (site_id INT4, name TEXT, open_to INT4[])
  JOIN facilities AS f ON f.site_id = l.site_id AND lower(f.name) = lower(l.name)
 WHERE o.facility_id = f.id
   AND o.user_group_id <> ALL (l.open_to);

-- name: open_to_groups :exec
-- Open facilities to the groups that their lines name.
INSERT INTO facility_user_groups (facility_id, user_group_id)
SELECT f.id, g.id
  FROM jsonb_to_recordset(%(lines)s::jsonb) AS l (site_id INT4, name TEXT, open_to INT4[])
  JOIN facilities AS f ON f.site_id = l.site_id AND lower(f.name) = lower(l.name),
       unnest(l.open_to) AS g (id)
    ON CONFLICT DO NOTHING;

-- name: lock_users_named :many
-- The users that the lines name, held against every other change, lowest id first.
SELECT u.id
  FROM users AS u
 WHERE lower(u.username) = ANY (ARRAY(SELECT lower(n) FROM unnest(%(names)s::text[]) AS n))
 ORDER BY u.id
   FOR NO KEY UPDATE;

-- name: hold_users :many
-- The users with these ids, held so that nothing begins to refer to them, lowest id first.
SELECT id
  FROM users
 WHERE id = ANY (%(user_ids)s::int4[])
 ORDER BY id
   FOR UPDATE;

-- name: match_users :many
-- For each line, in order, the user that it names, as far as there is one.
SELECT u.id AS user_id, u.username, u.display_name, u.is_staff, lower(l.name) AS key,
       CASE WHEN u.deactivated_at IS NULL THEN 'active' ELSE 'deactivated' END AS status,
       u.anonymised_at IS NOT NULL AS is_anonymised,
       ARRAY(SELECT m.user_group_id
               FROM user_group_members AS m
              WHERE m.user_id = u.id
              ORDER BY m.user_group_id) AS groups,
       ARRAY(SELECT m.site_id
               FROM site_staff AS m
              WHERE m.user_id = u.id
              ORDER BY m.site_id) AS sites
  FROM unnest(%(names)s::text[]) WITH ORDINALITY AS l (name, line)
  LEFT JOIN users AS u ON lower(u.username) = lower(l.name)
 ORDER BY l.line;

-- name: insert_users :exec
-- New users; one that somebody else has added meanwhile is left out.
INSERT INTO users (username, display_name, is_staff, deactivated_at)
SELECT l.username, l.display_name, l.is_staff,
       CASE WHEN l.status = 'deactivated' THEN now() END AS deactivated_at
  FROM jsonb_to_recordset(%(lines)s::jsonb)
       AS l (username TEXT, display_name TEXT, is_staff BOOL, status TEXT)
    ON CONFLICT (lower(username)) DO NOTHING;

-- name: update_users :exec
-- Users with other values; who is deactivated already stays so since then.
UPDATE users AS u
   SET display_name = l.display_name,
       is_staff = l.is_staff,
       deactivated_at = CASE WHEN l.status = 'deactivated'
                             THEN COALESCE(u.deactivated_at, now())
                        END
  FROM jsonb_to_recordset(%(lines)s::jsonb)
       AS l (id INT4, display_name TEXT, is_staff BOOL, status TEXT)
 WHERE u.id = l.id;

-- name: leave_groups :exec
-- Take users from the groups that their lines do not name.
DELETE FROM user_group_members AS m
 USING jsonb_to_recordset(%(lines)s::jsonb) AS l (username TEXT, groups INT4[])
  JOIN users AS u ON lower(u.username) = lower(l.username)
 WHERE m.user_id = u.id
   AND m.user_group_id <> ALL (l.groups);

-- name: join_groups :exec
-- Put users into the groups that their lines name.
INSERT INTO user_group_members (user_group_id, user_id)
SELECT g.id, u.id
  FROM jsonb_to_recordset(%(lines)s::jsonb) AS l (username TEXT, groups INT4[])
  JOIN users AS u ON lower(u.username) = lower(l.username),
       unnest(l.groups) AS g (id)
    ON CONFLICT DO NOTHING;

-- name: leave_sites :exec
-- Make users staff no more of the sites that their lines do not name.
DELETE FROM site_staff AS m
 USING jsonb_to_recordset(%(lines)s::jsonb) AS l (username TEXT, sites INT4[])
  JOIN users AS u ON lower(u.username) = lower(l.username)
 WHERE m.user_id = u.id
   AND m.site_id <> ALL (l.sites);

-- name: join_sites :exec
-- Make users staff of the sites that their lines name.
INSERT INTO site_staff (user_id, site_id)
SELECT u.id, s.id
  FROM jsonb_to_recordset(%(lines)s::jsonb) AS l (username TEXT, sites INT4[])
  JOIN users AS u ON lower(u.username) = lower(l.username),
       unnest(l.sites) AS s (id)
    ON CONFLICT DO NOTHING;
