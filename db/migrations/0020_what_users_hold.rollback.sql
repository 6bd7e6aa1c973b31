SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '600s';

DROP INDEX idx_bookings_user_time;
CREATE INDEX idx_bookings_user_time ON bookings (user_id, start_time, id);
