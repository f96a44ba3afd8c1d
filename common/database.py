"""Guards that live in the database, for migrations to put up."""

from django.db.migrations import RunSQL

FUNCTION = """
CREATE OR REPLACE FUNCTION tidegate_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Table % is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
"""


def append_only_function() -> RunSQL:
    return RunSQL(FUNCTION, "DROP FUNCTION IF EXISTS tidegate_append_only()")


def append_only(table: str) -> RunSQL:
    """Refuse UPDATE, DELETE and TRUNCATE of ``table``, whoever asks through whatever program."""
    return RunSQL(
        f"""
        CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
          FOR EACH ROW EXECUTE FUNCTION tidegate_append_only();
        CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
          FOR EACH STATEMENT EXECUTE FUNCTION tidegate_append_only();
        """,
        f"DROP TRIGGER {table}_no_change ON {table}; DROP TRIGGER {table}_no_truncate ON {table};",
    )
