-- Every change of a booking or a facility, written by the transaction that makes it.
-- depends: 0004_bookings

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- The foreign keys do not cascade: what has a history cannot be deleted. An actor
-- who does not exist makes the write fail: a log that says "nobody" where it was
-- told a name would be worse than a write refused.
CREATE TABLE booking_audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    booking_id BIGINT NOT NULL,
    action AUDIT_ACTION NOT NULL,
    old_values JSONB,
    new_values JSONB NOT NULL,
    changed_by INTEGER,
    request_id TEXT,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT booking_audit_pkey PRIMARY KEY (id),
    CONSTRAINT booking_audit_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings (id),
    CONSTRAINT booking_audit_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES users (id),
    CONSTRAINT booking_audit_old_values_unless_created
    CHECK ((action = 'created') = (old_values IS NULL))
);

CREATE INDEX idx_booking_audit_booking ON booking_audit (booking_id, id);

CREATE TABLE facility_audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    facility_id INTEGER NOT NULL,
    action AUDIT_ACTION NOT NULL,
    old_values JSONB,
    new_values JSONB NOT NULL,
    changed_by INTEGER,
    request_id TEXT,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT facility_audit_pkey PRIMARY KEY (id),
    CONSTRAINT facility_audit_facility_id_fkey
    FOREIGN KEY (facility_id) REFERENCES facilities (id),
    CONSTRAINT facility_audit_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES users (id),
    CONSTRAINT facility_audit_old_values_unless_created
    CHECK ((action = 'created') = (old_values IS NULL))
);

CREATE INDEX idx_facility_audit_facility ON facility_audit (facility_id, id);

-- The service says who acts, and for which request, in settings that end with the
-- transaction; direct SQL says nothing and is audited all the same. The log's
-- tables are named with their schema, so that neither a search_path nor a
-- temporary table of the same name leads a row astray; instants are logged in UTC,
-- whatever time zone the session has.
CREATE FUNCTION audit_booking() RETURNS TRIGGER
LANGUAGE plpgsql
SET timezone = 'UTC'
AS $$
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
$$;

CREATE FUNCTION audit_facility() RETURNS TRIGGER
LANGUAGE plpgsql
SET timezone = 'UTC'
AS $$
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
$$;

CREATE TRIGGER bookings_audit_insert
AFTER INSERT ON bookings
FOR EACH ROW
EXECUTE FUNCTION audit_booking();

CREATE TRIGGER bookings_audit_update
AFTER UPDATE ON bookings
FOR EACH ROW
WHEN (OLD.* IS DISTINCT FROM NEW.*)
EXECUTE FUNCTION audit_booking();

CREATE TRIGGER facilities_audit_insert
AFTER INSERT ON facilities
FOR EACH ROW
EXECUTE FUNCTION audit_facility();

CREATE TRIGGER facilities_audit_update
AFTER UPDATE ON facilities
FOR EACH ROW
WHEN (OLD.* IS DISTINCT FROM NEW.*)
EXECUTE FUNCTION audit_facility();

-- Says which statement the table does not take, and what to do instead.
CREATE FUNCTION refuse_statement() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION '% takes no %: %', TG_TABLE_NAME, TG_OP, TG_ARGV[0]
    USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER booking_audit_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON booking_audit
FOR EACH STATEMENT
EXECUTE FUNCTION refuse_statement('it is a log, and only grows');

CREATE TRIGGER facility_audit_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON facility_audit
FOR EACH STATEMENT
EXECUTE FUNCTION refuse_statement('it is a log, and only grows');

CREATE TRIGGER bookings_stay
BEFORE DELETE OR TRUNCATE ON bookings
FOR EACH STATEMENT
EXECUTE FUNCTION refuse_statement('set the status to cancelled instead');

CREATE TRIGGER facilities_stay
BEFORE DELETE OR TRUNCATE ON facilities
FOR EACH STATEMENT
EXECUTE FUNCTION refuse_statement('set the status to archived instead');
