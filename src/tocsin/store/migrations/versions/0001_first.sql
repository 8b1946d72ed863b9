-- Time comes from the database through one function, so that every process agrees on it and tests can shift it.
CREATE TABLE clock (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  shift interval NOT NULL DEFAULT '0'
);
INSERT INTO clock DEFAULT VALUES;
CREATE FUNCTION tocsin_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
  AS 'SELECT clock_timestamp() + shift FROM clock';
CREATE FUNCTION tocsin_epoch() RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE
  AS 'SELECT extract(epoch FROM clock_timestamp() + shift)::float8 FROM clock';

-- Who hears. An audience's id is for good: it is its bit in the sets of audiences below.
CREATE TABLE audience (
  id smallint PRIMARY KEY CHECK (id BETWEEN 0 AND 30),
  name text NOT NULL UNIQUE,
  rank smallint NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED
);

-- What visitors know by name.
CREATE TABLE component_group (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id text NOT NULL UNIQUE,
  slug text NOT NULL UNIQUE,
  name text NOT NULL,
  position int NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  updated_at timestamptz NOT NULL DEFAULT tocsin_now()
);
CREATE TABLE component (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id text NOT NULL UNIQUE,
  slug text NOT NULL UNIQUE,
  name text NOT NULL,
  description text,
  group_id int REFERENCES component_group,
  internal boolean NOT NULL DEFAULT false,
  position int NOT NULL DEFAULT 0,
  status text NOT NULL DEFAULT 'operational'
    CHECK (status IN ('operational', 'under_maintenance', 'degraded_performance', 'partial_outage', 'major_outage')),
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  updated_at timestamptz NOT NULL DEFAULT tocsin_now()
);
-- The states that operators set by hand; what incidents say is in their updates.
CREATE TABLE component_status (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  component_id int NOT NULL REFERENCES component ON DELETE CASCADE,
  status text NOT NULL,
  since timestamptz NOT NULL DEFAULT tocsin_now()
);
CREATE INDEX ON component_status (component_id, since);

-- What is said. An update is immutable and complete: everything about the incident as it stands after it.
CREATE TABLE incident (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id text NOT NULL UNIQUE,
  version int NOT NULL CHECK (version >= 1),
  status text NOT NULL CHECK (status IN ('investigating', 'identified', 'monitoring', 'resolved', 'postmortem')),
  severity smallint NOT NULL CHECK (severity BETWEEN 1 AND 4),
  title text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  started_at timestamptz NOT NULL,
  resolved_at timestamptz,
  next_update_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  updated_at timestamptz NOT NULL DEFAULT tocsin_now(),
  CHECK ((status IN ('resolved', 'postmortem')) = (resolved_at IS NOT NULL))
);
CREATE TABLE incident_update (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id text NOT NULL UNIQUE,
  incident_id int NOT NULL REFERENCES incident,
  version int NOT NULL,
  status text NOT NULL CHECK (status IN ('investigating', 'identified', 'monitoring', 'resolved', 'postmortem')),
  severity smallint NOT NULL CHECK (severity BETWEEN 1 AND 4),
  impact text NOT NULL CHECK (impact IN ('none', 'minor', 'major', 'critical')),
  kind text NOT NULL CHECK (kind IN ('standard', 'security', 'data_loss')),
  phase smallint NOT NULL,
  title text NOT NULL,
  titles jsonb NOT NULL DEFAULT '{}',
  body text NOT NULL,
  texts jsonb NOT NULL DEFAULT '{}',
  components jsonb NOT NULL DEFAULT '{}',
  audiences int NOT NULL,            -- the set addressed
  is_public boolean NOT NULL,        -- the widest audience is among them
  notify boolean NOT NULL DEFAULT true,
  next_update_at timestamptz,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  UNIQUE (incident_id, version)
);
ALTER TABLE incident ADD FOREIGN KEY (id, version) REFERENCES incident_update (incident_id, version)
  DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX ON incident_update (created_at) WHERE is_public;

-- Promises made in the same transaction as the facts they announce. Exactly one thing is promised by each row.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('fan_out', 'page')),
  update_id int REFERENCES incident_update,
  urgent boolean NOT NULL DEFAULT false,
  due_at float8,
  lease uuid,
  tries int NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  done_at timestamptz,
  UNIQUE (update_id),
  CHECK ((kind = 'fan_out') = (update_id IS NOT NULL)),
  CHECK ((done_at IS NULL) = (due_at IS NOT NULL))   -- what isn't kept yet always has a time at which someone looks
);
CREATE INDEX ON outbox (due_at) WHERE done_at IS NULL;

-- The unit of work: some 500 endpoints of one channel and audience rank, leased by one worker at a time.
-- `due_at` is the only timer: for due work, held work and expired leases alike. `live` are the updates with unfinished
-- rows here; `gen` counts the fan-outs that came by, so that one that came in mid-flight is seen.
CREATE TABLE bucket (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel text NOT NULL,
  rank smallint NOT NULL,
  size int NOT NULL DEFAULT 0 CHECK (size >= 0),
  urgent boolean NOT NULL DEFAULT false,
  due_at float8,
  due_n int NOT NULL DEFAULT 0,
  gen int NOT NULL DEFAULT 0,
  live int[] NOT NULL DEFAULT '{}',
  attempt_id bigint,
  lease_until float8 NOT NULL DEFAULT 0,
  CHECK ((cardinality(live) = 0) = (due_at IS NULL)),
  CHECK ((attempt_id IS NULL) = (lease_until = 0)),
  CHECK (attempt_id IS NULL OR due_at IS NOT NULL)
) WITH (fillfactor = 20);

CREATE TYPE endpoint_state AS ENUM ('unconfirmed', 'active', 'paused', 'quarantined', 'opted_out');
CREATE TABLE subscriber (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id text NOT NULL UNIQUE,
  name text NOT NULL DEFAULT '',
  locale text NOT NULL DEFAULT 'en',
  time_zone text NOT NULL DEFAULT 'UTC',
  audiences int NOT NULL CHECK (audiences <> 0),
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  updated_at timestamptz NOT NULL DEFAULT tocsin_now()
);
CREATE TABLE endpoint (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id text NOT NULL UNIQUE,
  subscriber_id int NOT NULL REFERENCES subscriber ON DELETE CASCADE,
  bucket_id int NOT NULL REFERENCES bucket,
  channel text NOT NULL,
  address text NOT NULL,
  address_key text NOT NULL,        -- the address as it is compared
  state endpoint_state NOT NULL DEFAULT 'unconfirmed',
  state_reason text,
  audiences int NOT NULL,           -- the subscriber's, repeated here so that fan-out reads one table
  all_components boolean NOT NULL DEFAULT true,
  least smallint NOT NULL DEFAULT 4 CHECK (least BETWEEN 1 AND 4),
  phases smallint NOT NULL DEFAULT 63,
  timing jsonb,                     -- digest and quiet hours; NULL: at once, at any hour
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  updated_at timestamptz NOT NULL DEFAULT tocsin_now(),
  UNIQUE (channel, address_key),
  CHECK (timing ->> 'mode' IN ('realtime', 'hourly', 'daily')),
  CHECK (timing ->> 'mode' <> 'daily' OR timing ->> 'digest_at' IS NOT NULL)
) WITH (fillfactor = 90);
CREATE INDEX ON endpoint (bucket_id);
CREATE INDEX ON endpoint (subscriber_id);
CREATE TABLE endpoint_component (
  endpoint_id int NOT NULL REFERENCES endpoint ON DELETE CASCADE,
  component_id int NOT NULL REFERENCES component ON DELETE CASCADE,
  PRIMARY KEY (component_id, endpoint_id)
);
CREATE INDEX ON endpoint_component (endpoint_id);

-- What one endpoint may hear and has heard: when its lanes open (GCRA arrival times, seconds), and the last update
-- told of each incident.
CREATE TABLE pace (
  endpoint_id int PRIMARY KEY REFERENCES endpoint ON DELETE CASCADE,
  n1 float8 NOT NULL DEFAULT 0,
  n2 float8 NOT NULL DEFAULT 0,
  u1 float8 NOT NULL DEFAULT 0,
  u2 float8 NOT NULL DEFAULT 0,
  told int[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 45);

-- The ledger: what each endpoint is owed about each update. Only the primary key is indexed and the timer that wakes
-- a worker is in the bucket, so that every change of state is a heap-only update. `since` is when the news became owed;
-- a newer version inherits it, so that a deadline never moves out. `message` names what it was told in: the newest
-- update of the same message.
CREATE TYPE delivery_state AS ENUM ('held', 'pending', 'unknown', 'accepted', 'delivered', 'bounced', 'failed',
  'skipped', 'suppressed', 'superseded', 'expired', 'cancelled');
CREATE TABLE delivery (
  update_id int NOT NULL,
  bucket_id int NOT NULL,
  endpoint_id int NOT NULL,
  audience smallint NOT NULL,
  state delivery_state NOT NULL,
  tries smallint NOT NULL DEFAULT 0,
  unknowns smallint NOT NULL DEFAULT 0,
  code int,
  since float8 NOT NULL,
  due_at float8,
  done_at float8,
  receipt_at float8,
  message int,
  reason text,
  provider text,
  provider_id text,
  note text,
  PRIMARY KEY (update_id, bucket_id, endpoint_id),
  CHECK ((state IN ('held', 'pending', 'unknown')) = (due_at IS NOT NULL)),  -- someone will look at what isn't finished
  CHECK (state NOT IN ('held', 'skipped', 'suppressed', 'failed', 'bounced', 'expired', 'cancelled') OR reason IS NOT NULL)
) WITH (fillfactor = 38);

-- Evidence, committed before the first byte goes out: who was in the batch, and which update each was told. `outcomes`
-- has one entry a row when it is finished: accepted, try_again, give_up, address_dead, provider_down, ambiguous.
CREATE TABLE attempt (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel text NOT NULL,
  provider text NOT NULL,
  worker text NOT NULL,
  buckets int[] NOT NULL,
  started_at float8 NOT NULL,
  finished_at float8,
  lost boolean NOT NULL DEFAULT false,   -- its worker fell silent: what had no answer is unknown
  row_buckets int[] NOT NULL,
  endpoints int[] NOT NULL,
  updates int[] NOT NULL,
  messages int[] NOT NULL,
  outcomes text[],
  notes text[]
);
ALTER TABLE attempt ALTER row_buckets SET STORAGE EXTERNAL, ALTER endpoints SET STORAGE EXTERNAL,
  ALTER updates SET STORAGE EXTERNAL, ALTER messages SET STORAGE EXTERNAL;
CREATE INDEX ON attempt (started_at);
CREATE INDEX ON attempt (id) WHERE finished_at IS NULL;

-- What providers said later; append-only.
CREATE TABLE receipt (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider text NOT NULL,
  update_id int NOT NULL,
  endpoint_id int NOT NULL,
  kind text NOT NULL CHECK (kind IN ('delivered', 'bounced', 'delayed')),
  code text NOT NULL DEFAULT '',
  note text NOT NULL DEFAULT '',
  received_at timestamptz NOT NULL DEFAULT tocsin_now()
);
CREATE INDEX ON receipt (update_id, endpoint_id);

-- What operators did to a channel.
CREATE TABLE channel (
  name text PRIMARY KEY,
  paused_at timestamptz,
  paused_by text
);

-- Who may call. Keys and sessions are random and stored as SHA-256; passwords as Argon2.
CREATE TABLE api_key (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  prefix text NOT NULL,
  sha256 bytea NOT NULL UNIQUE,
  scopes text[] NOT NULL,
  requests_per_minute int CHECK (requests_per_minute > 0),
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  revoked_at timestamptz
);
CREATE TABLE idempotency (
  key_id int NOT NULL REFERENCES api_key,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  request_sha256 bytea NOT NULL,
  status smallint NOT NULL,
  body jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  PRIMARY KEY (key_id, key)
);
CREATE INDEX ON idempotency (created_at);
CREATE TABLE operator (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL UNIQUE,
  password text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT tocsin_now()
);
CREATE TABLE operator_session (
  sha256 bytea PRIMARY KEY,
  operator_id int NOT NULL REFERENCES operator ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  seen_at timestamptz NOT NULL DEFAULT tocsin_now()
);
