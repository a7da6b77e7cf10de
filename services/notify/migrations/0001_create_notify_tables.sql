-- Who can be told, with the address sealed by a key of its own. `request` and `fingerprint` are
-- keyed digests of the registration, so that repeating it is recognised. Erasing empties the row.
CREATE TABLE recipients (
    person_id     uuid  PRIMARY KEY,
    request       bytea NOT NULL UNIQUE CHECK (octet_length(request) = 32),
    fingerprint   bytea CHECK (octet_length(fingerprint) = 32),
    language      text  NOT NULL CHECK (language IN ('id', 'en')),
    address       bytea,
    registered_at timestamptz NOT NULL,
    erased_at     timestamptz,
    CONSTRAINT recipients_erased_is_empty CHECK
        ((erased_at IS NULL) = (address IS NOT NULL) AND (erased_at IS NULL) = (fingerprint IS NOT NULL))
);
GRANT SELECT, INSERT, UPDATE (address, fingerprint, erased_at) ON recipients TO {app};

-- The keys stand apart, so that their backups can be short-lived. Without its row an address is noise.
CREATE TABLE recipient_keys (
    person_id   uuid  PRIMARY KEY REFERENCES recipients,
    wrapped_key bytea NOT NULL
);
GRANT SELECT, INSERT, DELETE ON recipient_keys TO {app};

-- Whose application it is. No reference to recipients: it follows from facts, which outlive them.
CREATE TABLE applicants (
    application_id uuid PRIMARY KEY,
    recipient_id   uuid NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON applicants TO {app};

CREATE TABLE notifications (
    notification_id uuid PRIMARY KEY,
    version         integer     NOT NULL CHECK (version IN (1, 2)),
    application_id  uuid        NOT NULL,
    recipient_id    uuid        NOT NULL,
    cause_id        uuid        NOT NULL,
    template        text        NOT NULL,
    channel         text        NOT NULL,
    queued_at       timestamptz NOT NULL,
    state           text        NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts        integer     NOT NULL CHECK (attempts BETWEEN 0 AND 3),
    settled_at      timestamptz,
    CONSTRAINT notifications_one_per_cause UNIQUE (cause_id, recipient_id, channel),
    CONSTRAINT notifications_settled_once CHECK ((state = 'queued') = (settled_at IS NULL)),
    CONSTRAINT notifications_sent_by_an_attempt CHECK (state <> 'sent' OR attempts > 0)
);
CREATE INDEX notifications_by_application ON notifications (application_id, queued_at);
GRANT SELECT, INSERT, UPDATE ON notifications TO {app};

-- The work that is left. `attempts` is raised before each call of a provider, and committed, so it can
-- only count too many. While somebody is at it, `due_at` lies in the future; NULL: nothing left to do.
CREATE TABLE deliveries (
    notification_id uuid    PRIMARY KEY REFERENCES notifications,
    attempts        integer NOT NULL CHECK (attempts BETWEEN 0 AND 3),
    due_at          timestamptz
) WITH (fillfactor = 80);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON deliveries TO {app};
