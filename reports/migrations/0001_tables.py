import django.db.models.deletion
import reports.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('common', '0002_audit_is_append_only'),
        ('registry', '0004_published_releases_do_not_change'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SafetyReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('stage', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published')], default='draft', editable=False, max_length=24, verbose_name='stage')),
                ('period_start', models.DateField(verbose_name='first day')),
                ('period_end', models.DateField(verbose_name='first day after the period')),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('data', models.JSONField(editable=False, null=True, verbose_name='data')),
                ('data_sha256', models.CharField(blank=True, editable=False, max_length=64, verbose_name='SHA-256 of the data')),
                ('pdf', models.FileField(blank=True, editable=False, max_length=300, upload_to=reports.models.report_location, verbose_name='PDF')),
                ('sha256', models.CharField(blank=True, editable=False, max_length=64, verbose_name='SHA-256')),
                ('size', models.PositiveBigIntegerField(editable=False, null=True, verbose_name='size in bytes')),
                ('pages', models.PositiveIntegerField(editable=False, null=True, verbose_name='pages')),
                ('made_at', models.DateTimeField(editable=False, null=True, verbose_name='made')),
                ('published_at', models.DateTimeField(editable=False, null=True, verbose_name='published')),
                ('family', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='safety_reports', to='registry.modelfamily', verbose_name='model family')),
                ('job', models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='safety_report', to='common.job')),
                ('published_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('publisher', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='safety_reports', to='registry.publisher', verbose_name='publisher')),
                ('requested_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('stage', 'published')), fields=['-published_at'], name='safety_report_public')],
                'constraints': [models.CheckConstraint(condition=models.Q(('stage__in', ['draft', 'published'])), name='safety_report_stage_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('family__isnull', False), ('publisher__isnull', True)), models.Q(('family__isnull', True), ('publisher__isnull', False)), _connector='OR'), name='safety_report_has_one_subject'), models.CheckConstraint(condition=models.Q(('period_start__lt', models.F('period_end'))), name='safety_report_period_has_days'), models.CheckConstraint(condition=models.Q(('stage', 'draft'), models.Q(models.Q(('sha256', ''), _negated=True), ('published_at__isnull', False), ('published_by__isnull', False)), _connector='OR'), name='published_safety_report_has_a_file'), models.CheckConstraint(condition=models.Q(('sha256', ''), models.Q(('data__isnull', False), ('made_at__isnull', False), ('pages__gt', 0), ('size__gt', 0), models.Q(('data_sha256', ''), _negated=True)), _connector='OR'), name='made_safety_report_is_whole')],
            },
        ),
    ]
