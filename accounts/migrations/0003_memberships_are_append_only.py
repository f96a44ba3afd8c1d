from django.db import migrations

from common.database import append_only


class Migration(migrations.Migration):
    """Leaving an organisation does not undo having belonged to it."""

    dependencies = [("accounts", "0002_memberships"), ("common", "0002_audit_is_append_only")]
    operations = [append_only("accounts_membership")]
