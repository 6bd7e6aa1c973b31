-- How visits to the timeline end, and how long they take: counts, and nobody's.
-- depends: 0017_sign_in_links

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- Seconds are rounded up to one of 188 (domain/visits.py), so that a day has no more than 1,128
-- rows however many visits there are.
CREATE TABLE visit_counts (
    date DATE NOT NULL,
    outcome TEXT NOT NULL,
    seconds INTEGER NOT NULL,
    had_conflict BOOLEAN NOT NULL,
    count BIGINT NOT NULL,
    CONSTRAINT visit_counts_pkey PRIMARY KEY (date, outcome, seconds, had_conflict),
    CONSTRAINT visit_counts_outcome_known
    CHECK (outcome IN ('booked', 'left_dialog', 'left_search')),
    CONSTRAINT visit_counts_seconds_within_a_day CHECK (seconds BETWEEN 0 AND 86400),
    CONSTRAINT visit_counts_count_positive CHECK (count > 0)
);
