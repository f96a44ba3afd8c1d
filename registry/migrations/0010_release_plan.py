from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registry", "0009_levels_come_from_the_scale")]
    operations = []
