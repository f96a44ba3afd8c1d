from django.db import migrations

GUARD = """
CREATE FUNCTION tidegate_made_report() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  free text[] := ARRAY['stage', 'row_version', 'updated_at', 'published_at', 'published_by_id'];
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'Safety report % has been made and stays on record', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
    RAISE EXCEPTION 'Safety report % has been made and cannot be changed', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.stage = 'published' AND (NEW.stage, NEW.published_at, NEW.published_by_id)
     IS DISTINCT FROM (OLD.stage, OLD.published_at, OLD.published_by_id) THEN
    RAISE EXCEPTION 'Safety report % is published for good', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER reports_safetyreport_made_change BEFORE UPDATE ON reports_safetyreport
  FOR EACH ROW WHEN (OLD.sha256 <> '') EXECUTE FUNCTION tidegate_made_report();
CREATE TRIGGER reports_safetyreport_made_delete BEFORE DELETE ON reports_safetyreport
  FOR EACH ROW WHEN (OLD.sha256 <> '') EXECUTE FUNCTION tidegate_made_report();
CREATE TRIGGER reports_safetyreport_no_truncate BEFORE TRUNCATE ON reports_safetyreport
  FOR EACH STATEMENT EXECUTE FUNCTION tidegate_append_only();
"""
UNDO = """
DROP TRIGGER reports_safetyreport_no_truncate ON reports_safetyreport;
DROP FUNCTION tidegate_made_report() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_tables"), ("common", "0002_audit_is_append_only")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
