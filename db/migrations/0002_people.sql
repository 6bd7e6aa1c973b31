-- Users and the tokens they authenticate with.
-- depends: 0001_types

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE users (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    username VARCHAR(100) NOT NULL,
    display_name VARCHAR(200),
    is_staff BOOLEAN NOT NULL DEFAULT false,
    deactivated_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_username_form
    CHECK (username COLLATE "C" ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$')
);

-- One user name, however it is capitalised; it also sorts the list of users.
CREATE UNIQUE INDEX users_username_key ON users (lower(username));

-- Finds users by any part of what they are called, whatever the capitals.
CREATE INDEX idx_users_search ON users
USING gin (lower(username || ' ' || COALESCE(display_name, '')) gin_trgm_ops)
WITH (fastupdate = off);

-- A token itself is never stored: a leaked dump is no leaked login. It has 256
-- random bits, so a plain SHA-256 of it cannot be guessed back.
CREATE TABLE user_tokens (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    user_id INTEGER NOT NULL,
    token_hash BYTEA NOT NULL,
    token_prefix VARCHAR(12) NOT NULL,
    name VARCHAR(100) NOT NULL,
    expires_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT user_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT user_tokens_token_hash_key UNIQUE (token_hash),
    CONSTRAINT user_tokens_token_hash_is_sha256 CHECK (octet_length(token_hash) = 32),
    CONSTRAINT user_tokens_name_not_blank CHECK (name COLLATE "C" ~ '\S'),
    CONSTRAINT user_tokens_user_id_fkey
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX idx_user_tokens_user ON user_tokens (user_id, id);
