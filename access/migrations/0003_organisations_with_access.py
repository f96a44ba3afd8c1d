from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0002_append_only'),
        ('accounts', '0001_tables'),
        ('registry', '0004_published_releases_do_not_change'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='accessrequest',
            index=models.Index(condition=models.Q(('stage', 'approved')), fields=['organisation'], name='request_approved_of'),
        ),
    ]
