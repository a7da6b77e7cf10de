-- Where a ticket was numbered and where it waits are two things from here on. Each change of who waits in a queue has
-- the next step of that queue. Not a rolling change: a program from before would issue tickets without a place. It
-- fails closed, since the types of the rows that it writes are gone.

-- Counts by lane: `wait_meant` are those who wait for one counter only. A place in the ring of turns is good for the
-- policy in `turn_of` only. The last five columns are what the foreseeing of waits has learnt, in thousandths.
ALTER TABLE lines
    ADD version         integer NOT NULL DEFAULT 0,
    ADD series          text    NOT NULL DEFAULT '',
    ADD device_id       uuid,
    ADD device_epoch    integer,
    ADD granted_at      timestamptz,
    ADD most            integer,
    ADD step            integer NOT NULL DEFAULT 0,
    ADD turn            integer NOT NULL DEFAULT 0,
    ADD turn_of         text,
    ADD wait_reguler    integer NOT NULL DEFAULT 0,
    ADD wait_prioritas  integer NOT NULL DEFAULT 0,
    ADD wait_janji      integer NOT NULL DEFAULT 0,
    ADD wait_lanjutan   integer NOT NULL DEFAULT 0,
    ADD wait_meant      integer NOT NULL DEFAULT 0,
    ADD priority_issued integer NOT NULL DEFAULT 0,
    ADD priority_most   integer,
    ADD last_place_at   timestamptz,
    ADD called_label    text,
    ADD numbers_closed  text,
    ADD day_closed      boolean NOT NULL DEFAULT false,
    ADD gap_ms          integer,
    ADD width_pm        integer,
    ADD last_call_at    timestamptz,
    ADD predicted       integer NOT NULL DEFAULT 0,
    ADD inside          integer NOT NULL DEFAULT 0;
ALTER TABLE lines
    DROP CONSTRAINT lines_mall_service_date_service_key,
    DROP CONSTRAINT lines_count_what_was_issued,
    ADD CONSTRAINT lines_once UNIQUE (mall, service_date, service, series);
-- The newest line of a service before a day.
CREATE INDEX lines_of_service ON lines (mall, service, service_date DESC) WHERE series = '';

ALTER TABLE tickets
    ADD queue_id       uuid,
    ADD label          text,
    ADD place_at       timestamptz,
    ADD first_place_at timestamptz,
    ADD entered_step   integer NOT NULL DEFAULT 0,
    ADD lane_reason    text,
    ADD person_id      uuid,
    ADD for_counter    uuid,
    ADD device_id      uuid,
    ADD occurred_at    timestamptz,
    ADD calls          integer NOT NULL DEFAULT 0,
    ADD skips          integer NOT NULL DEFAULT 0,
    ADD called_at      timestamptz,
    ADD held_until     timestamptz,
    ADD low_s          integer,
    ADD high_s         integer,
    ADD near_told      boolean NOT NULL DEFAULT false,
    ADD outcome        text;
-- The instants of entry did not have to differ; numbers did.
UPDATE tickets SET
    queue_id = line_id,
    label = split_part(service, '-', 2) || '-' || lpad(number::text, greatest(3, length(number::text)), '0'),
    place_at = issued_at + number * interval '1 microsecond',
    first_place_at = issued_at + number * interval '1 microsecond',
    calls = CASE WHEN status = 'waiting' THEN 0 ELSE 1 END;
ALTER TABLE tickets
    ALTER queue_id SET NOT NULL,
    ALTER label SET NOT NULL,
    ALTER place_at SET NOT NULL,
    ALTER first_place_at SET NOT NULL,
    DROP CONSTRAINT tickets_wait_without_counter,
    DROP CONSTRAINT tickets_status_check,
    ADD CONSTRAINT tickets_status_known
        CHECK (status IN ('waiting', 'called', 'served', 'held', 'finished')),
    ADD CONSTRAINT tickets_lane_known CHECK (lane IN ('reguler', 'prioritas', 'janji', 'lanjutan')),
    ADD CONSTRAINT tickets_priority_has_a_reason CHECK (lane <> 'prioritas' OR lane_reason IS NOT NULL),
    ADD CONSTRAINT tickets_at_a_counter_or_not CHECK (
        CASE WHEN status IN ('called', 'served') THEN counter_id IS NOT NULL
             WHEN status IN ('waiting', 'held') THEN counter_id IS NULL
             ELSE true END);
DROP INDEX tickets_waiting;
-- Who is next in a lane, and who waits for one counter, without a look at those who have been called.
CREATE INDEX tickets_heap ON tickets (queue_id, lane, place_at, id) WHERE status = 'waiting' AND for_counter IS NULL;
CREATE INDEX tickets_meant ON tickets (for_counter, queue_id, place_at, id)
    WHERE status = 'waiting' AND for_counter IS NOT NULL;
CREATE INDEX tickets_held ON tickets (held_until) WHERE status = 'held';

UPDATE lines SET
    called_label = split_part(service, '-', 2) || '-'
                   || lpad(called_number::text, greatest(3, length(called_number::text)), '0'),
    wait_reguler = stood.reguler,
    wait_janji = stood.janji,
    last_place_at = stood.last_place_at
FROM (
    SELECT queue_id, max(place_at) AS last_place_at,
           count(*) FILTER (WHERE status = 'waiting' AND lane = 'reguler') AS reguler,
           count(*) FILTER (WHERE status = 'waiting' AND lane = 'janji') AS janji
    FROM tickets GROUP BY queue_id
) AS stood
WHERE stood.queue_id = lines.id;
ALTER TABLE lines
    ADD CONSTRAINT lines_lanes_add_up
        CHECK (waiting = wait_reguler + wait_prioritas + wait_janji + wait_lanjutan + wait_meant),
    ADD CONSTRAINT lines_lanes_never_below_zero
        CHECK (least(wait_reguler, wait_prioritas, wait_janji, wait_lanjutan, wait_meant, last_number, step) >= 0),
    ADD CONSTRAINT lines_within_their_cap CHECK (most IS NULL OR last_number <= most),
    ADD CONSTRAINT lines_within_priority_cap CHECK (priority_most IS NULL OR priority_issued <= priority_most),
    ADD CONSTRAINT lines_series_of_a_device CHECK ((series = '') = (device_id IS NULL));
-- A decision on a line that was read without its lock would take a number or a step for the second time.
CREATE FUNCTION lines_go_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING CONSTRAINT = 'lines_only_go_on', TABLE = 'lines',
        MESSAGE = 'new row for relation "lines" violates "lines_only_go_on": numbers and steps never go back';
END
$$;
CREATE TRIGGER lines_only_go_on BEFORE UPDATE ON lines FOR EACH ROW
    WHEN (NEW.step < OLD.step OR NEW.last_number < OLD.last_number) EXECUTE FUNCTION lines_go_on();

-- Each step of a queue once, and the fact that took it: version `version` of the ticket.
CREATE TABLE steps (
    queue_id  uuid    NOT NULL,
    step      integer NOT NULL CHECK (step > 0),
    ticket_id uuid    NOT NULL,
    version   integer NOT NULL,
    CONSTRAINT steps_taken_once PRIMARY KEY (queue_id, step)
);
GRANT SELECT, INSERT ON steps TO {app};

ALTER TABLE counters
    ADD officer       text,
    ADD session_id    uuid,
    ADD paused_reason text,
    ADD paused_until  timestamptz,
    ADD asked         jsonb,
    ADD CONSTRAINT counters_officer_while_open CHECK (is_open OR officer IS NULL),
    ADD CONSTRAINT counters_pause_while_open CHECK (is_open OR paused_reason IS NULL);
-- An officer is at one counter.
CREATE UNIQUE INDEX counters_one_per_officer ON counters (officer) WHERE officer IS NOT NULL;

-- All revisions stay: each call names the one by which it was made.
CREATE TABLE policies (
    code     text    NOT NULL,
    revision integer NOT NULL,
    body     jsonb   NOT NULL,
    PRIMARY KEY (code, revision)
);
GRANT SELECT, INSERT, UPDATE ON policies TO {app};

-- Malls say more than was kept. Their topic is compacted and is read again from its beginning.
ALTER TABLE malls
    ADD opens_at  time,
    ADD closes_at time,
    ADD more      jsonb NOT NULL DEFAULT '{}';
DELETE FROM positions WHERE consumer = 'queue.catalogue';
DELETE FROM inbox WHERE consumer = 'queue.catalogue';

DROP TYPE lines_row, tickets_row;
CREATE TYPE lines_row_2 AS (
    id uuid, mall text, service text, service_date date, last_number integer, waiting integer,
    called_number integer, called_to text, version integer, series text, device_id uuid,
    device_epoch integer, granted_at timestamptz, most integer, step integer, turn integer, turn_of text,
    wait_reguler integer, wait_prioritas integer, wait_janji integer, wait_lanjutan integer,
    wait_meant integer, priority_issued integer, priority_most integer, last_place_at timestamptz,
    called_label text, numbers_closed text, day_closed boolean, gap_ms integer, width_pm integer,
    last_call_at timestamptz, predicted integer, inside integer
);
CREATE TYPE tickets_row_2 AS (
    id uuid, version integer, line_id uuid, service text, number integer, lane text, status text,
    issued_at timestamptz, appointment_id uuid, counter_id uuid, queue_id uuid, label text,
    place_at timestamptz, first_place_at timestamptz, entered_step integer, lane_reason text,
    person_id uuid, for_counter uuid, device_id uuid, occurred_at timestamptz, calls integer,
    skips integer, called_at timestamptz, held_until timestamptz, low_s integer, high_s integer,
    near_told boolean, outcome text
);
