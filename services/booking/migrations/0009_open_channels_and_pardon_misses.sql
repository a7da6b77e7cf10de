-- When places that were kept for one way of booking are there for all.
ALTER TABLE sessions ADD due_at timestamptz;
CREATE INDEX sessions_due ON sessions (due_at) WHERE due_at IS NOT NULL;
ALTER TYPE sessions_row ADD ATTRIBUTE due_at timestamptz;

-- A miss that the office does not count.
ALTER TABLE appointments ADD pardoned boolean NOT NULL DEFAULT false;
ALTER TYPE appointments_row ADD ATTRIBUTE pardoned boolean;
