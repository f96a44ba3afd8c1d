"""Phases, criteria and capabilities: what changes, what is on record, who is refused, what the database keeps."""

import datetime as dt
import threading

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from common import audit, workspace
from common.lifecycle import Refused, Stale
from registry import selectors, services
from registry.models import CapabilityStatus, EntryCriterion, Phase, Release
from tests.factories.registry import CapabilityStatusFactory, EntryCriterionFactory, PhaseFactory, ReleaseFactory

NOBODY = AnonymousUser()
OTHERS = ("risk_owner", "reviewer", "incident_handler", "auditor", "administrator", "stranger", "researcher")


@pytest.fixture
def draft(family, release_manager):
    return ReleaseFactory(family=family, version="2.0", created_by=release_manager)


@pytest.fixture
def phase(draft, release_manager, reviewer):
    return services.plan_phase(draft, actor=release_manager, kind="gated", decider=reviewer)


def test_plan_phase_goes_to_the_end_and_is_on_record(draft, release_manager, reviewer):
    first = services.plan_phase(draft, actor=release_manager, kind="internal")
    second = services.plan_phase(
        draft,
        actor=release_manager,
        kind="gated",
        title="Hospitals first",
        planned_on=dt.date(2030, 1, 1),
        decider=reviewer,
        decision=" d-12 ",
    )
    assert (first.number, second.number, second.stage, second.decision) == (1, 2, "planned", "D-12")
    assert second.name == "Gated: Hospitals first"
    event = audit.trail(second).get()
    assert (event.verb, event.after["decider"]["label"]) == ("registry.phase.plan", "Reviewer")


@pytest.mark.parametrize("who", OTHERS)
def test_the_plan_is_the_release_managers(who, phase, request):
    user = request.getfixturevalue(who)
    for call in (
        lambda: services.plan_phase(phase.release, actor=user, kind="beta"),
        lambda: services.edit_phase(phase, actor=user, title="Other"),
        lambda: services.drop_phase(phase, actor=user, reason="No"),
        lambda: services.add_criterion(phase, actor=user, text="Other"),
    ):
        with pytest.raises(PermissionDenied):
            call()


def test_only_somebody_who_can_decide_is_named(draft, release_manager, auditor, reviewer, stranger):
    for person in (auditor, stranger):
        with pytest.raises(Refused) as refusal:
            services.plan_phase(draft, actor=release_manager, kind="gated", decider=person)
        assert refusal.value.field == "decider"
    assert set(selectors.deciders_of(draft.family)) == {reviewer, release_manager}


def test_a_public_release_gets_no_internal_phase(release, release_manager):
    with pytest.raises(Refused, match="public already") as refusal:
        services.plan_phase(release, actor=release_manager, kind="internal")
    assert refusal.value.field == "kind"


def test_edit_phase_tells_who_came_first(phase, release_manager, colleague):
    services.edit_phase(phase, actor=colleague, title="First", expected_version=1)
    with pytest.raises(Stale, match="Colleague"):
        services.edit_phase(phase, actor=release_manager, title="Second", expected_version=1)
    with pytest.raises(ValidationError):
        services.edit_phase(phase, actor=release_manager, kind="nonsense")


def test_drop_phase_needs_a_reason_and_is_for_good(phase, release_manager):
    with pytest.raises(Refused):
        services.drop_phase(phase, actor=release_manager, reason=" ")
    dropped = services.drop_phase(phase, actor=release_manager, reason="We go public at once.")
    assert (dropped.stage, audit.trail(phase).first().reason) == ("dropped", "We go public at once.")
    with pytest.raises(Refused, match="Dropped"):
        services.edit_phase(dropped, actor=release_manager, title="Other")
    assert services.edit_phase(dropped, actor=release_manager, note="Seen again in May").note == "Seen again in May"


def test_a_criterion_is_met_by_somebody_with_something_to_show(phase, release_manager, risk_owner, auditor):
    criterion = services.add_criterion(phase, actor=release_manager, text="Refusal rate above 95 %")
    with pytest.raises(PermissionDenied):
        services.meet_criterion(criterion, actor=auditor, evidence="Yes")
    with pytest.raises(Refused) as refusal:
        services.meet_criterion(criterion, actor=risk_owner)
    assert refusal.value.field == "evidence"
    met = services.meet_criterion(criterion, actor=risk_owner, evidence="96.1 % on our set.")
    assert (met.is_met, met.met_by) == (True, risk_owner)
    assert audit.trail(criterion).first().verb == "registry.entrycriterion.meet"
    back = services.reopen_criterion(met, actor=risk_owner, reason="The set was too easy.")
    assert (back.is_met, back.evidence) == (False, "96.1 % on our set.")


def test_new_words_open_a_criterion_again(phase, release_manager):
    met = EntryCriterionFactory(phase=phase, met=True)
    met = EntryCriterion.objects.get(pk=met.pk)
    assert services.edit_criterion(met, actor=release_manager, is_required=False).is_met
    assert not services.edit_criterion(met, actor=release_manager, text="Above 99 %").is_met


def test_remove_criterion_keeps_its_words_on_record(phase, release_manager):
    criterion = EntryCriterionFactory(phase=phase, text="Legal has read it")
    services.remove_criterion(criterion, actor=release_manager)
    assert audit.trail(phase).first().before["criterion"]["label"] == "Legal has read it"
    assert not phase.criteria.exists()


def test_the_criteria_of_a_phase_that_came_stay(phase, release_manager):
    criterion = EntryCriterionFactory(phase=phase, met=True)
    enter(phase, release_manager)
    for call in (
        lambda: services.add_criterion(phase, actor=release_manager, text="More"),
        lambda: services.edit_criterion(criterion, actor=release_manager, text="Other"),
        lambda: services.remove_criterion(criterion, actor=release_manager),
        lambda: services.reopen_criterion(criterion, actor=release_manager, reason="No"),
    ):
        with pytest.raises(Refused, match="stay as they were"):
            call()


def enter(phase, who, **more):
    now = phase.created_at
    Phase.objects.filter(pk=phase.pk).update(
        stage="entered", entered_at=now, entered_by=who, decider=phase.decider or who, **more
    )


SQL = {
    "criterion added": "INSERT INTO registry_entrycriterion (phase_id, text, is_required, evidence, evidence_url,"
    " row_version, created_at, updated_at) SELECT id, 'x', false, '', '', 1, now(), now() FROM registry_phase"
    " WHERE id = %s",
    "criterion changed": "UPDATE registry_entrycriterion SET text = 'x' WHERE phase_id = %s",
    "criterion removed": "DELETE FROM registry_entrycriterion WHERE phase_id = %s",
    "planned again": "UPDATE registry_phase SET stage = 'planned', entered_at = NULL WHERE id = %s",
    "other kind": "UPDATE registry_phase SET kind = 'public' WHERE id = %s",
    "other day": "UPDATE registry_phase SET entered_at = now() WHERE id = %s",
    "deleted": "DELETE FROM registry_phase WHERE id = %s",
}


@pytest.mark.parametrize("name", SQL)
def test_the_database_keeps_a_phase_that_came_as_it_was(name, phase, release_manager):
    EntryCriterionFactory(phase=phase, met=True)
    enter(phase, release_manager)
    with pytest.raises(IntegrityError, match="Phase"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SQL[name], [phase.pk])


def test_the_database_lets_no_phase_be_entered_past_a_required_criterion(phase, release_manager):
    criterion = EntryCriterionFactory(phase=phase)
    with pytest.raises(IntegrityError, match="not met"), transaction.atomic():
        enter(phase, release_manager)
    EntryCriterion.objects.filter(pk=criterion.pk).update(is_required=False)
    enter(phase, release_manager)


def test_the_database_keeps_a_release_in_one_phase_with_its_decider(phase, draft, release_manager):
    enter(phase, release_manager)
    other = PhaseFactory(release=draft)
    with pytest.raises(IntegrityError, match="release_is_in_one_phase"), transaction.atomic():
        enter(other, release_manager)
    with pytest.raises(IntegrityError, match="entered_phase_says"), transaction.atomic():
        Phase.objects.filter(pk=other.pk).update(stage="left")
    dropped = PhaseFactory(release=draft, dropped=True)
    with pytest.raises(IntegrityError, match="on record"), transaction.atomic():
        enter(dropped, release_manager)


@pytest.mark.django_db(transaction=True)
def test_the_database_does_not_empty_the_table_of_phases(phase):
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("TRUNCATE registry_phase CASCADE")
    assert Phase.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_criterion_added_while_the_phase_is_entered_waits_and_is_refused(phase, release_manager):
    outcome = []

    def add():
        try:
            services.add_criterion(phase, actor=release_manager, text="One more thing")
            outcome.append("added")
        except Refused as refused:
            outcome.append(str(refused))
        finally:
            connection.close()

    other = threading.Thread(target=add)
    with transaction.atomic():
        enter(phase, release_manager)
        other.start()
        other.join(1.0)
        assert other.is_alive()
    other.join(10)
    assert outcome == ["This phase is “In this phase”: its criteria stay as they were."]


def test_what_the_public_sees_of_a_plan(release, release_manager, auditor, stranger):
    PhaseFactory(release=release, kind="internal", left=True, number=1)
    PhaseFactory(release=release, kind="beta", left=True, number=2)
    PhaseFactory(release=release, kind="gated", entered=True, number=3)
    PhaseFactory(release=release, kind="public", number=4)
    PhaseFactory(release=release, kind="end_of_support", is_announced=True, number=5)
    PhaseFactory(release=ReleaseFactory(), kind="public", is_announced=True)
    for user in (NOBODY, stranger):
        assert [row.kind for row in Phase.objects.visible_to(user).in_order()] == ["beta", "gated", "end_of_support"]
        assert not EntryCriterion.objects.visible_to(user).exists()
    assert Phase.objects.visible_to(auditor).count() == 5
    shown = selectors.with_plan(Release.objects.filter(pk=release.pk)).get()
    assert [row.kind for row in selectors.shown_phases_of(shown)] == ["beta", "gated", "end_of_support"]
    assert selectors.current_phase(selectors.shown_phases_of(shown)).kind == "gated"


def test_note_capability_adds_to_its_history(release, reviewer):
    first = services.note_capability(
        release, actor=reviewer, capability=" Summaries  in Dutch ", status="experimental", evidence="Seen to work."
    )
    second = services.note_capability(
        release,
        actor=reviewer,
        capability="summaries in dutch",
        status="evaluated",
        evidence="0.81 on our set.",
        evidence_url="https://example.org/report",
    )
    assert (first.capability, second.capability) == ("Summaries in Dutch", "Summaries in Dutch")
    event = audit.trail(release).first()
    assert (event.verb, event.before["status"], event.after["status"]) == (
        "registry.release.note_capability",
        "experimental",
        "evaluated",
    )
    other = services.note_capability(
        release, actor=reviewer, capability="Code", status="removed", evidence="Taken out."
    )
    assert selectors.newest_capabilities(release) == [other, second]
    shown = selectors.with_plan(Release.objects.filter(pk=release.pk)).get()
    assert {row.pk for row in selectors.capabilities_of(shown)} == {other.pk, second.pk}
    assert list(selectors.history_of_capabilities([release], "Summaries in Dutch")) == [second, first]


def test_note_capability_needs_evidence_and_a_role(release, release_manager, auditor, stranger):
    with pytest.raises(ValidationError) as invalid:
        services.note_capability(release, actor=release_manager, capability=" ", status="odd", evidence=" ")
    assert set(invalid.value.error_dict) == {"capability", "status", "evidence"}
    for person in (auditor, stranger):
        with pytest.raises(PermissionDenied):
            services.note_capability(release, actor=person, capability="Code", status="removed", evidence="No")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE registry_capabilitystatus SET status = 'removed'", "DELETE FROM registry_capabilitystatus"],
)
def test_the_database_changes_no_status(statement, release):
    CapabilityStatusFactory(release=release)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert CapabilityStatus.objects.count() == 1


def test_a_phase_whose_day_has_come_waits_for_who_decides(client, draft, release, phase, reviewer, release_manager):
    """Met or not: somebody has to look. Only for whoever still may decide, and not once it is decided."""
    today = timezone.localdate()
    EntryCriterionFactory(phase=phase)
    PhaseFactory(release=release, decider=reviewer, planned_on=today, dropped=True)

    def waits(user):
        return [(str(found), found.phase_waits) for found in selectors.waiting_releases(user)]

    def plan(**values):
        Phase.objects.filter(pk=phase.pk).update(**values)

    assert waits(reviewer) == []
    plan(planned_on=today + dt.timedelta(days=1))
    assert waits(reviewer) == []
    plan(planned_on=today)
    assert waits(reviewer) == [(str(draft), True)]
    # The draft waits for the release manager as every draft does.
    assert waits(release_manager) == [(str(draft), False)]
    plan(decider=release_manager)
    assert (waits(reviewer), waits(release_manager)) == ([], [(str(draft), True)])
    plan(decider=reviewer)
    Release.objects.filter(pk=draft.pk).update(stage="published", revision="a" * 40, published_at=timezone.now())
    assert waits(reviewer) == [(str(draft), True)]
    held = list(reviewer.groups.all())
    reviewer.groups.clear()
    assert waits(get_user_model().objects.get(pk=reviewer.pk)) == []
    reviewer.groups.set(held)
    Release.objects.filter(pk=draft.pk).update(stage="withdrawn", withdrawal_reason="security")
    assert waits(get_user_model().objects.get(pk=reviewer.pk)) == []


def test_the_workspace_leads_to_the_plan(client, draft, release, phase, reviewer):
    client.force_login(reviewer)
    plan, listed = reverse("registry:release_plan", args=[draft.pk]), reverse("registry:releases") + "?stage=due"
    assert plan not in client.get(reverse("accounts:workspace")).content.decode()
    assert plan not in client.get(listed).content.decode()
    Phase.objects.filter(pk=phase.pk).update(planned_on=timezone.localdate())
    cache.clear()
    workspace._questions.clear()
    page = client.get(reverse("accounts:workspace")).content.decode()
    assert plan in page
    assert "A phase waits for you" in page
    page = client.get(listed).content.decode()
    assert plan in page
    assert reverse("registry:manage_release", args=[release.pk]) not in page
    with CaptureQueriesContext(connection) as asked:
        client.get(listed)
    assert len(asked) <= 8
