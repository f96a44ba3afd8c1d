import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# In the database, because a person's organisation is written by more than one program, and every one of them
# would have to remember to write this too.
KEEP = """
CREATE FUNCTION tidegate_keep_membership() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO accounts_membership (user_id, organisation_id, since) VALUES (NEW.id, NEW.organisation_id, now());
  RETURN NULL;
END $$;
CREATE TRIGGER accounts_user_joined AFTER INSERT ON accounts_user
  FOR EACH ROW WHEN (NEW.organisation_id IS NOT NULL) EXECUTE FUNCTION tidegate_keep_membership();
CREATE TRIGGER accounts_user_moved AFTER UPDATE OF organisation_id ON accounts_user
  FOR EACH ROW WHEN (NEW.organisation_id IS NOT NULL AND NEW.organisation_id IS DISTINCT FROM OLD.organisation_id)
  EXECUTE FUNCTION tidegate_keep_membership();
"""
FORGET = """
DROP TRIGGER accounts_user_moved ON accounts_user;
DROP TRIGGER accounts_user_joined ON accounts_user;
DROP FUNCTION tidegate_keep_membership();
"""

# Where everybody is now, and where the audit trail says that they came to.
BACKFILL = """
INSERT INTO accounts_membership (user_id, organisation_id, since)
SELECT u.id, o.id, min(e.at)
  FROM common_auditevent e
  JOIN accounts_user u ON u.id::text = e.object_id
  JOIN accounts_organisation o ON o.id::text = e.after #>> '{organisation,id}'
 WHERE e.verb = 'accounts.user.join_organisation' AND e.object_type = 'accounts.user'
 GROUP BY u.id, o.id;
INSERT INTO accounts_membership (user_id, organisation_id, since)
SELECT u.id, u.organisation_id, u.date_joined
  FROM accounts_user u
 WHERE u.organisation_id IS NOT NULL AND NOT EXISTS (
   SELECT 1 FROM accounts_membership m WHERE m.user_id = u.id AND m.organisation_id = u.organisation_id);
"""


class Migration(migrations.Migration):
    """Whom somebody works for, and worked for: nobody decides the request of a former colleague."""

    dependencies = [("accounts", "0001_tables"), ("common", "0002_audit_is_append_only")]

    operations = [
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField(default=django.utils.timezone.now, verbose_name="since")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.organisation"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["pk"]},
        ),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        migrations.RunSQL(KEEP, FORGET),
    ]
