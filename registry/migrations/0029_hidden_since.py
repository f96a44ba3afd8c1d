from django.db import migrations, models

# When a publisher last took something about risks from the public: what was made before tells it still.
HIDDEN = """
CREATE FUNCTION registry_fields_hidden() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.risks_hidden_at := clock_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER registry_fields_hidden BEFORE UPDATE OF public_risk_fields ON registry_publisher FOR EACH ROW
  WHEN (NOT OLD.public_risk_fields <@ NEW.public_risk_fields) EXECUTE FUNCTION registry_fields_hidden();

CREATE FUNCTION registry_risk_hidden() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE registry_modelfamily SET risks_hidden_at = clock_timestamp() WHERE id = NEW.family_id;
  RETURN NULL;
END $$;
CREATE TRIGGER registry_risk_hidden AFTER UPDATE OF is_public ON registry_risk FOR EACH ROW
  WHEN (OLD.is_public AND NOT NEW.is_public) EXECUTE FUNCTION registry_risk_hidden();
"""
UNDO = """
DROP TRIGGER registry_risk_hidden ON registry_risk;
DROP FUNCTION registry_risk_hidden();
DROP TRIGGER registry_fields_hidden ON registry_publisher;
DROP FUNCTION registry_fields_hidden();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0028_what_was_relied_on")]
    operations = [
        migrations.AddField("publisher", "risks_hidden_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddField("modelfamily", "risks_hidden_at", models.DateTimeField(editable=False, null=True)),
        migrations.RunSQL(HIDDEN, UNDO),
    ]
