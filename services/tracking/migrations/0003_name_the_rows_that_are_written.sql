-- Rows on their way in, as the chassis has them.
CREATE TYPE applications_row AS (
    application_id uuid,
    version        integer,
    journey        text,
    revision       integer,
    life           text,
    stages         text
);
CREATE TYPE application_view_row AS (
    application_id uuid,
    version        integer,
    state          text,
    mall           text,
    service        text,
    journey        text,
    revision       integer,
    ticket_id      uuid,
    stages         text,
    agencies       text,
    submitted_at   timestamptz,
    updated_at     timestamptz,
    recorded_at    timestamptz
);
