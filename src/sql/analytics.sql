-- name: allow_time :value
-- Let statements of this transaction take as long as a report may on a busy machine, and
-- have none of them compiled, which costs a report more than it saves.
SELECT set_config('jit', 'off', TRUE)
       || set_config('statement_timeout', %(milliseconds)s::int4::text, TRUE);

-- name: report_utilisation :many :replan
-- Open and booked minutes of facilities on calendar days, by whatever they are grouped by.
-- What is open is counted once for each day of a week and each odd day, and multiplied.
-- What is booked is counted in bookings that begin at one time of the week and last
-- equally long. Both are cheap because minutes are counted from a Monday (0001-01-01), so
-- that the minute of the week, the hour and the date are remainders and quotients, and
-- because "opened" holds how many quarters of the week are open before each of them.
-- A "stretch" is time in which the clock of a zone runs evenly, and "ahead" how far its
-- minutes are ahead of UTC's (since 1970); it is NULL where that is not so. What meets a
-- change of the clock or a closure is looked at a quarter of an hour at a time.
  WITH midnight AS (
       SELECT z.zone, d::date AS date,
              CASE WHEN (d AT TIME ZONE z.zone - INTERVAL '1 hour') AT TIME ZONE z.zone >= d
                   THEN d AT TIME ZONE z.zone - INTERVAL '1 hour'
                   ELSE d AT TIME ZONE z.zone
              END AS begins
         FROM (SELECT DISTINCT time_zone AS zone FROM facilities) AS z,
              generate_series(%(start_date)s::date::timestamp,
                              %(end_date)s::date + INTERVAL '1 day', '1 day') AS d
       ),
       day AS MATERIALIZED (
       SELECT zone, date, begins, ends, ends - begins = INTERVAL '1 day' AS is_even,
              (date - DATE '0001-01-01')::int8 * 1440
              - (date_part('epoch', begins) / 60)::int8 AS ahead,
              CASE WHEN ends - begins = INTERVAL '1 day' THEN date_part('isodow', date)::int4
                   ELSE 8 + date - %(start_date)s::date
              END AS shape,
              CASE WHEN %(group_by)s::text IN ('weekday', 'weekday_hour')
                   THEN date_part('isodow', date)::int4
              END AS weekday,
              CASE %(group_by)s::text
                   WHEN 'day' THEN date
                   WHEN 'month' THEN date_trunc('month', date)::date
              END AS day
         FROM (SELECT zone, date, begins,
                      lead(begins) OVER (PARTITION BY zone ORDER BY date) AS ends
                 FROM midnight) AS m
        WHERE ends IS NOT NULL
       ),
       stretch AS MATERIALIZED (
       SELECT zone, min(begins) AS begins, max(ends) AS ends, ahead
         FROM (SELECT zone, begins, ends, CASE WHEN is_even THEN ahead END AS ahead,
                      date - row_number() OVER (PARTITION BY zone, is_even, ahead
                                                    ORDER BY date)::int4 AS island
                 FROM day) AS d
        GROUP BY zone, ahead, island
        UNION ALL
       SELECT zone, min(begins) - INTERVAL '8 hours' AS begins, min(begins) AS ends, NULL AS ahead
         FROM day
        GROUP BY zone
       ),
       period AS (
       SELECT zone, min(begins) AS begins, max(ends) AS ends
         FROM day
        GROUP BY zone
       ),
       facility AS MATERIALIZED (
       SELECT f.id, f.site_id, f.time_zone AS zone, p.begins, p.ends,
              COALESCE(f.opening_hours, s.opening_hours, '{[0,10080)}') AS hours,
              COALESCE((SELECT range_agg(tstzrange(c.start_time, c.end_time))
                          FROM closures AS c
                         WHERE c.start_time < p.ends
                           AND c.end_time > p.begins
                           AND (c.facility_id = f.id
                                OR c.site_id = f.site_id
                                OR (c.facility_id IS NULL AND c.site_id IS NULL))),
                       '{}') AS closed
         FROM facilities AS f
         JOIN sites AS s ON s.id = f.site_id
         JOIN period AS p ON p.zone = f.time_zone
        WHERE (%(site_ids)s::int4[] IS NULL OR f.site_id = ANY (%(site_ids)s::int4[]))
          AND (%(site_id)s::int4 IS NULL OR f.site_id = %(site_id)s::int4)
          AND (%(facility_id)s::int4 IS NULL OR f.id = %(facility_id)s::int4)
          AND (%(facility_type)s::facility_type IS NULL
               OR f.facility_type = %(facility_type)s::facility_type)
          AND (f.status = 'active'
               OR EXISTS (SELECT
                            FROM bookings AS b
                           WHERE b.facility_id = f.id
                             AND b.status = 'confirmed'
                             AND b.start_time < p.ends
                             AND b.start_time > p.begins - INTERVAL '8 hours'
                             AND b.end_time > p.begins))
       ),
       week AS (
       SELECT hours, array_agg(quarters::int2 ORDER BY slot) AS opened
         FROM (SELECT d.hours, s.slot,
                      sum((d.hours @> mod(s.slot * 15 - 15, 10080))::int4)
                      OVER (PARTITION BY d.hours ORDER BY s.slot) AS quarters
                 FROM (SELECT DISTINCT hours FROM facility) AS d,
                      generate_series(0, 704) AS s (slot)) AS s
        GROUP BY hours
       ),
       place AS MATERIALIZED (
       SELECT f.id, f.zone, f.hours, f.closed, f.begins, f.ends, w.opened,
              dense_rank() OVER (ORDER BY f.zone, f.hours, f.closed) AS class,
              CASE WHEN %(group_by)s::text = 'facility' THEN f.id END AS facility_id,
              CASE WHEN %(group_by)s::text IN ('facility', 'site') THEN f.site_id END AS site_id
         FROM facility AS f
         JOIN week AS w ON w.hours = f.hours
       ),
       class AS MATERIALIZED (
       SELECT DISTINCT ON (class) class, zone, hours, closed, opened
         FROM place
        ORDER BY class
       ),
       shown AS MATERIALIZED (
       SELECT s.zone, s.shape, mod(m.minute, 10080)::int4 AS minute,
              CASE WHEN %(group_by)s::text IN ('hour', 'weekday_hour')
                   THEN (mod(m.minute, 1440) / 60)::int4
              END AS hour
         FROM (SELECT DISTINCT ON (zone, shape) zone, shape, begins, ends
                 FROM day
                ORDER BY zone, shape) AS s,
              generate_series(s.begins, s.ends - INTERVAL '15 minutes', '15 minutes') AS q,
              LATERAL (SELECT (date_part('epoch', q AT TIME ZONE s.zone - '0001-01-01') / 60)::int8
                           AS minute) AS m
       ),
       opened AS MATERIALIZED (
       SELECT c.class, c.zone, s.shape, s.hour,
              15 * count(*) FILTER (WHERE c.hours @> s.minute) AS minutes
         FROM class AS c
         JOIN shown AS s ON s.zone = c.zone
        GROUP BY c.class, c.zone, s.shape, s.hour
       ),
       touched AS MATERIALIZED (
       SELECT c.class, c.zone, c.hours, c.closed, d.begins, d.ends, d.shape, d.weekday, d.day,
              c.closed @> tstzrange(d.begins, d.ends) AS is_whole
         FROM class AS c
         JOIN day AS d ON d.zone = c.zone AND c.closed && tstzrange(d.begins, d.ends)
       ),
       alike AS (
       SELECT zone, shape, weekday, day, count(*) AS days
         FROM day
        GROUP BY zone, shape, weekday, day
       ),
       open AS (
       SELECT o.class, d.weekday, o.hour, d.day, d.days * o.minutes AS minutes
         FROM opened AS o
         JOIN alike AS d ON d.zone = o.zone AND d.shape = o.shape
        UNION ALL
       SELECT t.class, t.weekday, o.hour, t.day, -o.minutes AS minutes
         FROM touched AS t
         JOIN opened AS o ON o.class = t.class AND o.shape = t.shape
        WHERE t.is_whole
        UNION ALL
       SELECT t.class, t.weekday,
              CASE WHEN %(group_by)s::text IN ('hour', 'weekday_hour')
                   THEN (mod(m.minute, 1440) / 60)::int4
              END AS hour, t.day, -15 AS minutes
         FROM touched AS t,
              generate_series(t.begins, t.ends - INTERVAL '15 minutes', '15 minutes') AS q,
              LATERAL (SELECT (date_part('epoch', q AT TIME ZONE t.zone - '0001-01-01') / 60)::int8
                           AS minute) AS m
        WHERE NOT t.is_whole
          AND t.closed @> q
          AND t.hours @> mod(m.minute, 10080)::int4
       ),
       booked AS NOT MATERIALIZED (
       SELECT p.class, p.facility_id, p.site_id, p.zone, p.hours, p.closed,
              GREATEST(b.start_time, p.begins) AS begins, LEAST(b.end_time, p.ends) AS ends,
              CASE WHEN %(group_by)s::text IN ('day', 'month')
                   THEN (date_part('epoch', b.start_time) / 60)::int8 + s.ahead
                   ELSE mod((date_part('epoch', b.start_time) / 60)::int8 + s.ahead, 10080)
              END AS minute,
              (date_part('epoch', b.end_time - b.start_time) / 60)::int4 AS minutes,
              s.ahead IS NOT NULL
              AND b.end_time <= s.ends
              AND NOT p.closed && tstzrange(b.start_time, b.end_time) AS is_plain
         FROM place AS p
         JOIN stretch AS s ON s.zone = p.zone
         JOIN bookings AS b ON b.facility_id = p.id
              AND b.start_time >= s.begins
              AND b.start_time < s.ends
        WHERE b.status = 'confirmed'
       ),
       plain AS MATERIALIZED (
       SELECT class, facility_id, site_id, minute, minutes, count(*) AS bookings
         FROM booked
        WHERE is_plain
        GROUP BY class, facility_id, site_id, minute, minutes
       ),
       piece AS (
       SELECT p.facility_id, p.site_id, m.minute, p.bookings * m.minutes AS minutes,
              p.bookings * 15 * (c.opened[mod(m.minute, 10080) / 15 + m.minutes / 15 + 1]
                                 - c.opened[mod(m.minute, 10080) / 15 + 1]) AS inside
         FROM (SELECT CASE WHEN %(group_by)s::text IN ('hour', 'weekday_hour') THEN 60
                           ELSE 1440
                      END AS minutes) AS unit,
              plain AS p
         JOIN class AS c ON c.class = p.class,
              generate_series(p.minute - mod(p.minute, unit.minutes::int8),
                              p.minute + p.minutes - 1, unit.minutes) AS s,
              LATERAL (SELECT GREATEST(p.minute, s) AS minute,
                              LEAST(p.minute + p.minutes, s + unit.minutes)
                              - GREATEST(p.minute, s) AS minutes) AS m
        UNION ALL
       SELECT b.facility_id, b.site_id, m.minute, 15 AS minutes,
              15 * (b.hours @> mod(m.minute, 10080)::int4 AND NOT b.closed @> q)::int4 AS inside
         FROM booked AS b,
              generate_series(b.begins, b.ends - INTERVAL '15 minutes', '15 minutes') AS q,
              LATERAL (SELECT (date_part('epoch', q AT TIME ZONE b.zone - '0001-01-01') / 60)::int8
                           AS minute) AS m
        WHERE NOT b.is_plain
       ),
       share AS (
       SELECT class, facility_id, site_id, count(*) AS places
         FROM place
        GROUP BY class, facility_id, site_id
       ),
       part AS (
       SELECT p.facility_id, p.site_id, o.weekday, o.hour, o.day,
              p.places * o.minutes AS open, 0 AS booked, 0 AS inside
         FROM open AS o
         JOIN share AS p ON p.class = o.class
        UNION ALL
       SELECT facility_id, site_id,
              CASE WHEN %(group_by)s::text IN ('weekday', 'weekday_hour')
                   THEN mod(minute / 1440, 7)::int4 + 1
              END AS weekday,
              CASE WHEN %(group_by)s::text IN ('hour', 'weekday_hour')
                   THEN (mod(minute, 1440) / 60)::int4
              END AS hour,
              CASE %(group_by)s::text
                   WHEN 'day' THEN DATE '0001-01-01' + (minute / 1440)::int4
                   WHEN 'month'
                   THEN date_trunc('month', DATE '0001-01-01' + (minute / 1440)::int4)::date
              END AS day, 0 AS open, minutes AS booked, inside
         FROM piece
       ),
       total AS (
       SELECT facility_id, site_id, weekday, hour, day, sum(open)::int8 AS open_minutes,
              sum(inside)::int8 AS booked_minutes,
              sum(booked - inside)::int8 AS booked_outside_minutes
         FROM part
        GROUP BY facility_id, site_id, weekday, hour, day
       )
SELECT t.facility_id, f.name AS facility_name, t.site_id, s.name AS site_name, t.weekday,
       t.hour, t.day, t.open_minutes, t.booked_minutes, t.booked_outside_minutes
  FROM total AS t
  LEFT JOIN facilities AS f ON f.id = t.facility_id
  LEFT JOIN sites AS s ON s.id = t.site_id
 ORDER BY lower(s.name), t.site_id, lower(f.name), t.facility_id, t.day, t.weekday, t.hour;

-- name: report_summary :one :replan
-- What became of the bookings that begin on the days, and how many attempts were refused.
-- A day begins, in each zone, when its clock first shows it.
  WITH period AS MATERIALIZED (
       SELECT z.zone,
              CASE WHEN (d.first AT TIME ZONE z.zone - INTERVAL '1 hour') AT TIME ZONE z.zone
                        >= d.first
                   THEN d.first AT TIME ZONE z.zone - INTERVAL '1 hour'
                   ELSE d.first AT TIME ZONE z.zone
              END AS begins,
              CASE WHEN (d.after AT TIME ZONE z.zone - INTERVAL '1 hour') AT TIME ZONE z.zone
                        >= d.after
                   THEN d.after AT TIME ZONE z.zone - INTERVAL '1 hour'
                   ELSE d.after AT TIME ZONE z.zone
              END AS ends
         FROM (SELECT DISTINCT time_zone AS zone FROM facilities) AS z,
              (SELECT %(start_date)s::date::timestamp AS first,
                      %(end_date)s::date + INTERVAL '1 day' AS after) AS d
       ),
       place AS MATERIALIZED (
       SELECT f.id, f.capacity, p.begins, p.ends
         FROM facilities AS f
         JOIN period AS p ON p.zone = f.time_zone
        WHERE (%(site_ids)s::int4[] IS NULL OR f.site_id = ANY (%(site_ids)s::int4[]))
          AND (%(site_id)s::int4 IS NULL OR f.site_id = %(site_id)s::int4)
          AND (%(facility_id)s::int4 IS NULL OR f.id = %(facility_id)s::int4)
          AND (%(facility_type)s::facility_type IS NULL
               OR f.facility_type = %(facility_type)s::facility_type)
       ),
       booked AS MATERIALIZED (
       SELECT b.status, b.cancellation_cause AS cause, b.attendee_count, p.capacity,
              (date_part('epoch', b.end_time - b.start_time) / 60)::int4 AS minutes,
              GREATEST(0, floor(date_part('epoch', b.start_time - b.created_at) / 60))::int8 AS lead
         FROM bookings AS b
         JOIN place AS p ON p.id = b.facility_id
        WHERE b.start_time >= (SELECT min(q.begins) FROM period AS q)
          AND b.start_time < (SELECT max(q.ends) FROM period AS q)
          AND b.start_time >= p.begins
          AND b.start_time < p.ends
       ),
       refused AS (
       SELECT count(*) AS attempts
         FROM booking_conflicts AS c
         JOIN place AS p ON p.id = c.facility_id
        WHERE c.start_time >= p.begins
          AND c.start_time < p.ends
       )
SELECT count(*) AS bookings,
       count(*) FILTER (WHERE b.status = 'confirmed') AS confirmed,
       count(*) FILTER (WHERE b.status = 'pending') AS pending,
       count(*) FILTER (WHERE b.status = 'cancelled') AS cancelled,
       count(*) FILTER (WHERE b.cause = 'owner') AS cancelled_by_owner,
       count(*) FILTER (WHERE b.cause = 'staff') AS cancelled_by_staff,
       count(*) FILTER (WHERE b.cause = 'rejected') AS rejected,
       count(*) FILTER (WHERE b.cause = 'expired') AS expired,
       count(*) FILTER (WHERE b.cause = 'closure') AS closed_over,
       count(*) FILTER (WHERE b.cause = 'anonymised') AS anonymised,
       COALESCE(sum(b.minutes) FILTER (WHERE b.status = 'confirmed'), 0) AS confirmed_minutes,
       COALESCE(sum(b.attendee_count) FILTER (WHERE b.status = 'confirmed'), 0) AS attendees,
       COALESCE(sum(b.capacity) FILTER (WHERE b.status = 'confirmed'), 0) AS capacity,
       round(avg(b.lead))::int8 AS lead_mean_minutes,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY b.lead) AS lead_median_minutes,
       percentile_disc(0.9) WITHIN GROUP (ORDER BY b.lead) AS lead_ninth_decile_minutes,
       count(*) FILTER (WHERE b.lead < 60) AS lead_under_hour,
       count(*) FILTER (WHERE b.lead >= 60 AND b.lead < 1440) AS lead_under_day,
       count(*) FILTER (WHERE b.lead >= 1440 AND b.lead < 10080) AS lead_under_week,
       count(*) FILTER (WHERE b.lead >= 10080 AND b.lead < 43200) AS lead_under_month,
       count(*) FILTER (WHERE b.lead >= 43200) AS lead_longer,
       (SELECT r.attempts FROM refused AS r) AS refused_attempts
  FROM booked AS b;

-- name: report_facilities :many :replan
-- For each facility how many confirmed bookings begin on the days, and how many attempts
-- were refused because somebody had the time; no row where there are neither.
  WITH period AS MATERIALIZED (
       SELECT z.zone,
              CASE WHEN (d.first AT TIME ZONE z.zone - INTERVAL '1 hour') AT TIME ZONE z.zone
                        >= d.first
                   THEN d.first AT TIME ZONE z.zone - INTERVAL '1 hour'
                   ELSE d.first AT TIME ZONE z.zone
              END AS begins,
              CASE WHEN (d.after AT TIME ZONE z.zone - INTERVAL '1 hour') AT TIME ZONE z.zone
                        >= d.after
                   THEN d.after AT TIME ZONE z.zone - INTERVAL '1 hour'
                   ELSE d.after AT TIME ZONE z.zone
              END AS ends
         FROM (SELECT DISTINCT time_zone AS zone FROM facilities) AS z,
              (SELECT %(start_date)s::date::timestamp AS first,
                      %(end_date)s::date + INTERVAL '1 day' AS after) AS d
       ),
       place AS MATERIALIZED (
       SELECT f.id, p.begins, p.ends
         FROM facilities AS f
         JOIN period AS p ON p.zone = f.time_zone
        WHERE (%(site_ids)s::int4[] IS NULL OR f.site_id = ANY (%(site_ids)s::int4[]))
          AND (%(site_id)s::int4 IS NULL OR f.site_id = %(site_id)s::int4)
          AND (%(facility_id)s::int4 IS NULL OR f.id = %(facility_id)s::int4)
          AND (%(facility_type)s::facility_type IS NULL
               OR f.facility_type = %(facility_type)s::facility_type)
       )
SELECT facility_id, sum(bookings)::int8 AS bookings, sum(conflicts)::int8 AS conflicts
  FROM (SELECT b.facility_id, count(*) AS bookings, 0 AS conflicts
          FROM place AS p
          JOIN bookings AS b ON b.facility_id = p.id
               AND b.start_time >= p.begins
               AND b.start_time < p.ends
         WHERE b.status = 'confirmed'
         GROUP BY b.facility_id
         UNION ALL
        SELECT c.facility_id, 0 AS bookings, count(*) AS conflicts
          FROM place AS p
          JOIN booking_conflicts AS c ON c.facility_id = p.id
               AND c.start_time >= p.begins
               AND c.start_time < p.ends
         GROUP BY c.facility_id) AS counted
 GROUP BY facility_id
 ORDER BY facility_id;
