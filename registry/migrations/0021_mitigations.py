from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registry", "0020_reviews_guards")]
    operations = []
