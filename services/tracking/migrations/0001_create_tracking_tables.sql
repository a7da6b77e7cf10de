-- What tracking decides on, what it knows of the catalogue, and its read model.

-- One small row per application: where each stage of its journey stands.
CREATE TABLE applications (
    application_id uuid    PRIMARY KEY,
    version        integer NOT NULL CHECK (version > 0),
    journey        text,
    revision       integer,
    life           text    NOT NULL CHECK (life IN ('running', 'completed', 'refused')),
    stages         jsonb   NOT NULL,
    CHECK ((journey IS NULL) = (revision IS NULL)),
    CHECK (journey IS NOT NULL OR (stages = '[]' AND life = 'running'))
) WITH (fillfactor = 70);
GRANT SELECT, INSERT, UPDATE ON applications TO {app};

-- An application has one beginning and one end, whoever decides.
CREATE UNIQUE INDEX event_log_one_end ON event_log (aggregate_id)
    WHERE type IN ('tracking.application_completed.v1', 'tracking.application_refused.v1');

-- Digests of the codes by which citizens follow their applications; the codes are nowhere.
CREATE TABLE tracking_codes (
    application_id uuid  PRIMARY KEY,
    digest         bytea NOT NULL UNIQUE CHECK (length(digest) = 32)
);
GRANT SELECT, INSERT, UPDATE ON tracking_codes TO {app};

-- The catalogue's entries in every revision that we saw: running applications keep theirs.
CREATE TABLE catalogue_entries (
    kind     text    NOT NULL,
    code     text    NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    body     jsonb   NOT NULL,
    arrived  bigint  GENERATED ALWAYS AS IDENTITY UNIQUE,
    PRIMARY KEY (kind, code, revision)
);
GRANT SELECT, INSERT, UPDATE ON catalogue_entries TO {app};

-- The read model: one row per application, folded from the facts on Kafka and from nothing else.
CREATE TABLE application_view (
    application_id uuid        PRIMARY KEY,
    version        integer     NOT NULL,
    state          text        NOT NULL,
    mall           text,
    service        text,
    journey        text,
    revision       integer,
    ticket_id      uuid,
    stages         jsonb       NOT NULL,
    agencies       jsonb       NOT NULL,
    submitted_at   timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL
) WITH (fillfactor = 70);
GRANT SELECT, INSERT, UPDATE, DELETE ON application_view TO {app};

-- Every fact that people may see, in the order in which the read model took it.
CREATE TABLE timeline (
    position     bigint      PRIMARY KEY,
    event_id     uuid        NOT NULL UNIQUE,
    key          text        NOT NULL,
    type         text        NOT NULL,
    aggregate_id uuid        NOT NULL,
    version      integer     NOT NULL,
    time         timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    actor        text,
    agency       text,
    stage        text,
    journey      text,
    revision     integer,
    data         text        NOT NULL,
    -- When people could see it first; beside recorded_at it tells how old the read model is.
    shown_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX timeline_of_key ON timeline (key, position);
GRANT SELECT, INSERT, DELETE ON timeline TO {app};

-- The last position. Its row lock makes positions become visible in their order and without gaps.
CREATE TABLE timeline_head (
    id       smallint    PRIMARY KEY CHECK (id = 1),
    position bigint      NOT NULL,
    as_of    timestamptz
);
INSERT INTO timeline_head (id, position) VALUES (1, 0);
GRANT SELECT, UPDATE ON timeline_head TO {app};
