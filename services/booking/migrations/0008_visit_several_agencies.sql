-- Places at several agencies that were taken together. `stops` is the plan: appointments in their
-- order, with the time at which each was planned.
CREATE TABLE visits (
    id           uuid    PRIMARY KEY,
    version      integer NOT NULL,
    mall         text    NOT NULL,
    service_date date    NOT NULL,
    person_id    uuid    NOT NULL,
    status       text    NOT NULL,
    stops        jsonb   NOT NULL,
    CONSTRAINT visits_status_known CHECK (status IN ('booked', 'cancelled')),
    CONSTRAINT visits_have_stops CHECK (jsonb_array_length(stops) BETWEEN 2 AND 5)
);
GRANT SELECT, INSERT, UPDATE ON visits TO {app};

-- A stop has its visit, whoever writes it: the visit is there when the decision is complete.
ALTER TABLE appointments
    ADD CONSTRAINT appointments_visit_exists FOREIGN KEY (visit_id) REFERENCES visits
        DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX appointments_of_visit ON appointments (visit_id) WHERE visit_id IS NOT NULL;
