-- From where on the feed of the boards is kept stands beside its head. To look for the oldest row would cross all that
-- was forgotten and not yet cleaned up.
ALTER TABLE board_head ADD kept_from bigint NOT NULL DEFAULT 0;
UPDATE board_head SET kept_from = coalesce((SELECT min(position) - 1 FROM board_feed), position);

CREATE OR REPLACE FUNCTION forget_shown(kept interval, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH oldest AS (
        SELECT position, shown_at FROM public.board_feed
        WHERE position > (SELECT kept_from FROM public.board_head) ORDER BY position LIMIT most
    ), up_to AS (
        SELECT max(position) AS position FROM oldest WHERE position < coalesce(
            (SELECT min(position) FROM oldest WHERE shown_at >= now() - greatest(kept, interval '1 hour')),
            9223372036854775807)
    ), moved AS (
        UPDATE public.board_head SET kept_from = greatest(kept_from, up_to.position)
        FROM up_to WHERE up_to.position IS NOT NULL
    ), gone AS (
        DELETE FROM public.board_feed WHERE position > (SELECT kept_from FROM public.board_head)
            AND position <= (SELECT position FROM up_to)
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
