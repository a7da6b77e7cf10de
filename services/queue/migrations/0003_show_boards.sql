-- What boards show and the voice says, in one order for the whole service; kept for some days.

CREATE TABLE board_head (
    id       smallint PRIMARY KEY CHECK (id = 1),
    position bigint   NOT NULL
) WITH (fillfactor = 10); -- one hot row: its new versions should fit on its page
INSERT INTO board_head VALUES (1, 0);
GRANT SELECT, UPDATE ON board_head TO {app};

CREATE TABLE board_feed (
    position bigint      PRIMARY KEY,
    mall     text        NOT NULL,
    zone     text        NOT NULL,
    queue_id uuid,
    kind     text        NOT NULL,
    at       timestamptz NOT NULL,
    data     text        NOT NULL,
    shown_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX board_feed_of_mall ON board_feed (mall, position);
CREATE INDEX board_feed_of_zone ON board_feed (mall, zone, position);
CREATE INDEX board_feed_of_queue ON board_feed (queue_id, position) WHERE queue_id IS NOT NULL;
GRANT SELECT, INSERT ON board_feed TO {app};

-- The oldest positions only, without a hole: what is kept begins at one position and has all behind it. No setting
-- and no mistake makes it younger than an hour.
CREATE FUNCTION forget_shown(kept interval, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH oldest AS (
        SELECT position, shown_at FROM public.board_feed ORDER BY position LIMIT most
    ), gone AS (
        DELETE FROM public.board_feed
        WHERE position <= (SELECT max(position) FROM oldest) AND position < coalesce(
            (SELECT min(position) FROM oldest WHERE shown_at >= now() - greatest(kept, interval '1 hour')),
            9223372036854775807)
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION forget_shown FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_shown TO {app};
