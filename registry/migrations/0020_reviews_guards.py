"""What was asked, answered and decided in a review does not change afterwards, whoever asks and through what."""

from django.db import migrations

from common.database import append_only

QUESTIONS = """
CREATE FUNCTION registry_question_set_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.stage <> 'draft' THEN
      RAISE EXCEPTION 'Question set % was in use: deleting it is refused', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF OLD.stage <> 'draft' AND (NEW.stage = 'draft'
     OR (NEW.publisher_id, NEW.slug, NEW.number, NEW.title, NEW.about, NEW.review_days, NEW.digest)
        IS DISTINCT FROM
        (OLD.publisher_id, OLD.slug, OLD.number, OLD.title, OLD.about, OLD.review_days, OLD.digest)) THEN
    RAISE EXCEPTION 'Question set % was in use: it does not change', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER registry_question_set_frozen BEFORE UPDATE OR DELETE ON registry_questionset
  FOR EACH ROW EXECUTE FUNCTION registry_question_set_frozen();

CREATE FUNCTION registry_questions_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  held record;
BEGIN
  -- The set is locked, so that no question slips in while somebody publishes it.
  FOR held IN
    SELECT stage FROM registry_questionset
    WHERE id IN (CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE OLD.question_set_id END,
                 CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE NEW.question_set_id END)
    FOR SHARE
  LOOP
    IF held.stage <> 'draft' THEN
      RAISE EXCEPTION 'Questions of a set in use do not change: % is refused', TG_OP
        USING ERRCODE = 'restrict_violation';
    END IF;
  END LOOP;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER registry_questions_frozen BEFORE INSERT OR UPDATE OR DELETE ON registry_question
  FOR EACH ROW EXECUTE FUNCTION registry_questions_frozen();
"""
QUESTIONS_BACK = """
DROP TRIGGER registry_questions_frozen ON registry_question;
DROP FUNCTION registry_questions_frozen();
DROP TRIGGER registry_question_set_frozen ON registry_questionset;
DROP FUNCTION registry_question_set_frozen();
"""

REVIEWS = """
CREATE FUNCTION registry_release_review_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.stage <> 'draft' THEN
    RAISE EXCEPTION 'Review % is “%”: % is refused', OLD.id, OLD.stage, TG_OP USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER registry_release_review_frozen BEFORE UPDATE OR DELETE ON registry_releasereview
  FOR EACH ROW EXECUTE FUNCTION registry_release_review_frozen();

CREATE FUNCTION registry_review_parts_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  held text;
BEGIN
  SELECT stage INTO held FROM registry_releasereview
  WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.review_id ELSE NEW.review_id END FOR SHARE;
  IF held <> 'draft' THEN
    RAISE EXCEPTION 'The review is “%”: % of % is refused', held, TG_OP, TG_TABLE_NAME
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER registry_reviewanswers_in_time BEFORE INSERT ON registry_reviewanswers
  FOR EACH ROW EXECUTE FUNCTION registry_review_parts_frozen();
CREATE TRIGGER registry_reviewfinding_in_time BEFORE INSERT OR UPDATE OR DELETE ON registry_reviewfinding
  FOR EACH ROW EXECUTE FUNCTION registry_review_parts_frozen();
"""
REVIEWS_BACK = """
DROP TRIGGER registry_reviewfinding_in_time ON registry_reviewfinding;
DROP TRIGGER registry_reviewanswers_in_time ON registry_reviewanswers;
DROP FUNCTION registry_review_parts_frozen();
DROP TRIGGER registry_release_review_frozen ON registry_releasereview;
DROP FUNCTION registry_release_review_frozen();
"""

ROUNDS = """
CREATE FUNCTION registry_round_item_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.review_id IS NOT NULL OR OLD.skipped_at IS NOT NULL
     OR (NEW.round_id, NEW.risk_id, NEW.since) IS DISTINCT FROM (OLD.round_id, OLD.risk_id, OLD.since) THEN
    RAISE EXCEPTION 'Item % of a review round: % is refused', OLD.id, TG_OP USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER registry_round_item_frozen BEFORE UPDATE OR DELETE ON registry_rounditem
  FOR EACH ROW EXECUTE FUNCTION registry_round_item_frozen();

CREATE FUNCTION registry_round_is_done() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.stage <> 'open' THEN
    RAISE EXCEPTION 'Review round % has ended: it does not change', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.stage = 'done' AND EXISTS (
    SELECT FROM registry_rounditem
    WHERE round_id = NEW.id AND review_id IS NULL AND skipped_at IS NULL
  ) THEN
    RAISE EXCEPTION 'Review round % is not done: risks wait', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER registry_round_is_done BEFORE UPDATE ON registry_reviewround
  FOR EACH ROW EXECUTE FUNCTION registry_round_is_done();
"""
ROUNDS_BACK = """
DROP TRIGGER registry_round_is_done ON registry_reviewround;
DROP FUNCTION registry_round_is_done();
DROP TRIGGER registry_round_item_frozen ON registry_rounditem;
DROP FUNCTION registry_round_item_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0019_reviews")]
    operations = [
        append_only("registry_riskreview"),
        append_only("registry_reviewanswers"),
        migrations.RunSQL(QUESTIONS, QUESTIONS_BACK),
        migrations.RunSQL(REVIEWS, REVIEWS_BACK),
        migrations.RunSQL(ROUNDS, ROUNDS_BACK),
    ]
