-- House rules: opening hours, limits, buffers and approval, and what a booking keeps of them.
-- depends: 0006_idempotency

-- A constraint that is validated later saves nothing here: sites and facilities are counted
-- in thousands, and bookings are written anew in any case.
-- squawk-ignore-file constraint-missing-not-valid

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '600s';

-- Opening hours are minutes of the local week: 0 is Monday 00:00, 10080 the next.
-- A multirange keeps them merged and in order, so that no two can contradict each
-- other. NULL leaves the decision: a facility's to its site, a site's to nobody (open
-- at all times). Empty means never open.
ALTER TABLE sites
ADD COLUMN opening_hours INT4MULTIRANGE,
ADD COLUMN holiday_country TEXT,
ADD COLUMN holiday_subdivision TEXT,
ADD COLUMN updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
ADD CONSTRAINT sites_opening_hours_in_week
CHECK (opening_hours <@ INT4MULTIRANGE '{[0,10080)}'),
ADD CONSTRAINT sites_holiday_country_form
CHECK (holiday_country COLLATE "C" ~ '^[A-Z]{2}$'),
ADD CONSTRAINT sites_holiday_subdivision_form
CHECK (holiday_subdivision COLLATE "C" ~ '^[A-Za-z0-9À-ÖØ-öø-ÿ .''-]{1,50}$'),
ADD CONSTRAINT sites_holiday_subdivision_of_country
CHECK (holiday_subdivision IS NULL OR holiday_country IS NOT NULL);

CREATE TRIGGER sites_touch_updated_at
BEFORE UPDATE ON sites
FOR EACH ROW
WHEN (
    (
        OLD.id, OLD.name, OLD.time_zone, OLD.created_at, OLD.opening_hours,
        OLD.holiday_country, OLD.holiday_subdivision, OLD.updated_at
    ) IS DISTINCT FROM (
        NEW.id, NEW.name, NEW.time_zone, NEW.created_at, NEW.opening_hours,
        NEW.holiday_country, NEW.holiday_subdivision, NEW.updated_at
    )
)
EXECUTE FUNCTION touch_updated_at();

-- horizon_days is NULL where the service's own horizon serves. The bound of eight
-- hours is that of booking_duration_reasonable.
ALTER TABLE facilities
ADD COLUMN opening_hours INT4MULTIRANGE,
ADD COLUMN min_duration_minutes SMALLINT NOT NULL DEFAULT 15,
ADD COLUMN max_duration_minutes SMALLINT NOT NULL DEFAULT 480,
ADD COLUMN min_notice_minutes INTEGER NOT NULL DEFAULT 0,
ADD COLUMN horizon_days SMALLINT,
ADD COLUMN start_step_minutes SMALLINT NOT NULL DEFAULT 15,
ADD COLUMN cancellation_notice_minutes INTEGER NOT NULL DEFAULT 0,
ADD COLUMN buffer_before_minutes SMALLINT NOT NULL DEFAULT 0,
ADD COLUMN buffer_after_minutes SMALLINT NOT NULL DEFAULT 0,
ADD COLUMN requires_approval BOOLEAN NOT NULL DEFAULT FALSE,
ADD COLUMN approval_timeout_minutes INTEGER NOT NULL DEFAULT 2880,
ADD CONSTRAINT facilities_opening_hours_in_week
CHECK (opening_hours <@ INT4MULTIRANGE '{[0,10080)}'),
ADD CONSTRAINT facilities_duration_range CHECK (
    min_duration_minutes >= 15
    AND min_duration_minutes <= max_duration_minutes
    AND max_duration_minutes <= 480
    AND min_duration_minutes % 15 = 0
    AND max_duration_minutes % 15 = 0
),
ADD CONSTRAINT facilities_min_notice_range CHECK (min_notice_minutes BETWEEN 0 AND 525600),
ADD CONSTRAINT facilities_horizon_range CHECK (horizon_days BETWEEN 1 AND 1095),
ADD CONSTRAINT facilities_start_step_known CHECK (start_step_minutes IN (15, 30, 60)),
ADD CONSTRAINT facilities_cancellation_notice_range
CHECK (cancellation_notice_minutes BETWEEN 0 AND 525600),
ADD CONSTRAINT facilities_buffers_range CHECK (
    buffer_before_minutes >= 0
    AND buffer_before_minutes <= 240
    AND buffer_after_minutes >= 0
    AND buffer_after_minutes <= 240
    AND buffer_before_minutes % 15 = 0
    AND buffer_after_minutes % 15 = 0
),
ADD CONSTRAINT facilities_approval_timeout_range
CHECK (approval_timeout_minutes BETWEEN 15 AND 43200);

-- See facilities_touch_updated_at in 0003_places.
DROP TRIGGER facilities_touch_updated_at ON facilities;
CREATE TRIGGER facilities_touch_updated_at
BEFORE UPDATE ON facilities
FOR EACH ROW
WHEN (
    (
        OLD.id, OLD.site_id, OLD.name, OLD.description, OLD.facility_type, OLD.capacity,
        OLD.amenities, OLD.time_zone, OLD.status, OLD.created_at, OLD.updated_at,
        OLD.opening_hours, OLD.min_duration_minutes, OLD.max_duration_minutes,
        OLD.min_notice_minutes, OLD.horizon_days, OLD.start_step_minutes,
        OLD.cancellation_notice_minutes, OLD.buffer_before_minutes, OLD.buffer_after_minutes,
        OLD.requires_approval, OLD.approval_timeout_minutes
    ) IS DISTINCT FROM (
        NEW.id, NEW.site_id, NEW.name, NEW.description, NEW.facility_type, NEW.capacity,
        NEW.amenities, NEW.time_zone, NEW.status, NEW.created_at, NEW.updated_at,
        NEW.opening_hours, NEW.min_duration_minutes, NEW.max_duration_minutes,
        NEW.min_notice_minutes, NEW.horizon_days, NEW.start_step_minutes,
        NEW.cancellation_notice_minutes, NEW.buffer_before_minutes, NEW.buffer_after_minutes,
        NEW.requires_approval, NEW.approval_timeout_minutes
    )
)
EXECUTE FUNCTION touch_updated_at();

-- Why a booking is cancelled, where the service cancelled it.
CREATE TYPE cancellation_cause AS ENUM (
    'owner', 'staff', 'rejected', 'expired', 'closure', 'anonymised'
);

-- A booking keeps the buffers it was made with: what a facility asks for later never
-- makes it overlap another. timestamptz plus an interval counts as stable, since days
-- depend on the session's zone; by way of UTC it is immutable, as a generated column
-- must be. The table is written anew, which a million bookings bear in seconds, and
-- in one transaction: at no moment can two bookings overlap.
DROP TRIGGER bookings_touch_updated_at ON bookings;
ALTER TABLE bookings
-- squawk-ignore ban-drop-constraint
DROP CONSTRAINT bookings_no_overlap,
-- squawk-ignore ban-drop-column
DROP COLUMN occupied;
ALTER TABLE bookings
ADD COLUMN buffer_before_minutes SMALLINT NOT NULL DEFAULT 0,
ADD COLUMN buffer_after_minutes SMALLINT NOT NULL DEFAULT 0,
ADD COLUMN booked_by INTEGER,
ADD COLUMN decide_by TIMESTAMPTZ,
ADD COLUMN cancellation_cause CANCELLATION_CAUSE,
ADD COLUMN change_reason VARCHAR(500),
-- squawk-ignore adding-field-with-default
ADD COLUMN occupied TSTZRANGE GENERATED ALWAYS AS (
    tstzrange(
        (start_time AT TIME ZONE 'UTC' - make_interval(mins => buffer_before_minutes))
        AT TIME ZONE 'UTC',
        (
            GREATEST(start_time, end_time) AT TIME ZONE 'UTC'
            + make_interval(mins => buffer_after_minutes)
        ) AT TIME ZONE 'UTC',
        '[)'
    )
) STORED,
-- squawk-ignore adding-foreign-key-constraint
ADD CONSTRAINT bookings_booked_by_fkey FOREIGN KEY (booked_by) REFERENCES users (id),
ADD CONSTRAINT booking_buffers_range CHECK (
    buffer_before_minutes >= 0
    AND buffer_before_minutes <= 240
    AND buffer_after_minutes >= 0
    AND buffer_after_minutes <= 240
    AND buffer_before_minutes % 15 = 0
    AND buffer_after_minutes % 15 = 0
),
ADD CONSTRAINT booking_cause_only_if_cancelled
CHECK (cancellation_cause IS NULL OR status = 'cancelled'),
ADD CONSTRAINT booking_decide_by_only_if_pending
CHECK (decide_by IS NULL OR status = 'pending'),
ADD CONSTRAINT bookings_no_overlap
EXCLUDE USING gist (facility_id WITH =, occupied WITH &&)
WHERE (status IN ('confirmed', 'pending'));

CREATE TRIGGER bookings_touch_updated_at
BEFORE UPDATE ON bookings
FOR EACH ROW
WHEN (
    (
        OLD.id, OLD.facility_id, OLD.user_id, OLD.start_time, OLD.end_time, OLD.title,
        OLD.description, OLD.attendee_count, OLD.status, OLD.created_at, OLD.updated_at,
        OLD.buffer_before_minutes, OLD.buffer_after_minutes, OLD.booked_by, OLD.decide_by,
        OLD.cancellation_cause, OLD.change_reason
    ) IS DISTINCT FROM (
        NEW.id, NEW.facility_id, NEW.user_id, NEW.start_time, NEW.end_time, NEW.title,
        NEW.description, NEW.attendee_count, NEW.status, NEW.created_at, NEW.updated_at,
        NEW.buffer_before_minutes, NEW.buffer_after_minutes, NEW.booked_by, NEW.decide_by,
        NEW.cancellation_cause, NEW.change_reason
    )
)
EXECUTE FUNCTION touch_updated_at();

-- What waits for a decision, the most urgent first.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX idx_bookings_pending ON bookings (decide_by) WHERE status = 'pending';
