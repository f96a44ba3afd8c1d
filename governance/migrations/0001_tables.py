import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('registry', '0002_assessments_are_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('number', models.PositiveIntegerField(editable=False, unique=True, verbose_name='number')),
                ('stage', models.CharField(choices=[('draft', 'Draft'), ('published', 'In force'), ('superseded', 'Superseded'), ('void', 'No longer in force')], default='draft', editable=False, max_length=24, verbose_name='stage')),
                ('title', models.CharField(help_text='What was decided, in one line.', max_length=200, verbose_name='decision')),
                ('context', models.TextField(blank=True, help_text='What made a decision necessary.', verbose_name='context')),
                ('outcome', models.TextField(blank=True, help_text='What was decided and why.', verbose_name='outcome and reasons')),
                ('consequences', models.TextField(blank=True, help_text='What follows, for better and worse.', verbose_name='consequences')),
                ('dissent', models.TextField(blank=True, verbose_name='dissenting views')),
                ('stops_holding_when', models.TextField(blank=True, help_text='The conditions under which this reasoning no longer applies.', verbose_name='when it stops holding')),
                ('review_by', models.DateField(blank=True, null=True, verbose_name='review by')),
                ('decided_as', models.CharField(choices=[('release_manager', 'Release manager'), ('risk_owner', 'Risk owner'), ('reviewer', 'Reviewer'), ('incident_handler', 'Incident handler'), ('auditor', 'Auditor'), ('administrator', 'Administrator')], default='release_manager', max_length=20, verbose_name='decided as')),
                ('decided_on', models.DateField(default=django.utils.timezone.localdate, verbose_name='decided on')),
                ('annulment_reason', models.TextField(blank=True, editable=False, verbose_name='why it is no longer in force')),
                ('annulled_at', models.DateTimeField(editable=False, null=True, verbose_name='no longer in force since')),
                ('published_at', models.DateTimeField(editable=False, null=True, verbose_name='published')),
                ('created_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='registry.modelfamily', verbose_name='model family')),
                ('published_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='published by')),
                ('release', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='registry.release', verbose_name='only this release')),
                ('risks', models.ManyToManyField(blank=True, related_name='decisions', to='registry.risk', verbose_name='risks it is about')),
                ('supersedes', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='superseded_by', to='governance.decision', verbose_name='supersedes')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='DecisionEvidence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(max_length=200, verbose_name='what it is')),
                ('url', models.URLField(max_length=500, verbose_name='address')),
                ('sha256', models.CharField(blank=True, max_length=64, validators=[django.core.validators.RegexValidator('^[0-9a-f]{64}$', 'A SHA-256 digest is 64 hexadecimal digits.')], verbose_name='SHA-256')),
                ('decision', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='evidence', to='governance.decision')),
            ],
            options={
                'verbose_name_plural': 'decision evidence',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='DecisionOption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.PositiveSmallIntegerField(default=0)),
                ('name', models.CharField(max_length=200, verbose_name='option')),
                ('arguments_for', models.TextField(blank=True, verbose_name='for it')),
                ('arguments_against', models.TextField(blank=True, verbose_name='against it')),
                ('chosen', models.BooleanField(default=False, verbose_name='chosen')),
                ('decision', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='options', to='governance.decision')),
            ],
            options={
                'ordering': ['order', 'pk'],
            },
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(condition=models.Q(('stage', 'draft'), _negated=True), fields=['-published_at'], name='decision_log'),
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(fields=['family', '-published_at'], name='decision_of_family'),
        ),
        migrations.AddIndex(
            model_name='decision',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector('title', 'context', 'outcome', 'consequences', 'stops_holding_when', config='english'), name='decision_search'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['draft', 'published', 'superseded', 'void'])), name='decision_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('stage', 'draft'), models.Q(('decided_by__isnull', False), ('published_at__isnull', False), ('published_by__isnull', False)), _connector='OR'), name='published_decision_says_who_and_when'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('stage', 'draft'), models.Q(models.Q(('context', ''), _negated=True), models.Q(('outcome', ''), _negated=True), models.Q(('consequences', ''), _negated=True), models.Q(('stops_holding_when', ''), _negated=True)), _connector='OR'), name='published_decision_is_complete'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage', 'void'), _negated=True), models.Q(models.Q(('annulment_reason', ''), _negated=True), ('annulled_at__isnull', False)), _connector='OR'), name='void_decision_says_why'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('supersedes__isnull', True), models.Q(('supersedes', models.F('id')), _negated=True), _connector='OR'), name='decision_supersedes_another'),
        ),
        migrations.AddConstraint(
            model_name='decisionoption',
            constraint=models.UniqueConstraint(condition=models.Q(('chosen', True)), fields=('decision',), name='one_option_is_chosen'),
        ),
    ]
