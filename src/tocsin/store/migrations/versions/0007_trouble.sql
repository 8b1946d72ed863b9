-- An address that failed and has taken nothing since. What it takes next ends it.
CREATE TABLE trouble (
  endpoint_id int PRIMARY KEY REFERENCES endpoint ON DELETE CASCADE,
  since float8 NOT NULL,   -- the first failure
  last float8 NOT NULL,    -- the newest
  failures int NOT NULL,
  note text NOT NULL,      -- what the newest said
  looked_at float8,        -- when another address of its owner was last looked for
  told_at float8           -- when its owner was told there
);
ALTER TABLE notice DROP CONSTRAINT notice_kind_check,
  ADD CHECK (kind IN ('confirm', 'link', 'quarantined', 'failing'));
