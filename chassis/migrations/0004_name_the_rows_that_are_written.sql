-- Rows on their way in: an array of one of these is one parameter, however many columns it has. A type is never
-- altered, since programs of two versions may run beside each other: other columns are another type.

-- Of event_log, but for what the database fills in.
CREATE TYPE event_log_row AS (
    event_id       uuid,
    type           text,
    aggregate      text,
    aggregate_id   uuid,
    version        integer,
    topic          text,
    key            text,
    time           timestamptz,
    actor          text,
    correlation_id text,
    causation_id   text,
    traceparent    text,
    payload        text
);
CREATE TYPE commands_row AS (
    actor       text,
    key         text,
    fingerprint bytea,
    name        text,
    at          timestamptz,
    answer      text,
    refusal     text
);
-- Of inbox, for one consumer.
CREATE TYPE inbox_row AS (
    aggregate_id uuid,
    version      integer,
    event_id     uuid
);
