-- An application that has come to its end does not change again, whoever decides. (Before, an index over the log
-- saw to it; a log that is cut into blocks cannot have one.)
CREATE FUNCTION refuse_change_after_the_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'application % has ended', OLD.application_id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'applications_end_once';
END
$$;
CREATE TRIGGER applications_end_once BEFORE UPDATE ON applications
    FOR EACH ROW WHEN (OLD.life <> 'running') EXECUTE FUNCTION refuse_change_after_the_end();
