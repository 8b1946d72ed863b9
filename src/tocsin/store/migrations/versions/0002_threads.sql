-- Where an incident goes on at an endpoint that tells each in a thread of its own: what the channel needs to go on.
CREATE TABLE thread (
  endpoint_id int NOT NULL REFERENCES endpoint ON DELETE CASCADE,
  incident_id int NOT NULL REFERENCES incident,
  state text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT tocsin_now(),
  PRIMARY KEY (endpoint_id, incident_id)
);

-- Which of an endpoint's signing secrets is in use. They are derived, never stored; the one before counts for a day.
ALTER TABLE endpoint ADD secret_version smallint NOT NULL DEFAULT 1, ADD secret_rotated_at timestamptz;
