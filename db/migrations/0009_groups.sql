-- Who may book what, who governs what, and how much one user may hold.
-- depends: 0008_closures

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- Somebody who was forgotten is not let in again: nobody could tell who that is.
ALTER TABLE users
ADD COLUMN anonymised_at TIMESTAMPTZ,
-- squawk-ignore constraint-missing-not-valid
ADD CONSTRAINT users_anonymised_stay_out
CHECK (anonymised_at IS NULL OR deactivated_at IS NOT NULL);

CREATE TABLE user_groups (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    name VARCHAR(100) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT user_groups_pkey PRIMARY KEY (id),
    CONSTRAINT user_groups_name_not_blank CHECK (name COLLATE "C" ~ '\S')
);

CREATE UNIQUE INDEX user_groups_name_key ON user_groups (lower(name));

CREATE TABLE user_group_members (
    user_group_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    CONSTRAINT user_group_members_pkey PRIMARY KEY (user_group_id, user_id),
    CONSTRAINT user_group_members_user_group_id_fkey
    FOREIGN KEY (user_group_id) REFERENCES user_groups (id) ON DELETE CASCADE,
    CONSTRAINT user_group_members_user_id_fkey
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX idx_user_group_members_user ON user_group_members (user_id, user_group_id);

-- The groups that a facility is open to; one without a row is open to all. A group
-- that a facility is open to cannot be deleted: it would open the facility to all.
CREATE TABLE facility_user_groups (
    facility_id INTEGER NOT NULL,
    user_group_id INTEGER NOT NULL,
    CONSTRAINT facility_user_groups_pkey PRIMARY KEY (facility_id, user_group_id),
    CONSTRAINT facility_user_groups_facility_id_fkey
    FOREIGN KEY (facility_id) REFERENCES facilities (id),
    CONSTRAINT facility_user_groups_user_group_id_fkey
    FOREIGN KEY (user_group_id) REFERENCES user_groups (id)
);

CREATE INDEX idx_facility_user_groups_group ON facility_user_groups (user_group_id);

-- Users who are staff of these sites only; users.is_staff governs every site.
CREATE TABLE site_staff (
    user_id INTEGER NOT NULL,
    site_id INTEGER NOT NULL,
    CONSTRAINT site_staff_pkey PRIMARY KEY (user_id, site_id),
    CONSTRAINT site_staff_user_id_fkey
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT site_staff_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites (id)
);

CREATE INDEX idx_site_staff_site ON site_staff (site_id);

-- Facilities that share a quota.
CREATE TABLE facility_groups (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    name VARCHAR(100) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT facility_groups_pkey PRIMARY KEY (id),
    CONSTRAINT facility_groups_name_not_blank CHECK (name COLLATE "C" ~ '\S')
);

CREATE UNIQUE INDEX facility_groups_name_key ON facility_groups (lower(name));

CREATE TABLE facility_group_members (
    facility_group_id INTEGER NOT NULL,
    facility_id INTEGER NOT NULL,
    CONSTRAINT facility_group_members_pkey PRIMARY KEY (facility_group_id, facility_id),
    CONSTRAINT facility_group_members_facility_group_id_fkey
    FOREIGN KEY (facility_group_id) REFERENCES facility_groups (id) ON DELETE CASCADE,
    CONSTRAINT facility_group_members_facility_id_fkey
    FOREIGN KEY (facility_id) REFERENCES facilities (id)
);

CREATE INDEX idx_facility_group_members_facility ON facility_group_members (facility_id);

-- How much each user may hold: of one facility, of a group of them, or with neither
-- of all together.
CREATE TABLE quotas (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    facility_id INTEGER,
    facility_group_id INTEGER,
    max_active_bookings INTEGER,
    max_hours_per_week INTEGER,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT quotas_pkey PRIMARY KEY (id),
    CONSTRAINT quotas_facility_id_fkey FOREIGN KEY (facility_id) REFERENCES facilities (id),
    CONSTRAINT quotas_facility_group_id_fkey
    FOREIGN KEY (facility_group_id) REFERENCES facility_groups (id),
    CONSTRAINT quotas_one_scope CHECK (facility_id IS NULL OR facility_group_id IS NULL),
    CONSTRAINT quotas_max_active_bookings_range CHECK (max_active_bookings BETWEEN 1 AND 10000),
    CONSTRAINT quotas_max_hours_per_week_range CHECK (max_hours_per_week BETWEEN 1 AND 168),
    CONSTRAINT quotas_limit_something
    CHECK (max_active_bookings IS NOT NULL OR max_hours_per_week IS NOT NULL)
);

-- One quota for each facility, for each group, and for all.
CREATE UNIQUE INDEX quotas_facility_key ON quotas (facility_id) WHERE facility_id IS NOT NULL;
CREATE UNIQUE INDEX quotas_facility_group_key ON quotas (facility_group_id)
WHERE facility_group_id IS NOT NULL;
CREATE UNIQUE INDEX quotas_everything_key ON quotas ((TRUE))
WHERE facility_id IS NULL AND facility_group_id IS NULL;

CREATE TRIGGER quotas_touch_updated_at
BEFORE UPDATE ON quotas
FOR EACH ROW
WHEN (OLD.* IS DISTINCT FROM NEW.*)
EXECUTE FUNCTION touch_updated_at();
