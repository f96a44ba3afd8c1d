import django.db.models.deletion
from django.db import migrations, models

# The band is the scale's; a new judgement is made on the scale in force, which is held while it is written; and
# whoever owns a risk, or stands in for its owner, lowers it only together with somebody else.
ASSESSMENTS = """
CREATE OR REPLACE FUNCTION registry_assessment_judged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ranks text[] := ARRAY['low', 'moderate', 'high', 'critical'];
  scale_stage text;
  second boolean;
  present record;
BEGIN
  NEW.band := registry_band(NEW.scale_id, NEW.likelihood, NEW.severity);
  IF NEW.cause = 'rebanded' THEN
    RETURN NEW;
  END IF;
  SELECT stage INTO scale_stage FROM registry_riskscale WHERE id = NEW.scale_id FOR SHARE;
  IF scale_stage <> 'active' THEN
    RAISE EXCEPTION 'Scale % is %: new judgements are made on the scale in force', NEW.scale_id, scale_stage
      USING ERRCODE = 'check_violation', CONSTRAINT = 'judgement_on_the_scale_in_force';
  END IF;
  IF NEW.kind = 'target' OR NEW.confirmed_by_id IS NOT NULL THEN
    RETURN NEW;
  END IF;
  -- A judgement is written before the risk takes its numbers, so the row of the risk says what is lowered.
  SELECT
    COALESCE(NEW.assessed_by_id IN (r.owner_id, r.deputy_id), false) AS owns,
    r.scale_id,
    CASE WHEN NEW.kind = 'inherent' THEN r.inherent_band ELSE r.current_band END AS band,
    CASE WHEN NEW.kind = 'inherent' THEN r.inherent_score ELSE r.current_score END AS score
  INTO present FROM registry_risk r WHERE r.id = NEW.risk_id;
  IF NOT FOUND OR NOT present.owns OR present.band IS NULL THEN
    RETURN NEW;
  END IF;
  SELECT needs_second_person INTO second FROM registry_bandrule
  WHERE scale_id = present.scale_id AND band = present.band;
  IF COALESCE(second, false) AND (
    array_position(ranks, NEW.band::text) < array_position(ranks, present.band::text)
    OR (NEW.band = present.band AND NEW.scale_id = present.scale_id
        AND NEW.likelihood * NEW.severity < present.score)
  ) THEN
    RAISE EXCEPTION 'Risk %: lowering it from % needs a second person', NEW.risk_id, present.band
      USING ERRCODE = 'check_violation', CONSTRAINT = 'lowering_needs_a_second_person';
  END IF;
  RETURN NEW;
END $$;
"""
UNDO_ASSESSMENTS = """
CREATE OR REPLACE FUNCTION registry_assessment_judged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.band := registry_band(NEW.scale_id, NEW.likelihood, NEW.severity);
  RETURN NEW;
END $$;
"""
# What is accepted is the risk as it stands, by somebody who does not answer for it, no longer than its band allows.
ACCEPTANCES = """
CREATE OR REPLACE FUNCTION registry_acceptance_given() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  risk registry_risk%ROWTYPE;
  most int;
BEGIN
  SELECT * INTO risk FROM registry_risk WHERE id = NEW.risk_id FOR SHARE;
  IF NEW.accepted_by_id IN (risk.owner_id, risk.deputy_id) THEN
    RAISE EXCEPTION 'Who answers for risk % cannot accept it', NEW.risk_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'acceptance_by_somebody_else';
  END IF;
  IF risk.stage <> 'open' OR NEW.digest <> risk.digest OR NEW.band IS DISTINCT FROM risk.current_band THEN
    RAISE EXCEPTION 'Risk % is not, or no longer, what would be accepted', NEW.risk_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'acceptance_of_the_risk_as_it_stands';
  END IF;
  SELECT acceptance_days INTO most FROM registry_bandrule WHERE scale_id = risk.scale_id AND band = NEW.band;
  IF COALESCE(most, 0) = 0 OR NEW.ends_on > (NEW.accepted_at AT TIME ZONE 'UTC')::date + most THEN
    RAISE EXCEPTION 'A % risk can be accepted for % days at most', NEW.band, COALESCE(most, 0)
      USING ERRCODE = 'check_violation', CONSTRAINT = 'acceptance_ends_in_time';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION registry_acceptance_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR (OLD.revoked_at IS NOT NULL AND (NEW.revoked_at, NEW.revoked_by_id, NEW.revocation_reason)
       IS DISTINCT FROM (OLD.revoked_at, OLD.revoked_by_id, OLD.revocation_reason))
    OR (OLD.announced_at IS NOT NULL AND NEW.announced_at IS DISTINCT FROM OLD.announced_at)
    OR (to_jsonb(NEW) - '{revoked_at,revoked_by_id,revocation_reason,announced_at}'::text[])
       <> (to_jsonb(OLD) - '{revoked_at,revoked_by_id,revocation_reason,announced_at}'::text[]) THEN
    RAISE EXCEPTION 'Acceptance % stays as it was given: it can only be revoked, once', OLD.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
"""
UNDO_ACCEPTANCES = """
CREATE OR REPLACE FUNCTION registry_acceptance_given() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION registry_acceptance_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.revoked_at IS NOT NULL
    OR (to_jsonb(NEW) - '{revoked_at,revoked_by_id,revocation_reason}'::text[])
       <> (to_jsonb(OLD) - '{revoked_at,revoked_by_id,revocation_reason}'::text[]) THEN
    RAISE EXCEPTION 'Acceptance % stays as it was given: it can only be revoked, once', OLD.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
"""
PROPOSALS = """
CREATE FUNCTION registry_proposal_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.stage <> 'proposed'
    OR (to_jsonb(NEW) - '{stage,row_version,decided_by_id,decided_at,decline_reason}'::text[])
       <> (to_jsonb(OLD) - '{stage,row_version,decided_by_id,decided_at,decline_reason}'::text[]) THEN
    RAISE EXCEPTION 'Proposal % is on record: it can only be decided, once', OLD.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER registry_proposal_of_record BEFORE UPDATE OR DELETE ON registry_assessmentproposal
  FOR EACH ROW EXECUTE FUNCTION registry_proposal_of_record();
"""
UNDO_PROPOSALS = """
DROP TRIGGER registry_proposal_of_record ON registry_assessmentproposal;
DROP FUNCTION registry_proposal_of_record();
"""
# A grid has a band for every pair of words. A version that was replaced does not come back.
SCALES = """
CREATE OR REPLACE FUNCTION registry_scale_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'Scale % is %: it stays on record', OLD.id, OLD.stage USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.stage = 'draft' OR (OLD.stage = 'superseded' AND NEW.stage <> 'superseded')
    OR (to_jsonb(NEW) - '{stage,row_version,activated_at,job_id}'::text[])
     <> (to_jsonb(OLD) - '{stage,row_version,activated_at,job_id}'::text[]) THEN
    RAISE EXCEPTION 'Scale % is %: it does not change', OLD.id, OLD.stage USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
ALTER TABLE registry_riskscale ADD CONSTRAINT grid_has_a_band_for_every_pair CHECK (
  array_length(grid, 1) = cardinality(likelihoods) AND array_length(grid, 2) = cardinality(severities)
  AND grid::text[] <@ ARRAY['low', 'moderate', 'high', 'critical']::text[]
);
"""
UNDO_SCALES = """
ALTER TABLE registry_riskscale DROP CONSTRAINT grid_has_a_band_for_every_pair;
CREATE OR REPLACE FUNCTION registry_scale_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):
    dependencies = [
        ("common", "0002_audit_is_append_only"),
        ("registry", "0017_usage_guidelines_guards"),
    ]

    operations = [
        migrations.AddField(
            model_name="riskacceptance",
            name="announced_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="riskscale",
            name="job",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="common.job",
            ),
        ),
        migrations.AddConstraint(
            model_name="riskscale",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stage", "draft")),
                fields=("publisher",),
                name="one_draft_scale_per_publisher",
                violation_error_message="A new version of this scale is being drafted already.",
            ),
        ),
        migrations.RunSQL(ASSESSMENTS, UNDO_ASSESSMENTS),
        migrations.RunSQL(ACCEPTANCES, UNDO_ACCEPTANCES),
        migrations.RunSQL(PROPOSALS, UNDO_PROPOSALS),
        migrations.RunSQL(SCALES, UNDO_SCALES),
    ]
