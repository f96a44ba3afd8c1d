from django.db import migrations, models

# Whoever accepts a risk relies on what it says and on the mitigations it has. What changes counts up, so that an
# acceptance which ended does not come back when the words are put back.
CONTENT = """jsonb_build_array(
    {0}.family_id, {0}.release_id, {0}.title, {0}.cause, {0}.event, {0}.consequence, {0}.harm, {0}.affected,
    {0}.scale_id, {0}.inherent_likelihood, {0}.inherent_severity, {0}.inherent_band,
    {0}.residual_likelihood, {0}.residual_severity, {0}.residual_band
  )::text"""
JUDGED = """
CREATE OR REPLACE FUNCTION registry_risk_judged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  content text;
BEGIN
  IF TG_OP = 'INSERT' OR NEW.scale_id <> OLD.scale_id THEN
    IF NOT EXISTS (
      SELECT 1 FROM registry_riskscale s JOIN registry_modelfamily f ON f.publisher_id = s.publisher_id
      WHERE s.id = NEW.scale_id AND f.id = NEW.family_id AND s.stage <> 'draft'
    ) THEN
      RAISE EXCEPTION 'Scale % is not in force at the publisher of the risk', NEW.scale_id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'risk_is_on_its_publishers_scale';
    END IF;
  END IF;
  NEW.inherent_band := registry_band(NEW.scale_id, NEW.inherent_likelihood, NEW.inherent_severity);
  NEW.residual_band := registry_band(NEW.scale_id, NEW.residual_likelihood, NEW.residual_severity);
  NEW.target_band := registry_band(NEW.scale_id, NEW.target_likelihood, NEW.target_severity);
"""
COUNTED = f"""
  content := {CONTENT.format("NEW")};
  IF TG_OP = 'UPDATE' THEN
    NEW.material := greatest(NEW.material, OLD.material);
    IF content <> {CONTENT.format("OLD")} THEN
      NEW.material := NEW.material + 1;
    END IF;
  END IF;
  -- Without a change the digest is the one that was stored before changes were counted.
  IF NEW.material > 0 THEN
    content := content || '#' || NEW.material;
  END IF;
  NEW.digest := encode(sha256(convert_to(content, 'UTF8')), 'hex');
  RETURN NEW;
END $$;

CREATE FUNCTION registry_mitigation_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'registry_mitigation' THEN
    UPDATE registry_risk SET material = material + 1
    WHERE id IN (SELECT risk_id FROM registry_mitigation_risks WHERE mitigation_id = NEW.id);
  ELSE
    UPDATE registry_risk SET material = material + 1 WHERE id = OLD.risk_id AND EXISTS (
      SELECT FROM registry_mitigation WHERE id = OLD.mitigation_id AND stage NOT IN ('dropped', 'retired')
    );
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER registry_mitigation_gone AFTER UPDATE OF stage ON registry_mitigation FOR EACH ROW
  WHEN (NEW.stage IN ('dropped', 'retired') AND OLD.stage NOT IN ('dropped', 'retired'))
  EXECUTE FUNCTION registry_mitigation_gone();
CREATE TRIGGER registry_mitigation_gone AFTER DELETE ON registry_mitigation_risks FOR EACH ROW
  EXECUTE FUNCTION registry_mitigation_gone();
"""
UNCOUNTED = f"""
DROP TRIGGER registry_mitigation_gone ON registry_mitigation_risks;
DROP TRIGGER registry_mitigation_gone ON registry_mitigation;
DROP FUNCTION registry_mitigation_gone();
{JUDGED}
  NEW.digest := encode(sha256(convert_to({CONTENT.format("NEW")}, 'UTF8')), 'hex');
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0027_four_eyes_outlast_a_handover")]
    operations = [
        migrations.AddField("risk", "material", models.PositiveIntegerField(default=0, db_default=0, editable=False)),
        migrations.RunSQL(JUDGED + COUNTED, UNCOUNTED),
    ]
