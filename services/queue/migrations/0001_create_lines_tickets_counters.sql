-- Lines, tickets and counters, and the part of the catalogue that queue needs.

-- Malls as the catalogue has them; `counters` is a JSON object: code of a counter -> its services.
CREATE TABLE malls (
    code     text  PRIMARY KEY,
    zone     text  NOT NULL,
    counters jsonb NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON malls TO {app};

CREATE TABLE lines (
    id            uuid    PRIMARY KEY,
    mall          text    NOT NULL,
    service       text    NOT NULL,
    service_date  date    NOT NULL,
    last_number   integer NOT NULL,
    waiting       integer NOT NULL,
    called_number integer,
    called_to     text,
    UNIQUE (mall, service_date, service),
    CONSTRAINT lines_count_what_was_issued
        CHECK (waiting BETWEEN 0 AND last_number AND called_number <= last_number)
) WITH (fillfactor = 50); -- one hot row per line: its new versions should fit on its page
GRANT SELECT, INSERT, UPDATE ON lines TO {app};

CREATE TABLE tickets (
    id             uuid        PRIMARY KEY,
    version        integer     NOT NULL,
    line_id        uuid        NOT NULL,
    service        text        NOT NULL,
    number         integer     NOT NULL CHECK (number > 0),
    lane           text        NOT NULL,
    status         text        NOT NULL
                   CHECK (status IN ('waiting', 'called', 'served', 'finished')),
    issued_at      timestamptz NOT NULL,
    appointment_id uuid        CONSTRAINT tickets_one_per_appointment UNIQUE,
    counter_id     uuid,
    CONSTRAINT tickets_number_once_per_line UNIQUE (line_id, number),
    CONSTRAINT tickets_wait_without_counter CHECK ((status = 'waiting') = (counter_id IS NULL))
);
-- Who is next, without a look at those who have been called.
CREATE INDEX tickets_waiting ON tickets (line_id, number) WHERE status = 'waiting';
-- A counter has called one ticket at a time.
CREATE UNIQUE INDEX tickets_one_at_a_counter ON tickets (counter_id)
    WHERE status IN ('called', 'served');
GRANT SELECT, INSERT, UPDATE ON tickets TO {app};

-- `services` is a JSON array of codes.
CREATE TABLE counters (
    id        uuid    PRIMARY KEY,
    version   integer NOT NULL,
    mall      text    NOT NULL,
    code      text    NOT NULL,
    services  jsonb   NOT NULL,
    is_open   boolean NOT NULL,
    ticket_id uuid    CONSTRAINT counters_never_share_a_ticket UNIQUE,
    UNIQUE (mall, code),
    CONSTRAINT counters_call_while_open CHECK (is_open OR ticket_id IS NULL)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON counters TO {app};
