-- Several users' bookings by one statement: the audit tells whose doing each of them is.
-- depends: 0015_token_scopes

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- holdfast.own_requests is for the transaction what holdfast.request_id is, where each booking is
-- its user's own doing, for a request of its own: a JSON object of request ids, each by facility
-- and start in seconds since 1970. Bookings begin on marks (booking_time_granularity), so no two
-- active ones have both in common.
CREATE OR REPLACE FUNCTION audit_booking() RETURNS TRIGGER
LANGUAGE plpgsql
SET timezone = 'UTC'
AS $$
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
$$;
