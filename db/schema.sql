-- What the migrations in db/migrations add up to. Written by scripts/schema.sh;
-- a test holds it against them. Change a migration, not this file.

CREATE EXTENSION btree_gist;

CREATE EXTENSION pg_trgm;

CREATE TYPE audit_action AS ENUM ('created', 'updated', 'cancelled');

CREATE TYPE audit_log_action AS ENUM ('created', 'updated', 'deleted');

CREATE TYPE booking_status AS ENUM ('confirmed', 'cancelled', 'pending');

CREATE TYPE cancellation_cause AS ENUM ('owner', 'staff', 'rejected', 'expired', 'closure', 'anonymised');

CREATE TYPE closure_source AS ENUM ('staff', 'holiday');

CREATE TYPE facility_status AS ENUM ('active', 'archived');

CREATE TYPE facility_type AS ENUM ('room', 'court', 'lab', 'desk', 'vehicle', 'other');

CREATE OR REPLACE FUNCTION public.add_terms()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM public.wait_for_wide_changes();
    INSERT INTO public.facility_terms (facility_id) VALUES (NEW.id);
    RETURN NULL;
END
$function$;

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
DECLARE
    own_request TEXT;
BEGIN
    IF TG_OP = 'INSERT' THEN
        own_request := NULLIF(current_setting('holdfast.own_requests', true), '')::JSONB
            ->> concat_ws(' ', NEW.facility_id, extract(EPOCH FROM NEW.start_time)::BIGINT);
    END IF;
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
        CASE WHEN own_request IS NULL
             THEN NULLIF(current_setting('holdfast.actor_id', true), '')::INTEGER
             ELSE NEW.user_id
         END,
        COALESCE(own_request, NULLIF(current_setting('holdfast.request_id', true), ''))
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

CREATE OR REPLACE FUNCTION public.audit_record()
 RETURNS trigger
 LANGUAGE plpgsql
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
    before JSONB := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - TG_ARGV[1:] END;
    after JSONB := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - TG_ARGV[1:] END;
BEGIN
    IF before = after THEN
        RETURN NULL;
    END IF;
    INSERT INTO public.audit_log (
        record_type, record_id, action, old_values, new_values, changed_by, request_id
    )
    VALUES (
        TG_ARGV[0],
        (COALESCE(after, before) ->> 'id')::INTEGER,
        CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'updated' ELSE 'deleted'
        END::public.audit_log_action,
        before,
        after,
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

CREATE OR REPLACE FUNCTION public.refuse_unless_anonymising()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('holdfast.anonymising', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% takes no %: %', TG_TABLE_NAME, TG_OP, TG_ARGV[0]
    USING ERRCODE = 'restrict_violation';
END
$function$;

CREATE OR REPLACE FUNCTION public.renew_terms(facility_ids integer[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
      WITH held AS MATERIALIZED (
           SELECT t.facility_id
             FROM public.facility_terms AS t
            WHERE t.facility_id = ANY (facility_ids)
            ORDER BY t.facility_id
              FOR NO KEY UPDATE
           )
    UPDATE public.facility_terms AS t
       SET revision = gen_random_uuid()
      FROM held AS h
     WHERE t.facility_id = h.facility_id;
END
$function$;

CREATE OR REPLACE FUNCTION public.renew_terms_of_closure()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM public.wait_for_new_facilities();
    PERFORM public.renew_terms(
        ARRAY(
            SELECT f.id
              FROM public.facilities AS f
             WHERE TG_OP = 'TRUNCATE'
                OR (TG_OP <> 'INSERT'
                    AND (f.id = OLD.facility_id
                         OR f.site_id = OLD.site_id
                         OR (OLD.facility_id IS NULL AND OLD.site_id IS NULL)))
                OR (TG_OP <> 'DELETE'
                    AND (f.id = NEW.facility_id
                         OR f.site_id = NEW.site_id
                         OR (NEW.facility_id IS NULL AND NEW.site_id IS NULL)))
        )
    );
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.renew_terms_of_facility()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF OLD.site_id <> NEW.site_id THEN
        PERFORM public.wait_for_wide_changes();
    END IF;
    PERFORM public.renew_terms(ARRAY[NEW.id]);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.renew_terms_of_member()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM public.renew_terms(ARRAY[OLD.facility_id, NEW.facility_id]);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.renew_terms_of_quota()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    groups INTEGER[] := ARRAY[OLD.facility_group_id, NEW.facility_group_id];
BEGIN
    PERFORM public.wait_for_new_facilities();
    PERFORM public.renew_terms(
        ARRAY(
            SELECT f.id
              FROM public.facilities AS f
             WHERE f.id IN (OLD.facility_id, NEW.facility_id)
                OR f.id IN (SELECT m.facility_id
                              FROM public.facility_group_members AS m
                             WHERE m.facility_group_id = ANY (groups))
                OR TG_OP = 'TRUNCATE'
                OR (TG_OP <> 'INSERT'
                    AND OLD.facility_id IS NULL AND OLD.facility_group_id IS NULL)
                OR (TG_OP <> 'DELETE'
                    AND NEW.facility_id IS NULL AND NEW.facility_group_id IS NULL)
        )
    );
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.renew_terms_of_site()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM public.wait_for_new_facilities();
    PERFORM public.renew_terms(
        ARRAY(SELECT f.id FROM public.facilities AS f WHERE f.site_id = NEW.id)
    );
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.tell_booking()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'UPDATE'
        AND (OLD.facility_id <> NEW.facility_id OR OLD.occupied <> NEW.occupied)
    THEN
        INSERT INTO public.changes (
            record_type, facility_id, site_id, booking_id, user_id, start_time, end_time
        )
        VALUES (
            'booking', OLD.facility_id,
            (SELECT f.site_id FROM public.facilities AS f WHERE f.id = OLD.facility_id),
            OLD.id, OLD.user_id, lower(OLD.occupied), upper(OLD.occupied)
        );
    END IF;
    INSERT INTO public.changes (
        record_type, facility_id, site_id, booking_id, user_id, start_time, end_time
    )
    VALUES (
        'booking', NEW.facility_id,
        (SELECT f.site_id FROM public.facilities AS f WHERE f.id = NEW.facility_id),
        NEW.id, NEW.user_id, lower(NEW.occupied), upper(NEW.occupied)
    );
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.tell_closure()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO public.changes (record_type, facility_id, site_id, start_time, end_time)
    SELECT 'closure', c.facility_id,
           COALESCE(
               c.site_id,
               (SELECT f.site_id FROM public.facilities AS f WHERE f.id = c.facility_id)
           ),
           c.start_time, c.end_time
      FROM (
           VALUES
           (TG_OP IN ('UPDATE', 'DELETE'),
            OLD.facility_id, OLD.site_id, OLD.start_time, OLD.end_time),
           (TG_OP <> 'DELETE',
            NEW.facility_id, NEW.site_id, NEW.start_time, NEW.end_time)
           ) AS c (is_told, facility_id, site_id, start_time, end_time)
     WHERE c.is_told;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.tell_facility()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO public.changes (record_type, facility_id, site_id)
    VALUES ('facility', NEW.id, NEW.site_id);
    IF TG_OP = 'UPDATE' AND OLD.site_id <> NEW.site_id THEN
        INSERT INTO public.changes (record_type, facility_id, site_id)
        VALUES ('facility', OLD.id, OLD.site_id);
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.tell_facility_user_group()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    facility INTEGER := COALESCE(NEW.facility_id, OLD.facility_id);
BEGIN
    INSERT INTO public.changes (record_type, facility_id, site_id)
    SELECT 'facility', f.id, f.site_id
      FROM public.facilities AS f
     WHERE f.id = facility;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.tell_site()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO public.changes (record_type, site_id)
    VALUES ('site', NEW.id);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.tell_user()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO public.changes (record_type, user_id)
    VALUES (
        'user',
        (to_jsonb(COALESCE(NEW, OLD)) ->> TG_ARGV[0])::INTEGER
    );
    RETURN NULL;
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

CREATE OR REPLACE FUNCTION public.wait_for_new_facilities()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('facility_terms', 0));
END
$function$;

CREATE OR REPLACE FUNCTION public.wait_for_wide_changes()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('facility_terms', 0));
END
$function$;

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    record_type text NOT NULL,
    record_id integer,
    action audit_log_action NOT NULL,
    old_values jsonb,
    new_values jsonb,
    changed_by integer,
    request_id text,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT audit_log_pkey PRIMARY KEY (id),
    CONSTRAINT audit_log_values_of_action CHECK ((((old_values IS NULL) = (action = 'created'::audit_log_action)) AND ((new_values IS NULL) = (action = 'deleted'::audit_log_action))))
);

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

CREATE TABLE booking_conflicts (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    facility_id integer NOT NULL,
    user_id integer NOT NULL,
    start_time timestamp with time zone NOT NULL,
    end_time timestamp with time zone NOT NULL,
    occurred_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT booking_conflicts_pkey PRIMARY KEY (id)
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
    buffer_before_minutes smallint DEFAULT 0 NOT NULL,
    buffer_after_minutes smallint DEFAULT 0 NOT NULL,
    booked_by integer,
    decide_by timestamp with time zone,
    cancellation_cause cancellation_cause,
    change_reason character varying(500),
    occupied tstzrange GENERATED ALWAYS AS (tstzrange((((start_time AT TIME ZONE 'UTC'::text) - make_interval(mins => (buffer_before_minutes)::integer)) AT TIME ZONE 'UTC'::text), (((GREATEST(start_time, end_time) AT TIME ZONE 'UTC'::text) + make_interval(mins => (buffer_after_minutes)::integer)) AT TIME ZONE 'UTC'::text), '[)'::text)) STORED,
    CONSTRAINT bookings_pkey PRIMARY KEY (id),
    CONSTRAINT booking_attendee_count_positive CHECK ((attendee_count >= 1)),
    CONSTRAINT booking_buffers_range CHECK (((buffer_before_minutes >= 0) AND (buffer_before_minutes <= 240) AND (buffer_after_minutes >= 0) AND (buffer_after_minutes <= 240) AND (((buffer_before_minutes)::integer % 15) = 0) AND (((buffer_after_minutes)::integer % 15) = 0))),
    CONSTRAINT booking_cause_only_if_cancelled CHECK (((cancellation_cause IS NULL) OR (status = 'cancelled'::booking_status))),
    CONSTRAINT booking_decide_by_only_if_pending CHECK (((decide_by IS NULL) OR (status = 'pending'::booking_status))),
    CONSTRAINT booking_duration_reasonable CHECK (((end_time - start_time) <= '08:00:00'::interval)),
    CONSTRAINT booking_time_granularity CHECK (((date_bin('00:15:00'::interval, start_time, '1970-01-01 00:00:00+00'::timestamp with time zone) = start_time) AND (date_bin('00:15:00'::interval, end_time, '1970-01-01 00:00:00+00'::timestamp with time zone) = end_time))),
    CONSTRAINT booking_time_valid CHECK ((end_time > start_time)),
    CONSTRAINT booking_title_not_blank CHECK ((((title)::text COLLATE "C") ~ '\S'::text)),
    CONSTRAINT bookings_no_overlap EXCLUDE USING gist (facility_id WITH =, occupied WITH &&) WHERE ((status = ANY (ARRAY['confirmed'::booking_status, 'pending'::booking_status])))
);

CREATE TABLE changes (
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    record_type text NOT NULL,
    facility_id integer,
    site_id integer,
    booking_id bigint,
    user_id integer,
    start_time timestamp with time zone,
    end_time timestamp with time zone,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT changes_pkey PRIMARY KEY (transaction_id, id),
    CONSTRAINT changes_record_type_known CHECK ((record_type = ANY (ARRAY['booking'::text, 'closure'::text, 'facility'::text, 'site'::text, 'user'::text])))
);

CREATE TABLE changes_pruned (
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    only_row boolean DEFAULT true NOT NULL,
    CONSTRAINT changes_pruned_pkey PRIMARY KEY (only_row),
    CONSTRAINT changes_pruned_one_row CHECK (only_row)
);

CREATE TABLE closures (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    facility_id integer,
    site_id integer,
    start_time timestamp with time zone NOT NULL,
    end_time timestamp with time zone NOT NULL,
    reason character varying(255) NOT NULL,
    source closure_source DEFAULT 'staff'::closure_source NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT closures_pkey PRIMARY KEY (id),
    CONSTRAINT closures_holiday_of_site CHECK (((source = 'staff'::closure_source) OR (site_id IS NOT NULL))),
    CONSTRAINT closures_one_scope CHECK (((facility_id IS NULL) OR (site_id IS NULL))),
    CONSTRAINT closures_reason_not_blank CHECK ((((reason)::text COLLATE "C") ~ '\S'::text)),
    CONSTRAINT closures_time_granularity CHECK (((date_bin('00:15:00'::interval, start_time, '1970-01-01 00:00:00+00'::timestamp with time zone) = start_time) AND (date_bin('00:15:00'::interval, end_time, '1970-01-01 00:00:00+00'::timestamp with time zone) = end_time))),
    CONSTRAINT closures_time_in_calendar CHECK (((start_time >= '0001-01-01 00:00:00+00'::timestamp with time zone) AND (end_time < '10000-01-01 00:00:00+00'::timestamp with time zone))),
    CONSTRAINT closures_time_valid CHECK ((end_time > start_time))
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
    opening_hours int4multirange,
    min_duration_minutes smallint DEFAULT 15 NOT NULL,
    max_duration_minutes smallint DEFAULT 480 NOT NULL,
    min_notice_minutes integer DEFAULT 0 NOT NULL,
    horizon_days smallint,
    start_step_minutes smallint DEFAULT 15 NOT NULL,
    cancellation_notice_minutes integer DEFAULT 0 NOT NULL,
    buffer_before_minutes smallint DEFAULT 0 NOT NULL,
    buffer_after_minutes smallint DEFAULT 0 NOT NULL,
    requires_approval boolean DEFAULT false NOT NULL,
    approval_timeout_minutes integer DEFAULT 2880 NOT NULL,
    CONSTRAINT facilities_pkey PRIMARY KEY (id),
    CONSTRAINT facilities_amenities_count CHECK ((cardinality(amenities) <= 50)),
    CONSTRAINT facilities_amenities_form CHECK (((amenities = '{}'::text[]) OR (((array_to_string(amenities, ','::text, '?'::text) COLLATE "C") ~ '^[a-z0-9][a-z0-9_]{0,49}(,[a-z0-9][a-z0-9_]{0,49})*$'::text) AND (strpos(array_to_string(amenities, ''::text), ','::text) = 0)))),
    CONSTRAINT facilities_approval_timeout_range CHECK (((approval_timeout_minutes >= 15) AND (approval_timeout_minutes <= 43200))),
    CONSTRAINT facilities_buffers_range CHECK (((buffer_before_minutes >= 0) AND (buffer_before_minutes <= 240) AND (buffer_after_minutes >= 0) AND (buffer_after_minutes <= 240) AND (((buffer_before_minutes)::integer % 15) = 0) AND (((buffer_after_minutes)::integer % 15) = 0))),
    CONSTRAINT facilities_cancellation_notice_range CHECK (((cancellation_notice_minutes >= 0) AND (cancellation_notice_minutes <= 525600))),
    CONSTRAINT facilities_capacity_range CHECK (((capacity >= 1) AND (capacity <= 100000))),
    CONSTRAINT facilities_description_length CHECK ((char_length(description) <= 2000)),
    CONSTRAINT facilities_duration_range CHECK (((min_duration_minutes >= 15) AND (min_duration_minutes <= max_duration_minutes) AND (max_duration_minutes <= 480) AND (((min_duration_minutes)::integer % 15) = 0) AND (((max_duration_minutes)::integer % 15) = 0))),
    CONSTRAINT facilities_horizon_range CHECK (((horizon_days >= 1) AND (horizon_days <= 1095))),
    CONSTRAINT facilities_min_notice_range CHECK (((min_notice_minutes >= 0) AND (min_notice_minutes <= 525600))),
    CONSTRAINT facilities_name_not_blank CHECK ((((name)::text COLLATE "C") ~ '\S'::text)),
    CONSTRAINT facilities_opening_hours_in_week CHECK ((opening_hours <@ '{[0,10080)}'::int4multirange)),
    CONSTRAINT facilities_start_step_known CHECK ((start_step_minutes = ANY (ARRAY[15, 30, 60]))),
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

CREATE TABLE facility_group_members (
    facility_group_id integer NOT NULL,
    facility_id integer NOT NULL,
    CONSTRAINT facility_group_members_pkey PRIMARY KEY (facility_group_id, facility_id)
);

CREATE TABLE facility_groups (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    name character varying(100) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT facility_groups_pkey PRIMARY KEY (id),
    CONSTRAINT facility_groups_name_not_blank CHECK ((((name)::text COLLATE "C") ~ '\S'::text))
);

CREATE TABLE facility_terms (
    facility_id integer NOT NULL,
    revision uuid DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT facility_terms_pkey PRIMARY KEY (facility_id)
);

CREATE TABLE facility_user_groups (
    facility_id integer NOT NULL,
    user_group_id integer NOT NULL,
    CONSTRAINT facility_user_groups_pkey PRIMARY KEY (facility_id, user_group_id)
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

CREATE TABLE quotas (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    facility_id integer,
    facility_group_id integer,
    max_active_bookings integer,
    max_hours_per_week integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT quotas_pkey PRIMARY KEY (id),
    CONSTRAINT quotas_limit_something CHECK (((max_active_bookings IS NOT NULL) OR (max_hours_per_week IS NOT NULL))),
    CONSTRAINT quotas_max_active_bookings_range CHECK (((max_active_bookings >= 1) AND (max_active_bookings <= 10000))),
    CONSTRAINT quotas_max_hours_per_week_range CHECK (((max_hours_per_week >= 1) AND (max_hours_per_week <= 168))),
    CONSTRAINT quotas_one_scope CHECK (((facility_id IS NULL) OR (facility_group_id IS NULL)))
);

CREATE TABLE sign_in_links (
    secret_hash bytea NOT NULL,
    user_id integer NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT sign_in_links_pkey PRIMARY KEY (secret_hash),
    CONSTRAINT sign_in_links_secret_hash_is_sha256 CHECK ((octet_length(secret_hash) = 32))
);

CREATE TABLE site_staff (
    user_id integer NOT NULL,
    site_id integer NOT NULL,
    CONSTRAINT site_staff_pkey PRIMARY KEY (user_id, site_id)
);

CREATE TABLE sites (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    name character varying(100) NOT NULL,
    time_zone text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    opening_hours int4multirange,
    holiday_country text,
    holiday_subdivision text,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    holidays_until smallint,
    CONSTRAINT sites_pkey PRIMARY KEY (id),
    CONSTRAINT sites_holiday_country_form CHECK (((holiday_country COLLATE "C") ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT sites_holiday_subdivision_form CHECK (((holiday_subdivision COLLATE "C") ~ '^[A-Za-z0-9À-ÖØ-öø-ÿ .''-]{1,50}$'::text)),
    CONSTRAINT sites_holiday_subdivision_of_country CHECK (((holiday_subdivision IS NULL) OR (holiday_country IS NOT NULL))),
    CONSTRAINT sites_holidays_until_of_calendar CHECK (((holidays_until IS NULL) OR (holiday_country IS NOT NULL))),
    CONSTRAINT sites_name_not_blank CHECK ((((name)::text COLLATE "C") ~ '\S'::text)),
    CONSTRAINT sites_opening_hours_in_week CHECK ((opening_hours <@ '{[0,10080)}'::int4multirange)),
    CONSTRAINT sites_time_zone_form CHECK (((time_zone COLLATE "C") ~ '^[A-Za-z0-9_+/-]{1,64}$'::text))
);

CREATE TABLE user_group_members (
    user_group_id integer NOT NULL,
    user_id integer NOT NULL,
    CONSTRAINT user_group_members_pkey PRIMARY KEY (user_group_id, user_id)
);

CREATE TABLE user_groups (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    name character varying(100) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT user_groups_pkey PRIMARY KEY (id),
    CONSTRAINT user_groups_name_not_blank CHECK ((((name)::text COLLATE "C") ~ '\S'::text))
);

CREATE TABLE user_tokens (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    user_id integer NOT NULL,
    token_hash bytea NOT NULL,
    token_prefix character varying(12) NOT NULL,
    name character varying(100) NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    scopes text[] DEFAULT '{read,book,manage}'::text[] NOT NULL,
    issues_until timestamp with time zone,
    CONSTRAINT user_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT user_tokens_name_not_blank CHECK ((((name)::text COLLATE "C") ~ '\S'::text)),
    CONSTRAINT user_tokens_scopes_known CHECK (((scopes <@ '{read,book,manage}'::text[]) AND (scopes <> '{}'::text[]))),
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
    anonymised_at timestamp with time zone,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_anonymised_stay_out CHECK (((anonymised_at IS NULL) OR (deactivated_at IS NOT NULL))),
    CONSTRAINT users_username_form CHECK ((((username)::text COLLATE "C") ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$'::text))
);

CREATE TABLE visit_counts (
    date date NOT NULL,
    outcome text NOT NULL,
    seconds integer NOT NULL,
    had_conflict boolean NOT NULL,
    count bigint NOT NULL,
    CONSTRAINT visit_counts_pkey PRIMARY KEY (date, outcome, seconds, had_conflict),
    CONSTRAINT visit_counts_count_positive CHECK ((count > 0)),
    CONSTRAINT visit_counts_outcome_known CHECK ((outcome = ANY (ARRAY['booked'::text, 'left_dialog'::text, 'left_search'::text]))),
    CONSTRAINT visit_counts_seconds_within_a_day CHECK (((seconds >= 0) AND (seconds <= 86400)))
);

ALTER TABLE audit_log
ADD CONSTRAINT audit_log_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES users(id);

ALTER TABLE booking_audit
ADD CONSTRAINT booking_audit_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id);

ALTER TABLE booking_audit
ADD CONSTRAINT booking_audit_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES users(id);

ALTER TABLE booking_conflicts
ADD CONSTRAINT booking_conflicts_facility_id_fkey FOREIGN KEY (facility_id) REFERENCES facilities(id);

ALTER TABLE booking_conflicts
ADD CONSTRAINT booking_conflicts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE bookings
ADD CONSTRAINT bookings_booked_by_fkey FOREIGN KEY (booked_by) REFERENCES users(id);

ALTER TABLE bookings
ADD CONSTRAINT bookings_facility_id_fkey FOREIGN KEY (facility_id) REFERENCES facilities(id);

ALTER TABLE bookings
ADD CONSTRAINT bookings_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);

ALTER TABLE closures
ADD CONSTRAINT closures_facility_id_fkey FOREIGN KEY (facility_id) REFERENCES facilities(id);

ALTER TABLE closures
ADD CONSTRAINT closures_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id);

ALTER TABLE facilities
ADD CONSTRAINT facilities_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id);

ALTER TABLE facility_audit
ADD CONSTRAINT facility_audit_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES users(id);

ALTER TABLE facility_audit
ADD CONSTRAINT facility_audit_facility_id_fkey FOREIGN KEY (facility_id) REFERENCES facilities(id);

ALTER TABLE facility_group_members
ADD CONSTRAINT facility_group_members_facility_group_id_fkey FOREIGN KEY (facility_group_id) REFERENCES facility_groups(id) ON DELETE CASCADE;

ALTER TABLE facility_group_members
ADD CONSTRAINT facility_group_members_facility_id_fkey FOREIGN KEY (facility_id) REFERENCES facilities(id);

ALTER TABLE facility_terms
ADD CONSTRAINT facility_terms_facility_id_fkey FOREIGN KEY (facility_id) REFERENCES facilities(id);

ALTER TABLE facility_user_groups
ADD CONSTRAINT facility_user_groups_facility_id_fkey FOREIGN KEY (facility_id) REFERENCES facilities(id);

ALTER TABLE facility_user_groups
ADD CONSTRAINT facility_user_groups_user_group_id_fkey FOREIGN KEY (user_group_id) REFERENCES user_groups(id);

ALTER TABLE idempotency_keys
ADD CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE quotas
ADD CONSTRAINT quotas_facility_group_id_fkey FOREIGN KEY (facility_group_id) REFERENCES facility_groups(id);

ALTER TABLE quotas
ADD CONSTRAINT quotas_facility_id_fkey FOREIGN KEY (facility_id) REFERENCES facilities(id);

ALTER TABLE sign_in_links
ADD CONSTRAINT sign_in_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE site_staff
ADD CONSTRAINT site_staff_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id);

ALTER TABLE site_staff
ADD CONSTRAINT site_staff_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE user_group_members
ADD CONSTRAINT user_group_members_user_group_id_fkey FOREIGN KEY (user_group_id) REFERENCES user_groups(id) ON DELETE CASCADE;

ALTER TABLE user_group_members
ADD CONSTRAINT user_group_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE user_tokens
ADD CONSTRAINT user_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

CREATE INDEX idx_audit_log_changed_by ON public.audit_log USING btree (changed_by, id);

CREATE INDEX idx_audit_log_of_user ON public.audit_log USING btree ((((COALESCE(new_values, old_values) ->> 'user_id'::text))::integer), id) WHERE (record_type = ANY (ARRAY['user_group_member'::text, 'site_staff'::text, 'user_token'::text]));

CREATE INDEX idx_audit_log_record ON public.audit_log USING btree (record_type, record_id, id);

CREATE INDEX idx_booking_audit_booking ON public.booking_audit USING btree (booking_id, id);

CREATE INDEX idx_booking_audit_changed_by ON public.booking_audit USING btree (changed_by, id);

CREATE INDEX idx_booking_conflicts_time ON public.booking_conflicts USING btree (occurred_at);

CREATE INDEX idx_booking_conflicts_user ON public.booking_conflicts USING btree (user_id, id);

CREATE INDEX idx_bookings_confirmed_time ON public.bookings USING btree (facility_id, start_time) INCLUDE (end_time) WHERE (status = 'confirmed'::booking_status);

CREATE INDEX idx_bookings_facility_time ON public.bookings USING btree (facility_id, start_time, id);

CREATE INDEX idx_bookings_pending ON public.bookings USING btree (decide_by) WHERE (status = 'pending'::booking_status);

CREATE INDEX idx_bookings_status_time ON public.bookings USING btree (status, created_at);

CREATE INDEX idx_bookings_time ON public.bookings USING btree (start_time, id);

CREATE INDEX idx_bookings_user_time ON public.bookings USING btree (user_id, start_time, id) INCLUDE (facility_id, end_time, status, decide_by);

CREATE UNIQUE INDEX closures_holiday_key ON public.closures USING btree (site_id, start_time) WHERE (source = 'holiday'::closure_source);

CREATE INDEX idx_closures_everywhere_time ON public.closures USING btree (end_time) WHERE ((facility_id IS NULL) AND (site_id IS NULL));

CREATE INDEX idx_closures_facility_time ON public.closures USING btree (facility_id, end_time) WHERE (facility_id IS NOT NULL);

CREATE INDEX idx_closures_site_time ON public.closures USING btree (site_id, end_time) WHERE (site_id IS NOT NULL);

CREATE INDEX idx_closures_time ON public.closures USING btree (start_time, id);

CREATE UNIQUE INDEX facilities_site_name_key ON public.facilities USING btree (site_id, lower((name)::text));

CREATE INDEX idx_facilities_amenities ON public.facilities USING gin (amenities) WITH (fastupdate=off);

CREATE INDEX idx_facilities_name ON public.facilities USING btree (lower((name)::text), id);

CREATE INDEX idx_facilities_search ON public.facilities USING gin (search_text gin_trgm_ops) WITH (fastupdate=off);

CREATE INDEX idx_facility_audit_changed_by ON public.facility_audit USING btree (changed_by, id);

CREATE INDEX idx_facility_audit_facility ON public.facility_audit USING btree (facility_id, id);

CREATE INDEX idx_facility_group_members_facility ON public.facility_group_members USING btree (facility_id);

CREATE UNIQUE INDEX facility_groups_name_key ON public.facility_groups USING btree (lower((name)::text));

CREATE INDEX idx_facility_user_groups_group ON public.facility_user_groups USING btree (user_group_id);

CREATE INDEX idx_idempotency_keys_expires ON public.idempotency_keys USING btree (expires_at);

CREATE UNIQUE INDEX quotas_everything_key ON public.quotas USING btree ((true)) WHERE ((facility_id IS NULL) AND (facility_group_id IS NULL));

CREATE UNIQUE INDEX quotas_facility_group_key ON public.quotas USING btree (facility_group_id) WHERE (facility_group_id IS NOT NULL);

CREATE UNIQUE INDEX quotas_facility_key ON public.quotas USING btree (facility_id) WHERE (facility_id IS NOT NULL);

CREATE INDEX idx_site_staff_site ON public.site_staff USING btree (site_id);

CREATE UNIQUE INDEX sites_name_key ON public.sites USING btree (lower((name)::text));

CREATE INDEX idx_user_group_members_user ON public.user_group_members USING btree (user_id, user_group_id);

CREATE UNIQUE INDEX user_groups_name_key ON public.user_groups USING btree (lower((name)::text));

CREATE INDEX idx_user_tokens_user ON public.user_tokens USING btree (user_id, id);

CREATE INDEX idx_users_search ON public.users USING gin (lower((((username)::text || ' '::text) || (COALESCE(display_name, ''::character varying))::text)) gin_trgm_ops) WITH (fastupdate=off);

CREATE UNIQUE INDEX users_username_key ON public.users USING btree (lower((username)::text));

CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_unless_anonymising('it is a log, and only grows');

CREATE TRIGGER booking_audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON booking_audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_unless_anonymising('it is a log, and only grows');

CREATE TRIGGER bookings_audit_insert AFTER INSERT ON bookings FOR EACH ROW EXECUTE FUNCTION audit_booking();

CREATE TRIGGER bookings_audit_update AFTER UPDATE ON bookings FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION audit_booking();

CREATE TRIGGER bookings_stay BEFORE DELETE OR TRUNCATE ON bookings FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('set the status to cancelled instead');

CREATE TRIGGER bookings_tell AFTER INSERT OR UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION tell_booking();

CREATE TRIGGER bookings_touch_updated_at BEFORE UPDATE ON bookings FOR EACH ROW WHEN (old.id IS DISTINCT FROM new.id OR old.facility_id IS DISTINCT FROM new.facility_id OR old.user_id IS DISTINCT FROM new.user_id OR old.start_time IS DISTINCT FROM new.start_time OR old.end_time IS DISTINCT FROM new.end_time OR old.title::text IS DISTINCT FROM new.title::text OR old.description IS DISTINCT FROM new.description OR old.attendee_count IS DISTINCT FROM new.attendee_count OR old.status IS DISTINCT FROM new.status OR old.created_at IS DISTINCT FROM new.created_at OR old.updated_at IS DISTINCT FROM new.updated_at OR old.buffer_before_minutes IS DISTINCT FROM new.buffer_before_minutes OR old.buffer_after_minutes IS DISTINCT FROM new.buffer_after_minutes OR old.booked_by IS DISTINCT FROM new.booked_by OR old.decide_by IS DISTINCT FROM new.decide_by OR old.cancellation_cause IS DISTINCT FROM new.cancellation_cause OR old.change_reason::text IS DISTINCT FROM new.change_reason::text) EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER closures_audit AFTER INSERT OR DELETE OR UPDATE ON closures FOR EACH ROW EXECUTE FUNCTION audit_record('closure');

CREATE TRIGGER closures_renew_terms AFTER INSERT OR DELETE OR UPDATE ON closures FOR EACH ROW EXECUTE FUNCTION renew_terms_of_closure();

CREATE TRIGGER closures_tell AFTER INSERT OR DELETE OR UPDATE ON closures FOR EACH ROW EXECUTE FUNCTION tell_closure();

CREATE TRIGGER closures_truncate_renew_terms AFTER TRUNCATE ON closures FOR EACH STATEMENT EXECUTE FUNCTION renew_terms_of_closure();

CREATE TRIGGER closures_truncate_tell AFTER TRUNCATE ON closures FOR EACH STATEMENT EXECUTE FUNCTION tell_closure();

CREATE TRIGGER facilities_add_terms AFTER INSERT ON facilities FOR EACH ROW EXECUTE FUNCTION add_terms();

CREATE TRIGGER facilities_audit_insert AFTER INSERT ON facilities FOR EACH ROW EXECUTE FUNCTION audit_facility();

CREATE TRIGGER facilities_audit_update AFTER UPDATE ON facilities FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION audit_facility();

CREATE TRIGGER facilities_renew_terms AFTER UPDATE ON facilities FOR EACH ROW EXECUTE FUNCTION renew_terms_of_facility();

CREATE TRIGGER facilities_stay BEFORE DELETE OR TRUNCATE ON facilities FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('set the status to archived instead');

CREATE TRIGGER facilities_tell AFTER INSERT OR UPDATE ON facilities FOR EACH ROW EXECUTE FUNCTION tell_facility();

CREATE TRIGGER facilities_touch_updated_at BEFORE UPDATE ON facilities FOR EACH ROW WHEN (old.id IS DISTINCT FROM new.id OR old.site_id IS DISTINCT FROM new.site_id OR old.name::text IS DISTINCT FROM new.name::text OR old.description IS DISTINCT FROM new.description OR old.facility_type IS DISTINCT FROM new.facility_type OR old.capacity IS DISTINCT FROM new.capacity OR old.amenities IS DISTINCT FROM new.amenities OR old.time_zone IS DISTINCT FROM new.time_zone OR old.status IS DISTINCT FROM new.status OR old.created_at IS DISTINCT FROM new.created_at OR old.updated_at IS DISTINCT FROM new.updated_at OR old.opening_hours IS DISTINCT FROM new.opening_hours OR old.min_duration_minutes IS DISTINCT FROM new.min_duration_minutes OR old.max_duration_minutes IS DISTINCT FROM new.max_duration_minutes OR old.min_notice_minutes IS DISTINCT FROM new.min_notice_minutes OR old.horizon_days IS DISTINCT FROM new.horizon_days OR old.start_step_minutes IS DISTINCT FROM new.start_step_minutes OR old.cancellation_notice_minutes IS DISTINCT FROM new.cancellation_notice_minutes OR old.buffer_before_minutes IS DISTINCT FROM new.buffer_before_minutes OR old.buffer_after_minutes IS DISTINCT FROM new.buffer_after_minutes OR old.requires_approval IS DISTINCT FROM new.requires_approval OR old.approval_timeout_minutes IS DISTINCT FROM new.approval_timeout_minutes) EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER facility_audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON facility_audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('it is a log, and only grows');

CREATE TRIGGER facility_group_members_audit AFTER INSERT OR DELETE OR UPDATE ON facility_group_members FOR EACH ROW EXECUTE FUNCTION audit_record('facility_group_member');

CREATE TRIGGER facility_group_members_renew_terms AFTER INSERT OR DELETE OR UPDATE ON facility_group_members FOR EACH ROW EXECUTE FUNCTION renew_terms_of_member();

CREATE TRIGGER facility_groups_audit AFTER INSERT OR DELETE OR UPDATE ON facility_groups FOR EACH ROW EXECUTE FUNCTION audit_record('facility_group');

CREATE TRIGGER facility_user_groups_audit AFTER INSERT OR DELETE OR UPDATE ON facility_user_groups FOR EACH ROW EXECUTE FUNCTION audit_record('facility_user_group');

CREATE TRIGGER facility_user_groups_renew_terms AFTER INSERT OR DELETE OR UPDATE ON facility_user_groups FOR EACH ROW EXECUTE FUNCTION renew_terms_of_member();

CREATE TRIGGER facility_user_groups_tell AFTER INSERT OR DELETE OR UPDATE ON facility_user_groups FOR EACH ROW EXECUTE FUNCTION tell_facility_user_group();

CREATE TRIGGER quotas_audit AFTER INSERT OR DELETE OR UPDATE ON quotas FOR EACH ROW EXECUTE FUNCTION audit_record('quota');

CREATE TRIGGER quotas_renew_terms AFTER INSERT OR DELETE OR UPDATE ON quotas FOR EACH ROW EXECUTE FUNCTION renew_terms_of_quota();

CREATE TRIGGER quotas_touch_updated_at BEFORE UPDATE ON quotas FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER quotas_truncate_renew_terms AFTER TRUNCATE ON quotas FOR EACH STATEMENT EXECUTE FUNCTION renew_terms_of_quota();

CREATE TRIGGER site_staff_audit AFTER INSERT OR DELETE OR UPDATE ON site_staff FOR EACH ROW EXECUTE FUNCTION audit_record('site_staff');

CREATE TRIGGER site_staff_tell AFTER INSERT OR DELETE OR UPDATE ON site_staff FOR EACH ROW EXECUTE FUNCTION tell_user('user_id');

CREATE TRIGGER sites_audit AFTER INSERT OR DELETE OR UPDATE ON sites FOR EACH ROW EXECUTE FUNCTION audit_record('site');

CREATE TRIGGER sites_renew_terms AFTER UPDATE ON sites FOR EACH ROW EXECUTE FUNCTION renew_terms_of_site();

CREATE TRIGGER sites_tell AFTER INSERT OR UPDATE ON sites FOR EACH ROW EXECUTE FUNCTION tell_site();

CREATE TRIGGER sites_touch_updated_at BEFORE UPDATE ON sites FOR EACH ROW WHEN (old.id IS DISTINCT FROM new.id OR old.name::text IS DISTINCT FROM new.name::text OR old.time_zone IS DISTINCT FROM new.time_zone OR old.created_at IS DISTINCT FROM new.created_at OR old.opening_hours IS DISTINCT FROM new.opening_hours OR old.holiday_country IS DISTINCT FROM new.holiday_country OR old.holiday_subdivision IS DISTINCT FROM new.holiday_subdivision OR old.updated_at IS DISTINCT FROM new.updated_at) EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER user_group_members_audit AFTER INSERT OR DELETE OR UPDATE ON user_group_members FOR EACH ROW EXECUTE FUNCTION audit_record('user_group_member');

CREATE TRIGGER user_group_members_tell AFTER INSERT OR DELETE OR UPDATE ON user_group_members FOR EACH ROW EXECUTE FUNCTION tell_user('user_id');

CREATE TRIGGER user_groups_audit AFTER INSERT OR DELETE OR UPDATE ON user_groups FOR EACH ROW EXECUTE FUNCTION audit_record('user_group');

CREATE TRIGGER user_tokens_audit AFTER INSERT OR DELETE OR UPDATE ON user_tokens FOR EACH ROW EXECUTE FUNCTION audit_record('user_token', 'token_hash', 'issues_until');

CREATE TRIGGER user_tokens_tell AFTER DELETE OR UPDATE ON user_tokens FOR EACH ROW EXECUTE FUNCTION tell_user('user_id');

CREATE TRIGGER users_audit AFTER INSERT OR DELETE OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit_record('user');

CREATE TRIGGER users_tell AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION tell_user('id');
