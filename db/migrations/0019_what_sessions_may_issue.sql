-- When tokens must end that are made in a browser's session: with what the session was opened with,
-- not with the session.
-- depends: 0018_visit_counts

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- NULL for every token that is no session, and for sessions from before: what those make ends with
-- them. 'infinity' where a session was opened with something that never ends.
ALTER TABLE user_tokens ADD COLUMN issues_until TIMESTAMPTZ;

-- When a session ends is on record, and so is whatever it issues: this would tell nobody anything.
CREATE OR REPLACE TRIGGER user_tokens_audit
AFTER INSERT OR UPDATE OR DELETE ON user_tokens
FOR EACH ROW
EXECUTE FUNCTION audit_record('user_token', 'token_hash', 'issues_until');
