-- What was answered and what was settled are kept for a time, not for ever; the program forgets in small sets.

-- Since when an answer is known here. Answers from before count from today on.
ALTER TABLE commands ADD COLUMN answered_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX commands_by_age ON commands (answered_at);

-- The list of what waits, without a look at what has been settled.
CREATE INDEX parked_waiting ON parked (id) WHERE settled_at IS NULL;
CREATE INDEX parked_by_age ON parked (settled_at) WHERE settled_at IS NOT NULL;

-- The program may not remove rows of these tables; it may ask for the removal of old ones. No setting and no
-- mistake makes them younger than a day.
CREATE FUNCTION forget_commands(kept interval, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (
        DELETE FROM public.commands WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM public.commands
            WHERE answered_at < now() - greatest(kept, interval '1 day')
            ORDER BY answered_at LIMIT most FOR UPDATE SKIP LOCKED
        )) RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION forget_commands FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_commands TO {app};

CREATE FUNCTION forget_settled(kept interval, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (
        DELETE FROM public.parked WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM public.parked
            WHERE settled_at < now() - greatest(kept, interval '1 day')
            ORDER BY settled_at LIMIT most FOR UPDATE SKIP LOCKED
        )) RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION forget_settled FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_settled TO {app};
