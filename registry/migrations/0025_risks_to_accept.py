from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0024_register_views"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="risk",
            index=models.Index(
                condition=models.Q(("stage", "open"), ("treatment", "accept")), fields=["family"], name="risk_to_accept"
            ),
        ),
    ]
