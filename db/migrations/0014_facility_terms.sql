-- Which terms a facility is booked on: what a booking was judged by is stored only if it still is.
-- depends: 0013_changes

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- One row for each facility. The revision is another whenever anything changes that a booking
-- there is judged by, besides other bookings: the facility, its site, its groups of users, what
-- closes it, and whether a quota covers it. At random, so that none is ever met again, not even
-- in a database that was restored.
CREATE TABLE facility_terms (
    facility_id INTEGER NOT NULL,
    revision UUID NOT NULL DEFAULT gen_random_uuid(),
    CONSTRAINT facility_terms_pkey PRIMARY KEY (facility_id),
    CONSTRAINT facility_terms_facility_id_fkey
    FOREIGN KEY (facility_id) REFERENCES facilities (id)
);
INSERT INTO facility_terms (facility_id)
SELECT f.id
  FROM facilities AS f;

-- Lowest id first, so that two that renew the same do not deadlock.
CREATE FUNCTION renew_terms(facility_ids INTEGER[]) RETURNS VOID
LANGUAGE plpgsql
AS $$
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
$$;

-- What concerns a whole site or house must not miss a facility that somebody adds or moves to it
-- meanwhile, nor the other way round: the one waits for the other's commit, and sees it then.
CREATE FUNCTION wait_for_new_facilities() RETURNS VOID
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('facility_terms', 0));
END
$$;

CREATE FUNCTION wait_for_wide_changes() RETURNS VOID
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('facility_terms', 0));
END
$$;

CREATE FUNCTION add_terms() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM public.wait_for_wide_changes();
    INSERT INTO public.facility_terms (facility_id) VALUES (NEW.id);
    RETURN NULL;
END
$$;

-- Of what changed: the facilities that it concerns, before and after. Of what names no
-- facility, no group and no site, or has no rows to name any, all of them.
CREATE FUNCTION renew_terms_of_facility() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    IF OLD.site_id <> NEW.site_id THEN
        PERFORM public.wait_for_wide_changes();
    END IF;
    PERFORM public.renew_terms(ARRAY[NEW.id]);
    RETURN NULL;
END
$$;

CREATE FUNCTION renew_terms_of_site() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM public.wait_for_new_facilities();
    PERFORM public.renew_terms(
        ARRAY(SELECT f.id FROM public.facilities AS f WHERE f.site_id = NEW.id)
    );
    RETURN NULL;
END
$$;

CREATE FUNCTION renew_terms_of_member() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM public.renew_terms(ARRAY[OLD.facility_id, NEW.facility_id]);
    RETURN NULL;
END
$$;

CREATE FUNCTION renew_terms_of_closure() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
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
$$;

CREATE FUNCTION renew_terms_of_quota() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
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
$$;

CREATE TRIGGER facilities_add_terms
AFTER INSERT ON facilities
FOR EACH ROW EXECUTE FUNCTION add_terms();
CREATE TRIGGER facilities_renew_terms
AFTER UPDATE ON facilities
FOR EACH ROW EXECUTE FUNCTION renew_terms_of_facility();
CREATE TRIGGER sites_renew_terms
AFTER UPDATE ON sites
FOR EACH ROW EXECUTE FUNCTION renew_terms_of_site();
CREATE TRIGGER facility_user_groups_renew_terms
AFTER INSERT OR UPDATE OR DELETE ON facility_user_groups
FOR EACH ROW EXECUTE FUNCTION renew_terms_of_member();
CREATE TRIGGER facility_group_members_renew_terms
AFTER INSERT OR UPDATE OR DELETE ON facility_group_members
FOR EACH ROW EXECUTE FUNCTION renew_terms_of_member();
CREATE TRIGGER closures_renew_terms
AFTER INSERT OR UPDATE OR DELETE ON closures
FOR EACH ROW EXECUTE FUNCTION renew_terms_of_closure();
CREATE TRIGGER closures_truncate_renew_terms
AFTER TRUNCATE ON closures
FOR EACH STATEMENT EXECUTE FUNCTION renew_terms_of_closure();
CREATE TRIGGER quotas_renew_terms
AFTER INSERT OR UPDATE OR DELETE ON quotas
FOR EACH ROW EXECUTE FUNCTION renew_terms_of_quota();
CREATE TRIGGER quotas_truncate_renew_terms
AFTER TRUNCATE ON quotas
FOR EACH STATEMENT EXECUTE FUNCTION renew_terms_of_quota();
