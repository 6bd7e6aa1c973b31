-- The index that what a user holds is counted from, for quotas.
-- depends: 0019_what_sessions_may_issue

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '600s';

-- Whoever books something under a quota is counted first, while others who want to book as the same
-- user wait: all that counts is in the index, so that not each booking has to be looked up.
-- Dropped first, so that nobody who reads now and writes later can come to a deadlock with this.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX idx_bookings_user_time;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX idx_bookings_user_time ON bookings (user_id, start_time, id)
INCLUDE (facility_id, end_time, status, decide_by);
