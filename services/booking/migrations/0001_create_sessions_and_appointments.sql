-- Sessions with their places, appointments, and the part of the catalogue that booking needs.

-- Malls as the catalogue has them; `agencies` is a JSON array of codes.
CREATE TABLE malls (
    code     text  PRIMARY KEY,
    zone     text  NOT NULL,
    agencies jsonb NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON malls TO {app};

CREATE TABLE services (
    code   text PRIMARY KEY,
    agency text NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON services TO {app};

CREATE TABLE sessions (
    id           uuid        PRIMARY KEY,
    version      integer     NOT NULL,
    mall         text        NOT NULL,
    service      text        NOT NULL,
    service_date date        NOT NULL,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    capacity     integer     NOT NULL,
    booked       integer     NOT NULL,
    CONSTRAINT sessions_never_over_capacity CHECK (booked BETWEEN 0 AND capacity),
    CONSTRAINT sessions_begin_before_they_end CHECK (starts_at < ends_at)
) WITH (fillfactor = 50); -- one hot row per session: its new versions should fit on its page
CREATE INDEX sessions_of_a_day ON sessions (mall, service, service_date, starts_at);
GRANT SELECT, INSERT, UPDATE ON sessions TO {app};

CREATE TABLE appointments (
    id           uuid    PRIMARY KEY,
    version      integer NOT NULL,
    session_id   uuid    NOT NULL REFERENCES sessions,
    person_id    uuid    NOT NULL,
    service      text    NOT NULL,
    service_date date    NOT NULL,
    status       text    NOT NULL CHECK (status IN ('booked', 'checked_in', 'cancelled'))
);
-- One person holds one place per service and day; a cancelled one does not count.
CREATE UNIQUE INDEX appointments_one_per_person_and_day
    ON appointments (person_id, service, service_date) WHERE status <> 'cancelled';
GRANT SELECT, INSERT, UPDATE ON appointments TO {app};
