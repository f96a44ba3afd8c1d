import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0009_levels_come_from_the_scale"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            model_name='release',
            name='intended_users',
            field=models.TextField(blank=True, help_text='Who should use this release, in plain words.', max_length=2000, verbose_name='for whom it is'),
        ),
        migrations.AddField(
            model_name='release',
            name='licence_name',
            field=models.CharField(blank=True, max_length=200, verbose_name='name of your own licence'),
        ),
        migrations.AddField(
            model_name='release',
            name='licence_text',
            field=models.TextField(blank=True, help_text='If it is nowhere else to be read.', max_length=60000, verbose_name='its text'),
        ),
        migrations.AddField(
            model_name='release',
            name='licence_url',
            field=models.URLField(blank=True, max_length=500, verbose_name='where its text is'),
        ),
        migrations.AlterField(
            model_name='release',
            name='licence',
            field=models.CharField(blank=True, help_text='An SPDX expression, such as Apache-2.0 or MIT OR OpenMDW-1.0. For a licence of your own write LicenseRef- and a name, such as LicenseRef-Harbour-1.', max_length=300, verbose_name='licence'),
        ),
        migrations.CreateModel(
            name='CapabilityStatus',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('capability', models.CharField(help_text='What it can do, such as “Summaries in Dutch”.', max_length=120, verbose_name='capability')),
                ('status', models.CharField(choices=[('experimental', 'Experimental'), ('evaluated', 'Evaluated'), ('safeguarded', 'Safeguarded'), ('restricted', 'Restricted'), ('deprecated', 'Deprecated'), ('removed', 'Removed')], max_length=14, verbose_name='status')),
                ('evidence', models.TextField(help_text='What this rests on. Everybody reads it.', max_length=4000, verbose_name='evidence')),
                ('evidence_url', models.URLField(blank=True, max_length=500, verbose_name='where the evidence is')),
                ('noted_at', models.DateTimeField(auto_now_add=True, verbose_name='when')),
            ],
            options={
                'verbose_name_plural': 'capability statuses',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='EntryCriterion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('text', models.CharField(help_text='So that two people would judge it alike.', max_length=500, verbose_name='criterion')),
                ('is_required', models.BooleanField(default=True, help_text='The phase cannot be entered before it is met.', verbose_name='required')),
                ('met_at', models.DateTimeField(editable=False, null=True, verbose_name='met')),
                ('evidence', models.TextField(blank=True, max_length=4000, verbose_name='what shows it')),
                ('evidence_url', models.URLField(blank=True, max_length=500, verbose_name='where that is')),
            ],
            options={
                'verbose_name_plural': 'entry criteria',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Phase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('number', models.PositiveSmallIntegerField(default=1, verbose_name='place in the plan')),
                ('kind', models.CharField(choices=[('internal', 'Internal'), ('beta', 'Supervised beta'), ('gated', 'Gated'), ('public', 'Public'), ('end_of_support', 'End of support'), ('withdrawn', 'Withdrawn')], max_length=14, verbose_name='kind')),
                ('title', models.CharField(blank=True, help_text='If the kind does not say enough: “Hospitals first”.', max_length=120, verbose_name='name')),
                ('stage', models.CharField(choices=[('planned', 'Planned'), ('entered', 'In this phase'), ('left', 'Left'), ('dropped', 'Dropped')], default='planned', editable=False, max_length=24, verbose_name='stage')),
                ('planned_on', models.DateField(blank=True, null=True, verbose_name='planned for')),
                ('is_announced', models.BooleanField(default=False, help_text='The public page shows it, with its date, before it comes. Internal phases are never shown.', verbose_name='announced')),
                ('decision', models.CharField(blank=True, help_text='Its permanent reference, such as D-12, where the decision log holds it.', max_length=20, verbose_name='decision behind it')),
                ('note', models.TextField(blank=True, help_text='For people with a role here.', max_length=4000, verbose_name='note')),
                ('entered_at', models.DateTimeField(editable=False, null=True, verbose_name='entered')),
                ('left_at', models.DateTimeField(editable=False, null=True, verbose_name='left')),
            ],
            options={
                'ordering': ['number', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='ReleaseParent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('parent_name', models.CharField(blank=True, help_text='As it is called there, such as “google/gemma-2-9b” on the Hugging Face Hub.', max_length=200, verbose_name='or from a model elsewhere')),
                ('relation', models.CharField(choices=[('finetune', 'Fine-tuned from'), ('adapter', 'Adapter for'), ('quantized', 'Quantised from'), ('merge', 'Merged from'), ('distilled', 'Distilled from'), ('continued', 'Trained further from'), ('converted', 'Converted from'), ('other', 'Made from')], default='finetune', max_length=12, verbose_name='how')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='added')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AddField(
            model_name='capabilitystatus',
            name='noted_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='capabilitystatus',
            name='release',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='capability_statuses', to='registry.release', verbose_name='release'),
        ),
        migrations.AddField(
            model_name='entrycriterion',
            name='met_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='phase',
            name='decider',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who decides'),
        ),
        migrations.AddField(
            model_name='phase',
            name='entered_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='phase',
            name='release',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='phases', to='registry.release', verbose_name='release'),
        ),
        migrations.AddField(
            model_name='entrycriterion',
            name='phase',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='criteria', to='registry.phase', verbose_name='phase'),
        ),
        migrations.AddField(
            model_name='releaseparent',
            name='created_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='releaseparent',
            name='parent',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='derivatives', to='registry.release', verbose_name='made from this release here'),
        ),
        migrations.AddField(
            model_name='releaseparent',
            name='release',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parents', to='registry.release', verbose_name='release'),
        ),
        migrations.AddIndex(
            model_name='capabilitystatus',
            index=models.Index(models.F('release'), django.db.models.functions.text.Lower('capability'), models.OrderBy(models.F('id'), descending=True), name='capability_newest'),
        ),
        migrations.AddConstraint(
            model_name='capabilitystatus',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['experimental', 'evaluated', 'safeguarded', 'restricted', 'deprecated', 'removed'])), name='capability_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='capabilitystatus',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('evidence', ''), _negated=True), models.Q(('capability', ''), _negated=True)), name='capability_status_says_why'),
        ),
        migrations.AddIndex(
            model_name='phase',
            index=models.Index(fields=['release', 'number'], name='phase_of_release'),
        ),
        migrations.AddConstraint(
            model_name='phase',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['internal', 'beta', 'gated', 'public', 'end_of_support', 'withdrawn'])), name='phase_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='phase',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['planned', 'entered', 'left', 'dropped'])), name='phase_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='phase',
            constraint=models.UniqueConstraint(condition=models.Q(('stage', 'entered')), fields=('release',), name='release_is_in_one_phase'),
        ),
        migrations.AddConstraint(
            model_name='phase',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('entered_at__isnull', True), ('stage__in', ['planned', 'dropped'])), models.Q(('decider__isnull', False), ('entered_at__isnull', False), ('entered_by__isnull', False), ('stage__in', ['entered', 'left'])), _connector='OR'), name='entered_phase_says_who_and_when'),
        ),
        migrations.AddConstraint(
            model_name='phase',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('left_at__isnull', False), ('stage', 'left')), models.Q(models.Q(('stage', 'left'), _negated=True), ('left_at__isnull', True)), _connector='OR'), name='left_phase_says_when'),
        ),
        migrations.AddConstraint(
            model_name='entrycriterion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('met_at__isnull', True), ('met_by__isnull', True)), models.Q(('met_at__isnull', False), ('met_by__isnull', False)), _connector='OR'), name='met_criterion_says_who'),
        ),
        migrations.AddConstraint(
            model_name='releaseparent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('parent__isnull', False), ('parent_name', '')), models.Q(('parent__isnull', True), models.Q(('parent_name', ''), _negated=True)), _connector='OR'), name='parent_is_here_or_elsewhere'),
        ),
        migrations.AddConstraint(
            model_name='releaseparent',
            constraint=models.CheckConstraint(condition=models.Q(('parent', models.F('release')), _negated=True), name='release_is_not_its_own_parent'),
        ),
        migrations.AddConstraint(
            model_name='releaseparent',
            constraint=models.CheckConstraint(condition=models.Q(('relation__in', ['finetune', 'adapter', 'quantized', 'merge', 'distilled', 'continued', 'converted', 'other'])), name='relation_is_known'),
        ),
        migrations.AddConstraint(
            model_name='releaseparent',
            constraint=models.UniqueConstraint(fields=('release', 'parent'), name='one_edge_per_parent', violation_error_message='This release is among its parents already.'),
        ),
        migrations.AddConstraint(
            model_name='releaseparent',
            constraint=models.UniqueConstraint(condition=models.Q(('parent_name', ''), _negated=True), fields=('release', 'parent_name'), name='one_edge_per_parent_elsewhere', violation_error_message='This model is among its parents already.'),
        ),
    ]
