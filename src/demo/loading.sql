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
-- From here on, and until the commit, the audit names this user.
SELECT set_config('holdfast.actor_id', %(user_id)s::int4::text, true);

-- name: insert_users :many
-- New users, in the order given.
INSERT INTO users (username, display_name, is_staff, created_at)
SELECT username, display_name, is_staff, created_at
  FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS given (username TEXT, display_name TEXT, is_staff BOOL, created_at TIMESTAMPTZ)
RETURNING username, id;

-- name: insert_sites :many
-- New sites, in the order given.
INSERT INTO sites (name, time_zone, created_at)
SELECT name, time_zone, created_at
  FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS given (name TEXT, time_zone TEXT, created_at TIMESTAMPTZ)
RETURNING name, id;

-- name: insert_facilities :many
-- New facilities, in the order given.
INSERT INTO facilities (site_id, name, description, facility_type, capacity, amenities,
                        time_zone, created_at, updated_at)
SELECT site_id, name, description, facility_type, capacity, amenities, time_zone, created_at,
       created_at
  FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS given (site_id INT4, name TEXT, description TEXT, facility_type FACILITY_TYPE,
              capacity INT4, amenities TEXT[], time_zone TEXT, created_at TIMESTAMPTZ)
RETURNING name, id;

-- name: insert_bookings :many
-- New confirmed bookings, in the order given.
INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, description,
                      attendee_count, created_at, updated_at)
SELECT facility_id, user_id, start_time, end_time, title, description, attendee_count,
       created_at, created_at
  FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS given (facility_id INT4, user_id INT4, start_time TIMESTAMPTZ, end_time TIMESTAMPTZ,
              title TEXT, description TEXT, attendee_count INT4, created_at TIMESTAMPTZ)
RETURNING id;

-- name: cancel_bookings :exec
-- These bookings, cancelled.
UPDATE bookings
   SET status = 'cancelled'
 WHERE id = ANY (%(booking_ids)s::int8[]);

-- name: measure :exec
-- Statistics at once: until the database gathers them by itself, plans would be poor.
ANALYZE users, sites, facilities, bookings;
