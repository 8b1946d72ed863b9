-- What was not chosen is as the policy has it, also when the policy changes.
ALTER TABLE endpoint
  ALTER least DROP NOT NULL, ALTER least DROP DEFAULT,
  ALTER phases DROP NOT NULL, ALTER phases DROP DEFAULT,
  ADD locale text,                                -- NULL: the subscriber's
  ADD follows int[] NOT NULL DEFAULT '{}',        -- incidents that are heard of whatever else was chosen
  ADD only_follows boolean NOT NULL DEFAULT false, -- and nothing but those
  ADD snoozed jsonb,                              -- incident → until when (seconds), or null: until its end
  ADD fallback_id int,                            -- who hears in its stead when this address fails for good
  ADD UNIQUE (subscriber_id, id),
  ADD FOREIGN KEY (subscriber_id, fallback_id) REFERENCES endpoint (subscriber_id, id)
    ON DELETE SET NULL (fallback_id),
  ADD CHECK (fallback_id <> id),
  -- Who hears that something is broken hears that it is fixed.
  ADD CHECK (phases & 7 = 0 OR phases & 8 <> 0);
UPDATE endpoint SET least = nullif(least, 4), phases = nullif(phases, 63) WHERE least = 4 OR phases = 63;
CREATE INDEX ON endpoint (fallback_id) WHERE fallback_id IS NOT NULL;
CREATE TABLE endpoint_group (
  endpoint_id int NOT NULL REFERENCES endpoint ON DELETE CASCADE,
  group_id int NOT NULL REFERENCES component_group ON DELETE CASCADE,
  PRIMARY KEY (group_id, endpoint_id)
);
CREATE INDEX ON endpoint_group (endpoint_id);

-- When an endpoint was last written to: how often updates may come is counted from there.
ALTER TABLE pace ADD rung_at float8 NOT NULL DEFAULT 0;
-- Which rule decided that a row is sent; NULL: it belongs to an audience, and nothing speaks against it. Where nothing
-- is sent the reason is the rule.
ALTER TABLE delivery ADD rule text;

-- What operators silence for a while. What is missing does not narrow it down; one of the three is always there.
CREATE TABLE mute (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id text NOT NULL UNIQUE,
  incident_id int REFERENCES incident,
  component_id int REFERENCES component ON DELETE CASCADE,
  channel text,
  reason text NOT NULL,
  until float8 NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  ended_at timestamptz,             -- what was owed meanwhile has been taken up again
  ended_by text,
  CHECK (num_nonnulls(incident_id, component_id, channel) >= 1)
);
CREATE INDEX ON mute (until) WHERE ended_at IS NULL;

-- What an address that failed for good was owed, until its fallback has taken it over: kept apart, so that nobody
-- waits for another bucket's lock while holding one.
CREATE TABLE fallback_debt (
  endpoint_id int NOT NULL REFERENCES endpoint ON DELETE CASCADE,
  update_id int NOT NULL REFERENCES incident_update,
  audience smallint NOT NULL,
  since float8 NOT NULL,
  PRIMARY KEY (endpoint_id, update_id)
);
