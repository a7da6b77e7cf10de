-- What people think of a service, without who they are: an answer has neither ticket nor hour.

CREATE TABLE surveys (
    id           uuid     PRIMARY KEY,
    mall         text     NOT NULL,
    service      text     NOT NULL,
    service_date date     NOT NULL,
    u1           smallint NOT NULL CONSTRAINT surveys_u1_is_1_to_4 CHECK (u1 BETWEEN 1 AND 4),
    u2           smallint NOT NULL CONSTRAINT surveys_u2_is_1_to_4 CHECK (u2 BETWEEN 1 AND 4),
    u3           smallint NOT NULL CONSTRAINT surveys_u3_is_1_to_4 CHECK (u3 BETWEEN 1 AND 4),
    u4           smallint NOT NULL CONSTRAINT surveys_u4_is_1_to_4 CHECK (u4 BETWEEN 1 AND 4),
    u5           smallint NOT NULL CONSTRAINT surveys_u5_is_1_to_4 CHECK (u5 BETWEEN 1 AND 4),
    u6           smallint NOT NULL CONSTRAINT surveys_u6_is_1_to_4 CHECK (u6 BETWEEN 1 AND 4),
    u7           smallint NOT NULL CONSTRAINT surveys_u7_is_1_to_4 CHECK (u7 BETWEEN 1 AND 4),
    u8           smallint NOT NULL CONSTRAINT surveys_u8_is_1_to_4 CHECK (u8 BETWEEN 1 AND 4),
    u9           smallint NOT NULL CONSTRAINT surveys_u9_is_1_to_4 CHECK (u9 BETWEEN 1 AND 4)
);
GRANT SELECT, INSERT ON surveys TO {app};

-- The sums of a month (`s1` to `s9`), and what is published of them (`shown`, `p1` to `p9`): that follows in steps of
-- five answers or more, so that no two looks differ by the answer of one person.
CREATE TABLE survey_months (
    mall        text    NOT NULL,
    service     text    NOT NULL,
    month       date    NOT NULL CHECK (extract(day FROM month) = 1),
    respondents integer NOT NULL,
    s1 integer NOT NULL, s2 integer NOT NULL, s3 integer NOT NULL, s4 integer NOT NULL, s5 integer NOT NULL,
    s6 integer NOT NULL, s7 integer NOT NULL, s8 integer NOT NULL, s9 integer NOT NULL,
    shown       integer NOT NULL DEFAULT 0,
    p1 integer NOT NULL DEFAULT 0, p2 integer NOT NULL DEFAULT 0, p3 integer NOT NULL DEFAULT 0,
    p4 integer NOT NULL DEFAULT 0, p5 integer NOT NULL DEFAULT 0, p6 integer NOT NULL DEFAULT 0,
    p7 integer NOT NULL DEFAULT 0, p8 integer NOT NULL DEFAULT 0, p9 integer NOT NULL DEFAULT 0,
    PRIMARY KEY (mall, service, month),
    CONSTRAINT survey_months_add_up CHECK (
        least(s1, s2, s3, s4, s5, s6, s7, s8, s9) >= respondents
        AND greatest(s1, s2, s3, s4, s5, s6, s7, s8, s9) <= 4 * respondents),
    CONSTRAINT survey_months_shown_add_up CHECK (
        least(p1, p2, p3, p4, p5, p6, p7, p8, p9) >= shown
        AND greatest(p1, p2, p3, p4, p5, p6, p7, p8, p9) <= 4 * shown),
    CONSTRAINT survey_months_show_in_steps CHECK (respondents - shown BETWEEN 0 AND 4)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON survey_months TO {app};

CREATE FUNCTION survey_months_show() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.respondents - NEW.shown >= 5 THEN
        NEW.shown := NEW.respondents;
        NEW.p1 := NEW.s1; NEW.p2 := NEW.s2; NEW.p3 := NEW.s3; NEW.p4 := NEW.s4; NEW.p5 := NEW.s5;
        NEW.p6 := NEW.s6; NEW.p7 := NEW.s7; NEW.p8 := NEW.s8; NEW.p9 := NEW.s9;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER survey_months_show BEFORE INSERT OR UPDATE ON survey_months
    FOR EACH ROW EXECUTE FUNCTION survey_months_show();
