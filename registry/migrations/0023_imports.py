"""Registers brought along as files, checked before they are applied; and one change to many risks."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import registry.models.imports

# An import counts as a whole or not at all, and stays what it was; and whatever wrote it, an imported judgement is
# never below the one before.
GUARDS = """
CREATE FUNCTION registry_import_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.stage IN ('applied', 'discarded') THEN
    RAISE EXCEPTION 'Import % is %: % is refused', OLD.id, OLD.stage, TG_OP USING ERRCODE = 'restrict_violation';
  END IF;
  IF (NEW.publisher_id, NEW.family_id, NEW.name, NEW.format, NEW.size, NEW.sha256, NEW.uploaded_by_id)
     IS DISTINCT FROM
     (OLD.publisher_id, OLD.family_id, OLD.name, OLD.format, OLD.size, OLD.sha256, OLD.uploaded_by_id) THEN
    RAISE EXCEPTION 'Import % stays what was brought', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.stage = 'applied' AND EXISTS (
    SELECT FROM registry_importrow WHERE risk_import_id = NEW.id AND (outcome = 'refused' OR risk_id IS NULL)
  ) THEN
    RAISE EXCEPTION 'Import % has rows that are not in the register', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'import_is_applied_as_a_whole';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER registry_import_of_record BEFORE UPDATE OR DELETE ON registry_riskimport
  FOR EACH ROW EXECUTE FUNCTION registry_import_of_record();

CREATE FUNCTION registry_import_rows_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM registry_riskimport
    WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.risk_import_id ELSE NEW.risk_import_id END AND stage = 'applied'
  ) THEN
    RAISE EXCEPTION 'The import was applied: % of its rows is refused', TG_OP USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER registry_import_rows_of_record BEFORE INSERT OR UPDATE OR DELETE ON registry_importrow
  FOR EACH ROW EXECUTE FUNCTION registry_import_rows_of_record();

-- After registry_assessment_judged, which sets the band: triggers fire in the order of their names.
CREATE FUNCTION registry_imported_judgement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ranks text[] := ARRAY['low', 'moderate', 'high', 'critical'];
  present record;
BEGIN
  SELECT a.band, a.likelihood * a.severity AS score, a.scale_id INTO present
  FROM registry_riskassessment a
  WHERE a.risk_id = NEW.risk_id
    AND (a.kind = NEW.kind OR (NEW.kind = 'residual' AND a.kind = 'inherent' AND a.cause <> 'imported'))
  ORDER BY (a.kind = NEW.kind) DESC, a.id DESC LIMIT 1;
  IF FOUND AND (
    array_position(ranks, NEW.band::text) < array_position(ranks, present.band::text)
    OR (NEW.band = present.band AND NEW.scale_id = present.scale_id
        AND NEW.likelihood * NEW.severity < present.score)
  ) THEN
    RAISE EXCEPTION 'Risk %: an import never lowers a level', NEW.risk_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'imports_never_lower';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER registry_imported_judgement BEFORE INSERT ON registry_riskassessment
  FOR EACH ROW WHEN (NEW.cause = 'imported' AND NEW.kind <> 'target')
  EXECUTE FUNCTION registry_imported_judgement();
"""
UNDO = """
DROP TRIGGER registry_imported_judgement ON registry_riskassessment;
DROP FUNCTION registry_imported_judgement();
DROP TRIGGER registry_import_rows_of_record ON registry_importrow;
DROP FUNCTION registry_import_rows_of_record();
DROP TRIGGER registry_import_of_record ON registry_riskimport;
DROP FUNCTION registry_import_of_record();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("common", "0002_audit_is_append_only"),
        ("registry", "0022_nobody_leaves_risks_behind"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="RiskImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_version", models.PositiveIntegerField(default=1, editable=False, verbose_name="row version")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("checking", "Being checked"),
                            ("checked", "Checked"),
                            ("applied", "Applied"),
                            ("discarded", "Discarded"),
                        ],
                        default="checking",
                        editable=False,
                        max_length=24,
                        verbose_name="stage",
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="file")),
                (
                    "format",
                    models.CharField(
                        choices=[("csv", "CSV"), ("xlsx", "XLSX"), ("json", "JSON")],
                        max_length=5,
                        verbose_name="format",
                    ),
                ),
                ("size", models.BigIntegerField(verbose_name="size in bytes")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                (
                    "file",
                    models.FileField(blank=True, max_length=200, upload_to=registry.models.imports.import_location),
                ),
                ("new_count", models.PositiveIntegerField(default=0)),
                ("changed_count", models.PositiveIntegerField(default=0)),
                ("unchanged_count", models.PositiveIntegerField(default=0)),
                ("refused_count", models.PositiveIntegerField(default=0)),
                ("remarks", models.JSONField(default=list)),
                ("checked_at", models.DateTimeField(editable=False, null=True, verbose_name="checked")),
                ("applied_at", models.DateTimeField(editable=False, null=True, verbose_name="applied")),
                ("discarded_at", models.DateTimeField(editable=False, null=True, verbose_name="discarded")),
                (
                    "family",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.modelfamily",
                        verbose_name="model family of rows that name none",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="common.job",
                    ),
                ),
                (
                    "publisher",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="risk_imports",
                        to="registry.publisher",
                        verbose_name="publisher",
                    ),
                ),
                (
                    "scale",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.riskscale",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="ImportRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="row")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("new", "New risk"),
                            ("changed", "Changes a risk"),
                            ("unchanged", "Changes nothing"),
                            ("refused", "Refused"),
                        ],
                        max_length=10,
                        verbose_name="outcome",
                    ),
                ),
                ("version", models.PositiveIntegerField(null=True)),
                ("title", models.CharField(blank=True, max_length=240, verbose_name="risk")),
                ("given", models.JSONField(default=dict)),
                ("unread", models.JSONField(default=dict)),
                ("changes", models.JSONField(default=list)),
                ("problems", models.JSONField(default=list)),
                (
                    "risk",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.risk"
                    ),
                ),
                (
                    "risk_import",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="registry.riskimport"
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="RiskKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=120, verbose_name="own key")),
                (
                    "family",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.modelfamily"
                    ),
                ),
                (
                    "risk",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="import_key", to="registry.risk"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BulkChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("owner", "Change the owner"),
                            ("deputy", "Set the deputy"),
                            ("review", "Ask to look again"),
                        ],
                        max_length=10,
                        verbose_name="what to do",
                    ),
                ),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                (
                    "risks",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), editable=False, size=None
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0)),
                ("done_count", models.PositiveIntegerField(default=0)),
                ("problems", models.JSONField(default=list)),
                ("finished_at", models.DateTimeField(editable=False, null=True, verbose_name="finished")),
                (
                    "job",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="common.job",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("action__in", ["owner", "deputy", "review"])), name="bulk_action_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("action", "review"), ("person__isnull", False), _connector="OR"),
                        name="bulk_change_names_somebody",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="riskimport",
            index=models.Index(
                condition=models.Q(("stage__in", ["checking", "checked"])),
                fields=["updated_at"],
                name="import_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="riskimport",
            constraint=models.CheckConstraint(
                condition=models.Q(("stage__in", ["checking", "checked", "applied", "discarded"])),
                name="import_stage_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="riskimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("stage", "applied"), _negated=True),
                    models.Q(("applied_at__isnull", False), ("refused_count", 0)),
                    _connector="OR",
                ),
                name="applied_import_refused_nothing",
            ),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(fields=["risk_import", "outcome", "number"], name="rows_by_outcome"),
        ),
        migrations.AddConstraint(
            model_name="importrow",
            constraint=models.UniqueConstraint(fields=("risk_import", "number"), name="one_row_per_number"),
        ),
        migrations.AddConstraint(
            model_name="importrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["new", "changed", "unchanged", "refused"])), name="outcome_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="importrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "refused"), _negated=True),
                    models.Q(("problems", []), _negated=True),
                    _connector="OR",
                ),
                name="refused_row_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="riskkey",
            constraint=models.UniqueConstraint(fields=("family", "key"), name="one_risk_per_key"),
        ),
        migrations.AddConstraint(
            model_name="riskkey",
            constraint=models.CheckConstraint(
                condition=models.Q(("key", ""), _negated=True), name="key_says_something"
            ),
        ),
        migrations.RunSQL(GUARDS, UNDO),
    ]
