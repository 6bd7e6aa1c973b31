-- The index that reports on utilisation live by.
-- depends: 0010_audit_log

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '600s';

-- A report reads every confirmed booking of up to two years, and of each only when it was
-- and where: from this index alone, in the order in which facilities are looked at.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX idx_bookings_confirmed_time ON bookings (facility_id, start_time)
INCLUDE (end_time)
WHERE status = 'confirmed';
