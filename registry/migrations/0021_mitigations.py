"""Mitigations say what they do and how well they were found to work, and end when they no longer do."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from common.database import append_only

# Judged when the transaction ends: a link may be replaced by another in it.
GUARD = """
CREATE FUNCTION registry_mitigation_has_a_risk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM registry_mitigation WHERE id = OLD.mitigation_id)
    AND NOT EXISTS (SELECT FROM registry_mitigation_risks WHERE mitigation_id = OLD.mitigation_id) THEN
    RAISE EXCEPTION 'Mitigation % would be left without a risk', OLD.mitigation_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER registry_mitigation_has_a_risk AFTER DELETE OR UPDATE ON registry_mitigation_risks
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION registry_mitigation_has_a_risk();

CREATE FUNCTION registry_retired_mitigation_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Mitigation % is retired: it does not come back', OLD.id USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER registry_retired_mitigation_stays BEFORE UPDATE ON registry_mitigation
  FOR EACH ROW WHEN (OLD.stage = 'retired' AND NEW.stage <> 'retired')
  EXECUTE FUNCTION registry_retired_mitigation_stays();
"""
UNDO = """
DROP TRIGGER registry_retired_mitigation_stays ON registry_mitigation;
DROP FUNCTION registry_retired_mitigation_stays();
DROP TRIGGER registry_mitigation_has_a_risk ON registry_mitigation_risks;
DROP FUNCTION registry_mitigation_has_a_risk();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0020_reviews_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="MitigationMeasurement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("measured", models.CharField(max_length=200, verbose_name="what was measured")),
                (
                    "result",
                    models.CharField(
                        help_text="A value with its unit, or words.", max_length=300, verbose_name="result"
                    ),
                ),
                (
                    "effect",
                    models.CharField(
                        choices=[("works", "Works"), ("partly", "Works in part"), ("fails", "Does not work")],
                        max_length=8,
                        verbose_name="what it says",
                    ),
                ),
                ("measured_on", models.DateField(verbose_name="measured on")),
                ("evidence", models.TextField(blank=True, verbose_name="where it is written down")),
                ("recorded_at", models.DateTimeField(auto_now_add=True, verbose_name="recorded")),
            ],
            options={
                "ordering": ["-measured_on", "-pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="mitigation",
            name="mitigation_stage_is_known",
        ),
        migrations.AddField(
            model_name="mitigation",
            name="evidence",
            field=models.TextField(
                blank=True,
                help_text="Where one can see that it is in place: a test, a document, an address.",
                verbose_name="evidence",
            ),
        ),
        migrations.AddField(
            model_name="mitigation",
            name="kind",
            field=models.CharField(
                blank=True,
                choices=[("prevent", "Prevents"), ("detect", "Detects"), ("respond", "Responds")],
                max_length=8,
                verbose_name="what it does",
            ),
        ),
        migrations.AddField(
            model_name="mitigation",
            name="retirement_reason",
            field=models.TextField(blank=True, editable=False, verbose_name="why it was retired"),
        ),
        migrations.AlterField(
            model_name="mitigation",
            name="stage",
            field=models.CharField(
                choices=[
                    ("planned", "Planned"),
                    ("in_progress", "In progress"),
                    ("done", "Done"),
                    ("dropped", "Dropped"),
                    ("retired", "Retired"),
                ],
                default="planned",
                editable=False,
                max_length=24,
                verbose_name="stage",
            ),
        ),
        migrations.AddConstraint(
            model_name="mitigation",
            constraint=models.CheckConstraint(
                condition=models.Q(("stage__in", ["planned", "in_progress", "done", "dropped", "retired"])),
                name="mitigation_stage_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="mitigation",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["", "prevent", "detect", "respond"])), name="mitigation_kind_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="mitigation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("stage", "retired"), _negated=True),
                    models.Q(("retirement_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="retired_mitigation_says_why",
            ),
        ),
        migrations.AddField(
            model_name="mitigationmeasurement",
            name="mitigation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="measurements", to="registry.mitigation"
            ),
        ),
        migrations.AddField(
            model_name="mitigationmeasurement",
            name="recorded_by",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="mitigationmeasurement",
            index=models.Index(fields=["mitigation", "-measured_on", "-id"], name="effect_newest"),
        ),
        migrations.AddConstraint(
            model_name="mitigationmeasurement",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("measured", ""), _negated=True), models.Q(("result", ""), _negated=True)),
                name="effect_says_what_was_found",
            ),
        ),
        migrations.AddConstraint(
            model_name="mitigationmeasurement",
            constraint=models.CheckConstraint(
                condition=models.Q(("effect__in", ["works", "partly", "fails"])), name="effect_is_known"
            ),
        ),
        append_only("registry_mitigationmeasurement"),
        migrations.RunSQL(GUARD, UNDO),
    ]
