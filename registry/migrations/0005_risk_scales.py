import django.contrib.postgres.fields
import django.db.models.deletion
import registry.models.catalogue
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0004_published_releases_do_not_change'),
    ]

    operations = [
        migrations.CreateModel(
            name='BandRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('band', models.CharField(choices=[('low', 'Low'), ('moderate', 'Moderate'), ('high', 'High'), ('critical', 'Critical')], max_length=10, verbose_name='band')),
                ('label', models.CharField(blank=True, max_length=40, verbose_name='your word for it')),
                ('review_days', models.PositiveSmallIntegerField(verbose_name='look again after, in days')),
                ('acceptance_days', models.PositiveSmallIntegerField(help_text='0 where such a risk may not be accepted at all.', verbose_name='may be accepted for at most, in days')),
                ('accepted_by', models.CharField(choices=[('release_manager', 'Release manager'), ('risk_owner', 'Risk owner'), ('reviewer', 'Reviewer'), ('incident_handler', 'Incident handler'), ('auditor', 'Auditor'), ('administrator', 'Administrator')], default='release_manager', max_length=30, verbose_name='who may accept it')),
                ('needs_second_person', models.BooleanField(default=False, help_text='Somebody else has to confirm when the owner lowers such a risk.', verbose_name='lowering needs a second person')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='RiskScale',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('number', models.PositiveIntegerField(editable=False, verbose_name='version')),
                ('stage', models.CharField(choices=[('draft', 'Draft'), ('active', 'In force'), ('superseded', 'Superseded')], default='draft', editable=False, max_length=24, verbose_name='stage')),
                ('likelihoods', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), size=None, verbose_name='words for likelihood, the least first')),
                ('severities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), size=None, verbose_name='words for severity, the least first')),
                ('detectabilities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, default=list, size=None, verbose_name='words for how soon it is noticed, the soonest first')),
                ('reversibilities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, default=list, size=None, verbose_name='words for how far it can be undone, the easiest first')),
                ('grid', django.contrib.postgres.fields.ArrayField(base_field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('low', 'Low'), ('moderate', 'Moderate'), ('high', 'High'), ('critical', 'Critical')], max_length=10), size=None), size=None, verbose_name='bands')),
                ('likelihood_map', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), blank=True, default=list, size=None)),
                ('severity_map', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), blank=True, default=list, size=None)),
                ('note', models.TextField(blank=True, verbose_name='why this version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='made')),
                ('activated_at', models.DateTimeField(editable=False, null=True, verbose_name='in force since')),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='Taxonomy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=60, unique=True, verbose_name='short name')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('kind', models.CharField(choices=[('risk', 'Risks'), ('harm', 'Kinds of harm')], max_length=10, verbose_name='lists')),
                ('version', models.CharField(blank=True, max_length=40, verbose_name='version')),
                ('url', models.URLField(blank=True, verbose_name='source')),
                ('licence', models.CharField(blank=True, max_length=120, verbose_name='licence')),
            ],
            options={
                'verbose_name_plural': 'taxonomies',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Term',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, verbose_name='code')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('description', models.TextField(blank=True, verbose_name='what it means')),
                ('is_current', models.BooleanField(default=True, verbose_name='in the current version')),
            ],
            options={
                'ordering': ['taxonomy', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='modelfamily',
            name='allows_public_concerns',
            field=models.BooleanField(default=False, help_text='The public page gets a form; what is written there becomes a stub in the risk register.', verbose_name='anybody may raise a concern'),
        ),
        migrations.AddField(
            model_name='publisher',
            name='public_risk_fields',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=registry.models.catalogue.public_risk_fields, editable=False, size=None, verbose_name='what the public sees of a risk'),
        ),
        migrations.AddField(
            model_name='riskscale',
            name='created_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='riskscale',
            name='publisher',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='risk_scales', to='registry.publisher', verbose_name='publisher'),
        ),
        migrations.AddField(
            model_name='bandrule',
            name='scale',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rules', to='registry.riskscale'),
        ),
        migrations.AddConstraint(
            model_name='taxonomy',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['risk', 'harm'])), name='taxonomy_kind'),
        ),
        migrations.AddField(
            model_name='term',
            name='taxonomy',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='terms', to='registry.taxonomy'),
        ),
        migrations.AddConstraint(
            model_name='riskscale',
            constraint=models.UniqueConstraint(fields=('publisher', 'number'), name='scale_versions_count_up'),
        ),
        migrations.AddConstraint(
            model_name='riskscale',
            constraint=models.UniqueConstraint(condition=models.Q(('stage', 'active')), fields=('publisher',), name='one_active_scale_per_publisher'),
        ),
        migrations.AddConstraint(
            model_name='riskscale',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['draft', 'active', 'superseded'])), name='scale_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='riskscale',
            constraint=models.CheckConstraint(condition=models.Q(('stage', 'draft'), ('activated_at__isnull', False), _connector='OR'), name='scale_in_force_says_since_when'),
        ),
        migrations.AddConstraint(
            model_name='riskscale',
            constraint=models.CheckConstraint(condition=models.Q(('likelihoods__len__gte', 2), ('likelihoods__len__lte', 7), ('severities__len__gte', 2), ('severities__len__lte', 7)), name='scale_has_two_to_seven_steps'),
        ),
        migrations.AddConstraint(
            model_name='bandrule',
            constraint=models.UniqueConstraint(fields=('scale', 'band'), name='one_rule_per_band'),
        ),
        migrations.AddConstraint(
            model_name='bandrule',
            constraint=models.CheckConstraint(condition=models.Q(('band__in', ['low', 'moderate', 'high', 'critical'])), name='rule_band_is_known'),
        ),
        migrations.AddConstraint(
            model_name='bandrule',
            constraint=models.CheckConstraint(condition=models.Q(('review_days__gte', 1)), name='rule_reviews_some_day'),
        ),
        migrations.AddConstraint(
            model_name='term',
            constraint=models.UniqueConstraint(fields=('taxonomy', 'code'), name='one_term_per_code'),
        ),
    ]
