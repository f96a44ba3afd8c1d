from django.db import migrations

GUARD = """
CREATE FUNCTION tidegate_made_package() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Release package % has been made: % is refused', OLD.id, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER reports_releasepackage_made BEFORE UPDATE OR DELETE ON reports_releasepackage
  FOR EACH ROW WHEN (OLD.sha256 <> '') EXECUTE FUNCTION tidegate_made_package();
CREATE TRIGGER reports_releasepackage_no_truncate BEFORE TRUNCATE ON reports_releasepackage
  FOR EACH STATEMENT EXECUTE FUNCTION tidegate_append_only();
"""
UNDO = """
DROP TRIGGER reports_releasepackage_no_truncate ON reports_releasepackage;
DROP FUNCTION tidegate_made_package() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0003_release_packages"), ("common", "0002_audit_is_append_only")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
