-- How the provider names its report, so that one that comes twice counts once; '' where it gives no name.
ALTER TABLE receipt ADD event text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX receipt_event ON receipt (provider, event) WHERE event <> '';
ALTER TABLE receipt DROP CONSTRAINT receipt_kind_check;
ALTER TABLE receipt ADD CHECK (kind IN ('delivered', 'bounced', 'delayed', 'complained', 'opted_out'));
