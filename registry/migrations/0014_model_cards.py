from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0013_objectives_guards")]
    operations = [
        migrations.AddField(
            model_name="modelcard",
            name="correction_note",
            field=models.TextField(blank=True, default="", verbose_name="what was corrected, and why"),
        ),
    ]
