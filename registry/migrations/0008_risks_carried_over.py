from django.db import migrations

# Judgements keep what they said: each gets the scale it was made on and the band that scale gives it. The guard
# of the append-only table is lifted for this one statement.
CARRY = """
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE registry_risk r SET
  scale_id = s.id,
  inherent_band = s.grid[r.inherent_likelihood][r.inherent_severity],
  residual_band = s.grid[r.residual_likelihood][r.residual_severity],
  opened_at = CASE WHEN r.stage = 'draft' THEN r.opened_at ELSE COALESCE(r.opened_at, r.created_at) END
FROM registry_modelfamily f JOIN registry_riskscale s ON s.publisher_id = f.publisher_id AND s.number = 1
WHERE f.id = r.family_id;

-- The next look is due from the last judgement on.
UPDATE registry_risk r SET
  reviewed_at = looked.at,
  review_due_on = (looked.at AT TIME ZONE 'UTC')::date + rule.review_days
FROM (SELECT risk_id, max(assessed_at) AS at FROM registry_riskassessment GROUP BY risk_id) looked,
  registry_bandrule rule
WHERE looked.risk_id = r.id AND rule.scale_id = r.scale_id AND rule.band = r.current_band AND r.stage = 'open';

INSERT INTO registry_risk_objectives (risk_id, objective_id)
SELECT id, objective_id FROM registry_risk WHERE objective_id IS NOT NULL;

ALTER TABLE registry_riskassessment DISABLE TRIGGER registry_riskassessment_no_change;
UPDATE registry_riskassessment a SET scale_id = s.id, band = s.grid[a.likelihood][a.severity]
FROM registry_risk r JOIN registry_riskscale s ON s.id = r.scale_id WHERE r.id = a.risk_id;
ALTER TABLE registry_riskassessment ENABLE TRIGGER registry_riskassessment_no_change;
"""
# Back to one objective: the first of them.
BACK = """
UPDATE registry_risk r SET objective_id = o.objective_id
FROM (SELECT DISTINCT ON (risk_id) risk_id, objective_id FROM registry_risk_objectives ORDER BY risk_id, id) o
WHERE o.risk_id = r.id;
DELETE FROM registry_risk_objectives;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0007_risks_in_depth")]
    operations = [migrations.RunSQL(CARRY, BACK)]
