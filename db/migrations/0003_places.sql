-- Sites and the facilities at them.
-- depends: 0002_people

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE sites (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    name VARCHAR(100) NOT NULL,
    time_zone TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT sites_pkey PRIMARY KEY (id),
    CONSTRAINT sites_name_not_blank CHECK (name COLLATE "C" ~ '\S'),
    -- Which names there are changes with the time zone database, not with ours:
    -- the service knows them, the column only keeps out what cannot be one.
    CONSTRAINT sites_time_zone_form
    CHECK (time_zone COLLATE "C" ~ '^[A-Za-z0-9_+/-]{1,64}$')
);

-- One site of a name, however it is capitalised; it also sorts the list of sites.
CREATE UNIQUE INDEX sites_name_key ON sites (lower(name));

-- array_to_string is declared stable, for the sake of element types whose text
-- depends on settings; of text it is immutable, and a generated column needs that.
CREATE FUNCTION amenities_text(amenities TEXT[]) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT array_to_string(amenities, ' ') $$;

CREATE TABLE facilities (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    site_id INTEGER NOT NULL,
    name VARCHAR(100) NOT NULL,
    description TEXT,
    facility_type FACILITY_TYPE NOT NULL,
    capacity INTEGER NOT NULL,
    amenities TEXT[] NOT NULL DEFAULT '{}',
    time_zone TEXT NOT NULL,
    status FACILITY_STATUS NOT NULL DEFAULT 'active',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    -- In small letters, since LIKE compares them ten times as fast as ILIKE others.
    search_text TEXT GENERATED ALWAYS AS (
        lower(name || ' ' || COALESCE(description, '') || ' ' || amenities_text(amenities))
    ) STORED,
    CONSTRAINT facilities_pkey PRIMARY KEY (id),
    CONSTRAINT facilities_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites (id),
    CONSTRAINT facilities_name_not_blank CHECK (name COLLATE "C" ~ '\S'),
    CONSTRAINT facilities_description_length CHECK (char_length(description) <= 2000),
    CONSTRAINT facilities_capacity_range CHECK (capacity BETWEEN 1 AND 100000),
    CONSTRAINT facilities_amenities_count CHECK (cardinality(amenities) <= 50),
    -- Joined by commas they must look like names joined by commas; the second part
    -- keeps a comma out of the names.
    CONSTRAINT facilities_amenities_form CHECK (
        amenities = '{}'
        OR array_to_string(amenities, ',', '?') COLLATE "C"
        ~ '^[a-z0-9][a-z0-9_]{0,49}(,[a-z0-9][a-z0-9_]{0,49})*$'
        AND strpos(array_to_string(amenities, ''), ',') = 0
    ),
    CONSTRAINT facilities_time_zone_form
    CHECK (time_zone COLLATE "C" ~ '^[A-Za-z0-9_+/-]{1,64}$')
);

-- One facility of a name at a site, however it is capitalised.
CREATE UNIQUE INDEX facilities_site_name_key ON facilities (site_id, lower(name));

-- The order in which facilities are listed.
CREATE INDEX idx_facilities_name ON facilities (lower(name), id);

-- Written seldom and read often: a new entry goes to its place at once, not to a list
-- that every search has to read.
CREATE INDEX idx_facilities_amenities ON facilities USING gin (amenities)
WITH (fastupdate = off);
CREATE INDEX idx_facilities_search ON facilities USING gin (search_text gin_trgm_ops)
WITH (fastupdate = off);

-- updated_at never repeats and never goes back, whatever the clock does: two
-- states of one row never carry the same time. Shared by every table that has it.
CREATE FUNCTION touch_updated_at() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := GREATEST(clock_timestamp(), OLD.updated_at + INTERVAL '1 microsecond');
    RETURN NEW;
END
$$;

-- Only a change moves updated_at. A BEFORE trigger cannot see generated columns,
-- so the others are named one by one; a test holds that none is missing.
CREATE TRIGGER facilities_touch_updated_at
BEFORE UPDATE ON facilities
FOR EACH ROW
WHEN (
    (
        OLD.id, OLD.site_id, OLD.name, OLD.description, OLD.facility_type, OLD.capacity,
        OLD.amenities, OLD.time_zone, OLD.status, OLD.created_at, OLD.updated_at
    ) IS DISTINCT FROM (
        NEW.id, NEW.site_id, NEW.name, NEW.description, NEW.facility_type, NEW.capacity,
        NEW.amenities, NEW.time_zone, NEW.status, NEW.created_at, NEW.updated_at
    )
)
EXECUTE FUNCTION touch_updated_at();
