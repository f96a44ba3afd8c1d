from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registry", "0010_release_plan")]
    operations = []
