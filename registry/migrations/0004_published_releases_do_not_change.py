from django.db import migrations

# The row of the release is locked FOR SHARE, so a file cannot slip in while the release is being published:
# one of the two transactions waits for the other and sees what it did.
GUARD = """
CREATE FUNCTION registry_draft_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  parent bigint;
  parent_stage text;
BEGIN
  FOREACH parent IN ARRAY CASE TG_OP
    WHEN 'INSERT' THEN ARRAY[NEW.release_id]
    WHEN 'DELETE' THEN ARRAY[OLD.release_id]
    ELSE ARRAY[OLD.release_id, NEW.release_id] END
  LOOP
    SELECT stage INTO parent_stage FROM registry_release WHERE id = parent FOR SHARE;
    IF FOUND AND parent_stage <> 'draft' THEN
      RAISE EXCEPTION 'Release % is %: % on % is refused', parent, parent_stage, TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
    END IF;
  END LOOP;
  RETURN COALESCE(NEW, OLD);
END $$;

CREATE FUNCTION registry_release_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'Release % is %: it stays on record', OLD.id, OLD.stage USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.stage = 'draft'
    OR (NEW.family_id, NEW.version, NEW.licence, NEW.revision)
       IS DISTINCT FROM (OLD.family_id, OLD.version, OLD.licence, OLD.revision) THEN
    RAISE EXCEPTION 'Release % is %: its version, licence and revision stay as published', OLD.id, OLD.stage
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER registry_artifact_draft_only BEFORE INSERT OR UPDATE OR DELETE ON registry_artifact
  FOR EACH ROW EXECUTE FUNCTION registry_draft_only();
CREATE TRIGGER registry_modelcard_draft_only BEFORE INSERT OR UPDATE OR DELETE ON registry_modelcard
  FOR EACH ROW EXECUTE FUNCTION registry_draft_only();
CREATE TRIGGER registry_release_of_record_update BEFORE UPDATE ON registry_release
  FOR EACH ROW WHEN (OLD.stage <> 'draft') EXECUTE FUNCTION registry_release_of_record();
CREATE TRIGGER registry_release_of_record_delete BEFORE DELETE ON registry_release
  FOR EACH ROW WHEN (OLD.stage <> 'draft') EXECUTE FUNCTION registry_release_of_record();
"""
UNDO = """
DROP TRIGGER registry_artifact_draft_only ON registry_artifact;
DROP TRIGGER registry_modelcard_draft_only ON registry_modelcard;
DROP TRIGGER registry_release_of_record_update ON registry_release;
DROP TRIGGER registry_release_of_record_delete ON registry_release;
DROP FUNCTION registry_draft_only();
DROP FUNCTION registry_release_of_record();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_search_and_current_level")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
