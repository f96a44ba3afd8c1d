from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registry", "0015_card_guards")]
    operations = []
