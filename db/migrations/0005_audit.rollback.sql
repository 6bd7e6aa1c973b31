SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP TRIGGER facilities_stay ON facilities;
DROP TRIGGER bookings_stay ON bookings;
DROP TRIGGER facilities_audit_update ON facilities;
DROP TRIGGER facilities_audit_insert ON facilities;
DROP TRIGGER bookings_audit_update ON bookings;
DROP TRIGGER bookings_audit_insert ON bookings;
DROP TABLE facility_audit;
DROP TABLE booking_audit;
DROP FUNCTION refuse_statement();
DROP FUNCTION audit_facility();
DROP FUNCTION audit_booking();
