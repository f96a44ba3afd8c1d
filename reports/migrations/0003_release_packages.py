import django.db.models.deletion
import reports.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('common', '0002_audit_is_append_only'),
        ('registry', '0017_usage_guidelines_guards'),
        ('reports', '0002_made_reports_do_not_change'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReleasePackage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('file', models.FileField(blank=True, editable=False, max_length=300, upload_to=reports.models.package_location, verbose_name='archive')),
                ('sha256', models.CharField(blank=True, editable=False, max_length=64, verbose_name='SHA-256')),
                ('size', models.PositiveBigIntegerField(editable=False, null=True, verbose_name='size in bytes')),
                ('manifest', models.JSONField(editable=False, null=True, verbose_name='contents')),
                ('fingerprint', models.CharField(blank=True, editable=False, max_length=64, verbose_name='digest of what it was made from')),
                ('made_at', models.DateTimeField(editable=False, null=True, verbose_name='made')),
                ('job', models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='release_package', to='common.job')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='packages', to='registry.release', verbose_name='release')),
                ('requested_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('sha256', ''), models.Q(('made_at__isnull', False), ('manifest__isnull', False), ('size__gt', 0), models.Q(('fingerprint', ''), _negated=True)), _connector='OR'), name='made_release_package_is_whole')],
            },
        ),
    ]
