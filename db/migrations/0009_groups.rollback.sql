SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP TABLE quotas;
DROP TABLE facility_group_members;
DROP TABLE facility_groups;
DROP TABLE site_staff;
DROP TABLE facility_user_groups;
DROP TABLE user_group_members;
DROP TABLE user_groups;
ALTER TABLE users DROP COLUMN anonymised_at;
