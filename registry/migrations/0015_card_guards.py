from django.db import migrations

# As for files, the row of the release is locked FOR SHARE: a version that is being added and a publication wait for
# each other. After publication the only thing that can happen to a card is one more version that says why.
GUARD = """
CREATE FUNCTION registry_card_versions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  parent bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.release_id ELSE NEW.release_id END;
  parent_stage text;
  newest integer;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'Version % of a model card stays as it is: UPDATE is refused', OLD.number
      USING ERRCODE = 'restrict_violation';
  END IF;
  SELECT stage INTO parent_stage FROM registry_release WHERE id = parent FOR SHARE;
  IF NOT FOUND THEN
    RETURN COALESCE(NEW, OLD);
  END IF;
  IF TG_OP = 'DELETE' THEN
    IF parent_stage <> 'draft' THEN
      RAISE EXCEPTION 'Release % is %: its model card stays on record', parent, parent_stage
        USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF parent_stage = 'draft' AND NEW.correction_note <> '' THEN
    RAISE EXCEPTION 'Release % is a draft: there is nothing to correct yet', parent USING ERRCODE = 'restrict_violation';
  END IF;
  IF parent_stage <> 'draft' AND btrim(NEW.correction_note, E' \\t\\r\\n') = '' THEN
    RAISE EXCEPTION 'Release % is %: a new version of its card is a correction and says why', parent, parent_stage
      USING ERRCODE = 'restrict_violation';
  END IF;
  SELECT max(number) INTO newest FROM registry_modelcard WHERE release_id = parent;
  IF parent_stage <> 'draft' AND NEW.number <= COALESCE(newest, 0) THEN
    RAISE EXCEPTION 'Versions of a model card count up: % is not above %', NEW.number, newest
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

DROP TRIGGER registry_modelcard_draft_only ON registry_modelcard;
CREATE TRIGGER registry_modelcard_versions BEFORE INSERT OR UPDATE OR DELETE ON registry_modelcard
  FOR EACH ROW EXECUTE FUNCTION registry_card_versions();
CREATE TRIGGER registry_modelcard_no_truncate BEFORE TRUNCATE ON registry_modelcard
  FOR EACH STATEMENT EXECUTE FUNCTION tidegate_append_only();
"""
UNDO = """
DROP TRIGGER registry_modelcard_no_truncate ON registry_modelcard;
DROP TRIGGER registry_modelcard_versions ON registry_modelcard;
DROP FUNCTION registry_card_versions();
CREATE TRIGGER registry_modelcard_draft_only BEFORE INSERT OR UPDATE OR DELETE ON registry_modelcard
  FOR EACH ROW EXECUTE FUNCTION registry_draft_only();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0014_model_cards")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
