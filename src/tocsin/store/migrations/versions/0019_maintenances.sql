-- A maintenance is told of like an incident and leads another life: its statuses are its own.
ALTER TABLE incident
  DROP CONSTRAINT incident_status_check,
  DROP CONSTRAINT incident_check,
  ADD CONSTRAINT incident_status_check CHECK (status IN ('investigating', 'identified', 'monitoring', 'resolved',
    'postmortem', 'scheduled', 'in_progress', 'verifying', 'completed', 'cancelled')),
  ADD CONSTRAINT incident_check CHECK (
    (status IN ('resolved', 'postmortem', 'completed', 'cancelled')) = (resolved_at IS NOT NULL));
ALTER TABLE incident_update
  DROP CONSTRAINT incident_update_status_check,
  ADD scheduled_for timestamptz,    -- a maintenance's, as this update says
  ADD scheduled_until timestamptz,
  ADD CONSTRAINT incident_update_status_check CHECK (status IN ('investigating', 'identified', 'monitoring', 'resolved',
    'postmortem', 'scheduled', 'in_progress', 'verifying', 'completed', 'cancelled')),
  ADD CHECK ((status IN ('scheduled', 'in_progress', 'verifying', 'completed', 'cancelled'))
    = (scheduled_for IS NOT NULL AND scheduled_until IS NOT NULL)),
  ADD CHECK (scheduled_until > scheduled_for);

-- What the clock does about each: `due_at` is when it does the next thing, NULL where it waits for people.
CREATE TABLE maintenance (
  incident_id int PRIMARY KEY REFERENCES incident,
  auto_start boolean NOT NULL,
  auto_complete boolean NOT NULL,
  remind_before int NOT NULL CHECK (remind_before >= 0),  -- seconds; 0: nobody is reminded
  due_at float8
);
CREATE INDEX ON maintenance (due_at) WHERE due_at IS NOT NULL;
