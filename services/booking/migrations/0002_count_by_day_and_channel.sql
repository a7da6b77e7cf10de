-- Days above the sessions, places counted by channel, the whole life of an appointment, and claims
-- on numbered seats. A process of the form before cannot write any more: it raises `booked` and no
-- channel, which `sessions_channels_add_up` refuses.

-- One service of one mall on one day: the unit of quota, release and waiting list. `taken` and
-- `free_online` are sums over its sessions, moved in the decision that moves a session.
CREATE TABLE days (
    id             uuid        PRIMARY KEY,
    version        integer     NOT NULL,
    mall           text        NOT NULL,
    service        text        NOT NULL,
    service_date   date        NOT NULL,
    taken          integer     NOT NULL,
    waiting        integer     NOT NULL,
    free_online    integer     NOT NULL,
    most           integer,
    policy         text        NOT NULL,
    policy_version integer     NOT NULL,
    mode           text        NOT NULL,
    opens_at       timestamptz,
    closes_at      timestamptz,
    spread_s       integer     NOT NULL,
    seed_digest    text,
    step           smallint    NOT NULL,
    due_at         timestamptz,
    CONSTRAINT days_once UNIQUE (mall, service, service_date),
    CONSTRAINT days_never_over_quota
        CHECK (taken >= 0 AND free_online >= 0 AND (most IS NULL OR taken <= most)),
    CONSTRAINT days_waiting_never_below_zero CHECK (waiting >= 0),
    CONSTRAINT days_mode_known CHECK (mode IN ('open', 'first_come', 'staggered', 'lottery')),
    CONSTRAINT days_rush_has_a_seed CHECK (mode = 'open' OR seed_digest IS NOT NULL)
) WITH (fillfactor = 50); -- hot rows, as sessions are
CREATE INDEX days_due ON days (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX days_with_a_list ON days (id) WHERE waiting > 0;
GRANT SELECT, INSERT, UPDATE ON days TO {app};

INSERT INTO days (id, version, mall, service, service_date, taken, waiting, free_online, policy,
                  policy_version, mode, spread_s, step)
SELECT uuidv7(), 0, mall, service, service_date, sum(booked), 0, sum(capacity - booked), 'umum', 0,
       'open', 0, 0
FROM sessions GROUP BY mall, service, service_date;

-- `booked`: places of appointments; `held`: places of holds and offers.
ALTER TABLE sessions
    ADD day_id        uuid    REFERENCES days,
    ADD held          integer NOT NULL DEFAULT 0,
    ADD overbook      integer NOT NULL DEFAULT 0,
    ADD released      integer, -- so many so far, where a day is released in parts
    ADD taken_online  integer NOT NULL DEFAULT 0,
    ADD taken_counter integer NOT NULL DEFAULT 0,
    ADD taken_partner integer NOT NULL DEFAULT 0,
    ADD most_online   integer,
    ADD most_counter  integer,
    ADD most_partner  integer,
    ADD channels_open boolean NOT NULL DEFAULT false,
    ADD closed_by     uuid,
    ADD approve       boolean NOT NULL DEFAULT false;
UPDATE sessions SET taken_online = booked, day_id = days.id
FROM days WHERE (days.mall, days.service, days.service_date)
              = (sessions.mall, sessions.service, sessions.service_date);
ALTER TABLE sessions
    ALTER day_id SET NOT NULL,
    ALTER held DROP DEFAULT,
    ALTER overbook DROP DEFAULT,
    ALTER taken_online DROP DEFAULT,
    ALTER taken_counter DROP DEFAULT,
    ALTER taken_partner DROP DEFAULT,
    ALTER channels_open DROP DEFAULT,
    ALTER approve DROP DEFAULT,
    DROP CONSTRAINT sessions_never_over_capacity,
    ADD CONSTRAINT sessions_never_over_capacity CHECK (
        booked >= 0 AND held >= 0
        AND booked + held <= LEAST(capacity + overbook, COALESCE(released, capacity + overbook))),
    ADD CONSTRAINT sessions_overbook_bounded CHECK (overbook BETWEEN 0 AND capacity / 5),
    ADD CONSTRAINT sessions_channels_add_up CHECK (
        booked + held = taken_online + taken_counter + taken_partner
        AND LEAST(taken_online, taken_counter, taken_partner) >= 0),
    ADD CONSTRAINT sessions_channels_within CHECK (
        channels_open
        OR (taken_online <= COALESCE(most_online, taken_online)
            AND taken_counter <= COALESCE(most_counter, taken_counter)
            AND taken_partner <= COALESCE(most_partner, taken_partner)));

-- Whatever the program believes: a closed session takes nobody in.
CREATE FUNCTION refuse_places_in_a_closed_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'session % is closed', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'sessions_closed_take_no_more';
END $$;
CREATE TRIGGER sessions_closed_take_no_more BEFORE UPDATE ON sessions
    FOR EACH ROW WHEN (OLD.closed_by IS NOT NULL AND NEW.closed_by IS NOT NULL
                       AND NEW.booked + NEW.held > OLD.booked + OLD.held)
    EXECUTE FUNCTION refuse_places_in_a_closed_session();

-- `also`: further services, codes with a blank between. `step`: reminders that were sent.
ALTER TABLE appointments
    ADD channel      text     NOT NULL DEFAULT 'online',
    ADD also         text     NOT NULL DEFAULT '',
    ADD places       smallint NOT NULL DEFAULT 1,
    ADD visit_id     uuid,
    ADD wait_id      uuid,
    ADD moves        smallint NOT NULL DEFAULT 0,
    ADD held_until   timestamptz,
    ADD disturbed_by uuid,
    ADD step         smallint NOT NULL DEFAULT 0,
    ADD due_at       timestamptz,
    ADD ended_at     timestamptz;
ALTER TABLE appointments
    ALTER channel DROP DEFAULT,
    ALTER also DROP DEFAULT,
    ALTER places DROP DEFAULT,
    ALTER moves DROP DEFAULT,
    ALTER step DROP DEFAULT,
    ADD CONSTRAINT appointments_places_few CHECK (places BETWEEN 1 AND 6),
    DROP CONSTRAINT appointments_status_check,
    ADD CONSTRAINT appointments_status_known CHECK (
        status IN ('held', 'requested', 'booked', 'checked_in',
                   'cancelled', 'lapsed', 'declined', 'missed')),
    ADD CONSTRAINT appointments_channel_known CHECK (channel IN ('online', 'counter', 'partner')),
    ADD CONSTRAINT appointments_hold_has_an_end
        CHECK ((status = 'held') = (held_until IS NOT NULL));
CREATE UNIQUE INDEX appointments_one_live_per_person_and_day
    ON appointments (person_id, service, service_date)
    WHERE status NOT IN ('cancelled', 'lapsed', 'declined', 'missed');
DROP INDEX appointments_one_per_person_and_day;
ALTER INDEX appointments_one_live_per_person_and_day
    RENAME TO appointments_one_per_person_and_day;
CREATE INDEX appointments_due ON appointments (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX appointments_of_session ON appointments (session_id, id)
    WHERE status IN ('held', 'requested', 'booked');
CREATE INDEX appointments_missed ON appointments (person_id, service_date)
    WHERE status = 'missed';
CREATE INDEX appointments_given_up ON appointments (session_id, ended_at)
    WHERE status IN ('cancelled', 'lapsed');

-- "At most n live ones of X" is a numbered seat: whoever takes a seat that is taken collides here.
-- Digests of identities, devices and networks stand in this table and nowhere else.
CREATE TABLE claims (
    appointment_id uuid        NOT NULL REFERENCES appointments,
    kind           text        NOT NULL,
    digest         bytea       NOT NULL,
    nth            smallint    NOT NULL,
    most           smallint    NOT NULL,
    live           boolean     NOT NULL,
    at             timestamptz NOT NULL,
    PRIMARY KEY (appointment_id, kind, digest),
    CONSTRAINT claims_within CHECK (nth BETWEEN 1 AND most)
);
CREATE UNIQUE INDEX claims_one_on_a_seat ON claims (kind, digest, nth) WHERE live;
GRANT SELECT, INSERT, UPDATE ON claims TO {app};

-- What is live today sits on its seat: the digest is made as `domain/claims.py` makes it.
INSERT INTO claims (appointment_id, kind, digest, nth, most, live, at)
SELECT id, 'service_day',
       substring(sha256(convert_to(person_id || '|' || service || '|' || service_date, 'UTF8'))
                 FOR 16),
       1, 1, true, now()
FROM appointments WHERE status IN ('booked', 'checked_in');

-- Each revision of a policy stays: it is a published rule.
CREATE TABLE policies (
    code     text    NOT NULL,
    revision integer NOT NULL,
    body     jsonb   NOT NULL,
    PRIMARY KEY (code, revision)
);
GRANT SELECT, INSERT, UPDATE ON policies TO {app};

-- What sessions a service has in its week; the newest revision.
CREATE TABLE plans (
    mall     text        NOT NULL,
    service  text        NOT NULL,
    revision integer     NOT NULL,
    body     jsonb       NOT NULL,
    due_at   timestamptz,
    PRIMARY KEY (mall, service)
);
CREATE INDEX plans_due ON plans (due_at) WHERE due_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON plans TO {app};

-- More of the catalogue than before, so its entries are read once more from their beginning.
-- `walking`: minutes on foot between zones; `after`: services that come first, with a blank between.
ALTER TABLE malls
    ADD opens_at  time,
    ADD closes_at time,
    ADD policy    text,
    ADD counters  jsonb NOT NULL DEFAULT '[]',
    ADD walking   jsonb NOT NULL DEFAULT '[]';
ALTER TABLE malls ALTER counters DROP DEFAULT, ALTER walking DROP DEFAULT;
ALTER TABLE services
    ADD policy  text,
    ADD minutes integer,
    ADD after   text NOT NULL DEFAULT '';
ALTER TABLE services ALTER after DROP DEFAULT;
DELETE FROM positions WHERE consumer = 'booking.catalogue';
DELETE FROM inbox WHERE consumer = 'booking.catalogue';

-- Rows on their way in, as the chassis has them.
CREATE TYPE days_row AS (
    id             uuid,
    version        integer,
    mall           text,
    service        text,
    service_date   date,
    taken          integer,
    waiting        integer,
    free_online    integer,
    most           integer,
    policy         text,
    policy_version integer,
    mode           text,
    opens_at       timestamptz,
    closes_at      timestamptz,
    spread_s       integer,
    seed_digest    text,
    step           smallint,
    due_at         timestamptz
);
CREATE TYPE sessions_row AS (
    id            uuid,
    version       integer,
    day_id        uuid,
    mall          text,
    service       text,
    service_date  date,
    starts_at     timestamptz,
    ends_at       timestamptz,
    capacity      integer,
    booked        integer,
    held          integer,
    overbook      integer,
    released      integer,
    taken_online  integer,
    taken_counter integer,
    taken_partner integer,
    most_online   integer,
    most_counter  integer,
    most_partner  integer,
    channels_open boolean,
    closed_by     uuid,
    approve       boolean
);
CREATE TYPE appointments_row AS (
    id           uuid,
    version      integer,
    session_id   uuid,
    person_id    uuid,
    service      text,
    service_date date,
    status       text,
    channel      text,
    also         text,
    places       smallint,
    visit_id     uuid,
    wait_id      uuid,
    moves        smallint,
    held_until   timestamptz,
    disturbed_by uuid,
    step         smallint,
    due_at       timestamptz,
    ended_at     timestamptz
);
CREATE TYPE claims_row AS (
    appointment_id uuid,
    kind           text,
    digest         bytea,
    nth            smallint,
    most           smallint,
    live           boolean,
    at             timestamptz
);
