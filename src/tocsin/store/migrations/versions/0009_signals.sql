-- A trouble that another system reported, by the name that it gives to it, and the incident that was opened for it.
CREATE TABLE signal (
  source text NOT NULL,
  key text NOT NULL,
  incident_id int NOT NULL REFERENCES incident,
  said bytea NOT NULL,       -- SHA-256 of what it said last: the same again says nothing new
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  updated_at timestamptz NOT NULL DEFAULT tocsin_now(),
  PRIMARY KEY (source, key)
);
CREATE INDEX ON signal (incident_id);
CREATE INDEX ON signal (updated_at);
