-- Who came and who did not, by session: for advice, and for what the office publishes.
CREATE INDEX appointments_came ON appointments (session_id)
    WHERE status IN ('checked_in', 'missed');
