-- Up to which year a site's public holidays are written as closures.
-- depends: 0011_reports

-- See 0007_rules.
-- squawk-ignore-file constraint-missing-not-valid

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- A year that is done is not done again: a holiday that staff have removed stays away.
-- It is no change of the site's own, so it is not among what touches updated_at.
ALTER TABLE sites
ADD COLUMN holidays_until SMALLINT,
ADD CONSTRAINT sites_holidays_until_of_calendar
CHECK (holidays_until IS NULL OR holiday_country IS NOT NULL);
