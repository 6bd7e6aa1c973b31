-- name: find_standing :one
-- Whether there are facilities, and which of the demo's names are taken, in lower case.
SELECT EXISTS (SELECT FROM facilities) AS has_facilities,
       ARRAY(SELECT lower(username)
               FROM users
              WHERE lower(username) = ANY (%(usernames)s::text[])) AS usernames,
       ARRAY(SELECT lower(name)
               FROM sites
              WHERE lower(name) = ANY (%(sites)s::text[])) AS sites;

-- name: be_patient :value
-- A load may wait for another one, and needs its time on a slow machine.
SELECT concat_ws(' ', set_config('lock_timeout', '60s', true),
                 set_config('statement_timeout', '60s', true));

-- name: keep_others_out :exec
-- Nobody else adds users, sites or facilities until the commit; everybody still reads.
LOCK TABLE users, sites, facilities IN SHARE ROW EXCLUSIVE MODE;

-- name: act_as :value
-- From here on, and until the commit, the audit names this user, or with NULL nobody.
SELECT set_config('holdfast.actor_id', COALESCE(%(user_id)s::int4::text, ''), true);

-- name: insert_users :many
-- New users, in the order given.
INSERT INTO users (username, display_name, is_staff, created_at)
SELECT username, display_name, is_staff, created_at
  FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS given (username TEXT, display_name TEXT, is_staff BOOL, created_at TIMESTAMPTZ)
RETURNING username, id;

-- name: insert_sites :many
-- New sites, in the order given.
INSERT INTO sites (name, time_zone, opening_hours, holiday_country, holiday_subdivision,
                   created_at, updated_at)
SELECT name, time_zone, opening_hours, holiday_country, holiday_subdivision, created_at,
       created_at
  FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS given (name TEXT, time_zone TEXT, opening_hours INT4MULTIRANGE, holiday_country TEXT,
              holiday_subdivision TEXT, created_at TIMESTAMPTZ)
RETURNING name, id;

-- name: insert_facilities :many
-- New facilities, in the order given.
INSERT INTO facilities (site_id, name, description, facility_type, capacity, amenities,
                        time_zone, opening_hours, min_duration_minutes, max_duration_minutes,
                        min_notice_minutes, horizon_days, start_step_minutes,
                        cancellation_notice_minutes, buffer_before_minutes,
                        buffer_after_minutes, requires_approval, approval_timeout_minutes,
                        created_at, updated_at)
SELECT site_id, name, description, facility_type, capacity, amenities, time_zone,
       opening_hours, min_duration_minutes, max_duration_minutes, min_notice_minutes,
       horizon_days, start_step_minutes, cancellation_notice_minutes, buffer_before_minutes,
       buffer_after_minutes, requires_approval, approval_timeout_minutes, created_at,
       created_at
  FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS given (site_id INT4, name TEXT, description TEXT, facility_type FACILITY_TYPE,
              capacity INT4, amenities TEXT[], time_zone TEXT, opening_hours INT4MULTIRANGE,
              min_duration_minutes INT2, max_duration_minutes INT2, min_notice_minutes INT4,
              horizon_days INT2, start_step_minutes INT2, cancellation_notice_minutes INT4,
              buffer_before_minutes INT2, buffer_after_minutes INT2, requires_approval BOOL,
              approval_timeout_minutes INT4, created_at TIMESTAMPTZ)
RETURNING name, id;

-- name: insert_site_staff :exec
-- Who is staff of which site only.
INSERT INTO site_staff (user_id, site_id)
SELECT user_id, site_id
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (user_id INT4, site_id INT4);

-- name: insert_user_groups :many
-- New groups of users, in the order given.
INSERT INTO user_groups (name, created_at)
SELECT name, created_at
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (name TEXT, created_at TIMESTAMPTZ)
RETURNING name, id;

-- name: insert_user_group_members :exec
-- Who belongs to which group of users.
INSERT INTO user_group_members (user_group_id, user_id)
SELECT user_group_id, user_id
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (user_group_id INT4, user_id INT4);

-- name: insert_facility_user_groups :exec
-- Which facility is open to which groups of users only.
INSERT INTO facility_user_groups (facility_id, user_group_id)
SELECT facility_id, user_group_id
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (facility_id INT4, user_group_id INT4);

-- name: insert_facility_groups :many
-- New groups of facilities, in the order given.
INSERT INTO facility_groups (name, created_at)
SELECT name, created_at
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (name TEXT, created_at TIMESTAMPTZ)
RETURNING name, id;

-- name: insert_facility_group_members :exec
-- Which facility belongs to which group of facilities.
INSERT INTO facility_group_members (facility_group_id, facility_id)
SELECT facility_group_id, facility_id
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (facility_group_id INT4, facility_id INT4);

-- name: insert_quotas :exec
-- New quotas, in the order given.
INSERT INTO quotas (facility_id, facility_group_id, max_active_bookings, max_hours_per_week,
                    created_at, updated_at)
SELECT facility_id, facility_group_id, max_active_bookings, max_hours_per_week, created_at,
       created_at
  FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS given (facility_id INT4, facility_group_id INT4, max_active_bookings INT4,
              max_hours_per_week INT4, created_at TIMESTAMPTZ);

-- name: insert_closures :exec
-- New closures that staff entered, in the order given.
INSERT INTO closures (facility_id, site_id, start_time, end_time, reason, created_at)
SELECT facility_id, site_id, start_time, end_time, reason, created_at
  FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS given (facility_id INT4, site_id INT4, start_time TIMESTAMPTZ, end_time TIMESTAMPTZ,
              reason TEXT, created_at TIMESTAMPTZ);

-- name: insert_bookings :many
-- New bookings, in the order given: those with a time to decide by are pending, the others
-- confirmed.
INSERT INTO bookings (facility_id, user_id, booked_by, start_time, end_time, title, description,
                      attendee_count, status, decide_by, buffer_before_minutes,
                      buffer_after_minutes, created_at, updated_at)
SELECT facility_id, user_id, booked_by, start_time, end_time, title, description,
       attendee_count,
       CASE WHEN decide_by IS NULL THEN 'confirmed' ELSE 'pending' END::booking_status,
       decide_by, buffer_before_minutes, buffer_after_minutes, created_at, created_at
  FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS given (facility_id INT4, user_id INT4, booked_by INT4, start_time TIMESTAMPTZ,
              end_time TIMESTAMPTZ, title TEXT, description TEXT, attendee_count INT4,
              decide_by TIMESTAMPTZ, buffer_before_minutes INT2, buffer_after_minutes INT2,
              created_at TIMESTAMPTZ)
RETURNING id;

-- name: settle_bookings :exec
-- What became of these bookings after they were made.
UPDATE bookings AS b
   SET status = given.status,
       decide_by = NULL,
       cancellation_cause = given.cancellation_cause,
       change_reason = given.change_reason
  FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS given (booking_id INT8, status BOOKING_STATUS, cancellation_cause CANCELLATION_CAUSE,
              change_reason TEXT)
 WHERE b.id = given.booking_id;

-- name: insert_conflicts :exec
-- Requests that met a booking in their way, in the order given.
INSERT INTO booking_conflicts (facility_id, user_id, start_time, end_time, occurred_at)
SELECT facility_id, user_id, start_time, end_time, occurred_at
  FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS given (facility_id INT4, user_id INT4, start_time TIMESTAMPTZ, end_time TIMESTAMPTZ,
              occurred_at TIMESTAMPTZ);

-- name: measure :exec
-- Statistics at once: until the database gathers them by itself, plans would be poor.
ANALYZE users, sites, facilities, bookings, closures, booking_conflicts;
