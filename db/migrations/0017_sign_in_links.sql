-- Links that sign a browser in once.
-- depends: 0016_shared_statements

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- A secret of its own kind, and no token: it opens nothing but a session, and is gone then.
CREATE TABLE sign_in_links (
    secret_hash BYTEA NOT NULL,
    user_id INTEGER NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT sign_in_links_pkey PRIMARY KEY (secret_hash),
    CONSTRAINT sign_in_links_secret_hash_is_sha256 CHECK (octet_length(secret_hash) = 32),
    CONSTRAINT sign_in_links_user_id_fkey
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
