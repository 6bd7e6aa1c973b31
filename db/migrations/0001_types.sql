-- The extensions that later migrations stand on, and the words that columns may hold.
-- depends:

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- btree_gist lets one GiST index hold a facility's id beside a range of time;
-- pg_trgm finds text by any part of it. Both are trusted: the owner of the
-- database may create them without being a superuser.
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TYPE booking_status AS ENUM ('confirmed', 'cancelled', 'pending');
CREATE TYPE audit_action AS ENUM ('created', 'updated', 'cancelled');
CREATE TYPE facility_status AS ENUM ('active', 'archived');
CREATE TYPE facility_type AS ENUM ('room', 'court', 'lab', 'desk', 'vehicle', 'other');
