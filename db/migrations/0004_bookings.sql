-- Bookings, and the constraint that no two of them ever overlap.
-- depends: 0003_places

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE bookings (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    facility_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    start_time TIMESTAMPTZ NOT NULL,
    end_time TIMESTAMPTZ NOT NULL,
    title VARCHAR(255) NOT NULL,
    description TEXT,
    attendee_count INTEGER NOT NULL DEFAULT 1,
    status BOOKING_STATUS NOT NULL DEFAULT 'confirmed',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    -- Half-open, so that bookings may adjoin. A range refuses reversed bounds
    -- with an error that names no constraint; GREATEST leaves that refusal to
    -- booking_time_valid.
    occupied TSTZRANGE GENERATED ALWAYS AS (
        tstzrange(start_time, GREATEST(start_time, end_time), '[)')
    ) STORED,
    CONSTRAINT bookings_pkey PRIMARY KEY (id),
    CONSTRAINT bookings_facility_id_fkey FOREIGN KEY (facility_id) REFERENCES facilities (id),
    CONSTRAINT bookings_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT booking_time_valid CHECK (end_time > start_time),
    -- Marks are counted from 1970 in UTC: no session's time zone moves them, and
    -- seconds count.
    CONSTRAINT booking_time_granularity CHECK (
        date_bin('15 minutes', start_time, '1970-01-01 00:00:00+00') = start_time
        AND date_bin('15 minutes', end_time, '1970-01-01 00:00:00+00') = end_time
    ),
    -- Queries by period rely on this bound: see bookings.sql.
    CONSTRAINT booking_duration_reasonable CHECK (end_time - start_time <= INTERVAL '8 hours'),
    CONSTRAINT booking_title_not_blank CHECK (title COLLATE "C" ~ '\S'),
    CONSTRAINT booking_attendee_count_positive CHECK (attendee_count >= 1),
    CONSTRAINT bookings_no_overlap
    EXCLUDE USING gist (facility_id WITH =, occupied WITH &&)
    WHERE (status IN ('confirmed', 'pending'))
);

-- A user's bookings by time.
CREATE INDEX idx_bookings_user_time ON bookings (user_id, start_time, id);

-- A facility's bookings by time, whatever their status; the exclusion
-- constraint's index holds the active ones only.
CREATE INDEX idx_bookings_facility_time ON bookings (facility_id, start_time, id);

-- All bookings by time.
CREATE INDEX idx_bookings_time ON bookings (start_time, id);

-- Bookings of a status by age.
CREATE INDEX idx_bookings_status_time ON bookings (status, created_at);

-- See facilities_touch_updated_at.
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
