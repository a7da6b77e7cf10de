-- The tables that every service has. {app} is the role of the program, {relay} the role of its relay.

-- Everything that ever became true here, in the order in which it was decided: history and outbox at once.
-- Nobody may change or remove a row; only the flag `sent` moves, and only the relay may move it.
CREATE TABLE event_log (
    seq            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id       uuid        NOT NULL,
    type           text        NOT NULL,
    aggregate      text        NOT NULL,
    aggregate_id   uuid        NOT NULL,
    version        integer     NOT NULL CHECK (version > 0),
    topic          text        NOT NULL,
    key            text        NOT NULL,
    time           timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor          text        NOT NULL,
    correlation_id text        NOT NULL,
    causation_id   text,
    traceparent    text,
    payload        text        NOT NULL,
    sent           boolean     NOT NULL DEFAULT false,
    -- The version check of every decision: two decisions on one state cannot both be written.
    CONSTRAINT event_log_one_fact_per_version UNIQUE (aggregate_id, version)
);
CREATE INDEX event_log_unsent ON event_log (seq) WHERE NOT sent;
GRANT SELECT, INSERT ON event_log TO {app};
GRANT SELECT, UPDATE (sent) ON event_log TO {relay};

-- One row per command that was answered: the same actor and key get the same answer again.
CREATE TABLE commands (
    actor       text        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    name        text        NOT NULL,
    at          timestamptz NOT NULL,
    answer      text,
    refusal     text,
    PRIMARY KEY (actor, key),
    CHECK ((answer IS NULL) <> (refusal IS NULL))
);
GRANT SELECT, INSERT ON commands TO {app};

-- Per consumer and aggregate, the last fact that was applied: older is a repeat, the next is due, later must wait.
CREATE TABLE inbox (
    consumer     text    NOT NULL,
    aggregate_id uuid    NOT NULL,
    version      integer NOT NULL,
    event_id     uuid    NOT NULL,
    PRIMARY KEY (consumer, aggregate_id)
) WITH (fillfactor = 80);
GRANT SELECT, INSERT, UPDATE, DELETE ON inbox TO {app};

-- Where each consumer goes on reading. This, not the broker's copy, decides.
CREATE TABLE positions (
    consumer    text    NOT NULL,
    topic       text    NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint  NOT NULL,
    PRIMARY KEY (consumer, topic, partition)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE, DELETE ON positions TO {app};

-- What could not be applied, with its reason, until somebody re-drives it. A blocking row holds back its key.
CREATE TABLE parked (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer    text        NOT NULL,
    topic       text        NOT NULL,
    partition   integer     NOT NULL,
    "offset"    bigint      NOT NULL,
    key         text        NOT NULL,
    headers     text        NOT NULL,
    value       bytea       NOT NULL,
    reason      text        NOT NULL,
    detail      text        NOT NULL,
    blocking    boolean     NOT NULL,
    parked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at  timestamptz,
    settled_by  text,
    UNIQUE (consumer, topic, partition, "offset")
);
CREATE INDEX parked_unsettled ON parked (consumer, key, id) WHERE settled_at IS NULL;
GRANT SELECT, INSERT, UPDATE ON parked TO {app};

-- Who may send. A relay that lost its epoch can no longer mark anything as sent.
CREATE TABLE relay_lease (
    shard integer PRIMARY KEY,
    epoch bigint  NOT NULL
);
INSERT INTO relay_lease (shard, epoch) VALUES (0, 0);
GRANT SELECT ON relay_lease TO {app};
GRANT SELECT, UPDATE (epoch) ON relay_lease TO {relay};
