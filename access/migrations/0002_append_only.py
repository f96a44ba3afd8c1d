from django.db import migrations

from common.database import append_only


class Migration(migrations.Migration):
    """Terms, acceptances, messages and downloads stay as they were written, whoever asks."""

    dependencies = [("access", "0001_tables"), ("common", "0002_audit_is_append_only")]
    operations = [
        append_only("access_termsversion"),
        append_only("access_acceptance"),
        append_only("access_requestmessage"),
        append_only("access_downloadevent"),
    ]
