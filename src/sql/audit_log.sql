-- name: list_log :many :replan
-- Changes that pass every filter given, oldest first.
SELECT h.id, h.record_type, h.record_id, h.action, h.old_values, h.new_values,
       h.changed_by AS changed_by_id, u.username AS changed_by_username,
       u.display_name AS changed_by_display_name, h.request_id, h.changed_at
  FROM audit_log AS h
  LEFT JOIN users AS u ON u.id = h.changed_by
 WHERE (%(record_type)s::text IS NULL OR h.record_type = %(record_type)s::text)
   AND (%(record_id)s::int4 IS NULL OR h.record_id = %(record_id)s::int4)
   AND (%(changed_by)s::int4 IS NULL OR h.changed_by = %(changed_by)s::int4)
   AND (%(since)s::timestamptz IS NULL OR h.changed_at >= %(since)s::timestamptz)
   AND (%(before)s::timestamptz IS NULL OR h.changed_at < %(before)s::timestamptz)
   AND (%(after_id)s::int8 IS NULL OR h.id > %(after_id)s::int8)
 ORDER BY h.id
 LIMIT %(limit)s::int4;

-- name: list_facility_history :many
-- Every change of a facility, oldest first.
SELECT h.id, h.action, h.old_values, h.new_values, h.changed_by AS changed_by_id,
       u.username AS changed_by_username, u.display_name AS changed_by_display_name,
       h.request_id, h.changed_at
  FROM facility_audit AS h
  LEFT JOIN users AS u ON u.id = h.changed_by
 WHERE h.facility_id = %(facility_id)s::int4
   AND h.id > COALESCE(%(after_id)s::int8, 0)
 ORDER BY h.id
 LIMIT %(limit)s::int4;
