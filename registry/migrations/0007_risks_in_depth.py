import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0006_scales_of_publishers'),
    ]

    operations = [
        migrations.CreateModel(
            name='AssessmentProposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('stage', models.CharField(choices=[('proposed', 'Waits for a second person'), ('confirmed', 'Confirmed'), ('declined', 'Declined'), ('withdrawn', 'Withdrawn')], default='proposed', editable=False, max_length=24, verbose_name='stage')),
                ('digest', models.CharField(editable=False, max_length=64)),
                ('kind', models.CharField(choices=[('inherent', 'Before mitigation'), ('residual', 'After mitigation'), ('target', 'Target')], max_length=10, verbose_name='when')),
                ('likelihood', models.PositiveSmallIntegerField(verbose_name='likelihood')),
                ('severity', models.PositiveSmallIntegerField(verbose_name='severity')),
                ('detectability', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='how soon it is noticed')),
                ('reversibility', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='how far it can be undone')),
                ('confidence', models.CharField(blank=True, choices=[('low', 'Low'), ('medium', 'Medium'), ('high', 'High')], max_length=8, verbose_name='confidence')),
                ('rationale', models.TextField(verbose_name='why')),
                ('evidence', models.TextField(blank=True, verbose_name='evidence')),
                ('proposed_at', models.DateTimeField(auto_now_add=True, verbose_name='proposed')),
                ('decided_at', models.DateTimeField(editable=False, null=True, verbose_name='decided')),
                ('decline_reason', models.TextField(blank=True, editable=False, verbose_name='why not')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='RiskAcceptance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.TextField(verbose_name='why it can be borne')),
                ('conditions', models.TextField(blank=True, verbose_name='on what conditions')),
                ('band', models.CharField(choices=[('low', 'Low'), ('moderate', 'Moderate'), ('high', 'High'), ('critical', 'Critical')], editable=False, max_length=10, verbose_name='level')),
                ('digest', models.CharField(editable=False, max_length=64)),
                ('snapshot', models.JSONField(default=dict, editable=False)),
                ('accepted_at', models.DateTimeField(auto_now_add=True, verbose_name='accepted')),
                ('ends_on', models.DateField(verbose_name='until')),
                ('revoked_at', models.DateTimeField(editable=False, null=True, verbose_name='revoked')),
                ('revocation_reason', models.TextField(blank=True, editable=False, verbose_name='why it was revoked')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='risk',
            name='risk_stage_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='risk',
            name='open_risk_has_owner',
        ),
        migrations.RemoveConstraint(
            model_name='risk',
            name='open_risk_is_assessed',
        ),
        migrations.RemoveConstraint(
            model_name='risk',
            name='inherent_likelihood_on_scale',
        ),
        migrations.RemoveConstraint(
            model_name='risk',
            name='inherent_severity_on_scale',
        ),
        migrations.RemoveConstraint(
            model_name='risk',
            name='residual_likelihood_on_scale',
        ),
        migrations.RemoveConstraint(
            model_name='risk',
            name='residual_severity_on_scale',
        ),
        migrations.RemoveConstraint(
            model_name='riskassessment',
            name='assessment_on_scale',
        ),
        migrations.AddField(
            model_name='risk',
            name='cause',
            field=models.TextField(blank=True, help_text='What has to be so for it to happen.', verbose_name='cause'),
        ),
        migrations.AddField(
            model_name='risk',
            name='confidence',
            field=models.CharField(blank=True, choices=[('low', 'Low'), ('medium', 'Medium'), ('high', 'High')], editable=False, max_length=8, verbose_name='confidence'),
        ),
        migrations.AddField(
            model_name='risk',
            name='consequence',
            field=models.TextField(blank=True, help_text='What follows from it, and for whom.', verbose_name='consequence'),
        ),
        migrations.AddField(
            model_name='risk',
            name='deputy',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deputised_risks', to=settings.AUTH_USER_MODEL, verbose_name='deputy'),
        ),
        migrations.AddField(
            model_name='risk',
            name='inherent_band',
            field=models.CharField(choices=[('low', 'Low'), ('moderate', 'Moderate'), ('high', 'High'), ('critical', 'Critical')], editable=False, max_length=10, null=True),
        ),
        migrations.AddField(
            model_name='risk',
            name='objectives',
            field=models.ManyToManyField(blank=True, related_name='risks', to='registry.objective', verbose_name='objectives it threatens'),
        ),
        migrations.AddField(
            model_name='risk',
            name='residual_band',
            field=models.CharField(choices=[('low', 'Low'), ('moderate', 'Moderate'), ('high', 'High'), ('critical', 'Critical')], editable=False, max_length=10, null=True),
        ),
        migrations.AddField(
            model_name='riskassessment',
            name='confirmed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='confirmed by'),
        ),
        migrations.AddField(
            model_name='risk',
            name='detectability',
            field=models.PositiveSmallIntegerField(editable=False, null=True, verbose_name='how soon it is noticed'),
        ),
        migrations.AddField(
            model_name='risk',
            name='digest',
            field=models.CharField(default='', editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name='risk',
            name='event',
            field=models.TextField(blank=True, help_text='What happens then.', verbose_name='event'),
        ),
        migrations.AddField(
            model_name='risk',
            name='origin',
            field=models.CharField(choices=[('team', 'The team'), ('incident', 'An incident'), ('evaluation', 'An evaluation'), ('review', 'A review'), ('public', 'The public'), ('import', 'An import')], default='team', editable=False, max_length=12, verbose_name='raised by'),
        ),
        migrations.AddField(
            model_name='risk',
            name='origin_reference',
            field=models.CharField(blank=True, editable=False, max_length=200, verbose_name='from'),
        ),
        migrations.AddField(
            model_name='risk',
            name='reversibility',
            field=models.PositiveSmallIntegerField(editable=False, null=True, verbose_name='how far it can be undone'),
        ),
        migrations.AddField(
            model_name='risk',
            name='review_days',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Leave empty to look again as often as the scale says for its level.', null=True, verbose_name='look again after, in days'),
        ),
        migrations.AddField(
            model_name='risk',
            name='review_due_on',
            field=models.DateField(editable=False, null=True, verbose_name='look again by'),
        ),
        migrations.AddField(
            model_name='risk',
            name='reviewed_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='last looked at'),
        ),
        migrations.AddField(
            model_name='risk',
            name='target_band',
            field=models.CharField(choices=[('low', 'Low'), ('moderate', 'Moderate'), ('high', 'High'), ('critical', 'Critical')], editable=False, max_length=10, null=True),
        ),
        migrations.AddField(
            model_name='risk',
            name='target_likelihood',
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='risk',
            name='target_severity',
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='risk',
            name='treatment',
            field=models.CharField(choices=[('mitigate', 'Mitigate'), ('avoid', 'Avoid'), ('transfer', 'Transfer'), ('accept', 'Accept')], default='mitigate', editable=False, max_length=10, verbose_name='treatment'),
        ),
        migrations.AddField(
            model_name='riskassessment',
            name='cause',
            field=models.CharField(choices=[('judged', 'Judged'), ('imported', 'Imported'), ('rebanded', 'Carried to a new scale')], default='judged', editable=False, max_length=10),
        ),
        migrations.AddField(
            model_name='riskassessment',
            name='confidence',
            field=models.CharField(blank=True, choices=[('low', 'Low'), ('medium', 'Medium'), ('high', 'High')], max_length=8, verbose_name='confidence'),
        ),
        migrations.AddField(
            model_name='riskassessment',
            name='detectability',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='how soon it is noticed'),
        ),
        migrations.AddField(
            model_name='riskassessment',
            name='evidence',
            field=models.TextField(blank=True, help_text='Links, evaluations, permanent references.', verbose_name='evidence'),
        ),
        migrations.AddField(
            model_name='riskassessment',
            name='reversibility',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='how far it can be undone'),
        ),
        migrations.AlterField(
            model_name='risk',
            name='harm',
            field=models.TextField(blank=True, help_text='What could happen, and how.', verbose_name='the harm'),
        ),
        migrations.AlterField(
            model_name='risk',
            name='inherent_likelihood',
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='risk',
            name='inherent_severity',
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='risk',
            name='residual_likelihood',
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='risk',
            name='residual_severity',
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='risk',
            name='stage',
            field=models.CharField(choices=[('stub', 'Stub'), ('draft', 'Draft'), ('open', 'Open'), ('closed', 'Closed')], default='draft', editable=False, max_length=24, verbose_name='stage'),
        ),
        migrations.AlterField(
            model_name='riskassessment',
            name='assessed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='assessed by'),
        ),
        migrations.AlterField(
            model_name='riskassessment',
            name='kind',
            field=models.CharField(choices=[('inherent', 'Before mitigation'), ('residual', 'After mitigation'), ('target', 'Target')], max_length=10, verbose_name='when'),
        ),
        migrations.AlterField(
            model_name='riskassessment',
            name='likelihood',
            field=models.PositiveSmallIntegerField(verbose_name='likelihood'),
        ),
        migrations.AlterField(
            model_name='riskassessment',
            name='severity',
            field=models.PositiveSmallIntegerField(verbose_name='severity'),
        ),
        migrations.AddField(
            model_name='assessmentproposal',
            name='decided_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='assessmentproposal',
            name='proposed_by',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='assessmentproposal',
            name='risk',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='registry.risk'),
        ),
        migrations.AddField(
            model_name='riskacceptance',
            name='accepted_by',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='accepted by'),
        ),
        migrations.AddField(
            model_name='riskacceptance',
            name='revoked_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='riskacceptance',
            name='risk',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to='registry.risk'),
        ),
        migrations.AddField(
            model_name='risk',
            name='terms',
            field=models.ManyToManyField(blank=True, help_text='Taxonomy entries.', related_name='risks', to='registry.term', verbose_name='what others call it'),
        ),
        migrations.AddConstraint(
            model_name='assessmentproposal',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['proposed', 'confirmed', 'declined', 'withdrawn'])), name='proposal_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='assessmentproposal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage', 'confirmed'), _negated=True), models.Q(models.Q(('decided_by', models.F('proposed_by')), _negated=True), ('decided_by__isnull', False)), _connector='OR'), name='proposal_confirmed_by_somebody_else'),
        ),
        migrations.AddConstraint(
            model_name='assessmentproposal',
            constraint=models.UniqueConstraint(condition=models.Q(('stage', 'proposed')), fields=('risk',), name='one_proposal_at_a_time'),
        ),
        migrations.AddIndex(
            model_name='riskacceptance',
            index=models.Index(condition=models.Q(('revoked_at', None)), fields=['ends_on'], name='acceptance_ends'),
        ),
        migrations.AddConstraint(
            model_name='riskacceptance',
            constraint=models.CheckConstraint(condition=models.Q(('band__in', ['low', 'moderate', 'high', 'critical'])), name='acceptance_band_is_known'),
        ),
        migrations.AddConstraint(
            model_name='riskacceptance',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='acceptance_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='riskacceptance',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('revoked_at__isnull', True), ('revoked_by__isnull', True)), models.Q(('revoked_at__isnull', False), ('revoked_by__isnull', False), models.Q(('revocation_reason', ''), _negated=True)), _connector='OR'), name='revoked_acceptance_says_who_and_why'),
        ),
        migrations.AddConstraint(
            model_name='riskacceptance',
            constraint=models.UniqueConstraint(condition=models.Q(('revoked_at', None)), fields=('risk',), name='one_acceptance_at_a_time'),
        ),
        migrations.AddField(
            model_name='risk',
            name='current_band',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce('residual_band', 'inherent_band'), output_field=models.CharField(max_length=10)),
        ),
        migrations.AddField(
            model_name='risk',
            name='target_score',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(models.F('target_likelihood'), '*', models.F('target_severity')), output_field=models.SmallIntegerField()),
        ),
        migrations.AddField(
            model_name='risk',
            name='scale',
            field=models.ForeignKey(null=True, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='risks', to='registry.riskscale'),
        ),
        migrations.AddField(
            model_name='riskassessment',
            name='scale',
            field=models.ForeignKey(null=True, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.riskscale'),
        ),
        migrations.AddField(
            model_name='riskassessment',
            name='band',
            field=models.CharField(null=True, choices=[('low', 'Low'), ('moderate', 'Moderate'), ('high', 'High'), ('critical', 'Critical')], editable=False, max_length=10),
        ),
        migrations.RemoveIndex(model_name='risk', name='risk_of_family'),
        migrations.RemoveIndex(model_name='risk', name='risk_worst_first'),
        migrations.RemoveIndex(model_name='risk', name='risk_words'),
        migrations.RemoveField(model_name='risk', name='urgency'),
        migrations.RemoveField(model_name='risk', name='words'),
        migrations.AddField(
            model_name='risk',
            name='urgency',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.Case(models.When(residual_band='low', then=models.Value(1)), models.When(residual_band='moderate', then=models.Value(2)), models.When(residual_band='high', then=models.Value(3)), models.When(residual_band='critical', then=models.Value(4)), models.When(inherent_band='low', residual_band__isnull=True, then=models.Value(1)), models.When(inherent_band='moderate', residual_band__isnull=True, then=models.Value(2)), models.When(inherent_band='high', residual_band__isnull=True, then=models.Value(3)), models.When(inherent_band='critical', residual_band__isnull=True, then=models.Value(4)), default=models.Value(0)), '*', models.Value(100)), '+', django.db.models.functions.comparison.Coalesce(django.db.models.expressions.CombinedExpression(models.F('residual_likelihood'), '*', models.F('residual_severity')), django.db.models.expressions.CombinedExpression(models.F('inherent_likelihood'), '*', models.F('inherent_severity')), 0)), '*', models.Value(1099511627776)), '+', models.F('id')), output_field=models.BigIntegerField()),
        ),
        migrations.AddField(
            model_name='risk',
            name='words',
            field=models.GeneratedField(db_persist=True, expression=django.contrib.postgres.search.SearchVector('title', 'harm', 'affected', 'cause', 'event', 'consequence', config='english'), output_field=django.contrib.postgres.search.SearchVectorField()),
        ),
        migrations.AddIndex(
            model_name='risk', index=models.Index(fields=['family', '-urgency'], name='risk_of_family')
        ),
        migrations.AddIndex(model_name='risk', index=models.Index(fields=['-urgency'], name='risk_worst_first')),
        migrations.AddIndex(
            model_name='risk', index=django.contrib.postgres.indexes.GinIndex(fields=['words'], name='risk_words')
        ),
    ]
