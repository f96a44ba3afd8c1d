import django.db.models.deletion
from django.db import migrations, models


# The band of a judgement is what the scale's own grid says; whoever writes, through whatever program, cannot
# store another. The digest is of all that somebody who accepts the risk relies on.
GUARDS = """
CREATE FUNCTION registry_band(of_scale bigint, likelihood int, severity int) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  found text;
BEGIN
  IF likelihood IS NULL OR severity IS NULL THEN
    RETURN NULL;
  END IF;
  SELECT grid[likelihood][severity] INTO found FROM registry_riskscale WHERE id = of_scale;
  IF found IS NULL THEN
    RAISE EXCEPTION 'Likelihood %, severity % is off scale %', likelihood, severity, of_scale
      USING ERRCODE = 'check_violation', CONSTRAINT = 'judgement_is_on_the_scale';
  END IF;
  RETURN found;
END $$;

CREATE FUNCTION registry_risk_judged() RETURNS trigger LANGUAGE plpgsql AS $$
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
  NEW.digest := encode(sha256(convert_to(jsonb_build_array(
    NEW.family_id, NEW.release_id, NEW.title, NEW.cause, NEW.event, NEW.consequence, NEW.harm, NEW.affected,
    NEW.scale_id, NEW.inherent_likelihood, NEW.inherent_severity, NEW.inherent_band,
    NEW.residual_likelihood, NEW.residual_severity, NEW.residual_band
  )::text, 'UTF8')), 'hex');
  RETURN NEW;
END $$;

CREATE FUNCTION registry_assessment_judged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.band := registry_band(NEW.scale_id, NEW.likelihood, NEW.severity);
  RETURN NEW;
END $$;

CREATE FUNCTION registry_scale_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'Scale % is %: it stays on record', OLD.id, OLD.stage USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.stage = 'draft' OR (to_jsonb(NEW) - '{stage,row_version,activated_at}'::text[])
     <> (to_jsonb(OLD) - '{stage,row_version,activated_at}'::text[]) THEN
    RAISE EXCEPTION 'Scale % is %: it does not change', OLD.id, OLD.stage USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION registry_rule_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  scale_stage text;
BEGIN
  SELECT stage INTO scale_stage FROM registry_riskscale WHERE id = OLD.scale_id FOR SHARE;
  IF FOUND AND scale_stage <> 'draft' THEN
    RAISE EXCEPTION 'Scale % is %: its rules do not change', OLD.scale_id, scale_stage
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN COALESCE(NEW, OLD);
END $$;

CREATE FUNCTION registry_acceptance_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.revoked_at IS NOT NULL
    OR (to_jsonb(NEW) - '{revoked_at,revoked_by_id,revocation_reason}'::text[])
       <> (to_jsonb(OLD) - '{revoked_at,revoked_by_id,revocation_reason}'::text[]) THEN
    RAISE EXCEPTION 'Acceptance % stays as it was given: it can only be revoked, once', OLD.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION registry_acceptance_given() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  risk registry_risk%ROWTYPE;
BEGIN
  SELECT * INTO risk FROM registry_risk WHERE id = NEW.risk_id FOR SHARE;
  IF risk.owner_id = NEW.accepted_by_id THEN
    RAISE EXCEPTION 'The owner of risk % cannot accept it', NEW.risk_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'acceptance_by_somebody_else';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER registry_risk_judged BEFORE INSERT OR UPDATE ON registry_risk
  FOR EACH ROW EXECUTE FUNCTION registry_risk_judged();
CREATE TRIGGER registry_assessment_judged BEFORE INSERT ON registry_riskassessment
  FOR EACH ROW EXECUTE FUNCTION registry_assessment_judged();
CREATE TRIGGER registry_scale_of_record BEFORE UPDATE OR DELETE ON registry_riskscale
  FOR EACH ROW WHEN (OLD.stage <> 'draft') EXECUTE FUNCTION registry_scale_of_record();
CREATE TRIGGER registry_rule_of_record BEFORE UPDATE OR DELETE ON registry_bandrule
  FOR EACH ROW EXECUTE FUNCTION registry_rule_of_record();
CREATE TRIGGER registry_acceptance_of_record BEFORE UPDATE OR DELETE ON registry_riskacceptance
  FOR EACH ROW EXECUTE FUNCTION registry_acceptance_of_record();
CREATE TRIGGER registry_acceptance_given BEFORE INSERT ON registry_riskacceptance
  FOR EACH ROW EXECUTE FUNCTION registry_acceptance_given();
-- The digests of the risks there are.
UPDATE registry_risk SET digest = '';
"""
UNDO = """
DROP TRIGGER registry_risk_judged ON registry_risk;
DROP TRIGGER registry_assessment_judged ON registry_riskassessment;
DROP TRIGGER registry_scale_of_record ON registry_riskscale;
DROP TRIGGER registry_rule_of_record ON registry_bandrule;
DROP TRIGGER registry_acceptance_of_record ON registry_riskacceptance;
DROP TRIGGER registry_acceptance_given ON registry_riskacceptance;
DROP FUNCTION registry_risk_judged();
DROP FUNCTION registry_assessment_judged();
DROP FUNCTION registry_scale_of_record();
DROP FUNCTION registry_rule_of_record();
DROP FUNCTION registry_acceptance_of_record();
DROP FUNCTION registry_acceptance_given();
DROP FUNCTION registry_band(bigint, int, int);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0008_risks_carried_over"),
    ]

    operations = [
        migrations.AlterField(
            model_name="risk",
            name="scale",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="risks",
                to="registry.riskscale",
            ),
        ),
        migrations.AlterField(
            model_name="riskassessment",
            name="scale",
            field=models.ForeignKey(
                editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.riskscale"
            ),
        ),
        migrations.AlterField(
            model_name="riskassessment",
            name="band",
            field=models.CharField(
                choices=[("low", "Low"), ("moderate", "Moderate"), ("high", "High"), ("critical", "Critical")],
                editable=False,
                max_length=10,
            ),
        ),
        migrations.RemoveField(
            model_name="risk",
            name="objective",
        ),
        migrations.AddIndex(
            model_name="riskassessment",
            index=models.Index(fields=["risk", "kind", "-id"], name="assessment_of_risk"),
        ),
        migrations.AddConstraint(
            model_name="riskassessment",
            constraint=models.CheckConstraint(
                condition=models.Q(("likelihood__range", (1, 7)), ("severity__range", (1, 7))),
                name="assessment_on_scale",
            ),
        ),
        migrations.AddConstraint(
            model_name="riskassessment",
            constraint=models.CheckConstraint(
                condition=models.Q(("confirmed_by", models.F("assessed_by")), _negated=True),
                name="confirmed_by_somebody_else",
            ),
        ),
        migrations.AddIndex(
            model_name="risk",
            index=models.Index(condition=models.Q(("deputy__isnull", False)), fields=["deputy"], name="risk_of_deputy"),
        ),
        migrations.AddIndex(
            model_name="risk",
            index=models.Index(condition=models.Q(("stage", "open")), fields=["review_due_on"], name="risk_review_due"),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(("stage__in", ["stub", "draft", "open", "closed"])), name="risk_stage_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("stage__in", ["stub", "draft"]),
                    ("owner__isnull", False),
                    models.Q(("opened_at__isnull", True), ("stage", "closed")),
                    _connector="OR",
                ),
                name="open_risk_has_owner",
                violation_error_message="Name a risk owner first.",
            ),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("stage__in", ["stub", "draft"]),
                    models.Q(("inherent_likelihood__isnull", False), ("inherent_severity__isnull", False)),
                    models.Q(("opened_at__isnull", True), ("stage", "closed")),
                    _connector="OR",
                ),
                name="open_risk_is_assessed",
            ),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("stage", "open"), _negated=True), ("opened_at__isnull", False), _connector="OR"
                ),
                name="open_risk_says_since_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(("deputy", models.F("owner")), _negated=True), name="deputy_is_somebody_else"
            ),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(("treatment__in", ["mitigate", "avoid", "transfer", "accept"])),
                name="risk_treatment_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("inherent_likelihood__range", (1, 7)), ("inherent_likelihood__isnull", True), _connector="OR"
                ),
                name="inherent_likelihood_on_scale",
            ),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("inherent_severity__range", (1, 7)), ("inherent_severity__isnull", True), _connector="OR"
                ),
                name="inherent_severity_on_scale",
            ),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("residual_likelihood__range", (1, 7)), ("residual_likelihood__isnull", True), _connector="OR"
                ),
                name="residual_likelihood_on_scale",
            ),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("residual_severity__range", (1, 7)), ("residual_severity__isnull", True), _connector="OR"
                ),
                name="residual_severity_on_scale",
            ),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("target_likelihood__range", (1, 7)), ("target_likelihood__isnull", True), _connector="OR"
                ),
                name="target_likelihood_on_scale",
            ),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("target_severity__range", (1, 7)), ("target_severity__isnull", True), _connector="OR"
                ),
                name="target_severity_on_scale",
            ),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("target_likelihood__isnull", True), ("target_severity__isnull", True)),
                    models.Q(("target_likelihood__isnull", False), ("target_severity__isnull", False)),
                    _connector="OR",
                ),
                name="target_judgement_is_whole",
            ),
        ),
        migrations.RunSQL(GUARDS, UNDO),
    ]
