from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registry", "0016_usage_guidelines")]
    operations = []
