-- What the last audit found of each invariant.
CREATE TABLE audit (
  invariant text PRIMARY KEY,
  violations int NOT NULL,
  example text,
  checked_at float8 NOT NULL,
  CHECK ((violations = 0) = (example IS NULL))
);
