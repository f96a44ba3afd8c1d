import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# FOR SHARE makes a writer wait for a phase that is being entered, and then see that it was.
GUARD = """
CREATE FUNCTION access_planned_phase_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  phase_stage text;
  of_release bigint;
BEGIN
  SELECT phase.stage, release.family_id INTO phase_stage, of_release
    FROM registry_phase phase JOIN registry_release release ON release.id = phase.release_id
   WHERE phase.id = NEW.phase_id FOR SHARE OF phase;
  IF TG_OP = 'UPDATE' OR phase_stage <> 'planned' THEN
    RAISE EXCEPTION 'Phase % is %: it opens no more tiers than were decided', NEW.phase_id, phase_stage
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF of_release <> (SELECT family_id FROM access_tier WHERE id = NEW.tier_id) THEN
    RAISE EXCEPTION 'Tier % and phase % belong to different models', NEW.tier_id, NEW.phase_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER access_phasetier_planned_only BEFORE INSERT OR UPDATE ON access_phasetier
  FOR EACH ROW EXECUTE FUNCTION access_planned_phase_only();
"""
UNDO = """
DROP TRIGGER access_phasetier_planned_only ON access_phasetier;
DROP FUNCTION access_planned_phase_only();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0004_search_by_purpose"),
        ("registry", "0011_release_plan_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="PhaseTier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="added")),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "phase",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tiers", to="registry.phase"
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="phases", to="access.tier"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [models.UniqueConstraint(fields=("phase", "tier"), name="phase_opens_tier_once")],
            },
        ),
        migrations.RunSQL(GUARD, UNDO),
    ]
