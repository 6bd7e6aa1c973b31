SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP TABLE booking_conflicts;
DROP INDEX idx_facility_audit_changed_by;
DROP INDEX idx_booking_audit_changed_by;
DROP TRIGGER booking_audit_append_only ON booking_audit;
CREATE TRIGGER booking_audit_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON booking_audit
FOR EACH STATEMENT
EXECUTE FUNCTION refuse_statement('it is a log, and only grows');
DROP TRIGGER quotas_audit ON quotas;
DROP TRIGGER facility_group_members_audit ON facility_group_members;
DROP TRIGGER facility_groups_audit ON facility_groups;
DROP TRIGGER site_staff_audit ON site_staff;
DROP TRIGGER facility_user_groups_audit ON facility_user_groups;
DROP TRIGGER user_group_members_audit ON user_group_members;
DROP TRIGGER user_groups_audit ON user_groups;
DROP TRIGGER user_tokens_audit ON user_tokens;
DROP TRIGGER users_audit ON users;
DROP TRIGGER closures_audit ON closures;
DROP TRIGGER sites_audit ON sites;
DROP TABLE audit_log;
DROP FUNCTION refuse_unless_anonymising();
DROP FUNCTION audit_record();
DROP TYPE audit_log_action;
