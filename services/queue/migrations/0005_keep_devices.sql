-- Kiosks and boards of malls, each with the session that is the present one, and whether it is locked.

CREATE TABLE devices (
    id            uuid    PRIMARY KEY,
    version       integer NOT NULL,
    mall          text    NOT NULL,
    code          text    NOT NULL,
    kind          text    NOT NULL,
    epoch         integer NOT NULL CHECK (epoch >= 0),
    locked_reason text,
    CONSTRAINT devices_once_per_mall UNIQUE (mall, code)
);
GRANT SELECT, INSERT, UPDATE ON devices TO {app};

-- A session that went back would let a replaced machine give numbers again.
CREATE FUNCTION devices_go_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING CONSTRAINT = 'devices_only_go_on', TABLE = 'devices',
        MESSAGE = 'new row for relation "devices" violates "devices_only_go_on": sessions never go back';
END
$$;
CREATE TRIGGER devices_only_go_on BEFORE UPDATE ON devices FOR EACH ROW
    WHEN (NEW.epoch < OLD.epoch) EXECUTE FUNCTION devices_go_on();
