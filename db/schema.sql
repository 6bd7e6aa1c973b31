-- What the migrations in db/migrations add up to. Written by scripts/schema.sh;
-- a test holds it against them. Change a migration, not this file.

CREATE EXTENSION btree_gist;

CREATE EXTENSION pg_trgm;

CREATE TYPE audit_action AS ENUM ('created', 'updated', 'cancelled');

CREATE TYPE booking_status AS ENUM ('confirmed', 'cancelled', 'pending');

CREATE TYPE facility_status AS ENUM ('active', 'archived');

CREATE TYPE facility_type AS ENUM ('room', 'court', 'lab', 'desk', 'vehicle', 'other');

CREATE OR REPLACE FUNCTION public.amenities_text(amenities text[])
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ SELECT array_to_string(amenities, ' ') $function$;

CREATE OR REPLACE FUNCTION public.audit_booking()
 RETURNS trigger
 LANGUAGE plpgsql
 SET "TimeZone" TO 'UTC'
AS $function$
BEGIN
    INSERT INTO public.booking_audit (
        booking_id, action, old_values, new_values, changed_by, request_id
    )
    VALUES (
        NEW.id,
        CASE WHEN TG_OP = 'INSERT' THEN 'created'
             WHEN NEW.status = 'cancelled' AND OLD.status <> 'cancelled' THEN 'cancelled'
             ELSE 'updated'
         END::public.audit_action,
        CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) - 'occupied' END,
        to_jsonb(NEW) - 'occupied',
        NULLIF(current_setting('holdfast.actor_id', true), '')::INTEGER,
        NULLIF(current_setting('holdfast.request_id', true), '')
    );
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.audit_facility()
 RETURNS trigger
 LANGUAGE plpgsql
 SET "TimeZone" TO 'UTC'
AS $function$
BEGIN
    INSERT INTO public.facility_audit (
        facility_id, action, old_values, new_values, changed_by, request_id
    )
    VALUES (
        NEW.id,
        CASE WHEN TG_OP = 'INSERT' THEN 'created' ELSE 'updated' END::public.audit_action,
        CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) - 'search_text' END,
        to_jsonb(NEW) - 'search_text',
        NULLIF(current_setting('holdfast.actor_id', true), '')::INTEGER,
        NULLIF(current_setting('holdfast.request_id', true), '')
    );
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.refuse_statement()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION '% takes no %: %', TG_TABLE_NAME, TG_OP, TG_ARGV[0]
    USING ERRCODE = 'restrict_violation';
END
$function$;

CREATE OR REPLACE FUNCTION public.touch_updated_at()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.updated_at := GREATEST(clock_timestamp(), OLD.updated_at + INTERVAL '1 microsecond');
    RETURN NEW;
END
$function$;

CREATE TABLE booking_audit (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    booking_id bigint NOT NULL,
    action audit_action NOT NULL,
    old_values jsonb,
    new_values jsonb NOT NULL,
    changed_by integer,
    request_id text,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT booking_audit_pkey PRIMARY KEY (id),
    CONSTRAINT booking_audit_old_values_unless_created CHECK (((action = 'created'::audit_action) = (old_values IS NULL)))
);

CREATE TABLE bookings (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    facility_id integer NOT NULL,
    user_id integer NOT NULL,
    start_time timestamp with time zone NOT NULL,
    end_time timestamp with time zone NOT NULL,
    title character varying(255) NOT NULL,
    description text,
    attendee_count integer DEFAULT 1 NOT NULL,
    status booking_status DEFAULT 'confirmed'::booking_status NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    occupied tstzrange GENERATED ALWAYS AS (tstzrange(start_time, GREATEST(start_time, end_time), '[)'::text)) STORED,
    CONSTRAINT bookings_pkey PRIMARY KEY (id),
    CONSTRAINT booking_attendee_count_positive CHECK ((attendee_count >= 1)),
    CONSTRAINT booking_duration_reasonable CHECK (((end_time - start_time) <= '08:00:00'::interval)),
    CONSTRAINT booking_time_granularity CHECK (((date_bin('00:15:00'::interval, start_time, '1970-01-01 00:00:00+00'::timestamp with time zone) = start_time) AND (date_bin('00:15:00'::interval, end_time, '1970-01-01 00:00:00+00'::timestamp with time zone) = end_time))),
    CONSTRAINT booking_time_valid CHECK ((end_time > start_time)),
    CONSTRAINT booking_title_not_blank CHECK ((((title)::text COLLATE "C") ~ '\S'::text)),
    CONSTRAINT bookings_no_overlap EXCLUDE USING gist (facility_id WITH =, occupied WITH &&) WHERE ((status = ANY (ARRAY['confirmed'::booking_status, 'pending'::booking_status])))
);

CREATE TABLE facilities (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    site_id integer NOT NULL,
    name character varying(100) NOT NULL,
    description text,
    facility_type facility_type NOT NULL,
    capacity integer NOT NULL,
    amenities text[] DEFAULT '{}'::text[] NOT NULL,
    time_zone text NOT NULL,
    status facility_status DEFAULT 'active'::facility_status NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    search_text text GENERATED ALWAYS AS (lower((((((name)::text || ' '::text) || COALESCE(description, ''::text)) || ' '::text) || amenities_text(amenities)))) STORED,
    CONSTRAINT facilities_pkey PRIMARY KEY (id),
    CONSTRAINT facilities_amenities_count CHECK ((cardinality(amenities) <= 50)),
    CONSTRAINT facilities_amenities_form CHECK (((amenities = '{}'::text[]) OR (((array_to_string(amenities, ','::text, '?'::text) COLLATE "C") ~ '^[a-z0-9][a-z0-9_]{0,49}(,[a-z0-9][a-z0-9_]{0,49})*$'::text) AND (strpos(array_to_string(amenities, ''::text), ','::text) = 0)))),
    CONSTRAINT facilities_capacity_range CHECK (((capacity >= 1) AND (capacity <= 100000))),
    CONSTRAINT facilities_description_length CHECK ((char_length(description) <= 2000)),
    CONSTRAINT facilities_name_not_blank CHECK ((((name)::text COLLATE "C") ~ '\S'::text)),
    CONSTRAINT facilities_time_zone_form CHECK (((time_zone COLLATE "C") ~ '^[A-Za-z0-9_+/-]{1,64}$'::text))
);

CREATE TABLE facility_audit (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    facility_id integer NOT NULL,
    action audit_action NOT NULL,
    old_values jsonb,
    new_values jsonb NOT NULL,
    changed_by integer,
    request_id text,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT facility_audit_pkey PRIMARY KEY (id),
    CONSTRAINT facility_audit_old_values_unless_created CHECK (((action = 'created'::audit_action) = (old_values IS NULL)))
);

CREATE TABLE idempotency_keys (
    user_id integer NOT NULL,
    operation text NOT NULL,
    key character varying(255) NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, operation, key),
    CONSTRAINT idempotency_keys_fingerprint_is_sha256 CHECK ((octet_length(fingerprint) = 32)),
    CONSTRAINT idempotency_keys_status_range CHECK (((status >= 200) AND (status <= 599)))
);

CREATE TABLE sites (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    name character varying(100) NOT NULL,
    time_zone text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT sites_pkey PRIMARY KEY (id),
    CONSTRAINT sites_name_not_blank CHECK ((((name)::text COLLATE "C") ~ '\S'::text)),
    CONSTRAINT sites_time_zone_form CHECK (((time_zone COLLATE "C") ~ '^[A-Za-z0-9_+/-]{1,64}$'::text))
);

CREATE TABLE user_tokens (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    user_id integer NOT NULL,
    token_hash bytea NOT NULL,
    token_prefix character varying(12) NOT NULL,
    name character varying(100) NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT user_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT user_tokens_name_not_blank CHECK ((((name)::text COLLATE "C") ~ '\S'::text)),
    CONSTRAINT user_tokens_token_hash_is_sha256 CHECK ((octet_length(token_hash) = 32)),
    CONSTRAINT user_tokens_token_hash_key UNIQUE (token_hash)
);

CREATE TABLE users (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    username character varying(100) NOT NULL,
    display_name character varying(200),
    is_staff boolean DEFAULT false NOT NULL,
    deactivated_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_username_form CHECK ((((username)::text COLLATE "C") ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$'::text))
);

ALTER TABLE booking_audit
ADD CONSTRAINT booking_audit_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id);

ALTER TABLE booking_audit
ADD CONSTRAINT booking_audit_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES users(id);

ALTER TABLE bookings
ADD CONSTRAINT bookings_facility_id_fkey FOREIGN KEY (facility_id) REFERENCES facilities(id);

ALTER TABLE bookings
ADD CONSTRAINT bookings_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE facilities
ADD CONSTRAINT facilities_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id);

ALTER TABLE facility_audit
ADD CONSTRAINT facility_audit_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES users(id);

ALTER TABLE facility_audit
ADD CONSTRAINT facility_audit_facility_id_fkey FOREIGN KEY (facility_id) REFERENCES facilities(id);

ALTER TABLE idempotency_keys
ADD CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE user_tokens
ADD CONSTRAINT user_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

CREATE INDEX idx_booking_audit_booking ON public.booking_audit USING btree (booking_id, id);

CREATE INDEX idx_bookings_facility_time ON public.bookings USING btree (facility_id, start_time, id);

CREATE INDEX idx_bookings_status_time ON public.bookings USING btree (status, created_at);

CREATE INDEX idx_bookings_time ON public.bookings USING btree (start_time, id);

CREATE INDEX idx_bookings_user_time ON public.bookings USING btree (user_id, start_time, id);

CREATE UNIQUE INDEX facilities_site_name_key ON public.facilities USING btree (site_id, lower((name)::text));

CREATE INDEX idx_facilities_amenities ON public.facilities USING gin (amenities) WITH (fastupdate=off);

CREATE INDEX idx_facilities_name ON public.facilities USING btree (lower((name)::text), id);

CREATE INDEX idx_facilities_search ON public.facilities USING gin (search_text gin_trgm_ops) WITH (fastupdate=off);

CREATE INDEX idx_facility_audit_facility ON public.facility_audit USING btree (facility_id, id);

CREATE INDEX idx_idempotency_keys_expires ON public.idempotency_keys USING btree (expires_at);

CREATE UNIQUE INDEX sites_name_key ON public.sites USING btree (lower((name)::text));

CREATE INDEX idx_user_tokens_user ON public.user_tokens USING btree (user_id, id);

CREATE INDEX idx_users_search ON public.users USING gin (lower((((username)::text || ' '::text) || (COALESCE(display_name, ''::character varying))::text)) gin_trgm_ops) WITH (fastupdate=off);

CREATE UNIQUE INDEX users_username_key ON public.users USING btree (lower((username)::text));

CREATE TRIGGER booking_audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON booking_audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('it is a log, and only grows');

CREATE TRIGGER bookings_audit_insert AFTER INSERT ON bookings FOR EACH ROW EXECUTE FUNCTION audit_booking();

CREATE TRIGGER bookings_audit_update AFTER UPDATE ON bookings FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION audit_booking();

CREATE TRIGGER bookings_stay BEFORE DELETE OR TRUNCATE ON bookings FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('set the status to cancelled instead');

CREATE TRIGGER bookings_touch_updated_at BEFORE UPDATE ON bookings FOR EACH ROW WHEN (old.id IS DISTINCT FROM new.id OR old.facility_id IS DISTINCT FROM new.facility_id OR old.user_id IS DISTINCT FROM new.user_id OR old.start_time IS DISTINCT FROM new.start_time OR old.end_time IS DISTINCT FROM new.end_time OR old.title::text IS DISTINCT FROM new.title::text OR old.description IS DISTINCT FROM new.description OR old.attendee_count IS DISTINCT FROM new.attendee_count OR old.status IS DISTINCT FROM new.status OR old.created_at IS DISTINCT FROM new.created_at OR old.updated_at IS DISTINCT FROM new.updated_at) EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER facilities_audit_insert AFTER INSERT ON facilities FOR EACH ROW EXECUTE FUNCTION audit_facility();

CREATE TRIGGER facilities_audit_update AFTER UPDATE ON facilities FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION audit_facility();

CREATE TRIGGER facilities_stay BEFORE DELETE OR TRUNCATE ON facilities FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('set the status to archived instead');

CREATE TRIGGER facilities_touch_updated_at BEFORE UPDATE ON facilities FOR EACH ROW WHEN (old.id IS DISTINCT FROM new.id OR old.site_id IS DISTINCT FROM new.site_id OR old.name::text IS DISTINCT FROM new.name::text OR old.description IS DISTINCT FROM new.description OR old.facility_type IS DISTINCT FROM new.facility_type OR old.capacity IS DISTINCT FROM new.capacity OR old.amenities IS DISTINCT FROM new.amenities OR old.time_zone IS DISTINCT FROM new.time_zone OR old.status IS DISTINCT FROM new.status OR old.created_at IS DISTINCT FROM new.created_at OR old.updated_at IS DISTINCT FROM new.updated_at) EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER facility_audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON facility_audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('it is a log, and only grows');
