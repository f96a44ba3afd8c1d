from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registry", "0013_objectives_guards")]
    operations = []
