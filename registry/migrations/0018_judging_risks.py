from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registry", "0017_usage_guidelines_guards")]
    operations = []
