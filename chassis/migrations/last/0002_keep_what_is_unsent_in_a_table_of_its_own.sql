-- A row of the log is written once. What Kafka has not acknowledged yet stands here, by its number; the relay removes
-- it. The topic is here too, so that facts for a topic that is not there are passed over without a look at the log.
CREATE TABLE unsent (
    seq   bigint PRIMARY KEY,
    topic text   NOT NULL
) WITH (
    -- Small, and all of it comes and goes: swept each minute, at once, and not given back to the disk in between,
    -- for which everybody would have to wait.
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = -1,
    autovacuum_vacuum_cost_delay = 0,
    vacuum_index_cleanup = on,
    vacuum_truncate = off
);
GRANT SELECT, INSERT ON unsent TO {app};
GRANT SELECT, INSERT, DELETE ON unsent TO {relay};
INSERT INTO unsent (seq, topic) SELECT seq, topic FROM event_log WHERE NOT sent;

-- With the column goes the only right to change a row of history; its index goes as well.
ALTER TABLE event_log DROP COLUMN sent;

-- As before; but what is to be sent again stands in another table now.
CREATE OR REPLACE FUNCTION let_go_of_event_log_block(block text, read bigint, youngest timestamptz, digest text)
RETURNS boolean LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    there   bigint;
    waiting boolean;
BEGIN
    EXECUTE format('ALTER TABLE event_log DETACH PARTITION %I', block);
    EXECUTE format('SELECT count(*) FROM %I', block) INTO there;
    SELECT EXISTS (SELECT FROM unsent, event_log_blocks
                   WHERE name = block AND seq >= first AND seq < behind) INTO waiting;
    IF there <> read OR waiting THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %I', block);
    UPDATE event_log_blocks
    SET archived_at = clock_timestamp(), facts = read, newest = youngest, sha256 = digest WHERE name = block;
    RETURN true;
END
$$;
