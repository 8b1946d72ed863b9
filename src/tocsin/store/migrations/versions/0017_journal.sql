-- A journal is a local file: only its worker can say how it is, and says so every half minute.
CREATE TABLE journal (
  worker text PRIMARY KEY,
  is_kept boolean NOT NULL,
  bytes bigint NOT NULL,
  told_at timestamptz NOT NULL
);
-- Answers that were read from dead workers' journals, ever.
CREATE TABLE journal_answers (
  channel text PRIMARY KEY,
  n bigint NOT NULL
);
