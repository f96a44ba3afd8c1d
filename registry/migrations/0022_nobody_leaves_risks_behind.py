from django.db import migrations

# An account that still owns something is handed over before it is closed, whoever closes it with whatever program.
GUARD = """
CREATE FUNCTION registry_nothing_left_behind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM registry_risk WHERE owner_id = NEW.id AND stage <> 'closed')
    OR EXISTS (SELECT 1 FROM registry_mitigation WHERE owner_id = NEW.id AND stage IN ('planned', 'in_progress')) THEN
    RAISE EXCEPTION 'Account % still answers for open risks or mitigations: hand them over first', NEW.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER registry_nothing_left_behind BEFORE UPDATE ON accounts_user
  FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION registry_nothing_left_behind();
"""
UNDO = """
DROP TRIGGER registry_nothing_left_behind ON accounts_user;
DROP FUNCTION registry_nothing_left_behind();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0021_mitigations"),
        ("accounts", "0005_country_and_domain_in_any_spelling"),
    ]
    operations = [migrations.RunSQL(GUARD, UNDO)]
