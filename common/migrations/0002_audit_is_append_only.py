from django.db import migrations

from common.database import append_only, append_only_function


class Migration(migrations.Migration):
    dependencies = [("common", "0001_tables")]
    operations = [append_only_function(), append_only("common_auditevent")]
