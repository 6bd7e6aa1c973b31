-- What a token may be used for, of what its user may do.
-- depends: 0014_facility_terms

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- Tokens that there are keep all they could do. So do those that processes of the version before
-- still make, which do not know of scopes. A constant default rewrites no row.
ALTER TABLE user_tokens
ADD COLUMN scopes TEXT[] NOT NULL DEFAULT '{read,book,manage}';

-- The table is locked already, and there are few tokens: nobody waits for long.
ALTER TABLE user_tokens
-- squawk-ignore constraint-missing-not-valid
ADD CONSTRAINT user_tokens_scopes_known
CHECK (scopes <@ '{read,book,manage}' AND scopes <> '{}');
