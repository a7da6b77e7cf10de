-- Rows on their way in, as the chassis has them.
CREATE TYPE lines_row AS (
    id            uuid,
    mall          text,
    service       text,
    service_date  date,
    last_number   integer,
    waiting       integer,
    called_number integer,
    called_to     text
);
CREATE TYPE tickets_row AS (
    id             uuid,
    version        integer,
    line_id        uuid,
    service        text,
    number         integer,
    lane           text,
    status         text,
    issued_at      timestamptz,
    appointment_id uuid,
    counter_id     uuid
);
