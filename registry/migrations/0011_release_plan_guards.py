from django.db import migrations

from common.database import append_only

# One of the two halves of a circle has to wait for the other and then sees it: PostgreSQL gives each statement of a
# function a fresh look at what is committed, but not under REPEATABLE READ, which is therefore refused.
LINEAGE = """
CREATE FUNCTION registry_no_circle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.parent_id IS NULL THEN
    RETURN NEW;
  END IF;
  IF current_setting('transaction_isolation') = 'repeatable read' THEN
    RAISE EXCEPTION 'Lineage is written under READ COMMITTED or SERIALIZABLE' USING ERRCODE = 'restrict_violation';
  END IF;
  PERFORM pg_advisory_xact_lock(7143312);
  IF EXISTS (
    WITH RECURSIVE ancestor(id) AS (
      SELECT NEW.parent_id
      UNION
      SELECT edge.parent_id FROM registry_releaseparent edge JOIN ancestor ON edge.release_id = ancestor.id
       WHERE edge.parent_id IS NOT NULL AND edge.id IS DISTINCT FROM NEW.id
    )
    SELECT 1 FROM ancestor WHERE id = NEW.release_id
  ) THEN
    RAISE EXCEPTION 'Release % would be its own ancestor', NEW.release_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'lineage_has_no_circle', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER registry_releaseparent_no_circle BEFORE INSERT OR UPDATE ON registry_releaseparent
  FOR EACH ROW EXECUTE FUNCTION registry_no_circle();

-- The edges above and below a release, six steps each way, so that a page has them in the query of the release.
CREATE FUNCTION registry_lineage(release bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
  WITH RECURSIVE up AS (
    SELECT e.id, e.release_id, e.parent_id, e.parent_name, e.relation, 1 AS depth
      FROM registry_releaseparent e WHERE e.release_id = $1
    UNION
    SELECT e.id, e.release_id, e.parent_id, e.parent_name, e.relation, up.depth + 1
      FROM registry_releaseparent e JOIN up ON e.release_id = up.parent_id WHERE up.depth < 6
  ), down AS (
    SELECT e.id, e.release_id, e.parent_id, e.parent_name, e.relation, 1 AS depth
      FROM registry_releaseparent e WHERE e.parent_id = $1
    UNION
    SELECT e.id, e.release_id, e.parent_id, e.parent_name, e.relation, down.depth + 1
      FROM registry_releaseparent e JOIN down ON e.parent_id = down.release_id WHERE down.depth < 6
  )
  SELECT jsonb_build_object(
    'up', (SELECT coalesce(jsonb_agg(to_jsonb(edge)), '[]') FROM (
      SELECT id, release_id, parent_id, parent_name, relation, min(depth) AS depth FROM up GROUP BY 1, 2, 3, 4, 5
      ORDER BY depth, id LIMIT 200) AS edge),
    'down', (SELECT coalesce(jsonb_agg(to_jsonb(edge)), '[]') FROM (
      SELECT id, release_id, parent_id, parent_name, relation, min(depth) AS depth FROM down GROUP BY 1, 2, 3, 4, 5
      ORDER BY depth, id LIMIT 200) AS edge))
$$;
"""
NO_LINEAGE = """
DROP FUNCTION registry_lineage(bigint);
DROP TRIGGER registry_releaseparent_no_circle ON registry_releaseparent;
DROP FUNCTION registry_no_circle();
"""

# The row of the phase is locked FOR SHARE, so no criterion can be added or taken back while it is being entered.
PLAN = """
CREATE FUNCTION registry_planned_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  owner bigint;
  found_stage text;
BEGIN
  FOREACH owner IN ARRAY CASE TG_OP
    WHEN 'INSERT' THEN ARRAY[NEW.phase_id]
    WHEN 'DELETE' THEN ARRAY[OLD.phase_id]
    ELSE ARRAY[OLD.phase_id, NEW.phase_id] END
  LOOP
    SELECT stage INTO found_stage FROM registry_phase WHERE id = owner FOR SHARE;
    IF FOUND AND found_stage <> 'planned' THEN
      RAISE EXCEPTION 'Phase % is %: % on % is refused', owner, found_stage, TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
    END IF;
  END LOOP;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER registry_entrycriterion_planned_only BEFORE INSERT OR UPDATE OR DELETE ON registry_entrycriterion
  FOR EACH ROW EXECUTE FUNCTION registry_planned_only();

CREATE FUNCTION registry_phase_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  free text[] := ARRAY['stage', 'row_version', 'updated_at', 'left_at', 'number', 'note'];
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.stage <> 'planned' THEN
      RAISE EXCEPTION 'Phase % is %: it stays on record', OLD.id, OLD.stage USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF OLD.stage <> 'planned' AND (
    NEW.stage = 'planned'
    OR OLD.stage = 'dropped' AND NEW.stage <> 'dropped'
    OR to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free
  ) THEN
    RAISE EXCEPTION 'Phase % is %: what was decided stays on record', OLD.id, OLD.stage
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.stage = 'planned' AND NEW.stage = 'entered' AND NEW.kind <> 'withdrawn' AND EXISTS (
    SELECT 1 FROM registry_entrycriterion WHERE phase_id = NEW.id AND is_required AND met_at IS NULL
  ) THEN
    RAISE EXCEPTION 'Phase % has a required criterion that is not met', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER registry_phase_of_record BEFORE UPDATE OR DELETE ON registry_phase
  FOR EACH ROW EXECUTE FUNCTION registry_phase_of_record();
CREATE TRIGGER registry_phase_no_truncate BEFORE TRUNCATE ON registry_phase
  FOR EACH STATEMENT EXECUTE FUNCTION tidegate_append_only();
"""
NO_PLAN = """
DROP TRIGGER registry_phase_no_truncate ON registry_phase;
DROP TRIGGER registry_phase_of_record ON registry_phase;
DROP FUNCTION registry_phase_of_record();
DROP TRIGGER registry_entrycriterion_planned_only ON registry_entrycriterion;
DROP FUNCTION registry_planned_only();
"""

# What people agreed to when they took a release: its licence. What was left out of it may still be filled in.
RELEASE = """
CREATE OR REPLACE FUNCTION registry_release_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'Release % is %: it stays on record', OLD.id, OLD.stage USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.stage = 'draft'
    OR (NEW.family_id, NEW.version, NEW.licence, NEW.revision)
       IS DISTINCT FROM (OLD.family_id, OLD.version, OLD.licence, OLD.revision) {licence} THEN
    RAISE EXCEPTION 'Release % is %: its version, licence and revision stay as published', OLD.id, OLD.stage
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
"""
FILLED_IN = "".join(
    f"\n    OR OLD.{column} <> '' AND NEW.{column} <> OLD.{column}"
    for column in ("licence_name", "licence_url", "licence_text")
)


class Migration(migrations.Migration):
    dependencies = [("registry", "0010_release_plan"), ("common", "0002_audit_is_append_only")]
    operations = [
        append_only("registry_capabilitystatus"),
        migrations.RunSQL(LINEAGE, NO_LINEAGE),
        migrations.RunSQL(PLAN, NO_PLAN),
        migrations.RunSQL(RELEASE.format(licence=FILLED_IN), RELEASE.format(licence="")),
    ]
