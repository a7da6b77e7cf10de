-- Who was expected in a mall on a day, and who came; and what the catalogue says of agencies, services and calendars.

CREATE TABLE presences (
    id           uuid        PRIMARY KEY,
    version      integer     NOT NULL,
    mall         text        NOT NULL,
    agency       text        NOT NULL,
    service_date date        NOT NULL,
    expected_at  timestamptz,
    absent_at    timestamptz,
    present_at   timestamptz,
    late_minutes integer     CHECK (late_minutes >= 0),
    CONSTRAINT presences_once_a_day UNIQUE (mall, service_date, agency),
    CONSTRAINT presences_absent_or_come CHECK (absent_at IS NOT NULL OR present_at IS NOT NULL),
    CONSTRAINT presences_absent_though_expected CHECK ((absent_at IS NULL) = (expected_at IS NULL)),
    CONSTRAINT presences_come_so_late CHECK ((present_at IS NULL) = (late_minutes IS NULL))
);
GRANT SELECT, INSERT, UPDATE ON presences TO {app};

CREATE TABLE offices (
    kind     text    NOT NULL CHECK (kind IN ('agency', 'calendar', 'service')),
    code     text    NOT NULL,
    revision integer NOT NULL,
    body     jsonb   NOT NULL,
    PRIMARY KEY (kind, code)
);
GRANT SELECT, INSERT, UPDATE ON offices TO {app};

-- They are on the topic of the catalogue already, which is compacted and is read again from its beginning.
DELETE FROM positions WHERE consumer = 'queue.catalogue';
DELETE FROM inbox WHERE consumer = 'queue.catalogue';
