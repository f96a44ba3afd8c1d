from django.db import migrations

# Their rows are on record and guarded one by one; emptying a table goes round guards of rows.
TABLES = (
    *("registry_riskscale", "registry_bandrule", "registry_risk", "registry_riskacceptance"),
    *("registry_assessmentproposal", "registry_entrycriterion", "registry_importrow", "registry_releasereview"),
)


def guard(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION tidegate_append_only();",
        f"DROP TRIGGER {table}_no_truncate ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("registry", "0029_hidden_since"), ("common", "0002_audit_is_append_only")]
    operations = [guard(table) for table in TABLES]
