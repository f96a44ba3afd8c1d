import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import registry.regions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0015_card_guards'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='UsageGuidelines',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('number', models.PositiveIntegerField(editable=False, verbose_name='version')),
                ('stage', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published'), ('superseded', 'Superseded')], default='draft', editable=False, max_length=24, verbose_name='stage')),
                ('summary', models.TextField(blank=True, validators=[django.core.validators.MaxLengthValidator(2000)], verbose_name='in a few sentences')),
                ('data', models.TextField(blank=True, validators=[django.core.validators.MaxLengthValidator(400)], verbose_name='data')),
                ('safeguards', models.TextField(blank=True, validators=[django.core.validators.MaxLengthValidator(400)], verbose_name='safeguards')),
                ('reporting', models.TextField(blank=True, validators=[django.core.validators.MaxLengthValidator(400)], verbose_name='how to report')),
                ('change_note', models.TextField(blank=True, validators=[django.core.validators.MaxLengthValidator(2000)], verbose_name='what changed and why')),
                ('published_at', models.DateTimeField(editable=False, null=True, verbose_name='published')),
                ('superseded_at', models.DateTimeField(editable=False, null=True, verbose_name='superseded')),
                ('created_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='guidelines', to='registry.modelfamily', verbose_name='model family')),
                ('published_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('release', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='guidelines', to='registry.release', verbose_name='only this release')),
            ],
            options={
                'verbose_name': 'usage guidelines',
                'verbose_name_plural': 'usage guidelines',
                'ordering': ['-number', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='RecommendedConfiguration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('key', models.SlugField(editable=False, max_length=80, verbose_name='short name')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='place in the list')),
                ('title', models.CharField(max_length=120, verbose_name='configuration')),
                ('settings', models.TextField(help_text='As text or code; shown as it is.', validators=[django.core.validators.MaxLengthValidator(20000)], verbose_name='settings')),
                ('when', models.TextField(blank=True, validators=[django.core.validators.MaxLengthValidator(2000)], verbose_name='when to use it')),
                ('guidelines', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='registry.usageguidelines')),
            ],
            options={
                'ordering': ['position', 'pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CompliantWorkflow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('key', models.SlugField(editable=False, max_length=80, verbose_name='short name')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='place in the list')),
                ('title', models.CharField(max_length=120, verbose_name='workflow')),
                ('steps', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=500), size=None, verbose_name='steps')),
                ('guidelines', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='registry.usageguidelines')),
            ],
            options={
                'ordering': ['position', 'pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='BreachRemedy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('key', models.SlugField(editable=False, max_length=80, verbose_name='short name')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='place in the list')),
                ('title', models.CharField(max_length=120, verbose_name='breach')),
                ('follows', models.TextField(validators=[django.core.validators.MaxLengthValidator(5000)], verbose_name='what follows')),
                ('decided_by', models.CharField(max_length=200, verbose_name='who decides')),
                ('appeal', models.TextField(blank=True, validators=[django.core.validators.MaxLengthValidator(5000)], verbose_name='how to object')),
                ('guidelines', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='registry.usageguidelines')),
            ],
            options={
                'ordering': ['position', 'pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='UsageRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('key', models.SlugField(editable=False, max_length=80, verbose_name='short name')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='place in the list')),
                ('kind', models.CharField(choices=[('permitted', 'Permitted'), ('required', 'Required'), ('restricted', 'Restricted'), ('prohibited', 'Prohibited')], max_length=12, verbose_name='this use is')),
                ('title', models.CharField(help_text='As it stands in the one-page summary.', max_length=120, verbose_name='the rule in one line')),
                ('text', models.TextField(blank=True, validators=[django.core.validators.MaxLengthValidator(10000)], verbose_name='in full')),
                ('condition', models.TextField(blank=True, help_text='A restricted use needs one.', validators=[django.core.validators.MaxLengthValidator(2000)], verbose_name='on which condition')),
                ('rationale', models.TextField(blank=True, validators=[django.core.validators.MaxLengthValidator(5000)], verbose_name='why')),
                ('in_summary', models.BooleanField(default=True, verbose_name='shown in the one-page summary')),
                ('guidelines', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='registry.usageguidelines')),
            ],
            options={
                'ordering': ['position', 'pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='RuleOverride',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('key', models.SlugField(editable=False, max_length=80, verbose_name='short name')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='place in the list')),
                ('effect', models.CharField(choices=[('replace', 'Replaces what is filled in below'), ('add', 'Adds to the rule'), ('new', 'Is a rule of its own')], max_length=8, verbose_name='this override')),
                ('region', models.CharField(blank=True, max_length=8, validators=[registry.regions.validate], verbose_name='region')),
                ('sector', models.CharField(blank=True, choices=[('health', 'Health and care'), ('education', 'Education'), ('employment', 'Work and hiring'), ('finance', 'Banking and insurance'), ('public_services', 'Public services and benefits'), ('law_enforcement', 'Police and borders'), ('justice', 'Courts and legal services'), ('elections', 'Elections and political campaigns'), ('media', 'News and media'), ('children', 'Services for children'), ('infrastructure', 'Energy, water, transport and networks'), ('defence', 'Defence'), ('research', 'Research')], max_length=20, verbose_name='sector')),
                ('kind', models.CharField(blank=True, choices=[('permitted', 'Permitted'), ('required', 'Required'), ('restricted', 'Restricted'), ('prohibited', 'Prohibited')], max_length=12, verbose_name='the use is')),
                ('title', models.CharField(blank=True, max_length=120, verbose_name='the rule in one line')),
                ('text', models.TextField(blank=True, validators=[django.core.validators.MaxLengthValidator(10000)], verbose_name='in full')),
                ('condition', models.TextField(blank=True, validators=[django.core.validators.MaxLengthValidator(2000)], verbose_name='on which condition')),
                ('source_title', models.CharField(help_text='The law, regulation or code that asks for this.', max_length=200, verbose_name='legal source')),
                ('source_citation', models.CharField(help_text='Such as “Article 5(1)(f)”.', max_length=120, verbose_name='where in it')),
                ('source_url', models.URLField(blank=True, max_length=500, verbose_name='its address')),
                ('guidelines', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='registry.usageguidelines')),
                ('rule', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='overrides', to='registry.usagerule', verbose_name='rule')),
            ],
            options={
                'ordering': ['position', 'pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='UsageScenario',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('key', models.SlugField(editable=False, max_length=80, verbose_name='short name')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='place in the list')),
                ('title', models.CharField(max_length=120, verbose_name='scenario')),
                ('situation', models.TextField(validators=[django.core.validators.MaxLengthValidator(5000)], verbose_name='what somebody wants to do')),
                ('verdict', models.CharField(choices=[('allowed', 'Allowed'), ('conditional', 'Allowed on conditions'), ('refused', 'Not allowed')], max_length=12, verbose_name='what the rules say')),
                ('why', models.TextField(validators=[django.core.validators.MaxLengthValidator(5000)], verbose_name='why')),
                ('guidelines', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='registry.usageguidelines')),
                ('rule', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='scenarios', to='registry.usagerule', verbose_name='rule it explains')),
            ],
            options={
                'ordering': ['position', 'pk'],
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='usageguidelines',
            constraint=models.UniqueConstraint(fields=('family', 'number'), name='guidelines_versions_count_up'),
        ),
        migrations.AddConstraint(
            model_name='usageguidelines',
            constraint=models.UniqueConstraint(condition=models.Q(('stage', 'draft')), fields=('family', 'release'), name='one_draft_of_guidelines', nulls_distinct=False, violation_error_message='There is a draft already. Publish or discard it first.'),
        ),
        migrations.AddConstraint(
            model_name='usageguidelines',
            constraint=models.UniqueConstraint(condition=models.Q(('stage', 'published')), fields=('family', 'release'), name='one_published_version_of_guidelines', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='usageguidelines',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['draft', 'published', 'superseded'])), name='guidelines_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='usageguidelines',
            constraint=models.CheckConstraint(condition=models.Q(('stage', 'draft'), models.Q(('published_at__isnull', False), ('published_by__isnull', False)), _connector='OR'), name='published_guidelines_say_by_whom'),
        ),
        migrations.AddConstraint(
            model_name='recommendedconfiguration',
            constraint=models.UniqueConstraint(fields=('guidelines', 'key'), name='one_recommendedconfiguration_per_key'),
        ),
        migrations.AddConstraint(
            model_name='compliantworkflow',
            constraint=models.UniqueConstraint(fields=('guidelines', 'key'), name='one_compliantworkflow_per_key'),
        ),
        migrations.AddConstraint(
            model_name='breachremedy',
            constraint=models.UniqueConstraint(fields=('guidelines', 'key'), name='one_breachremedy_per_key'),
        ),
        migrations.AddConstraint(
            model_name='usagerule',
            constraint=models.UniqueConstraint(fields=('guidelines', 'key'), name='one_usagerule_per_key'),
        ),
        migrations.AddConstraint(
            model_name='usagerule',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['permitted', 'required', 'restricted', 'prohibited'])), name='usage_rule_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='usagerule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'restricted'), _negated=True), models.Q(('condition', ''), _negated=True), _connector='OR'), name='restricted_use_has_a_condition'),
        ),
        migrations.AddConstraint(
            model_name='ruleoverride',
            constraint=models.UniqueConstraint(fields=('guidelines', 'key'), name='one_ruleoverride_per_key'),
        ),
        migrations.AddConstraint(
            model_name='ruleoverride',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('region', ''), _negated=True), models.Q(('sector', ''), _negated=True), _connector='OR'), name='override_says_where'),
        ),
        migrations.AddConstraint(
            model_name='ruleoverride',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('source_title', ''), _negated=True), models.Q(('source_citation', ''), _negated=True)), name='override_has_a_legal_source'),
        ),
        migrations.AddConstraint(
            model_name='ruleoverride',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('effect', 'new'), ('rule', None), models.Q(('kind', ''), _negated=True), models.Q(('title', ''), _negated=True)), models.Q(('effect', 'replace'), ('rule__isnull', False), models.Q(('condition', ''), ('kind', ''), ('text', ''), ('title', ''), _negated=True)), models.Q(('effect', 'add'), ('kind', ''), ('rule__isnull', False), ('title', ''), models.Q(('condition', ''), ('text', ''), _negated=True)), _connector='OR'), name='override_says_what_differs'),
        ),
        migrations.AddConstraint(
            model_name='ruleoverride',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('effect', 'new'), ('kind', 'restricted'), _negated=True), models.Q(('condition', ''), _negated=True), _connector='OR'), name='restricted_override_has_a_condition'),
        ),
        migrations.AddConstraint(
            model_name='ruleoverride',
            constraint=models.UniqueConstraint(fields=('rule', 'region', 'sector'), name='one_override_per_place', violation_error_message='This rule has an override for this region and sector.'),
        ),
        migrations.AddConstraint(
            model_name='usagescenario',
            constraint=models.UniqueConstraint(fields=('guidelines', 'key'), name='one_usagescenario_per_key'),
        ),
        migrations.AddConstraint(
            model_name='usagescenario',
            constraint=models.CheckConstraint(condition=models.Q(('verdict__in', ['allowed', 'conditional', 'refused'])), name='scenario_verdict_is_known'),
        ),
    ]
