-- What a provider asked us not to pass before a time (429, Retry-After): all workers read it with each lease. `key` is the
-- gate's name within the channel: an account, a sender, a push service.
CREATE TABLE closed_gate (
  channel text NOT NULL,
  key text NOT NULL,
  until float8 NOT NULL,
  note text NOT NULL,
  PRIMARY KEY (channel, key)
);
