-- The extensions stay: they may have been here before Holdfast, and hold nothing of it.

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP TYPE facility_type;
DROP TYPE facility_status;
DROP TYPE audit_action;
DROP TYPE booking_status;
