-- Closures and special openings, and since when which opening hours were known.

CREATE TABLE closures (
    id          uuid        PRIMARY KEY,
    version     integer     NOT NULL,
    kind        text        NOT NULL,
    mall        text        NOT NULL,
    agency      text,
    service     text,
    from_at     timestamptz NOT NULL,
    until_at    timestamptz NOT NULL,
    reason      text        NOT NULL,
    declared_at timestamptz NOT NULL,
    lifted_at   timestamptz,
    told        integer     NOT NULL,
    due_at      timestamptz,
    CONSTRAINT closures_kind_known CHECK (kind IN ('closure', 'special_opening')),
    CONSTRAINT closures_begin_before_they_end CHECK (from_at < until_at),
    CONSTRAINT closures_lifted_tell_nobody CHECK (lifted_at IS NULL OR due_at IS NULL)
);
CREATE INDEX closures_of_a_mall ON closures (mall, until_at);
CREATE INDEX closures_due ON closures (due_at) WHERE due_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON closures TO {app};

-- The sessions that a closure closed, and the people who were told.
CREATE INDEX sessions_closed ON sessions (closed_by) WHERE closed_by IS NOT NULL;
CREATE INDEX appointments_disturbed ON appointments (disturbed_by, id)
    WHERE disturbed_by IS NOT NULL;

-- Opening hours of malls in all their revisions. What was known once stays: nobody may change it.
CREATE TABLE hours (
    mall      text        NOT NULL,
    revision  integer     NOT NULL,
    opens_at  time        NOT NULL,
    closes_at time        NOT NULL,
    known_at  timestamptz NOT NULL,
    PRIMARY KEY (mall, revision)
);
GRANT SELECT, INSERT ON hours TO {app};

-- The week of each agency, the calendar of each year, and what malls and services are called, as the
-- catalogue has them now.
CREATE TABLE offices (
    kind     text    NOT NULL CHECK (kind IN ('agency', 'calendar', 'mall', 'service')),
    code     text    NOT NULL,
    revision integer NOT NULL,
    body     jsonb   NOT NULL,
    PRIMARY KEY (kind, code)
);
GRANT SELECT, INSERT, UPDATE ON offices TO {app};

-- More of the catalogue than before, so its entries are read once more from their beginning.
DELETE FROM positions WHERE consumer = 'booking.catalogue';
DELETE FROM inbox WHERE consumer = 'booking.catalogue';
