-- Every change of what is neither a booking nor a facility; and refusals, for statistics.
-- depends: 0009_groups

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TYPE audit_log_action AS ENUM ('created', 'updated', 'deleted');

-- Which record a row is of, its values tell; a membership has no number of its own.
CREATE TABLE audit_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    record_type TEXT NOT NULL,
    record_id INTEGER,
    action AUDIT_LOG_ACTION NOT NULL,
    old_values JSONB,
    new_values JSONB,
    changed_by INTEGER,
    request_id TEXT,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT audit_log_pkey PRIMARY KEY (id),
    CONSTRAINT audit_log_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES users (id),
    CONSTRAINT audit_log_values_of_action CHECK (
        (old_values IS NULL) = (action = 'created')
        AND (new_values IS NULL) = (action = 'deleted')
    )
);

CREATE INDEX idx_audit_log_record ON audit_log (record_type, record_id, id);

-- What somebody did, and what was done to what is theirs: for whoever asks what is stored
-- of them, and to find what is to be forgotten.
CREATE INDEX idx_audit_log_changed_by ON audit_log (changed_by, id);
CREATE INDEX idx_audit_log_of_user
ON audit_log (((COALESCE(new_values, old_values) ->> 'user_id')::INTEGER), id)
WHERE record_type IN ('user_group_member', 'site_staff', 'user_token');
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX idx_booking_audit_changed_by ON booking_audit (changed_by, id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX idx_facility_audit_changed_by ON facility_audit (changed_by, id);

-- See audit_booking. An update that changes nothing is no change. The arguments are the
-- kind of record, and columns that no log may hold.
CREATE FUNCTION audit_record() RETURNS TRIGGER
LANGUAGE plpgsql
SET timezone = 'UTC'
AS $$
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
$$;

CREATE TRIGGER sites_audit
AFTER INSERT OR UPDATE OR DELETE ON sites
FOR EACH ROW
EXECUTE FUNCTION audit_record('site');

CREATE TRIGGER closures_audit
AFTER INSERT OR UPDATE OR DELETE ON closures
FOR EACH ROW
EXECUTE FUNCTION audit_record('closure');

CREATE TRIGGER users_audit
AFTER INSERT OR UPDATE OR DELETE ON users
FOR EACH ROW
EXECUTE FUNCTION audit_record('user');

CREATE TRIGGER user_tokens_audit
AFTER INSERT OR UPDATE OR DELETE ON user_tokens
FOR EACH ROW
EXECUTE FUNCTION audit_record('user_token', 'token_hash');

CREATE TRIGGER user_groups_audit
AFTER INSERT OR UPDATE OR DELETE ON user_groups
FOR EACH ROW
EXECUTE FUNCTION audit_record('user_group');

CREATE TRIGGER user_group_members_audit
AFTER INSERT OR UPDATE OR DELETE ON user_group_members
FOR EACH ROW
EXECUTE FUNCTION audit_record('user_group_member');

CREATE TRIGGER facility_user_groups_audit
AFTER INSERT OR UPDATE OR DELETE ON facility_user_groups
FOR EACH ROW
EXECUTE FUNCTION audit_record('facility_user_group');

CREATE TRIGGER site_staff_audit
AFTER INSERT OR UPDATE OR DELETE ON site_staff
FOR EACH ROW
EXECUTE FUNCTION audit_record('site_staff');

CREATE TRIGGER facility_groups_audit
AFTER INSERT OR UPDATE OR DELETE ON facility_groups
FOR EACH ROW
EXECUTE FUNCTION audit_record('facility_group');

CREATE TRIGGER facility_group_members_audit
AFTER INSERT OR UPDATE OR DELETE ON facility_group_members
FOR EACH ROW
EXECUTE FUNCTION audit_record('facility_group_member');

CREATE TRIGGER quotas_audit
AFTER INSERT OR UPDATE OR DELETE ON quotas
FOR EACH ROW
EXECUTE FUNCTION audit_record('quota');

-- A log only grows, with one exception that the law makes: the name and the words of
-- somebody who asks to be forgotten are taken out of it. Only a transaction that says
-- that this is what it does may, and only change rows, never remove them.
CREATE FUNCTION refuse_unless_anonymising() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('holdfast.anonymising', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% takes no %: %', TG_TABLE_NAME, TG_OP, TG_ARGV[0]
    USING ERRCODE = 'restrict_violation';
END
$$;

DROP TRIGGER booking_audit_append_only ON booking_audit;
CREATE TRIGGER booking_audit_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON booking_audit
FOR EACH STATEMENT
EXECUTE FUNCTION refuse_unless_anonymising('it is a log, and only grows');

CREATE TRIGGER audit_log_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
FOR EACH STATEMENT
EXECUTE FUNCTION refuse_unless_anonymising('it is a log, and only grows');

-- Each request that met a booking in its way, so that staff see where demand is refused.
CREATE TABLE booking_conflicts (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    facility_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    start_time TIMESTAMPTZ NOT NULL,
    end_time TIMESTAMPTZ NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT booking_conflicts_pkey PRIMARY KEY (id),
    CONSTRAINT booking_conflicts_facility_id_fkey
    FOREIGN KEY (facility_id) REFERENCES facilities (id),
    CONSTRAINT booking_conflicts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE INDEX idx_booking_conflicts_time ON booking_conflicts (occurred_at);
CREATE INDEX idx_booking_conflicts_user ON booking_conflicts (user_id, id);
