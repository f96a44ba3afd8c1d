from django.db import migrations

from common.database import append_only


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_tables"), ("common", "0002_audit_is_append_only")]
    operations = [append_only("registry_riskassessment")]
