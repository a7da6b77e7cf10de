-- Who waits for a place of a day: in a draw (lane 0, by a rank that is secret until it is drawn) or
-- in a list (lane 1, by the microsecond of joining). `identity` is a keyed digest, never a number.
CREATE TABLE waits (
    id             uuid     PRIMARY KEY,
    version        integer  NOT NULL,
    day_id         uuid     NOT NULL REFERENCES days,
    person_id      uuid     NOT NULL,
    kind           text     NOT NULL,
    identity       bytea,
    lane           smallint NOT NULL,
    rank           bigint   NOT NULL,
    status         text     NOT NULL,
    offers         smallint NOT NULL,
    appointment_id uuid,
    CONSTRAINT waits_kind_known CHECK (kind IN ('lottery', 'list')),
    CONSTRAINT waits_status_known
        CHECK (status IN ('waiting', 'offered', 'got', 'passed', 'left', 'over')),
    CONSTRAINT waits_offer_has_a_place
        CHECK (offers >= 0 AND (status NOT IN ('offered', 'got') OR appointment_id IS NOT NULL))
);
CREATE UNIQUE INDEX waits_one_per_person ON waits (person_id, day_id)
    WHERE status IN ('waiting', 'offered');
CREATE UNIQUE INDEX waits_one_per_identity ON waits (identity, day_id)
    WHERE status IN ('waiting', 'offered') AND identity IS NOT NULL;
CREATE INDEX waits_in_order ON waits (day_id, lane, rank, id) WHERE status = 'waiting';
GRANT SELECT, INSERT, UPDATE ON waits TO {app};

-- All sessions of a day at once, for its list.
CREATE INDEX sessions_of_day ON sessions (day_id);

-- Rows on their way in, as the chassis has them.
CREATE TYPE waits_row AS (
    id             uuid,
    version        integer,
    day_id         uuid,
    person_id      uuid,
    kind           text,
    identity       bytea,
    lane           smallint,
    rank           bigint,
    status         text,
    offers         smallint,
    appointment_id uuid
);
