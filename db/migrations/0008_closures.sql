-- When a facility, a site or everything is closed.
-- depends: 0007_rules

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- Who entered a closure: staff, or the service from a site's calendar of public holidays.
CREATE TYPE closure_source AS ENUM ('staff', 'holiday');

-- Of one facility, of one site, or with neither of everything.
CREATE TABLE closures (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    facility_id INTEGER,
    site_id INTEGER,
    start_time TIMESTAMPTZ NOT NULL,
    end_time TIMESTAMPTZ NOT NULL,
    reason VARCHAR(255) NOT NULL,
    source CLOSURE_SOURCE NOT NULL DEFAULT 'staff',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT closures_pkey PRIMARY KEY (id),
    CONSTRAINT closures_facility_id_fkey FOREIGN KEY (facility_id) REFERENCES facilities (id),
    CONSTRAINT closures_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites (id),
    CONSTRAINT closures_one_scope CHECK (facility_id IS NULL OR site_id IS NULL),
    CONSTRAINT closures_time_valid CHECK (end_time > start_time),
    CONSTRAINT closures_time_granularity CHECK (
        date_bin('15 minutes', start_time, '1970-01-01 00:00:00+00') = start_time
        AND date_bin('15 minutes', end_time, '1970-01-01 00:00:00+00') = end_time
    ),
    CONSTRAINT closures_reason_not_blank CHECK (reason COLLATE "C" ~ '\S'),
    CONSTRAINT closures_holiday_of_site CHECK (source = 'staff' OR site_id IS NOT NULL)
);

-- The order in which closures are listed.
CREATE INDEX idx_closures_time ON closures (start_time, id);

-- What is closed in a period: by facility, by site, and everywhere.
CREATE INDEX idx_closures_facility_time ON closures (facility_id, end_time)
WHERE facility_id IS NOT NULL;
CREATE INDEX idx_closures_site_time ON closures (site_id, end_time) WHERE site_id IS NOT NULL;
CREATE INDEX idx_closures_everywhere_time ON closures (end_time)
WHERE facility_id IS NULL AND site_id IS NULL;

-- One closure for a holiday, however often the calendar is read.
CREATE UNIQUE INDEX closures_holiday_key ON closures (site_id, start_time)
WHERE source = 'holiday';
