from importlib import import_module

from django.db import migrations, models

# Who handed a risk over stays a party to it for a while, else two moves would make one pair of eyes out of four.
# The column says who and since when; nobody writes it but this.
PARTIES = """
CREATE FUNCTION registry_risk_people() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  person bigint;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    NEW.former := OLD.former;
    FOREACH person IN ARRAY ARRAY[OLD.owner_id, OLD.deputy_id] LOOP
      IF person IS NOT NULL AND person IS DISTINCT FROM NEW.owner_id AND person IS DISTINCT FROM NEW.deputy_id THEN
        NEW.former := NEW.former || jsonb_build_object(person::text, to_jsonb(now()));
      END IF;
    END LOOP;
  END IF;
  IF NEW.stage = 'closed' OR (TG_OP = 'UPDATE' AND NEW.owner_id IS NOT DISTINCT FROM OLD.owner_id
      AND NEW.deputy_id IS NOT DISTINCT FROM OLD.deputy_id) THEN
    RETURN NEW;
  END IF;
  -- The lock holds until the end of the transaction: meanwhile the account cannot be closed.
  FOREACH person IN ARRAY ARRAY[NEW.owner_id, NEW.deputy_id] LOOP
    IF person IS NOT NULL THEN
      PERFORM FROM accounts_user WHERE id = person AND is_active FOR KEY SHARE;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'Account % is closed and cannot answer for a risk', person
          USING ERRCODE = 'check_violation', CONSTRAINT = 'somebody_there_answers_for_it';
      END IF;
    END IF;
  END LOOP;
  IF TG_OP = 'UPDATE' AND EXISTS (
    SELECT FROM registry_riskacceptance WHERE risk_id = NEW.id AND revoked_at IS NULL AND digest = NEW.digest
      AND ends_on >= (now() AT TIME ZONE 'UTC')::date AND accepted_by_id IN (NEW.owner_id, NEW.deputy_id)
  ) THEN
    RAISE EXCEPTION 'Who accepted risk % cannot answer for it as well', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'acceptance_by_somebody_else';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION registry_is_party(risk registry_risk, person bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT COALESCE(person IN (risk.owner_id, risk.deputy_id), false)
    OR COALESCE((risk.former ->> person::text)::timestamptz > now() - interval '30 days', false)
$$;

-- After the trigger that keeps the digest, in the order of their names.
CREATE TRIGGER registry_risk_people BEFORE INSERT OR UPDATE ON registry_risk
  FOR EACH ROW EXECUTE FUNCTION registry_risk_people();
"""
UNDO_PARTIES = """
DROP TRIGGER registry_risk_people ON registry_risk;
DROP FUNCTION registry_is_party(registry_risk, bigint);
DROP FUNCTION registry_risk_people();
"""

before = import_module("registry.migrations.0018_judging_risks")
ASSESSMENTS = before.ASSESSMENTS.replace(
    "COALESCE(NEW.assessed_by_id IN (r.owner_id, r.deputy_id), false) AS owns",
    "registry_is_party(r, NEW.assessed_by_id) AS owns",
)
ACCEPTANCES = before.ACCEPTANCES.replace(
    "IF NEW.accepted_by_id IN (risk.owner_id, risk.deputy_id) THEN",
    "IF registry_is_party(risk, NEW.accepted_by_id) THEN",
)


class Migration(migrations.Migration):
    dependencies = [("registry", "0026_closed_risks_keep_no_round_open")]
    operations = [
        migrations.AddField("risk", "former", models.JSONField(default=dict, db_default={}, editable=False)),
        migrations.RunSQL(PARTIES, UNDO_PARTIES),
        migrations.RunSQL(ASSESSMENTS, before.ASSESSMENTS),
        migrations.RunSQL(ACCEPTANCES, before.ACCEPTANCES),
    ]
