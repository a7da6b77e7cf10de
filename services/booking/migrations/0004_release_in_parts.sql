-- Places that come in parts: instants with their shares of a hundred, as "2026-03-02T00:00:00+00:00 40",
-- commas between. The announcement says them, so nothing else is needed to know what is due.
ALTER TABLE days
    ADD parts text NOT NULL DEFAULT '',
    ADD CONSTRAINT days_in_parts_say_which CHECK ((mode = 'staggered') = (parts <> ''));
ALTER TABLE days ALTER parts DROP DEFAULT;
ALTER TYPE days_row ADD ATTRIBUTE parts text;
