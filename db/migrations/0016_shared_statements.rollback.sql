SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- As it was made in 0005. Stop the processes of the version after it first: of their bookings the
-- audit would not know who made them.
CREATE OR REPLACE FUNCTION audit_booking() RETURNS TRIGGER
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
