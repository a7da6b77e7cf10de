-- A message may be about something else than an application: an appointment, an entry of a wait list.
ALTER TABLE notifications
    ALTER application_id DROP NOT NULL,
    ADD about_id uuid,
    ADD CONSTRAINT notifications_are_about_one_thing
        CHECK (application_id IS NULL OR about_id IS NULL);
