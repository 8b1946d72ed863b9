-- What waits for the yes of whoever is at an address. Until it comes nothing but the question is written to them.
CREATE TABLE opt_in (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('join', 'add', 'move', 'return')),
  channel text NOT NULL,
  address text NOT NULL,
  address_key text NOT NULL,
  seal bytea NOT NULL,              -- the address as it is kept where nobody may read it
  subscriber_id int REFERENCES subscriber ON DELETE CASCADE,  -- who adds an address, moves or comes back
  endpoint_id int REFERENCES endpoint ON DELETE CASCADE,      -- what moves or comes back
  wanted jsonb NOT NULL DEFAULT '{}',
  locale text NOT NULL,
  network text NOT NULL,            -- a /24 or /64: where the question came from
  wording text NOT NULL,            -- which words they agreed to
  browser bytea,                    -- SHA-256 of what the asking browser keeps
  code bytea,
  code_until float8,
  tries smallint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  expires_at timestamptz NOT NULL,
  settled_at timestamptz,
  outcome text CHECK (outcome IN ('confirmed', 'not_me')),
  CHECK ((settled_at IS NULL) = (outcome IS NULL)),
  CHECK ((purpose = 'join') = (subscriber_id IS NULL)),
  CHECK ((purpose IN ('move', 'return')) = (endpoint_id IS NOT NULL))
);
CREATE INDEX ON opt_in (subscriber_id) WHERE subscriber_id IS NOT NULL;
CREATE INDEX ON opt_in (endpoint_id) WHERE endpoint_id IS NOT NULL;
CREATE INDEX ON opt_in (channel, address_key);
CREATE INDEX ON opt_in (browser) WHERE browser IS NOT NULL;
CREATE INDEX ON opt_in (created_at);

-- What links in notices carry: random, made at the moment of sending, kept as SHA-256 alone, each for one purpose.
CREATE TABLE link (
  sha256 bytea PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('confirm', 'manage')),
  opt_in_id int REFERENCES opt_in ON DELETE CASCADE,
  subscriber_id int REFERENCES subscriber ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  expires_at timestamptz NOT NULL,
  CHECK ((purpose = 'confirm') = (opt_in_id IS NOT NULL)),
  CHECK ((purpose = 'manage') = (subscriber_id IS NOT NULL))
);
CREATE INDEX ON link (opt_in_id) WHERE opt_in_id IS NOT NULL;
CREATE INDEX ON link (subscriber_id) WHERE subscriber_id IS NOT NULL;
CREATE INDEX ON link (expires_at);

-- Words for one person that are about no incident: a question, a link. Who is meant is looked up when it is sent, so
-- that asking takes as long for a known address as for an unknown one.
CREATE TABLE notice (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('confirm', 'link', 'quarantined')),
  channel text NOT NULL,
  address text NOT NULL,
  address_key text NOT NULL,
  locale text NOT NULL DEFAULT 'en',
  opt_in_id int REFERENCES opt_in ON DELETE CASCADE,
  subscriber_id int REFERENCES subscriber ON DELETE CASCADE,
  endpoint_id int REFERENCES endpoint ON DELETE CASCADE,   -- which one it is about
  outcome text CHECK (outcome IN ('accepted', 'unwanted', 'failed', 'unknown')),
  note text,
  provider_id text,
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  CHECK ((kind = 'confirm') = (opt_in_id IS NOT NULL))
);
CREATE INDEX ON notice (opt_in_id) WHERE opt_in_id IS NOT NULL;
CREATE INDEX ON notice (subscriber_id) WHERE subscriber_id IS NOT NULL;
CREATE INDEX ON notice (endpoint_id) WHERE endpoint_id IS NOT NULL;
ALTER TABLE outbox ADD notice_id bigint UNIQUE REFERENCES notice ON DELETE CASCADE,
  DROP CONSTRAINT outbox_kind_check, ADD CHECK (kind IN ('fan_out', 'page', 'notice')),
  ADD CHECK ((kind = 'notice') = (notice_id IS NOT NULL));
CREATE INDEX ON outbox (due_at) WHERE kind = 'notice' AND done_at IS NULL;

-- How often was asked, by address, network and number prefix. No address can be read from it.
CREATE TABLE asked (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT tocsin_now(),
  channel text NOT NULL,
  seal bytea NOT NULL,
  network text NOT NULL,
  prefix text
);
CREATE INDEX ON asked (seal, at);
CREATE INDEX ON asked (network, at);
CREATE INDEX ON asked (prefix, at) WHERE prefix IS NOT NULL;
CREATE INDEX ON asked (channel, at);
CREATE INDEX ON asked (at);

-- Evidence: who agreed to what, when, from where, in which words, and who took it back. Never changed, never deleted;
-- the person is named by ids and a sealed address, so that it stays when they have gone.
CREATE TABLE consent (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT tocsin_now(),
  what text NOT NULL CHECK (what IN ('asked', 'confirmed', 'not_me', 'withdrawn', 'returned', 'deleted', 'imported')),
  how text NOT NULL,
  channel text NOT NULL,
  seal bytea NOT NULL,
  subscriber text,
  endpoint text,
  network text,
  wording text
);
CREATE INDEX ON consent (seal);
CREATE INDEX ON consent (subscriber);
CREATE FUNCTION consent_stays() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION 'consent is evidence: it is never changed or deleted'; END $$;
CREATE TRIGGER consent_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON consent
  FOR EACH STATEMENT EXECUTE FUNCTION consent_stays();

-- Addresses that said "never", or whose owner deleted everything: no import and no stranger's request writes to them.
CREATE TABLE suppression (
  channel text NOT NULL,
  seal bytea NOT NULL,
  reason text NOT NULL CHECK (reason IN ('not_me', 'deleted', 'stopped', 'opted_out')),
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  PRIMARY KEY (channel, seal)
);

-- Whether somebody was told that an address of theirs is in quarantine.
ALTER TABLE endpoint ADD quarantine_told boolean NOT NULL DEFAULT false;
CREATE INDEX ON endpoint (id) WHERE state = 'quarantined' AND NOT quarantine_told;
