SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE OR REPLACE TRIGGER user_tokens_audit
AFTER INSERT OR UPDATE OR DELETE ON user_tokens
FOR EACH ROW
EXECUTE FUNCTION audit_record('user_token', 'token_hash');

ALTER TABLE user_tokens DROP COLUMN issues_until;
