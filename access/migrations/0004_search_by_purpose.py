import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0003_organisations_with_access'),
        ('accounts', '0004_search_by_name'),
        ('registry', '0004_published_releases_do_not_change'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='accessrequest',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('purpose'), name='gin_trgm_ops'), name='request_purpose_words'),
        ),
    ]
