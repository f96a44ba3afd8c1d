from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registry", "0018_judging_risks")]
    operations = []
