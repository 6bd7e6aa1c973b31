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
-- for whom there was none before. Of whatever status: idx_bookings_status_time begins with it.
  WITH booked AS (
       SELECT date_trunc('week', b.created_at AT TIME ZONE 'UTC')::date AS week,  -- noqa: ST06
              b.user_id, min(b.created_at) AS first_at
         FROM bookings AS b
        WHERE b.status = ANY(enum_range(NULL::booking_status))
          AND b.created_at >= %(start_date)s::date::timestamp AT TIME ZONE 'UTC'
          AND b.created_at < (%(end_date)s::date + 1)::timestamp AT TIME ZONE 'UTC'
        GROUP BY week, b.user_id
       )
SELECT n.week, count(*) AS users,
       count(*) FILTER (
           WHERE NOT EXISTS (
               SELECT FROM bookings AS e
                WHERE e.user_id = n.user_id
                  AND e.created_at < n.first_at
           )
       ) AS new_users
  FROM booked AS n
 GROUP BY n.week
 ORDER BY n.week;
