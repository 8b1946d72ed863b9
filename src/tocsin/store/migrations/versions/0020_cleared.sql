-- How many of its doubts are none any more: it was looked for, and had not gone out.
ALTER TABLE delivery ADD COLUMN cleared smallint NOT NULL DEFAULT 0;
