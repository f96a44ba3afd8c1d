import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.expressions
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0002_assessments_are_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='risk',
            name='risk_of_family',
        ),
        migrations.AddField(
            model_name='risk',
            name='current_likelihood',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce('residual_likelihood', 'inherent_likelihood'), output_field=models.SmallIntegerField()),
        ),
        migrations.AddField(
            model_name='risk',
            name='current_score',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce(django.db.models.expressions.CombinedExpression(models.F('residual_likelihood'), '*', models.F('residual_severity')), django.db.models.expressions.CombinedExpression(models.F('inherent_likelihood'), '*', models.F('inherent_severity'))), output_field=models.SmallIntegerField()),
        ),
        migrations.AddField(
            model_name='risk',
            name='current_severity',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce('residual_severity', 'inherent_severity'), output_field=models.SmallIntegerField()),
        ),
        migrations.AddField(
            model_name='risk',
            name='urgency',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.functions.comparison.Coalesce(django.db.models.expressions.CombinedExpression(models.F('residual_likelihood'), '*', models.F('residual_severity')), django.db.models.expressions.CombinedExpression(models.F('inherent_likelihood'), '*', models.F('inherent_severity')), 0), '*', models.Value(1099511627776)), '+', models.F('id')), output_field=models.BigIntegerField()),
        ),
        migrations.AddField(
            model_name='risk',
            name='words',
            field=models.GeneratedField(db_persist=True, expression=django.contrib.postgres.search.SearchVector('title', 'harm', 'affected', config='english'), output_field=django.contrib.postgres.search.SearchVectorField()),
        ),
        migrations.AlterField(
            model_name='release',
            name='modality',
            field=models.CharField(blank=True, choices=[('text', 'Text'), ('image', 'Image'), ('audio', 'Audio'), ('video', 'Video'), ('code', 'Code'), ('multimodal', 'Multimodal'), ('other', 'Other')], max_length=20, verbose_name='modality'),
        ),
        migrations.AddIndex(
            model_name='risk',
            index=models.Index(fields=['family', '-urgency'], name='risk_of_family'),
        ),
        migrations.AddIndex(
            model_name='risk',
            index=models.Index(fields=['-urgency'], name='risk_worst_first'),
        ),
        migrations.AddIndex(
            model_name='risk',
            index=django.contrib.postgres.indexes.GinIndex(fields=['words'], name='risk_words'),
        ),
        migrations.AddConstraint(
            model_name='risk',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('inherent_likelihood__isnull', True), ('inherent_severity__isnull', True)), models.Q(('inherent_likelihood__isnull', False), ('inherent_severity__isnull', False)), _connector='OR'), name='inherent_judgement_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='risk',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('residual_likelihood__isnull', True), ('residual_severity__isnull', True)), models.Q(('residual_likelihood__isnull', False), ('residual_severity__isnull', False)), _connector='OR'), name='residual_judgement_is_whole'),
        ),
    ]
