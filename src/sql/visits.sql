-- name: count_visit :exec
-- One more visit of the day that ended so, took so long, and met a conflict or not.
INSERT INTO visit_counts AS v (date, outcome, seconds, had_conflict, count)
VALUES (%(date)s::date, %(outcome)s::text, %(seconds)s::int4, %(had_conflict)s::boolean, 1)
    ON CONFLICT (date, outcome, seconds, had_conflict)
    DO UPDATE SET count = v.count + 1;

-- name: report_visits :many
-- Visits of some days by the Monday of their week, and how they ended.
SELECT date_trunc('week', v.date::timestamp)::date AS week,  -- noqa: ST06
       v.outcome, v.seconds, v.had_conflict,
       sum(v.count)::int8 AS count
  FROM visit_counts AS v
 WHERE v.date BETWEEN %(start_date)s::date AND %(end_date)s::date
 GROUP BY week, v.outcome, v.seconds, v.had_conflict
 ORDER BY week, v.seconds;

-- name: report_adoption :many
-- Users for whom a booking was made on some days, by the Monday of its week; and those of them
-- for whom there was none before that week.
  WITH booked AS (
       SELECT date_trunc('week', b.created_at AT TIME ZONE 'UTC')::date AS week,  -- noqa: ST06
              b.user_id
         FROM bookings AS b
        WHERE b.created_at >= %(start_date)s::date::timestamp AT TIME ZONE 'UTC'
          AND b.created_at < (%(end_date)s::date + 1)::timestamp AT TIME ZONE 'UTC'
        GROUP BY week, b.user_id
       ),
       earliest AS (
       SELECT b.user_id, date_trunc('week', min(b.created_at) AT TIME ZONE 'UTC')::date AS week
         FROM bookings AS b
        GROUP BY b.user_id
       )
SELECT b.week, count(*) AS users, count(*) FILTER (WHERE e.week = b.week) AS new_users
  FROM booked AS b
  JOIN earliest AS e ON e.user_id = b.user_id
 GROUP BY b.week
 ORDER BY b.week;
