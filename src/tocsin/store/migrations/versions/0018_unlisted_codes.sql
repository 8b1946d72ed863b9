-- What providers answered or reported with a code that no table of ours has: shown to operators, forgotten after a month.
CREATE TABLE unlisted_code (
  channel text NOT NULL,
  provider text NOT NULL,
  code text NOT NULL,
  note text NOT NULL,              -- what it said the last time
  n bigint NOT NULL,
  first_at timestamptz NOT NULL DEFAULT tocsin_now(),
  last_at timestamptz NOT NULL DEFAULT tocsin_now(),
  PRIMARY KEY (channel, provider, code)
);
