-- Runs behind a service's own tables, the first of which still looked into a log of one piece.

-- The last fact of each aggregate. Its version is the version check of every decision: two decisions on one state
-- cannot both move it. It outlives the facts, which leave for the archive one day.
CREATE TABLE heads (
    aggregate_id   uuid    PRIMARY KEY,
    version        integer NOT NULL CHECK (version > 0),
    aggregate      text    NOT NULL,
    topic          text    NOT NULL,
    event_id       uuid    NOT NULL,
    correlation_id text    NOT NULL,
    traceparent    text
) WITH (fillfactor = 80);
GRANT SELECT, INSERT, UPDATE ON heads TO {app};
INSERT INTO heads (aggregate_id, version, aggregate, topic, event_id, correlation_id, traceparent)
SELECT DISTINCT ON (aggregate_id)
       aggregate_id, version, aggregate, topic, event_id, correlation_id, traceparent
FROM event_log ORDER BY aggregate_id, version DESC;

-- What the log is made of. A block holds the facts from `first` to below `behind`; one that was archived is gone from
-- the log, and its row tells what it held and what its file must add up to.
CREATE TABLE event_log_blocks (
    behind      bigint PRIMARY KEY,
    first       bigint NOT NULL UNIQUE CHECK (first < behind),
    name        text   NOT NULL UNIQUE,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    archived_at timestamptz,
    facts       bigint,
    newest      timestamptz,
    sha256      text,
    CHECK ((archived_at IS NULL) = (facts IS NULL)),
    CHECK (newest IS NULL OR archived_at IS NOT NULL),
    CHECK ((archived_at IS NULL) = (sha256 IS NULL))
);
GRANT SELECT ON event_log_blocks TO {app}, {relay};

DROP INDEX IF EXISTS event_log_one_end;
ALTER TABLE event_log RENAME TO event_log_first;
ALTER TABLE event_log_first ALTER seq DROP IDENTITY;
ALTER TABLE event_log_first RENAME CONSTRAINT event_log_pkey TO event_log_first_pkey;
ALTER TABLE event_log_first
    RENAME CONSTRAINT event_log_one_fact_per_version TO event_log_first_one_fact_per_version;
ALTER INDEX event_log_unsent RENAME TO event_log_first_unsent;
CREATE TABLE event_log (LIKE event_log_first INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (seq))
    PARTITION BY RANGE (seq);
CREATE INDEX event_log_unsent ON event_log (seq) WHERE NOT sent;
GRANT SELECT, INSERT ON event_log TO {app};
GRANT SELECT, UPDATE (sent) ON event_log TO {relay};
DO $$
DECLARE
    edge bigint := (SELECT coalesce(max(seq), 0) + 4000001 FROM event_log_first);
BEGIN
    EXECUTE format(
        'ALTER TABLE event_log ALTER seq ADD GENERATED ALWAYS AS IDENTITY (START WITH %s)', edge - 4000000);
    EXECUTE format(
        'ALTER TABLE event_log ATTACH PARTITION event_log_first FOR VALUES FROM (1) TO (%s)', edge);
    INSERT INTO event_log_blocks (behind, first, name) VALUES (edge, 1, 'event_log_first');
END
$$;

-- A block is made beside the log and attached, which stops nobody who writes or reads.
CREATE FUNCTION make_event_log_block(block text, first bigint, behind bigint) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE event_log INCLUDING ALL EXCLUDING IDENTITY)', block);
    EXECUTE format(
        'ALTER TABLE %I ADD CONSTRAINT %I UNIQUE (aggregate_id, version)', block, block || '_one_fact_per_version');
    EXECUTE format(
        'ALTER TABLE event_log ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', block, first, behind);
END
$$;
REVOKE ALL ON FUNCTION make_event_log_block FROM PUBLIC;

-- A block leaves the log for good, if it still holds what was read from it and nothing is to be sent again. Who writes
-- waits for the moment that this takes, and this waits for whoever writes.
CREATE FUNCTION let_go_of_event_log_block(block text, read bigint, youngest timestamptz, digest text)
RETURNS boolean LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    there bigint;
BEGIN
    EXECUTE format('ALTER TABLE event_log DETACH PARTITION %I', block);
    EXECUTE format('SELECT count(*) FROM %I WHERE sent', block) INTO there;
    IF there <> read THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %I', block);
    UPDATE event_log_blocks
    SET archived_at = clock_timestamp(), facts = read, newest = youngest, sha256 = digest WHERE name = block;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION let_go_of_event_log_block FROM PUBLIC;

-- Makes blocks ahead until there is room for one more of the usual size, or for `wanted` facts; returns the room. A
-- block is meant to last for about 30 days at the present rate, and holds 4 to 64 million facts.
CREATE FUNCTION extend_event_log(wanted bigint DEFAULT 0) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    last  bigint;
    block event_log_blocks;
    since timestamptz;
    size  bigint;
    name  text;
BEGIN
    PERFORM pg_advisory_xact_lock(7204816132);
    last := coalesce(pg_sequence_last_value(pg_get_serial_sequence('event_log', 'seq')::regclass), 0);
    LOOP
        SELECT * INTO STRICT block FROM event_log_blocks ORDER BY behind DESC LIMIT 1;
        size := block.behind - block.first;
        IF block.behind - 1 - last >= greatest(size, least(wanted, 64000000)) THEN
            RETURN block.behind - 1 - last;
        END IF;
        -- The rate of the block that is being filled; a short burst may not more than double the size.
        SELECT recorded_at INTO since FROM event_log
        WHERE seq >= (SELECT max(first) FROM event_log_blocks WHERE first <= last) ORDER BY seq LIMIT 1;
        size := greatest(size / 2, least(size * 2, ((
            last - (SELECT max(first) FROM event_log_blocks WHERE first <= last)
        ) * 2592000.0 / greatest(extract(epoch FROM clock_timestamp() - since), 3600.0))::bigint));
        size := greatest(4000000, least(64000000, coalesce(size, 4000000)));
        name := 'event_log_from_' || block.behind;
        PERFORM make_event_log_block(name, block.behind, block.behind + size);
        INSERT INTO event_log_blocks (behind, first, name) VALUES (block.behind + size, block.behind, name);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION extend_event_log FROM PUBLIC;
GRANT EXECUTE ON FUNCTION extend_event_log TO {app};
