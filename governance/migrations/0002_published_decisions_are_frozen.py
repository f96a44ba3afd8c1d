from django.db import migrations

# The stage and what belongs to leaving force may still change; every other column of a published decision may not.
FREEZE = """
CREATE FUNCTION tidegate_frozen_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  free text[] := ARRAY['stage', 'row_version', 'updated_at', 'annulment_reason', 'annulled_at'];
BEGIN
  IF OLD.stage = 'draft' THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'Decision D-% is published and cannot be deleted', OLD.number USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.stage = 'draft' OR to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
    RAISE EXCEPTION 'Decision D-% is published and cannot be changed', OLD.number USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.stage IN ('superseded', 'void') AND NEW.stage IS DISTINCT FROM OLD.stage
     OR OLD.annulment_reason <> '' AND NEW.annulment_reason IS DISTINCT FROM OLD.annulment_reason THEN
    RAISE EXCEPTION 'Decision D-% is out of force for good', OLD.number USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER governance_decision_frozen BEFORE UPDATE OR DELETE ON governance_decision
  FOR EACH ROW EXECUTE FUNCTION tidegate_frozen_decision();

-- Parts belong to the decision's text. The share lock makes a writer of parts wait for a publication under way.
CREATE FUNCTION tidegate_frozen_decision_part() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  owner bigint;
  found text;
BEGIN
  FOREACH owner IN ARRAY CASE TG_OP
    WHEN 'INSERT' THEN ARRAY[NEW.decision_id]
    WHEN 'DELETE' THEN ARRAY[OLD.decision_id]
    ELSE ARRAY[OLD.decision_id, NEW.decision_id] END
  LOOP
    SELECT stage INTO found FROM governance_decision WHERE id = owner FOR SHARE;
    IF found <> 'draft' THEN
      RAISE EXCEPTION 'Decision % is published; its % cannot be changed', owner, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
  END LOOP;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""
UNFREEZE = "DROP FUNCTION tidegate_frozen_decision() CASCADE; DROP FUNCTION tidegate_frozen_decision_part() CASCADE;"

PARTS = ("governance_decisionoption", "governance_decisionevidence", "governance_decision_risks")


def part(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_frozen BEFORE INSERT OR UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION tidegate_frozen_decision_part()",
        f"DROP TRIGGER {table}_frozen ON {table}",
    )


def no_truncate(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION tidegate_append_only()",
        f"DROP TRIGGER {table}_no_truncate ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_tables"), ("common", "0002_audit_is_append_only")]
    operations = [
        migrations.RunSQL(FREEZE, UNFREEZE),
        *(part(table) for table in PARTS),
        *(no_truncate(table) for table in ("governance_decision", *PARTS)),
    ]
