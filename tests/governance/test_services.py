import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from common import audit
from common.lifecycle import Refused, Stale
from common.models import OutboxEvent
from governance import services
from governance.models import Decision
from registry.selectors import revision_of
from tests.factories.governance import DecisionFactory
from tests.factories.registry import ArtifactFactory, ReleaseFactory, RiskFactory

TEXT = {
    "context": "Evaluations are in.",
    "outcome": "Release.",
    "consequences": "People decide on requests.",
    "stops_holding_when": "A better model is public.",
    "options": [{"name": "Release", "chosen": True}, {"name": "Wait", "arguments_for": "Nothing is lost."}],
}


def last(obj):
    return audit.trail(obj).first()


def test_publish_release_fixes_its_revision_and_tells_others(draft_release, release_manager):
    release = services.publish_release(draft_release, actor=release_manager)
    assert (release.stage, release.revision) == ("published", revision_of(draft_release))
    assert release.published_at is not None
    assert (last(release).verb, last(release).evidence["revision"]) == ("registry.release.publish", release.revision)
    assert OutboxEvent.objects.get(name="registry.release.published").object_id == str(release.pk)


def test_revision_depends_on_every_file(draft_release, release_manager):
    before = revision_of(draft_release)
    ArtifactFactory(release=draft_release, created_by=release_manager)
    assert revision_of(draft_release) != before
    assert len(before) == 40


def test_publish_release_says_what_is_missing(family, release_manager):
    empty = ReleaseFactory(family=family, version="3.0", created_by=release_manager)
    with pytest.raises(Refused) as refused:
        services.publish_release(empty, actor=release_manager)
    assert len(refused.value.reasons) == 2
    empty.refresh_from_db()
    assert (empty.stage, empty.revision) == ("draft", "")


@pytest.mark.parametrize("who", ["risk_owner", "reviewer", "incident_handler", "auditor", "administrator", "stranger"])
def test_publish_release_is_for_the_release_manager(who, draft_release, request):
    with pytest.raises(PermissionDenied):
        services.publish_release(draft_release, actor=request.getfixturevalue(who))


@pytest.mark.parametrize("who", ["release_manager", "incident_handler"])
def test_withdraw_release_needs_a_reason_and_is_one_action(who, release, request):
    actor = request.getfixturevalue(who)
    with pytest.raises(Refused) as refused:
        services.withdraw_release(release, actor=actor, reason="  ")
    assert refused.value.field == "reason"
    withdrawn = services.withdraw_release(release, actor=actor, reason="A safeguard did not hold.")
    assert (withdrawn.stage, withdrawn.withdrawal_reason) == ("withdrawn", "A safeguard did not hold.")
    assert last(release).reason == "A safeguard did not hold."
    assert OutboxEvent.objects.filter(name="registry.release.withdrawn", object_id=str(release.pk)).count() == 1


def test_withdraw_release_tells_the_second_who_was_first(release, release_manager, incident_handler):
    services.withdraw_release(release, actor=incident_handler, reason="Stop.")
    with pytest.raises(Refused, match="Incident handler did it"):
        services.withdraw_release(release, actor=release_manager, reason="Stop.")


def test_reinstate_release_needs_somebody_else(draft_release, release_manager, colleague, superuser):
    release = services.publish_release(draft_release, actor=release_manager)
    services.withdraw_release(release, actor=release_manager, reason="By mistake.")
    with pytest.raises(PermissionDenied):
        services.reinstate_release(release, actor=release_manager, reason="It was a mistake.")
    back = services.reinstate_release(release, actor=colleague, reason="It was a mistake.")
    assert (back.stage, back.withdrawn_at, back.withdrawal_reason) == ("published", None, "")
    services.withdraw_release(back, actor=superuser, reason="Again.")
    with pytest.raises(PermissionDenied):
        services.reinstate_release(back, actor=superuser, reason="Four eyes hold for superusers too.")


def test_record_decision_numbers_and_records(family, reviewer, risk):
    first = services.record_decision(family, actor=reviewer, title="One", risks=[risk], **TEXT)
    second = services.record_decision(family, actor=reviewer, title="Two")
    assert second.number == first.number + 1
    assert (first.stage, first.decided_by, first.created_by) == ("draft", reviewer, reviewer)
    assert [option.name for option in first.options.all()] == ["Release", "Wait"]
    assert last(first).verb == "governance.decision.record"


@pytest.mark.parametrize("who", ["auditor", "administrator", "stranger", "researcher"])
def test_record_decision_is_for_people_who_work_on_the_model(who, family, request):
    with pytest.raises(PermissionDenied):
        services.record_decision(family, actor=request.getfixturevalue(who), title="No")


def test_record_decision_takes_only_what_belongs_to_the_family(family, reviewer):
    with pytest.raises(Refused) as refused:
        services.record_decision(family, actor=reviewer, title="No", risks=[RiskFactory()])
    assert refused.value.field == "risks"
    with pytest.raises(Refused) as refused:
        services.record_decision(family, actor=reviewer, title="No", release=ReleaseFactory())
    assert refused.value.field == "release"


def test_record_decision_takes_one_chosen_option(family, reviewer):
    two = [{"name": "A", "chosen": True}, {"name": "B", "chosen": True}]
    with pytest.raises(Refused):
        services.record_decision(family, actor=reviewer, title="No", options=two)
    assert not Decision.objects.exists()


def test_edit_decision_records_only_what_changed(draft, reviewer):
    edited = services.edit_decision(draft, actor=reviewer, expected_version=1, title="New", context=draft.context)
    assert (edited.title, edited.row_version) == ("New", 2)
    assert last(draft).after == {"title": "New"}
    assert services.edit_decision(edited, actor=reviewer, title="New").row_version == 2


def test_edit_decision_replaces_lists_and_counts_them_as_a_change(draft, reviewer, risk):
    edited = services.edit_decision(draft, actor=reviewer, options=[{"name": "Only", "chosen": True}], risks=[risk])
    assert [option.name for option in edited.options.all()] == ["Only"]
    assert edited.row_version == 2
    assert set(last(draft).after) == {"options", "risks"}


def test_edit_decision_protects_what_somebody_else_wrote(draft, reviewer, release_manager):
    services.edit_decision(draft, actor=release_manager, expected_version=1, title="First")
    with pytest.raises(Stale, match="Release manager"):
        services.edit_decision(draft, actor=reviewer, expected_version=1, title="Second")
    draft.refresh_from_db()
    assert draft.title == "First"


def test_edit_decision_refuses_what_is_published(published, reviewer):
    with pytest.raises(Refused, match="never changed"):
        services.edit_decision(published, actor=reviewer, title="Rewritten")


@pytest.mark.parametrize("who", ["release_manager", "reviewer"])
def test_publish_decision_is_on_record_with_who(who, draft, request):
    actor = request.getfixturevalue(who)
    decision = services.publish_decision(draft, actor=actor)
    assert (decision.stage, decision.published_by) == ("published", actor)
    assert last(decision).verb == "governance.decision.publish"
    assert OutboxEvent.objects.filter(name="governance.decision.published").count() == 1


@pytest.mark.parametrize("who", ["risk_owner", "incident_handler", "auditor", "administrator", "stranger"])
def test_publish_decision_is_not_for_others(who, draft, request):
    with pytest.raises(PermissionDenied):
        services.publish_decision(draft, actor=request.getfixturevalue(who))


def test_publish_decision_says_what_is_missing(family, reviewer):
    empty = services.record_decision(family, actor=reviewer, title="Thin")
    with pytest.raises(Refused) as refused:
        services.publish_decision(empty, actor=reviewer)
    assert "context" in str(refused.value)
    assert any("chosen" in reason for reason in refused.value.reasons)


def test_supersede_decision_keeps_the_old_one_in_force_until_the_new_is_published(published, reviewer, risk):
    new = services.supersede_decision(published, actor=reviewer)
    assert (new.stage, new.supersedes, new.outcome) == ("draft", published, published.outcome)
    assert list(new.risks.all()) == [risk]
    published.refresh_from_db()
    assert published.stage == "published"
    services.publish_decision(new, actor=reviewer)
    published.refresh_from_db()
    assert published.stage == "superseded"
    assert last(published).evidence["by"]["id"] == new.pk


def test_supersede_decision_once_at_a_time(published, reviewer, release_manager):
    services.supersede_decision(published, actor=reviewer)
    with pytest.raises(Refused, match="already being written"):
        services.supersede_decision(published, actor=release_manager)


def test_publish_decision_refuses_to_supersede_what_fell_meanwhile(published, reviewer):
    new = services.supersede_decision(published, actor=reviewer)
    services.annul_decision(published, actor=reviewer, reason="The safeguard is gone.")
    with pytest.raises(Refused, match="not in force"):
        services.publish_decision(new, actor=reviewer)


def test_annul_decision_says_why(published, reviewer):
    with pytest.raises(Refused):
        services.annul_decision(published, actor=reviewer, reason="")
    void = services.annul_decision(published, actor=reviewer, reason="The safeguard is gone.")
    assert (void.stage, void.annulment_reason) == ("void", "The safeguard is gone.")
    assert last(void).reason == "The safeguard is gone."


@pytest.mark.django_db(transaction=True)
def test_numbers_do_not_collide_when_many_write_at_once(family, reviewer):
    errors = []

    def record():
        try:
            services.record_decision(family, actor=reviewer, title="At once")
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=record) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    numbers = sorted(Decision.objects.values_list("number", flat=True))
    assert numbers == list(range(numbers[0], numbers[0] + 6))


@pytest.mark.django_db(transaction=True)
def test_two_who_publish_at_once(draft, reviewer, release_manager):
    """One wins; the other is told who and when, and nothing is recorded twice."""
    outcomes, gate = [], threading.Barrier(2)

    def publish(actor):
        gate.wait()
        try:
            services.publish_decision(draft, actor=actor)
            outcomes.append("done")
        except Refused as refused:
            outcomes.append(str(refused))
        finally:
            connection.close()

    threads = [threading.Thread(target=publish, args=[actor]) for actor in (reviewer, release_manager)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("done") == 1
    assert any("did it on" in outcome for outcome in outcomes)
    assert audit.trail(draft).filter(verb="governance.decision.publish").count() == 1


def test_a_failed_audit_event_takes_the_publication_with_it(draft, reviewer, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("no audit trail")

    monkeypatch.setattr(audit, "record", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        services.publish_decision(draft, actor=reviewer)
    draft.refresh_from_db()
    assert draft.stage == "draft"


def test_reference_search_and_words(family):
    one = DecisionFactory(family=family, number=71, title="Gate the weights", published=True)
    other = DecisionFactory(family=family, number=72, title="Open the tokenizer", published=True)
    assert list(Decision.objects.search("d-72")) == [other]
    assert list(Decision.objects.search("weights gate")) == [one]
    assert list(Decision.objects.search('"open the tokenizer" OR (')) == [other]
