SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '600s';

DROP INDEX idx_bookings_pending;
DROP TRIGGER bookings_touch_updated_at ON bookings;
ALTER TABLE bookings
DROP CONSTRAINT bookings_no_overlap,
DROP COLUMN occupied,
DROP COLUMN buffer_before_minutes,
DROP COLUMN buffer_after_minutes,
DROP COLUMN booked_by,
DROP COLUMN decide_by,
DROP COLUMN cancellation_cause,
DROP COLUMN change_reason;
ALTER TABLE bookings
ADD COLUMN occupied TSTZRANGE GENERATED ALWAYS AS (
    tstzrange(start_time, GREATEST(start_time, end_time), '[)')
) STORED,
ADD CONSTRAINT bookings_no_overlap
EXCLUDE USING gist (facility_id WITH =, occupied WITH &&)
WHERE (status IN ('confirmed', 'pending'));
CREATE TRIGGER bookings_touch_updated_at
BEFORE UPDATE ON bookings
FOR EACH ROW
WHEN (
    (
        OLD.id, OLD.facility_id, OLD.user_id, OLD.start_time, OLD.end_time, OLD.title,
        OLD.description, OLD.attendee_count, OLD.status, OLD.created_at, OLD.updated_at
    ) IS DISTINCT FROM (
        NEW.id, NEW.facility_id, NEW.user_id, NEW.start_time, NEW.end_time, NEW.title,
        NEW.description, NEW.attendee_count, NEW.status, NEW.created_at, NEW.updated_at
    )
)
EXECUTE FUNCTION touch_updated_at();
DROP TYPE cancellation_cause;

DROP TRIGGER facilities_touch_updated_at ON facilities;
ALTER TABLE facilities
DROP COLUMN opening_hours,
DROP COLUMN min_duration_minutes,
DROP COLUMN max_duration_minutes,
DROP COLUMN min_notice_minutes,
DROP COLUMN horizon_days,
DROP COLUMN start_step_minutes,
DROP COLUMN cancellation_notice_minutes,
DROP COLUMN buffer_before_minutes,
DROP COLUMN buffer_after_minutes,
DROP COLUMN requires_approval,
DROP COLUMN approval_timeout_minutes;
CREATE TRIGGER facilities_touch_updated_at
BEFORE UPDATE ON facilities
FOR EACH ROW
WHEN (
    (
        OLD.id, OLD.site_id, OLD.name, OLD.description, OLD.facility_type, OLD.capacity,
        OLD.amenities, OLD.time_zone, OLD.status, OLD.created_at, OLD.updated_at
    ) IS DISTINCT FROM (
        NEW.id, NEW.site_id, NEW.name, NEW.description, NEW.facility_type, NEW.capacity,
        NEW.amenities, NEW.time_zone, NEW.status, NEW.created_at, NEW.updated_at
    )
)
EXECUTE FUNCTION touch_updated_at();

DROP TRIGGER sites_touch_updated_at ON sites;
ALTER TABLE sites
DROP COLUMN opening_hours,
DROP COLUMN holiday_country,
DROP COLUMN holiday_subdivision,
DROP COLUMN updated_at;
