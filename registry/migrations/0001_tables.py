import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import registry.models.artifacts
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ModelFamily',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('slug', models.CharField(max_length=80, validators=[django.core.validators.RegexValidator('^(?!.*(--|\\.\\.))[A-Za-z0-9_][A-Za-z0-9._-]*(?<![.-])$', 'Use letters, digits, “-”, “_” and “.”, and begin with a letter or digit.')], verbose_name='short name')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('summary', models.CharField(max_length=500, verbose_name='what it is, in one or two sentences')),
                ('intended_use', models.TextField(blank=True, verbose_name='what it is for')),
                ('out_of_scope_use', models.TextField(blank=True, verbose_name='what it is not for')),
            ],
            options={
                'verbose_name_plural': 'model families',
                'ordering': ['name'],
                'permissions': [('act_as_release_manager', 'Can act as release manager'), ('act_as_risk_owner', 'Can act as risk owner'), ('act_as_reviewer', 'Can act as reviewer'), ('act_as_incident_handler', 'Can act as incident handler'), ('act_as_auditor', 'Can act as auditor'), ('act_as_administrator', 'Can act as administrator')],
            },
        ),
        migrations.CreateModel(
            name='Publisher',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('slug', models.CharField(max_length=60, unique=True, validators=[django.core.validators.RegexValidator('^(?!.*(--|\\.\\.))[A-Za-z0-9_][A-Za-z0-9._-]*(?<![.-])$', 'Use letters, digits, “-”, “_” and “.”, and begin with a letter or digit.')], verbose_name='short name')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('about', models.TextField(blank=True, verbose_name='about')),
                ('website', models.URLField(blank=True, verbose_name='website')),
                ('contact_email', models.EmailField(blank=True, max_length=254, verbose_name='contact for questions')),
            ],
            options={
                'ordering': ['name'],
                'permissions': [('act_as_release_manager', 'Can act as release manager'), ('act_as_risk_owner', 'Can act as risk owner'), ('act_as_reviewer', 'Can act as reviewer'), ('act_as_incident_handler', 'Can act as incident handler'), ('act_as_auditor', 'Can act as auditor'), ('act_as_administrator', 'Can act as administrator')],
            },
        ),
        migrations.CreateModel(
            name='Objective',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('title', models.CharField(max_length=200, verbose_name='objective')),
                ('statement', models.TextField(blank=True, verbose_name='what it means')),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='objectives', to='registry.modelfamily')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AddField(
            model_name='modelfamily',
            name='publisher',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='families', to='registry.publisher', verbose_name='publisher'),
        ),
        migrations.CreateModel(
            name='Release',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('version', models.CharField(max_length=60, validators=[django.core.validators.RegexValidator('^[A-Za-z0-9][A-Za-z0-9._+-]*$', 'Use letters, digits, “.”, “_”, “+” and “-”.')], verbose_name='version')),
                ('stage', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published'), ('withdrawn', 'Withdrawn')], default='draft', editable=False, max_length=24, verbose_name='stage')),
                ('modality', models.CharField(choices=[('text', 'Text'), ('image', 'Image'), ('audio', 'Audio'), ('video', 'Video'), ('code', 'Code'), ('multimodal', 'Multimodal'), ('other', 'Other')], default='text', max_length=20, verbose_name='modality')),
                ('licence', models.CharField(blank=True, help_text='An SPDX expression where there is one.', max_length=120, verbose_name='licence')),
                ('base_model', models.CharField(blank=True, max_length=200, verbose_name='made from')),
                ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None, verbose_name='languages')),
                ('revision', models.CharField(blank=True, editable=False, max_length=40, verbose_name='revision')),
                ('published_at', models.DateTimeField(editable=False, null=True, verbose_name='published')),
                ('withdrawn_at', models.DateTimeField(editable=False, null=True, verbose_name='withdrawn')),
                ('withdrawal_reason', models.TextField(blank=True, editable=False, verbose_name='why it was withdrawn')),
                ('created_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='registry.modelfamily', verbose_name='model family')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ModelCard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='version')),
                ('source', models.TextField(verbose_name='source')),
                ('body', models.TextField(verbose_name='text')),
                ('metadata', models.JSONField(default=dict, verbose_name='metadata')),
                ('sha256', models.CharField(max_length=64, validators=[django.core.validators.RegexValidator('^[0-9a-f]{64}$', 'A SHA-256 digest is 64 hexadecimal digits.')])),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='added')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cards', to='registry.release')),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='Artifact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=300, validators=[registry.models.artifacts.check_artifact_path], verbose_name='path')),
                ('size', models.BigIntegerField(verbose_name='size in bytes')),
                ('sha256', models.CharField(max_length=64, validators=[django.core.validators.RegexValidator('^[0-9a-f]{64}$', 'A SHA-256 digest is 64 hexadecimal digits.')], verbose_name='SHA-256')),
                ('file', models.FileField(max_length=300, upload_to=registry.models.artifacts.artifact_location)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='added')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='artifacts', to='registry.release')),
            ],
            options={
                'ordering': ['path'],
            },
        ),
        migrations.CreateModel(
            name='Risk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('number', models.PositiveIntegerField(editable=False, verbose_name='number')),
                ('stage', models.CharField(choices=[('draft', 'Draft'), ('open', 'Open'), ('closed', 'Closed')], default='draft', editable=False, max_length=24, verbose_name='stage')),
                ('title', models.CharField(max_length=200, verbose_name='risk')),
                ('harm', models.TextField(help_text='What could happen, and how.', verbose_name='the harm')),
                ('affected', models.TextField(blank=True, verbose_name='who it touches')),
                ('is_public', models.BooleanField(default=True, verbose_name='shown on the public page')),
                ('inherent_likelihood', models.PositiveSmallIntegerField(choices=[(1, 'Rare'), (2, 'Unlikely'), (3, 'Possible'), (4, 'Likely'), (5, 'Almost certain')], editable=False, null=True)),
                ('inherent_severity', models.PositiveSmallIntegerField(choices=[(1, 'Negligible'), (2, 'Minor'), (3, 'Moderate'), (4, 'Major'), (5, 'Severe')], editable=False, null=True)),
                ('residual_likelihood', models.PositiveSmallIntegerField(choices=[(1, 'Rare'), (2, 'Unlikely'), (3, 'Possible'), (4, 'Likely'), (5, 'Almost certain')], editable=False, null=True)),
                ('residual_severity', models.PositiveSmallIntegerField(choices=[(1, 'Negligible'), (2, 'Minor'), (3, 'Moderate'), (4, 'Major'), (5, 'Severe')], editable=False, null=True)),
                ('inherent_score', models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(models.F('inherent_likelihood'), '*', models.F('inherent_severity')), output_field=models.SmallIntegerField())),
                ('residual_score', models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(models.F('residual_likelihood'), '*', models.F('residual_severity')), output_field=models.SmallIntegerField())),
                ('opened_at', models.DateTimeField(editable=False, null=True, verbose_name='opened')),
                ('closed_at', models.DateTimeField(editable=False, null=True, verbose_name='closed')),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='risks', to='registry.modelfamily', verbose_name='model family')),
                ('objective', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='risks', to='registry.objective', verbose_name='objective it threatens')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='owned_risks', to=settings.AUTH_USER_MODEL, verbose_name='risk owner')),
                ('release', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='risks', to='registry.release', verbose_name='only this release')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Mitigation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('stage', models.CharField(choices=[('planned', 'Planned'), ('in_progress', 'In progress'), ('done', 'Done'), ('dropped', 'Dropped')], default='planned', editable=False, max_length=24, verbose_name='stage')),
                ('title', models.CharField(max_length=200, verbose_name='mitigation')),
                ('description', models.TextField(blank=True, verbose_name='how it works')),
                ('due_on', models.DateField(verbose_name='due')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='owned_mitigations', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mitigations', to='registry.modelfamily')),
                ('risks', models.ManyToManyField(related_name='mitigations', to='registry.risk')),
            ],
            options={
                'ordering': ['due_on', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='RiskAssessment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('inherent', 'Before mitigation'), ('residual', 'After mitigation')], max_length=10, verbose_name='when')),
                ('likelihood', models.PositiveSmallIntegerField(choices=[(1, 'Rare'), (2, 'Unlikely'), (3, 'Possible'), (4, 'Likely'), (5, 'Almost certain')], verbose_name='likelihood')),
                ('severity', models.PositiveSmallIntegerField(choices=[(1, 'Negligible'), (2, 'Minor'), (3, 'Moderate'), (4, 'Major'), (5, 'Severe')], verbose_name='severity')),
                ('rationale', models.TextField(verbose_name='why')),
                ('assessed_at', models.DateTimeField(auto_now_add=True, verbose_name='assessed')),
                ('assessed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('risk', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assessments', to='registry.risk')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='objective',
            constraint=models.UniqueConstraint(fields=('family', 'title'), name='one_objective_per_title'),
        ),
        migrations.AddConstraint(
            model_name='modelfamily',
            constraint=models.UniqueConstraint(fields=('publisher', 'slug'), name='one_family_per_name', violation_error_message='This publisher has a model family with this short name.'),
        ),
        migrations.AddIndex(
            model_name='release',
            index=models.Index(condition=models.Q(('stage__in', ['published', 'withdrawn'])), fields=['family', '-published_at'], name='release_public'),
        ),
        migrations.AddIndex(
            model_name='release',
            index=models.Index(condition=models.Q(('revision', ''), _negated=True), fields=['revision'], name='release_revision'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.UniqueConstraint(fields=('family', 'version'), name='one_release_per_version', violation_error_message='This model family has a release with this version.'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['draft', 'published', 'withdrawn'])), name='release_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.CheckConstraint(condition=models.Q(('stage', 'draft'), models.Q(models.Q(('revision', ''), _negated=True), ('published_at__isnull', False)), _connector='OR'), name='published_release_has_revision'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage', 'withdrawn'), _negated=True), models.Q(('withdrawal_reason', ''), _negated=True), _connector='OR'), name='withdrawn_release_says_why'),
        ),
        migrations.AddConstraint(
            model_name='modelcard',
            constraint=models.UniqueConstraint(fields=('release', 'number'), name='card_versions_count_up'),
        ),
        migrations.AddConstraint(
            model_name='artifact',
            constraint=models.UniqueConstraint(fields=('release', 'path'), name='one_file_per_path', violation_error_message='The release has this file.'),
        ),
        migrations.AddConstraint(
            model_name='artifact',
            constraint=models.CheckConstraint(condition=models.Q(('size__gte', 0)), name='artifact_size_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='artifact',
            constraint=models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='artifact_digest_is_sha256'),
        ),
        migrations.AddIndex(
            model_name='risk',
            index=models.Index(fields=['family', 'stage', '-residual_score'], name='risk_of_family'),
        ),
        migrations.AddIndex(
            model_name='risk',
            index=models.Index(fields=['owner', 'stage'], name='risk_of_owner'),
        ),
        migrations.AddConstraint(
            model_name='risk',
            constraint=models.UniqueConstraint(fields=('family', 'number'), name='risk_numbers_count_up'),
        ),
        migrations.AddConstraint(
            model_name='risk',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['draft', 'open', 'closed'])), name='risk_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='risk',
            constraint=models.CheckConstraint(condition=models.Q(('stage', 'draft'), ('owner__isnull', False), _connector='OR'), name='open_risk_has_owner', violation_error_message='Name a risk owner first.'),
        ),
        migrations.AddConstraint(
            model_name='risk',
            constraint=models.CheckConstraint(condition=models.Q(('stage', 'draft'), models.Q(('inherent_likelihood__isnull', False), ('inherent_severity__isnull', False)), _connector='OR'), name='open_risk_is_assessed'),
        ),
        migrations.AddConstraint(
            model_name='risk',
            constraint=models.CheckConstraint(condition=models.Q(('inherent_likelihood__range', (1, 5)), ('inherent_likelihood__isnull', True), _connector='OR'), name='inherent_likelihood_on_scale'),
        ),
        migrations.AddConstraint(
            model_name='risk',
            constraint=models.CheckConstraint(condition=models.Q(('inherent_severity__range', (1, 5)), ('inherent_severity__isnull', True), _connector='OR'), name='inherent_severity_on_scale'),
        ),
        migrations.AddConstraint(
            model_name='risk',
            constraint=models.CheckConstraint(condition=models.Q(('residual_likelihood__range', (1, 5)), ('residual_likelihood__isnull', True), _connector='OR'), name='residual_likelihood_on_scale'),
        ),
        migrations.AddConstraint(
            model_name='risk',
            constraint=models.CheckConstraint(condition=models.Q(('residual_severity__range', (1, 5)), ('residual_severity__isnull', True), _connector='OR'), name='residual_severity_on_scale'),
        ),
        migrations.AddIndex(
            model_name='mitigation',
            index=models.Index(condition=models.Q(('stage__in', ['planned', 'in_progress'])), fields=['owner', 'due_on'], name='mitigation_due'),
        ),
        migrations.AddConstraint(
            model_name='mitigation',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['planned', 'in_progress', 'done', 'dropped'])), name='mitigation_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='riskassessment',
            constraint=models.CheckConstraint(condition=models.Q(('likelihood__range', (1, 5)), ('severity__range', (1, 5))), name='assessment_on_scale'),
        ),
    ]
