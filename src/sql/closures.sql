-- name: list_closures_of :many
-- Closures of these facilities, of their sites and of everything that share any moment
-- with the period, by facility and then by start.
-- What is asked for goes by way of a CTE, which hides it from the planner: a plan made
-- anew for each call's values, which it would otherwise prefer, takes ten times as long
-- as the answer. The sites are found before their closures: a planner that joins them as
-- it likes reads the closures of every site.
  WITH asked AS MATERIALIZED (
       SELECT %(facility_ids)s::int4[] AS facility_ids,
              %(start_time)s::timestamptz AS start_time,
              %(end_time)s::timestamptz AS end_time
       )
SELECT c.facility_id, c.start_time, c.end_time, c.reason
  FROM closures AS c
 WHERE c.facility_id = ANY ((SELECT a.facility_ids FROM asked AS a)::int4[])
   AND c.start_time < (SELECT a.end_time FROM asked AS a)
   AND c.end_time > (SELECT a.start_time FROM asked AS a)
 UNION ALL
SELECT f.id AS facility_id, c.start_time, c.end_time, c.reason
  FROM facilities AS f
  JOIN closures AS c ON c.site_id = f.site_id
 WHERE f.id = ANY ((SELECT a.facility_ids FROM asked AS a)::int4[])
   AND c.site_id = ANY (ARRAY(
           SELECT o.site_id
             FROM facilities AS o
            WHERE o.id = ANY ((SELECT a.facility_ids FROM asked AS a)::int4[])))
   AND c.start_time < (SELECT a.end_time FROM asked AS a)
   AND c.end_time > (SELECT a.start_time FROM asked AS a)
 UNION ALL
SELECT f.id AS facility_id, c.start_time, c.end_time, c.reason
  FROM closures AS c
 CROSS JOIN unnest((SELECT a.facility_ids FROM asked AS a)::int4[]) AS f (id)
 WHERE c.facility_id IS NULL
   AND c.site_id IS NULL
   AND c.start_time < (SELECT a.end_time FROM asked AS a)
   AND c.end_time > (SELECT a.start_time FROM asked AS a)
 ORDER BY facility_id, start_time, end_time;

-- name: get_closure :one
-- The closure with this id; the site it governs is its own, or its facility's.
SELECT c.id, c.facility_id, f.name AS facility_name, c.site_id, s.name AS site_name,
       c.start_time, c.end_time, c.reason, c.source, c.created_at,
       COALESCE(c.site_id, f.site_id) AS governing_site_id
  FROM closures AS c
  LEFT JOIN facilities AS f ON f.id = c.facility_id
  LEFT JOIN sites AS s ON s.id = c.site_id
 WHERE c.id = %(closure_id)s::int4;

-- name: list_closures :many :replan
-- Closures that pass every filter given, in the order of their start times.
SELECT c.id, c.facility_id, f.name AS facility_name, c.site_id, s.name AS site_name,
       c.start_time, c.end_time, c.reason, c.source, c.created_at,
       COALESCE(c.site_id, f.site_id) AS governing_site_id
  FROM closures AS c
  LEFT JOIN facilities AS f ON f.id = c.facility_id
  LEFT JOIN sites AS s ON s.id = c.site_id
 WHERE (%(facility_id)s::int4 IS NULL
        OR c.facility_id = %(facility_id)s::int4
        OR c.site_id = (SELECT o.site_id
                        FROM facilities AS o
                       WHERE o.id = %(facility_id)s::int4)
        OR (c.facility_id IS NULL AND c.site_id IS NULL))
   AND (%(site_id)s::int4 IS NULL
        OR c.site_id = %(site_id)s::int4
        OR f.site_id = %(site_id)s::int4
        OR (c.facility_id IS NULL AND c.site_id IS NULL))
   AND (%(ending_after)s::timestamptz IS NULL OR c.end_time > %(ending_after)s::timestamptz)
   AND (%(starting_before)s::timestamptz IS NULL
        OR c.start_time < %(starting_before)s::timestamptz)
   AND (%(after_start)s::timestamptz IS NULL
        OR (c.start_time, c.id) > (%(after_start)s::timestamptz, %(after_id)s::int8))
 ORDER BY c.start_time, c.id
 LIMIT %(limit)s::int4;

-- name: insert_closure :value
-- The id of a new closure that staff have entered.
INSERT INTO closures (facility_id, site_id, start_time, end_time, reason)
VALUES (%(facility_id)s::int4, %(site_id)s::int4, %(start_time)s::timestamptz,
        %(end_time)s::timestamptz, %(reason)s::text)
RETURNING id;

-- name: delete_closure :exec
-- Removes the closure with this id.
DELETE FROM closures
 WHERE id = %(closure_id)s::int4;

-- name: insert_holidays :exec
-- Writes a site's public holidays as closures; one that is there already stays.
INSERT INTO closures (site_id, start_time, end_time, reason, source)
SELECT %(site_id)s::int4, h.start_time, h.end_time, h.reason, 'holiday' AS source
  FROM unnest(%(start_times)s::timestamptz[], %(end_times)s::timestamptz[],
              %(reasons)s::text[]) AS h (start_time, end_time, reason)
    ON CONFLICT (site_id, start_time) WHERE source = 'holiday' DO NOTHING;

-- name: delete_holidays :many
-- Removes a site's public holidays that are not over, and tells which they were.
DELETE FROM closures
 WHERE site_id = %(site_id)s::int4
   AND source = 'holiday'
   AND end_time > %(now)s::timestamptz
RETURNING start_time, reason;
