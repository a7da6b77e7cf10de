-- Every fact of the platform with its place and its hashes. Nobody may change or remove a row.
CREATE TABLE entries (
    seq           bigint  PRIMARY KEY CHECK (seq > 0),
    chain         text    COLLATE "C" NOT NULL,
    position      integer NOT NULL CHECK (position > 0),
    event_id      uuid    NOT NULL UNIQUE,
    type          text    NOT NULL,
    topic         text    NOT NULL,
    recorded_at   timestamptz,
    headers       text    NOT NULL,
    value         bytea   NOT NULL,
    record_hash   bytea   NOT NULL CHECK (octet_length(record_hash) = 32),
    previous_hash bytea   NOT NULL CHECK (octet_length(previous_hash) = 32),
    hash          bytea   NOT NULL CHECK (octet_length(hash) = 32),
    digest        bytea   NOT NULL CHECK (octet_length(digest) = 32),
    CONSTRAINT entries_one_per_position UNIQUE (chain, position)
);
GRANT SELECT, INSERT ON entries TO {app};

-- Where each chain ends.
CREATE TABLE chains (
    chain  text    COLLATE "C" PRIMARY KEY,
    length integer NOT NULL CHECK (length > 0),
    head   bytea   NOT NULL CHECK (octet_length(head) = 32)
) WITH (fillfactor = 80);
GRANT SELECT, INSERT, UPDATE ON chains TO {app};

-- Where the whole ends. Who appends holds this row until the commit, so numbers have no gap.
CREATE TABLE running (
    id     boolean PRIMARY KEY DEFAULT true CHECK (id),
    size   bigint  NOT NULL CHECK (size >= 0),
    digest bytea   NOT NULL CHECK (octet_length(digest) = 32)
) WITH (fillfactor = 50);
INSERT INTO running (size, digest) VALUES (0, decode(repeat('00', 32), 'hex'));
GRANT SELECT, UPDATE ON running TO {app};
