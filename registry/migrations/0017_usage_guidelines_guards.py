from django.db import migrations

PARTS = (
    "registry_usagerule",
    "registry_usagescenario",
    "registry_ruleoverride",
    "registry_recommendedconfiguration",
    "registry_compliantworkflow",
    "registry_breachremedy",
)
# The row of the guidelines is locked FOR SHARE, so a rule cannot slip in while they are being published: one of
# the two transactions waits for the other and sees what it did.
FUNCTIONS = """
CREATE FUNCTION registry_guidelines_draft_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  parent bigint;
  parent_stage text;
BEGIN
  FOREACH parent IN ARRAY CASE TG_OP
    WHEN 'INSERT' THEN ARRAY[NEW.guidelines_id]
    WHEN 'DELETE' THEN ARRAY[OLD.guidelines_id]
    ELSE ARRAY[OLD.guidelines_id, NEW.guidelines_id] END
  LOOP
    SELECT stage INTO parent_stage FROM registry_usageguidelines WHERE id = parent FOR SHARE;
    IF FOUND AND parent_stage <> 'draft' THEN
      RAISE EXCEPTION 'Usage guidelines % are %: % on % is refused', parent, parent_stage, TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
    END IF;
  END LOOP;
  RETURN COALESCE(NEW, OLD);
END $$;

CREATE FUNCTION registry_guidelines_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  may_change text[] := ARRAY['stage', 'superseded_at', 'row_version', 'updated_at'];
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'Usage guidelines % are %: they stay on record', OLD.id, OLD.stage
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.stage = 'draft' OR (OLD.stage = 'superseded' AND NEW.stage <> 'superseded')
    OR to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change THEN
    RAISE EXCEPTION 'Usage guidelines % are %: they stay as published', OLD.id, OLD.stage
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION registry_guidelines_not_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Table % holds published usage guidelines: TRUNCATE is refused', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER registry_guidelines_of_record_update BEFORE UPDATE ON registry_usageguidelines
  FOR EACH ROW WHEN (OLD.stage <> 'draft') EXECUTE FUNCTION registry_guidelines_of_record();
CREATE TRIGGER registry_guidelines_of_record_delete BEFORE DELETE ON registry_usageguidelines
  FOR EACH ROW WHEN (OLD.stage <> 'draft') EXECUTE FUNCTION registry_guidelines_of_record();
CREATE TRIGGER registry_usageguidelines_no_truncate BEFORE TRUNCATE ON registry_usageguidelines
  FOR EACH STATEMENT EXECUTE FUNCTION registry_guidelines_not_emptied();
"""
DROP_FUNCTIONS = """
DROP TRIGGER registry_guidelines_of_record_update ON registry_usageguidelines;
DROP TRIGGER registry_guidelines_of_record_delete ON registry_usageguidelines;
DROP TRIGGER registry_usageguidelines_no_truncate ON registry_usageguidelines;
DROP FUNCTION registry_guidelines_draft_only();
DROP FUNCTION registry_guidelines_of_record();
DROP FUNCTION registry_guidelines_not_emptied();
"""
GUARD_PARTS = "".join(
    f"""
CREATE TRIGGER {table}_draft_only BEFORE INSERT OR UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION registry_guidelines_draft_only();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION registry_guidelines_not_emptied();
"""
    for table in PARTS
)
DROP_GUARDS = "".join(
    f"DROP TRIGGER {table}_draft_only ON {table}; DROP TRIGGER {table}_no_truncate ON {table};" for table in PARTS
)
# A scenario or an override points at a rule of the same version, guidelines at a release of the same family.
SAME_PLACE = """
ALTER TABLE registry_usagerule ADD CONSTRAINT usage_rule_and_its_guidelines UNIQUE (id, guidelines_id);
ALTER TABLE registry_usagescenario ADD CONSTRAINT scenario_and_rule_are_of_one_version
  FOREIGN KEY (rule_id, guidelines_id) REFERENCES registry_usagerule (id, guidelines_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE registry_ruleoverride ADD CONSTRAINT override_and_rule_are_of_one_version
  FOREIGN KEY (rule_id, guidelines_id) REFERENCES registry_usagerule (id, guidelines_id) DEFERRABLE INITIALLY DEFERRED;
CREATE UNIQUE INDEX release_and_its_family ON registry_release (id, family_id);
ALTER TABLE registry_usageguidelines ADD CONSTRAINT guidelines_and_release_are_of_one_family
  FOREIGN KEY (release_id, family_id) REFERENCES registry_release (id, family_id) DEFERRABLE INITIALLY DEFERRED;
"""
UNDO_SAME_PLACE = """
ALTER TABLE registry_usageguidelines DROP CONSTRAINT guidelines_and_release_are_of_one_family;
DROP INDEX release_and_its_family;
ALTER TABLE registry_ruleoverride DROP CONSTRAINT override_and_rule_are_of_one_version;
ALTER TABLE registry_usagescenario DROP CONSTRAINT scenario_and_rule_are_of_one_version;
ALTER TABLE registry_usagerule DROP CONSTRAINT usage_rule_and_its_guidelines;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0016_usage_guidelines")]
    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(GUARD_PARTS, DROP_GUARDS),
        migrations.RunSQL(SAME_PLACE, UNDO_SAME_PLACE),
    ]
