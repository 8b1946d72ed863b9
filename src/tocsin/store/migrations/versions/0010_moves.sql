-- The table of a delivery's moves as the domain has it (domain/delivery.py): what is not in it is refused here. The
-- condition is looked at in the statement itself, after the row was written; nothing else is called for a legal move.
CREATE FUNCTION may_be_born(state delivery_state) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT state IN ('pending', 'skipped', 'suppressed', 'superseded') $$;
CREATE FUNCTION may_move(before delivery_state, after delivery_state) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$
    SELECT before = after OR CASE before
      WHEN 'pending' THEN after NOT IN ('pending')
      WHEN 'held' THEN after NOT IN ('held')
      WHEN 'unknown' THEN after NOT IN ('pending', 'skipped', 'expired')
      WHEN 'accepted' THEN after IN ('delivered', 'bounced')
      WHEN 'delivered' THEN after IN ('bounced')
      WHEN 'bounced' THEN after IN ('pending', 'held')
      WHEN 'failed' THEN after IN ('pending', 'accepted', 'delivered', 'bounced')
      WHEN 'expired' THEN after IN ('pending', 'accepted', 'delivered', 'bounced')
      WHEN 'superseded' THEN after IN ('accepted', 'delivered', 'bounced')
      WHEN 'cancelled' THEN after IN ('accepted', 'delivered', 'bounced')
      WHEN 'skipped' THEN after IN ('pending', 'accepted', 'delivered', 'bounced')
      WHEN 'suppressed' THEN after IN ('pending', 'skipped', 'superseded', 'accepted', 'delivered', 'bounced')
      ELSE false END
  $$;
CREATE FUNCTION refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'a delivery of endpoint % cannot be %', NEW.endpoint_id,
      CASE TG_OP WHEN 'INSERT' THEN format('new and %s', NEW.state) ELSE format('%s after %s', NEW.state, OLD.state) END
      USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME;
  END $$;
CREATE TRIGGER delivery_is_born AFTER INSERT ON delivery FOR EACH ROW
  WHEN (NOT may_be_born(NEW.state)) EXECUTE FUNCTION refuse_move();
CREATE TRIGGER delivery_moves AFTER UPDATE ON delivery FOR EACH ROW
  WHEN (NOT may_move(OLD.state, NEW.state)) EXECUTE FUNCTION refuse_move();

-- Evidence stays. An attempt is completed and never rewritten: who was told what when, and what was answered. (Slow
-- addresses move to a bucket of their own meanwhile.) Of a receipt only the words are emptied, where its owner is gone.
CREATE FUNCTION evidence_stays() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION '% is evidence: it is never changed or deleted', TG_TABLE_NAME; END $$;
CREATE TRIGGER attempt_stays AFTER UPDATE ON attempt FOR EACH ROW
  WHEN ((OLD.channel, OLD.provider, OLD.worker, OLD.started_at, OLD.endpoints, OLD.updates, OLD.messages)
      IS DISTINCT FROM (NEW.channel, NEW.provider, NEW.worker, NEW.started_at, NEW.endpoints, NEW.updates, NEW.messages)
    OR (OLD.finished_at IS NOT NULL AND NEW.finished_at IS NULL) OR (OLD.lost AND NOT NEW.lost)
    OR (OLD.outcomes IS NOT NULL
      AND (OLD.outcomes, OLD.notes) IS DISTINCT FROM (NEW.outcomes, NEW.notes)))
  EXECUTE FUNCTION evidence_stays();
CREATE TRIGGER receipt_stays AFTER UPDATE ON receipt FOR EACH ROW
  WHEN ((OLD.id, OLD.provider, OLD.update_id, OLD.endpoint_id, OLD.kind, OLD.code, OLD.event, OLD.received_at)
      IS DISTINCT FROM (NEW.id, NEW.provider, NEW.update_id, NEW.endpoint_id, NEW.kind, NEW.code, NEW.event, NEW.received_at)
    OR NEW.note NOT IN (OLD.note, ''))
  EXECUTE FUNCTION evidence_stays();
CREATE TRIGGER attempt_is_not_deleted BEFORE DELETE OR TRUNCATE ON attempt
  FOR EACH STATEMENT EXECUTE FUNCTION evidence_stays();
CREATE TRIGGER receipt_is_not_deleted BEFORE DELETE OR TRUNCATE ON receipt
  FOR EACH STATEMENT EXECUTE FUNCTION evidence_stays();
CREATE TRIGGER delivery_is_not_deleted BEFORE DELETE OR TRUNCATE ON delivery
  FOR EACH STATEMENT EXECUTE FUNCTION evidence_stays();
