from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_published_releases_do_not_change")]
    operations = []
