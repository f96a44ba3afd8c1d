from django.db import migrations

# As in 0020, but a risk that was closed elsewhere does not wait any more.
WITH_CLOSED = """
CREATE OR REPLACE FUNCTION registry_round_is_done() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.stage <> 'open' THEN
    RAISE EXCEPTION 'Review round % has ended: it does not change', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.stage = 'done' AND EXISTS (
    SELECT FROM registry_rounditem item JOIN registry_risk risk ON risk.id = item.risk_id
    WHERE item.round_id = NEW.id AND item.review_id IS NULL AND item.skipped_at IS NULL AND risk.stage <> 'closed'
  ) THEN
    RAISE EXCEPTION 'Review round % is not done: risks wait', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
"""
WITHOUT = """
CREATE OR REPLACE FUNCTION registry_round_is_done() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.stage <> 'open' THEN
    RAISE EXCEPTION 'Review round % has ended: it does not change', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.stage = 'done' AND EXISTS (
    SELECT FROM registry_rounditem
    WHERE round_id = NEW.id AND review_id IS NULL AND skipped_at IS NULL
  ) THEN
    RAISE EXCEPTION 'Review round % is not done: risks wait', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0025_risks_to_accept")]
    operations = [migrations.RunSQL(WITH_CLOSED, WITHOUT)]
