-- The change feed's log: what changed where, for whoever remembers or watches something.
-- depends: 0012_holidays

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- Ids are drawn before the commit and so are not in commit order; readers go by snapshots
-- (docs/adr/0020). Times are NULL where any time is meant, facility and site where all are.
CREATE TABLE changes (
    transaction_id XID8 NOT NULL DEFAULT pg_current_xact_id(),
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    record_type TEXT NOT NULL,
    facility_id INTEGER,
    site_id INTEGER,
    booking_id BIGINT,
    user_id INTEGER,
    start_time TIMESTAMPTZ,
    end_time TIMESTAMPTZ,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT changes_pkey PRIMARY KEY (transaction_id, id),
    CONSTRAINT changes_record_type_known
    CHECK (record_type IN ('booking', 'closure', 'facility', 'site', 'user'))
);

-- The newest transaction whose changes are not kept, at first this one: of what was before it
-- nothing is told. One row.
CREATE TABLE changes_pruned (
    transaction_id XID8 NOT NULL DEFAULT pg_current_xact_id(),
    only_row BOOLEAN NOT NULL DEFAULT TRUE,
    CONSTRAINT changes_pruned_pkey PRIMARY KEY (only_row),
    CONSTRAINT changes_pruned_one_row CHECK (only_row)
);
INSERT INTO changes_pruned DEFAULT VALUES;

-- What no program can read, infinity above all, would end every reader of the log. A booking
-- cannot: it lasts eight hours at most.
UPDATE closures
   SET start_time = GREATEST(start_time, '0001-01-01 00:00:00+00'),
       end_time = LEAST(end_time, '9999-12-31 00:00:00+00')
 WHERE start_time < '0001-01-01 00:00:00+00'
    OR end_time >= '10000-01-01 00:00:00+00';
ALTER TABLE closures
ADD CONSTRAINT closures_time_in_calendar CHECK (
    start_time >= '0001-01-01 00:00:00+00' AND end_time < '10000-01-01 00:00:00+00'
) NOT VALID;
-- There are thousands: nobody waits for long.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE closures VALIDATE CONSTRAINT closures_time_in_calendar;

-- Where it was and where it is: a booking that moved changed both.
CREATE FUNCTION tell_booking() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
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
$$;

CREATE FUNCTION tell_facility() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO public.changes (record_type, facility_id, site_id)
    VALUES ('facility', NEW.id, NEW.site_id);
    IF TG_OP = 'UPDATE' AND OLD.site_id <> NEW.site_id THEN
        INSERT INTO public.changes (record_type, facility_id, site_id)
        VALUES ('facility', OLD.id, OLD.site_id);
    END IF;
    RETURN NULL;
END
$$;

-- Which groups a facility is open to, which is kept apart from it.
CREATE FUNCTION tell_facility_user_group() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
DECLARE
    facility INTEGER := COALESCE(NEW.facility_id, OLD.facility_id);
BEGIN
    INSERT INTO public.changes (record_type, facility_id, site_id)
    SELECT 'facility', f.id, f.site_id
      FROM public.facilities AS f
     WHERE f.id = facility;
    RETURN NULL;
END
$$;

CREATE FUNCTION tell_site() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO public.changes (record_type, site_id)
    VALUES ('site', NEW.id);
    RETURN NULL;
END
$$;

-- Where it was and where it is; a TRUNCATE has neither, and changes everything.
CREATE FUNCTION tell_closure() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
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
$$;

-- Who somebody is to the service: their rights, and the tokens that speak for them. The
-- argument names the column that holds the user.
CREATE FUNCTION tell_user() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO public.changes (record_type, user_id)
    VALUES (
        'user',
        (to_jsonb(COALESCE(NEW, OLD)) ->> TG_ARGV[0])::INTEGER
    );
    RETURN NULL;
END
$$;

CREATE TRIGGER bookings_tell
AFTER INSERT OR UPDATE ON bookings
FOR EACH ROW EXECUTE FUNCTION tell_booking();
CREATE TRIGGER facilities_tell
AFTER INSERT OR UPDATE ON facilities
FOR EACH ROW EXECUTE FUNCTION tell_facility();
CREATE TRIGGER facility_user_groups_tell
AFTER INSERT OR UPDATE OR DELETE ON facility_user_groups
FOR EACH ROW EXECUTE FUNCTION tell_facility_user_group();
CREATE TRIGGER sites_tell
AFTER INSERT OR UPDATE ON sites
FOR EACH ROW EXECUTE FUNCTION tell_site();
CREATE TRIGGER closures_tell
AFTER INSERT OR UPDATE OR DELETE ON closures
FOR EACH ROW EXECUTE FUNCTION tell_closure();
CREATE TRIGGER closures_truncate_tell
AFTER TRUNCATE ON closures
FOR EACH STATEMENT EXECUTE FUNCTION tell_closure();
CREATE TRIGGER users_tell
AFTER UPDATE ON users
FOR EACH ROW EXECUTE FUNCTION tell_user('id');
CREATE TRIGGER user_tokens_tell
AFTER UPDATE OR DELETE ON user_tokens
FOR EACH ROW EXECUTE FUNCTION tell_user('user_id');
CREATE TRIGGER site_staff_tell
AFTER INSERT OR UPDATE OR DELETE ON site_staff
FOR EACH ROW EXECUTE FUNCTION tell_user('user_id');
CREATE TRIGGER user_group_members_tell
AFTER INSERT OR UPDATE OR DELETE ON user_group_members
FOR EACH ROW EXECUTE FUNCTION tell_user('user_id');
