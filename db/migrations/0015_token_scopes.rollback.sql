SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- Without scopes a token may do all that its user may. One that might not must not come to: who
-- has it gets a new one.
DELETE FROM user_tokens
 WHERE NOT scopes @> '{read,book,manage}';

ALTER TABLE user_tokens
DROP COLUMN scopes;
