-- How many canaries took at most so many seconds and longer than the next smaller number, and their seconds in all.
-- Notices are forgotten after a month; a counter that became less would look like a restart.
CREATE TABLE canary_count (
  channel text,
  at_most float8,
  n bigint NOT NULL,
  seconds float8 NOT NULL,
  PRIMARY KEY (channel, at_most)
);
