"""What the database itself refuses, whoever asks through whatever program."""

import pytest
from django.db import DatabaseError, connection, transaction

from governance.models import Decision, DecisionEvidence, DecisionOption

FROZEN = [
    "UPDATE governance_decision SET title = 'Rewritten' WHERE id = {pk}",
    "UPDATE governance_decision SET outcome = outcome || '.' WHERE id = {pk}",
    "UPDATE governance_decision SET stops_holding_when = 'never' WHERE id = {pk}",
    "UPDATE governance_decision SET decided_on = decided_on - 1 WHERE id = {pk}",
    "UPDATE governance_decision SET published_at = now() - interval '1 year' WHERE id = {pk}",
    "UPDATE governance_decision SET review_by = '2030-01-01' WHERE id = {pk}",
    "UPDATE governance_decision SET number = number + 1000 WHERE id = {pk}",
    "UPDATE governance_decision SET stage = 'draft' WHERE id = {pk}",
    "DELETE FROM governance_decision_risks WHERE decision_id = {pk}",
    "DELETE FROM governance_decisionoption WHERE decision_id = {pk}",
    "UPDATE governance_decisionoption SET chosen = NOT chosen WHERE decision_id = {pk}",
    "INSERT INTO governance_decisionoption SELECT * FROM governance_decisionoption WHERE decision_id = {pk}",
    "INSERT INTO governance_decisionevidence (decision_id, label, url, sha256) VALUES ({pk}, '', '', '')",
    "DELETE FROM governance_decision WHERE id = {pk}",
    "TRUNCATE governance_decision CASCADE",
    "TRUNCATE governance_decisionoption",
    "TRUNCATE governance_decision_risks",
]


@pytest.mark.parametrize("sql", FROZEN)
def test_a_published_decision_cannot_be_rewritten(sql, published):
    with connection.cursor() as cursor:
        # Foreign keys are checked first, or PostgreSQL refuses TRUNCATE for a reason of its own.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match=r"cannot be|append-only"), transaction.atomic():
            cursor.execute(sql.format(pk=published.pk))
    published.refresh_from_db()
    assert (published.stage, published.options.count()) == ("published", 2)


def test_a_draft_option_cannot_be_moved_into_a_published_decision(draft, published):
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        DecisionOption.objects.filter(decision=draft).update(decision=published, chosen=False)


def test_a_draft_may_change_and_go(draft):
    Decision.objects.filter(pk=draft.pk).update(title="Better")
    DecisionEvidence.objects.create(decision=draft, label="New", url="https://example.org")
    draft.delete()
    assert not Decision.objects.exists()


def test_out_of_force_is_for_good(published):
    Decision.objects.filter(pk=published.pk).update(stage="superseded")
    with pytest.raises(DatabaseError, match="out of force"), transaction.atomic():
        Decision.objects.filter(pk=published.pk).update(stage="published")


@pytest.mark.parametrize("missing", ["context", "outcome", "consequences", "stops_holding_when"])
def test_an_incomplete_decision_cannot_be_published(missing, draft):
    Decision.objects.filter(pk=draft.pk).update(**{missing: ""})
    with pytest.raises(DatabaseError, match="published_decision_is_complete"), transaction.atomic():
        Decision.objects.filter(pk=draft.pk).update(
            stage="published", published_at="2026-01-01T00:00Z", published_by=draft.decided_by
        )
