import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import registry.models.concerns


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0018_judging_risks"),
    ]

    operations = [
        migrations.CreateModel(
            name="PublicConcern",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(blank=True, verbose_name="in their own words")),
                ("contact_sealed", models.BinaryField(default=b"")),
                ("submission", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "received_at",
                    models.DateTimeField(
                        default=registry.models.concerns.this_hour, editable=False, verbose_name="received"
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.CharField(
                        max_length=60,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9][a-z0-9-]*$", "Use small letters, digits and “-”."
                            )
                        ],
                        verbose_name="key",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                ("section", models.CharField(blank=True, max_length=120, verbose_name="section")),
                ("text", models.CharField(max_length=400, verbose_name="question")),
                ("help", models.TextField(blank=True, verbose_name="hint")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("yes_no", "Yes or no"),
                            ("yes_partly_no", "Yes, partly or no"),
                            ("scale", "1 to 5"),
                            ("text", "Words"),
                        ],
                        default="yes_no",
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                (
                    "raises_when",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10), blank=True, default=list, size=None
                    ),
                ),
                ("risk_title", models.CharField(blank=True, max_length=200, verbose_name="the risk it raises")),
                ("is_required", models.BooleanField(default=True, verbose_name="has to be answered")),
            ],
            options={
                "ordering": ["question_set", "position"],
            },
        ),
        migrations.CreateModel(
            name="QuestionSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_version", models.PositiveIntegerField(default=1, editable=False, verbose_name="row version")),
                (
                    "slug",
                    models.CharField(
                        max_length=60,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9][a-z0-9-]*$", "Use small letters, digits and “-”."
                            )
                        ],
                        verbose_name="short name",
                    ),
                ),
                ("number", models.PositiveIntegerField(editable=False, verbose_name="version")),
                (
                    "stage",
                    models.CharField(
                        choices=[("draft", "Draft"), ("published", "In use"), ("superseded", "Superseded")],
                        default="draft",
                        editable=False,
                        max_length=24,
                        verbose_name="stage",
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("about", models.TextField(blank=True, verbose_name="what it is about")),
                ("review_days", models.PositiveSmallIntegerField(default=365, verbose_name="ask again after, in days")),
                ("digest", models.CharField(editable=False, max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="made")),
                ("published_at", models.DateTimeField(editable=False, null=True, verbose_name="in use since")),
            ],
            options={
                "ordering": ["title", "-number"],
            },
        ),
        migrations.CreateModel(
            name="ReleaseReview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_version", models.PositiveIntegerField(default=1, editable=False, verbose_name="row version")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                (
                    "stage",
                    models.CharField(
                        choices=[("draft", "Being answered"), ("submitted", "Submitted"), ("discarded", "Discarded")],
                        default="draft",
                        editable=False,
                        max_length=24,
                        verbose_name="stage",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("pass", "Passed"), ("conditions", "Passed with conditions"), ("fail", "Not passed")],
                        editable=False,
                        max_length=12,
                        verbose_name="outcome",
                    ),
                ),
                ("reason", models.TextField(blank=True, editable=False, verbose_name="why")),
                ("conditions", models.TextField(blank=True, editable=False, verbose_name="conditions")),
                ("submitted_at", models.DateTimeField(editable=False, null=True, verbose_name="submitted")),
                ("next_due_on", models.DateField(editable=False, null=True, verbose_name="ask again by")),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="RequiredReview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.CharField(max_length=60, verbose_name="question set")),
                (
                    "blocks",
                    models.BooleanField(
                        default=False,
                        help_text="Otherwise the release page says that it is missing, and that is all.",
                        verbose_name="no publication without it",
                    ),
                ),
            ],
            options={
                "ordering": ["publisher", "slug"],
            },
        ),
        migrations.CreateModel(
            name="ReviewAnswers",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="version")),
                ("answers", models.JSONField(default=dict)),
                ("saved_at", models.DateTimeField(auto_now_add=True, verbose_name="saved")),
            ],
            options={
                "ordering": ["-number"],
            },
        ),
        migrations.CreateModel(
            name="ReviewFinding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=60, verbose_name="question")),
                ("is_new", models.BooleanField(default=False, verbose_name="raised by this review")),
                ("ruled_out", models.TextField(blank=True, verbose_name="why there is no risk")),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="ReviewRound",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_version", models.PositiveIntegerField(default=1, editable=False, verbose_name="row version")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                (
                    "stage",
                    models.CharField(
                        choices=[("open", "Open"), ("done", "Done"), ("abandoned", "Abandoned")],
                        default="open",
                        editable=False,
                        max_length=24,
                        verbose_name="stage",
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("due_on", models.DateField(verbose_name="done by")),
                ("chosen_by", models.JSONField(default=dict, editable=False, verbose_name="which risks")),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="RiskReview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("right", "Still right"),
                            ("judge", "Needs a new judgement"),
                            ("close", "No longer applies: close it"),
                        ],
                        max_length=8,
                        verbose_name="is it still right?",
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="what you looked at")),
                ("reviewed_at", models.DateTimeField(auto_now_add=True, verbose_name="when")),
                ("due_on", models.DateField(editable=False, null=True, verbose_name="look again by")),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="RoundItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField(verbose_name="changes since")),
                ("skip_reason", models.TextField(blank=True, editable=False, verbose_name="why it was skipped")),
                ("skipped_at", models.DateTimeField(editable=False, null=True, verbose_name="skipped")),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.AddField(
            model_name="risk",
            name="duplicate_of",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="duplicates",
                to="registry.risk",
                verbose_name="the same as",
            ),
        ),
        migrations.AddConstraint(
            model_name="risk",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("duplicate_of", None),
                    models.Q(("stage", "closed"), models.Q(("duplicate_of", models.F("id")), _negated=True)),
                    _connector="OR",
                ),
                name="only_a_closed_risk_is_a_duplicate",
            ),
        ),
        migrations.AddField(
            model_name="publicconcern",
            name="risk",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="concern", to="registry.risk"
            ),
        ),
        migrations.AddField(
            model_name="questionset",
            name="created_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="questionset",
            name="publisher",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty for the sets that came with the portal.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="question_sets",
                to="registry.publisher",
                verbose_name="publisher",
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="question_set",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="questions", to="registry.questionset"
            ),
        ),
        migrations.AddField(
            model_name="releasereview",
            name="question_set",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to="registry.questionset"
            ),
        ),
        migrations.AddField(
            model_name="releasereview",
            name="release",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to="registry.release"
            ),
        ),
        migrations.AddField(
            model_name="releasereview",
            name="started_by",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="releasereview",
            name="submitted_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="requiredreview",
            name="publisher",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="required_reviews", to="registry.publisher"
            ),
        ),
        migrations.AddField(
            model_name="reviewanswers",
            name="review",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="registry.releasereview"
            ),
        ),
        migrations.AddField(
            model_name="reviewanswers",
            name="saved_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="reviewfinding",
            name="review",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="findings", to="registry.releasereview"
            ),
        ),
        migrations.AddField(
            model_name="reviewfinding",
            name="risk",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="findings", to="registry.risk"
            ),
        ),
        migrations.AddField(
            model_name="reviewround",
            name="family",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="review_rounds",
                to="registry.modelfamily",
                verbose_name="only this model family",
            ),
        ),
        migrations.AddField(
            model_name="reviewround",
            name="publisher",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="review_rounds",
                to="registry.publisher",
                verbose_name="publisher",
            ),
        ),
        migrations.AddField(
            model_name="reviewround",
            name="started_by",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="riskreview",
            name="reviewed_by",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="riskreview",
            name="risk",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to="registry.risk"
            ),
        ),
        migrations.AddField(
            model_name="riskreview",
            name="round",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reviews",
                to="registry.reviewround",
            ),
        ),
        migrations.AddField(
            model_name="rounditem",
            name="review",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.riskreview",
            ),
        ),
        migrations.AddField(
            model_name="rounditem",
            name="risk",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="round_items", to="registry.risk"
            ),
        ),
        migrations.AddField(
            model_name="rounditem",
            name="round",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="items", to="registry.reviewround"
            ),
        ),
        migrations.AddField(
            model_name="rounditem",
            name="skipped_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="questionset",
            constraint=models.UniqueConstraint(
                fields=("publisher", "slug", "number"), name="question_set_versions_count_up", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="questionset",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stage", "published")),
                fields=("publisher", "slug"),
                name="one_published_version_per_question_set",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="questionset",
            constraint=models.CheckConstraint(
                condition=models.Q(("stage__in", ["draft", "published", "superseded"])),
                name="question_set_stage_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="questionset",
            constraint=models.CheckConstraint(
                condition=models.Q(("stage", "draft"), ("published_at__isnull", False), _connector="OR"),
                name="question_set_in_use_says_since_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="questionset",
            constraint=models.CheckConstraint(
                condition=models.Q(("review_days__gte", 1)), name="question_set_is_asked_again"
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.UniqueConstraint(fields=("question_set", "key"), name="one_question_per_key"),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["yes_no", "yes_partly_no", "scale", "text"])),
                name="question_kind_is_known",
            ),
        ),
        migrations.AddIndex(
            model_name="releasereview",
            index=models.Index(fields=["release", "question_set", "-id"], name="review_of_release"),
        ),
        migrations.AddConstraint(
            model_name="releasereview",
            constraint=models.CheckConstraint(
                condition=models.Q(("stage__in", ["draft", "submitted", "discarded"])),
                name="release_review_stage_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="releasereview",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("stage", "submitted"), _negated=True),
                    models.Q(
                        ("outcome__in", ["pass", "conditions", "fail"]),
                        ("submitted_at__isnull", False),
                        ("submitted_by__isnull", False),
                        models.Q(("reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="submitted_review_says_its_outcome_and_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="releasereview",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "conditions"), _negated=True),
                    models.Q(("conditions", ""), _negated=True),
                    _connector="OR",
                ),
                name="conditional_pass_names_its_conditions",
            ),
        ),
        migrations.AddConstraint(
            model_name="requiredreview",
            constraint=models.UniqueConstraint(fields=("publisher", "slug"), name="one_requirement_per_set"),
        ),
        migrations.AddConstraint(
            model_name="reviewanswers",
            constraint=models.UniqueConstraint(fields=("review", "number"), name="answer_versions_count_up"),
        ),
        migrations.AddConstraint(
            model_name="reviewfinding",
            constraint=models.UniqueConstraint(fields=("review", "key"), name="one_finding_per_question"),
        ),
        migrations.AddConstraint(
            model_name="reviewfinding",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("risk__isnull", False), ("ruled_out", "")),
                    models.Q(("risk__isnull", True), models.Q(("ruled_out", ""), _negated=True)),
                    _connector="OR",
                ),
                name="finding_names_risk_or_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewround",
            constraint=models.CheckConstraint(
                condition=models.Q(("stage__in", ["open", "done", "abandoned"])), name="round_stage_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewround",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("stage", "open")),
                    models.Q(models.Q(("stage", "open"), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="ended_round_says_when",
            ),
        ),
        migrations.AddIndex(
            model_name="riskreview",
            index=models.Index(fields=["risk", "-id"], name="review_of_risk"),
        ),
        migrations.AddConstraint(
            model_name="riskreview",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["right", "judge", "close"])), name="verdict_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="riskreview",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict", "right"), models.Q(("note", ""), _negated=True), _connector="OR"),
                name="verdict_that_changes_something_says_why",
            ),
        ),
        migrations.AddIndex(
            model_name="rounditem",
            index=models.Index(
                condition=models.Q(("review__isnull", True), ("skipped_at__isnull", True)),
                fields=["risk"],
                name="round_item_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="rounditem",
            constraint=models.UniqueConstraint(fields=("round", "risk"), name="one_item_per_risk_and_round"),
        ),
        migrations.AddConstraint(
            model_name="rounditem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("skip_reason", ""), ("skipped_at__isnull", True), ("skipped_by__isnull", True)),
                    models.Q(
                        ("review__isnull", True),
                        ("skipped_at__isnull", False),
                        ("skipped_by__isnull", False),
                        models.Q(("skip_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="skipped_item_says_who_and_why",
            ),
        ),
    ]
