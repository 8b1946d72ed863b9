-- Who carries a channel's messages, as all workers see it. A name that the settings do not have any more stays unused.
CREATE TABLE provider (
  channel text NOT NULL,
  name text NOT NULL,
  weight int CHECK (weight BETWEEN 0 AND 1000),   -- an operator's; NULL: as configured
  wish text NOT NULL DEFAULT 'auto' CHECK (wish IN ('auto', 'on', 'off')),
  health int NOT NULL DEFAULT 100 CHECK (health BETWEEN 0 AND 100),
  breaker text NOT NULL DEFAULT 'closed' CHECK (breaker IN ('closed', 'open', 'half_open')),
  trips int NOT NULL DEFAULT 0,                   -- what went wrong since it was last well
  next_try float8 NOT NULL DEFAULT 0,             -- when it is asked or tried again
  shifted_at float8 NOT NULL DEFAULT 0,           -- when points were last taken or given
  PRIMARY KEY (channel, name)
);

-- What came of its messages, in slots of a few seconds, added up by all workers; forgotten after an hour.
CREATE TABLE provider_tally (
  channel text NOT NULL,
  provider text NOT NULL,
  slot float8 NOT NULL,
  good int NOT NULL,
  faults int NOT NULL,
  errors int NOT NULL,
  slow int NOT NULL,
  seconds float8 NOT NULL,
  batches int NOT NULL,
  PRIMARY KEY (channel, provider, slot)
);

-- Every change, with its reason, and the operator who made it, NULL where health did.
CREATE TABLE provider_change (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT tocsin_now(),
  channel text NOT NULL,
  provider text NOT NULL,
  what text NOT NULL CHECK (what IN ('weight', 'state', 'breaker', 'health')),
  before text NOT NULL,
  after text NOT NULL,
  why text NOT NULL,
  by text
);
CREATE INDEX ON provider_change (channel, id);
CREATE TRIGGER provider_change_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON provider_change
  FOR EACH STATEMENT EXECUTE FUNCTION evidence_stays();
