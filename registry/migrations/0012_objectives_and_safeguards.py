import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0011_release_plan_guards'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HighRiskUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('title', models.CharField(max_length=200, verbose_name='use')),
                ('affected', models.TextField(blank=True, verbose_name='who it touches')),
                ('why', models.TextField(verbose_name='why it is high-risk')),
                ('source', models.CharField(blank=True, max_length=300, verbose_name='law or other source')),
                ('source_url', models.URLField(blank=True, max_length=500, verbose_name='address of the source')),
                ('severity', models.CharField(choices=[('moderate', 'Moderate'), ('high', 'High'), ('critical', 'Critical')], default='high', max_length=10, verbose_name='severity')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='ObjectiveMeasurement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('metric', models.CharField(editable=False, max_length=120, verbose_name='metric')),
                ('unit', models.CharField(blank=True, editable=False, max_length=40, verbose_name='unit')),
                ('data_set', models.CharField(blank=True, editable=False, max_length=200, verbose_name='measured on')),
                ('population', models.CharField(blank=True, editable=False, max_length=200, verbose_name='for whom')),
                ('value', models.DecimalField(decimal_places=8, max_digits=24, verbose_name='value')),
                ('measured_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='measured')),
                ('source', models.CharField(max_length=500, verbose_name='where it comes from')),
                ('evidence_url', models.URLField(blank=True, max_length=500, verbose_name='address of the evidence')),
                ('recorded_at', models.DateTimeField(auto_now_add=True, verbose_name='recorded')),
            ],
            options={
                'ordering': ['-measured_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Safeguard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('stage', models.CharField(choices=[('planned', 'Planned'), ('in_place', 'In place'), ('retired', 'Retired')], default='planned', editable=False, max_length=24, verbose_name='stage')),
                ('kind', models.CharField(choices=[('content_filter', 'Content filter'), ('bias_mitigation', 'Bias mitigation'), ('data_restriction', 'Restriction of data sources'), ('access_restriction', 'Restriction of access'), ('monitoring', 'Monitoring'), ('training_method', 'Method of training'), ('other', 'Other')], max_length=20, verbose_name='kind')),
                ('title', models.CharField(max_length=200, verbose_name='safeguard')),
                ('how_it_works', models.TextField(blank=True, verbose_name='how it works')),
                ('why_chosen', models.TextField(blank=True, verbose_name='why it was chosen')),
                ('alternatives', models.TextField(blank=True, verbose_name='what else was considered')),
                ('decision', models.CharField(blank=True, max_length=20, verbose_name='decision that chose it')),
                ('evidence', models.TextField(blank=True, verbose_name='evidence that it works')),
                ('evidence_url', models.URLField(blank=True, max_length=500, verbose_name='address of the evidence')),
                ('is_public', models.BooleanField(default=True, verbose_name='shown to the public')),
                ('in_place_at', models.DateTimeField(editable=False, null=True, verbose_name='in place since')),
                ('retired_at', models.DateTimeField(editable=False, null=True, verbose_name='retired')),
                ('retirement_reason', models.TextField(blank=True, editable=False, verbose_name='why it was retired')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='TrainingDataset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('kind', models.CharField(choices=[('public', 'Publicly available data set'), ('licensed', 'Licensed from rights holders'), ('third_party', 'Private, from other third parties'), ('crawled', 'Crawled from websites'), ('users', 'From users of our services'), ('synthetic', 'Synthetic, made by a model'), ('other', 'Other source')], max_length=12, verbose_name='where it comes from')),
                ('description', models.TextField(blank=True, verbose_name='what it holds')),
                ('source_url', models.URLField(blank=True, max_length=500, verbose_name='address')),
                ('publisher', models.CharField(blank=True, max_length=200, verbose_name='published by')),
                ('licence', models.CharField(blank=True, max_length=300, verbose_name='licence')),
                ('collection', models.TextField(blank=True, verbose_name='how it was collected')),
                ('collected_from', models.DateField(blank=True, null=True, verbose_name='collected from')),
                ('collected_until', models.DateField(blank=True, null=True, verbose_name='collected until')),
                ('size', models.CharField(blank=True, max_length=200, verbose_name='size')),
                ('modalities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('text', 'Text'), ('image', 'Image'), ('audio', 'Audio'), ('video', 'Video'), ('code', 'Code'), ('multimodal', 'Multimodal'), ('other', 'Other')], max_length=20), blank=True, default=list, size=None, verbose_name='modalities')),
                ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None, verbose_name='languages')),
                ('personal_data', models.CharField(choices=[('none', 'None'), ('pseudonymised', 'Pseudonymised'), ('present', 'Present'), ('unknown', 'Not known')], default='unknown', max_length=14, verbose_name='personal data')),
                ('legal_basis', models.CharField(choices=[('not_needed', 'Not needed: no personal data'), ('consent', 'Consent of the people'), ('contract', 'Contract with the people'), ('legitimate_interests', 'Legitimate interests'), ('public_task', 'Law or a public task'), ('not_established', 'Not established')], default='not_established', max_length=24, verbose_name='consent or other legal basis')),
                ('consent', models.TextField(blank=True, verbose_name='about consent')),
                ('copyright_handling', models.TextField(blank=True, verbose_name='copyright and opt-outs')),
                ('filtering', models.TextField(blank=True, verbose_name='filtering')),
                ('known_gaps', models.TextField(blank=True, verbose_name='known gaps')),
                ('auditor', models.CharField(blank=True, max_length=200, verbose_name='audited by')),
                ('audited_on', models.DateField(blank=True, null=True, verbose_name='audited on')),
                ('notes', models.TextField(blank=True, verbose_name='notes for people with a role here')),
                ('is_public', models.BooleanField(default=True, verbose_name='shown to the public')),
                ('croissant', models.TextField(blank=True, editable=False, verbose_name='Croissant description as it came')),
                ('croissant_sha256', models.CharField(blank=True, editable=False, max_length=64, validators=[django.core.validators.RegexValidator('^[0-9a-f]{64}$', 'A SHA-256 digest is 64 hexadecimal digits.')])),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AddField(
            model_name='objective',
            name='comparator',
            field=models.CharField(blank=True, choices=[('at_least', 'at least'), ('at_most', 'at most'), ('above', 'more than'), ('below', 'less than')], max_length=10, verbose_name='has to be'),
        ),
        migrations.AddField(
            model_name='objective',
            name='data_set',
            field=models.CharField(blank=True, max_length=200, verbose_name='measured on'),
        ),
        migrations.AddField(
            model_name='objective',
            name='metric',
            field=models.CharField(blank=True, max_length=120, verbose_name='metric'),
        ),
        migrations.AddField(
            model_name='objective',
            name='population',
            field=models.CharField(blank=True, max_length=200, verbose_name='for whom'),
        ),
        migrations.AddField(
            model_name='objective',
            name='threshold',
            field=models.DecimalField(blank=True, decimal_places=8, max_digits=24, null=True, verbose_name='threshold'),
        ),
        migrations.AddField(
            model_name='objective',
            name='unit',
            field=models.CharField(blank=True, max_length=40, verbose_name='unit'),
        ),
        migrations.AddField(
            model_name='objective',
            name='value',
            field=models.CharField(blank=True, max_length=300, verbose_name='which one'),
        ),
        migrations.AddField(
            model_name='objective',
            name='value_kind',
            field=models.CharField(blank=True, choices=[('organisation', 'Value of the organisation'), ('business', 'Business objective')], max_length=12, verbose_name='serves a'),
        ),
        migrations.AddConstraint(
            model_name='objective',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('comparator', ''), ('metric', ''), ('threshold__isnull', True)), models.Q(models.Q(('metric', ''), _negated=True), models.Q(('comparator', ''), _negated=True), ('threshold__isnull', False)), _connector='OR'), name='objective_is_measurable_or_not'),
        ),
        migrations.AddConstraint(
            model_name='objective',
            constraint=models.CheckConstraint(condition=models.Q(('comparator__in', ['', 'at_least', 'at_most', 'above', 'below'])), name='objective_comparator_is_known'),
        ),
        migrations.AddConstraint(
            model_name='objective',
            constraint=models.CheckConstraint(condition=models.Q(('value', ''), models.Q(('value_kind', ''), _negated=True), _connector='OR'), name='objective_value_says_whose'),
        ),
        migrations.AddField(
            model_name='highriskuse',
            name='family',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='high_risk_uses', to='registry.modelfamily', verbose_name='model family'),
        ),
        migrations.AddField(
            model_name='objectivemeasurement',
            name='corrects',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrected_by', to='registry.objectivemeasurement', verbose_name='corrects'),
        ),
        migrations.AddField(
            model_name='objectivemeasurement',
            name='objective',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='measurements', to='registry.objective'),
        ),
        migrations.AddField(
            model_name='objectivemeasurement',
            name='recorded_by',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='objectivemeasurement',
            name='release',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='measurements', to='registry.release', verbose_name='release'),
        ),
        migrations.AddField(
            model_name='safeguard',
            name='family',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='safeguards', to='registry.modelfamily', verbose_name='model family'),
        ),
        migrations.AddField(
            model_name='safeguard',
            name='risks',
            field=models.ManyToManyField(blank=True, related_name='safeguards', to='registry.risk', verbose_name='risks it answers'),
        ),
        migrations.AddField(
            model_name='highriskuse',
            name='safeguards',
            field=models.ManyToManyField(blank=True, related_name='high_risk_uses', to='registry.safeguard', verbose_name='safeguards that answer it'),
        ),
        migrations.AddField(
            model_name='trainingdataset',
            name='family',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='training_datasets', to='registry.modelfamily', verbose_name='model family'),
        ),
        migrations.AddField(
            model_name='trainingdataset',
            name='releases',
            field=models.ManyToManyField(blank=True, related_name='training_datasets', to='registry.release', verbose_name='releases trained on it'),
        ),
        migrations.AddIndex(
            model_name='objectivemeasurement',
            index=models.Index(fields=['objective', '-measured_at', '-id'], name='measurement_newest'),
        ),
        migrations.AddConstraint(
            model_name='objectivemeasurement',
            constraint=models.CheckConstraint(condition=models.Q(('metric', ''), _negated=True), name='measurement_names_its_metric'),
        ),
        migrations.AddConstraint(
            model_name='objectivemeasurement',
            constraint=models.CheckConstraint(condition=models.Q(('source', ''), _negated=True), name='measurement_says_where_it_comes_from'),
        ),
        migrations.AddConstraint(
            model_name='objectivemeasurement',
            constraint=models.CheckConstraint(condition=models.Q(('corrects__isnull', True), models.Q(('corrects', models.F('id')), _negated=True), _connector='OR'), name='measurement_corrects_another'),
        ),
        migrations.AddConstraint(
            model_name='safeguard',
            constraint=models.UniqueConstraint(fields=('family', 'title'), name='one_safeguard_per_title', violation_error_message='This model family has a safeguard with this name.'),
        ),
        migrations.AddConstraint(
            model_name='safeguard',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['planned', 'in_place', 'retired'])), name='safeguard_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='safeguard',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage', 'in_place'), _negated=True), models.Q(models.Q(('how_it_works', ''), _negated=True), models.Q(('why_chosen', ''), _negated=True), ('in_place_at__isnull', False)), _connector='OR'), name='safeguard_in_place_says_how_and_why'),
        ),
        migrations.AddConstraint(
            model_name='safeguard',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage', 'retired'), _negated=True), models.Q(models.Q(('retirement_reason', ''), _negated=True), ('retired_at__isnull', False)), _connector='OR'), name='retired_safeguard_says_why'),
        ),
        migrations.AddConstraint(
            model_name='highriskuse',
            constraint=models.UniqueConstraint(fields=('family', 'title'), name='one_high_risk_use_per_title', violation_error_message='This model family has this high-risk use.'),
        ),
        migrations.AddConstraint(
            model_name='highriskuse',
            constraint=models.CheckConstraint(condition=models.Q(('severity__in', ['moderate', 'high', 'critical'])), name='high_risk_use_severity_is_known'),
        ),
        migrations.AddConstraint(
            model_name='trainingdataset',
            constraint=models.UniqueConstraint(fields=('family', 'name'), name='one_training_dataset_per_name', violation_error_message='This model family has a data set with this name.'),
        ),
        migrations.AddConstraint(
            model_name='trainingdataset',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['public', 'licensed', 'third_party', 'crawled', 'users', 'synthetic', 'other'])), name='training_dataset_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='trainingdataset',
            constraint=models.CheckConstraint(condition=models.Q(('personal_data__in', ['none', 'pseudonymised', 'present', 'unknown'])), name='training_dataset_says_whether_personal'),
        ),
        migrations.AddConstraint(
            model_name='trainingdataset',
            constraint=models.CheckConstraint(condition=models.Q(('collected_from__isnull', True), ('collected_until__isnull', True), ('collected_from__lte', models.F('collected_until')), _connector='OR'), name='training_dataset_collected_in_order'),
        ),
        migrations.AddConstraint(
            model_name='trainingdataset',
            constraint=models.CheckConstraint(condition=models.Q(('audited_on__isnull', True), models.Q(('auditor', ''), _negated=True), _connector='OR'), name='audited_training_dataset_says_by_whom'),
        ),
        migrations.AddConstraint(
            model_name='trainingdataset',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('personal_data__in', ['pseudonymised', 'present']), _negated=True), models.Q(('legal_basis', 'not_needed'), _negated=True), _connector='OR'), name='personal_data_needs_a_legal_basis'),
        ),
        migrations.AddConstraint(
            model_name='trainingdataset',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('croissant', ''), ('croissant_sha256', '')), models.Q(models.Q(('croissant', ''), _negated=True), models.Q(('croissant_sha256', ''), _negated=True)), _connector='OR'), name='training_dataset_croissant_has_digest'),
        ),
    ]
