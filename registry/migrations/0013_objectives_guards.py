from django.db import migrations

from common.database import append_only

# What is linked has to be of one model family: a page of one family would otherwise tell of another.
GUARD = """
CREATE FUNCTION registry_family_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Row % of % stays with its model family', OLD.id, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION registry_one_family() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  one_family bigint;
  other_family bigint;
BEGIN
  -- TG_ARGV: table and column of the one side, table and column of the other
  EXECUTE format('SELECT family_id FROM %I WHERE id = ($1).%I', TG_ARGV[0], TG_ARGV[1]) INTO one_family USING NEW;
  EXECUTE format('SELECT family_id FROM %I WHERE id = ($1).%I', TG_ARGV[2], TG_ARGV[3]) INTO other_family USING NEW;
  IF one_family IS DISTINCT FROM other_family THEN
    RAISE EXCEPTION '% links rows of two model families', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION registry_measurement_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.release_id IS NOT NULL AND (SELECT family_id FROM registry_release WHERE id = NEW.release_id)
      IS DISTINCT FROM (SELECT family_id FROM registry_objective WHERE id = NEW.objective_id) THEN
    RAISE EXCEPTION 'A measurement is of a release of the family of its objective' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.corrects_id IS NOT NULL AND (SELECT objective_id FROM registry_objectivemeasurement WHERE id = NEW.corrects_id)
      IS DISTINCT FROM NEW.objective_id THEN
    RAISE EXCEPTION 'A measurement corrects one of the same objective' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER registry_objectivemeasurement_fits BEFORE INSERT ON registry_objectivemeasurement
  FOR EACH ROW EXECUTE FUNCTION registry_measurement_fits();
CREATE TRIGGER registry_safeguard_risks_one_family BEFORE INSERT OR UPDATE ON registry_safeguard_risks
  FOR EACH ROW EXECUTE FUNCTION registry_one_family('registry_safeguard', 'safeguard_id', 'registry_risk', 'risk_id');
CREATE TRIGGER registry_highriskuse_safeguards_one_family BEFORE INSERT OR UPDATE ON registry_highriskuse_safeguards
  FOR EACH ROW EXECUTE FUNCTION
    registry_one_family('registry_highriskuse', 'highriskuse_id', 'registry_safeguard', 'safeguard_id');
CREATE TRIGGER registry_trainingdataset_releases_one_family BEFORE INSERT OR UPDATE ON registry_trainingdataset_releases
  FOR EACH ROW EXECUTE FUNCTION
    registry_one_family('registry_trainingdataset', 'trainingdataset_id', 'registry_release', 'release_id');
"""
UNDO = """
DROP TRIGGER registry_objectivemeasurement_fits ON registry_objectivemeasurement;
DROP TRIGGER registry_safeguard_risks_one_family ON registry_safeguard_risks;
DROP TRIGGER registry_highriskuse_safeguards_one_family ON registry_highriskuse_safeguards;
DROP TRIGGER registry_trainingdataset_releases_one_family ON registry_trainingdataset_releases;
"""
STAYS = ("objective", "safeguard", "highriskuse", "trainingdataset")
for table in STAYS:
    GUARD += f"""
CREATE TRIGGER registry_{table}_family_stays BEFORE UPDATE ON registry_{table}
  FOR EACH ROW WHEN (NEW.family_id <> OLD.family_id) EXECUTE FUNCTION registry_family_stays();
"""
    UNDO += f"DROP TRIGGER registry_{table}_family_stays ON registry_{table};\n"
UNDO += """
DROP FUNCTION registry_measurement_fits();
DROP FUNCTION registry_one_family();
DROP FUNCTION registry_family_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0012_objectives_and_safeguards")]
    operations = [append_only("registry_objectivemeasurement"), migrations.RunSQL(GUARD, UNDO)]
