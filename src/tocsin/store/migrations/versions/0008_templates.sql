-- Words of updates that are ready before they are needed, with places for variables: {{minutes}}.
CREATE TABLE template (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  title text,                        -- NULL: the incident's own stays
  titles jsonb NOT NULL DEFAULT '{}',
  body text NOT NULL,
  texts jsonb NOT NULL DEFAULT '{}',
  changed_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT tocsin_now(),
  updated_at timestamptz NOT NULL DEFAULT tocsin_now()
);
