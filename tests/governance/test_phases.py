"""Entering the phases of a release's plan: what it publishes, withdraws and leaves, and who may."""

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from common import audit
from common.lifecycle import Refused, Stale
from common.models import AuditEvent, OutboxEvent
from governance import services
from registry import services as registry
from registry.models import Phase
from tests.factories.registry import EntryCriterionFactory, PhaseFactory, ReleaseFactory


@pytest.fixture
def plan(draft_release, release_manager, reviewer):
    """Internal, beta, gated, public: decided by the reviewer. Nothing is entered yet."""
    return [
        registry.plan_phase(draft_release, actor=release_manager, kind=kind, decider=reviewer)
        for kind in ("internal", "beta", "gated", "public")
    ]


def stages(release):
    return [(phase.kind, phase.stage) for phase in release.phases.in_order()]


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def test_a_plan_is_gone_through(plan, draft_release, reviewer):
    internal, beta, gated, _public = plan
    entered = services.enter_phase(internal, actor=reviewer)
    assert (entered.stage, entered.entered_by) == ("entered", reviewer)
    assert fresh(draft_release).stage == "draft"
    services.enter_phase(beta, actor=reviewer)
    published = fresh(draft_release)
    assert (published.stage, len(published.revision)) == ("published", 40)
    services.enter_phase(gated, actor=reviewer)
    assert stages(draft_release) == [
        ("internal", "left"),
        ("beta", "left"),
        ("gated", "entered"),
        ("public", "planned"),
    ]
    left = fresh(beta)
    assert left.left_at <= fresh(gated).entered_at
    event = audit.trail(gated).first()
    assert (event.verb, event.evidence["decider"]["label"]) == ("registry.phase.enter", "Reviewer")
    kinds = OutboxEvent.objects.filter(name="registry.release.phase_entered").order_by("pk")
    assert [row.payload["kind"] for row in kinds] == ["internal", "beta", "gated"]
    assert OutboxEvent.objects.filter(name="registry.release.published").count() == 1


@pytest.mark.parametrize("who", ["risk_owner", "incident_handler", "auditor", "administrator", "stranger"])
def test_a_phase_is_entered_by_who_decides_or_a_release_manager(who, plan, request):
    with pytest.raises(PermissionDenied):
        services.enter_phase(plan[0], actor=request.getfixturevalue(who))


def test_a_reviewer_who_was_not_named_enters_nothing(draft_release, release_manager, reviewer):
    phase = registry.plan_phase(draft_release, actor=release_manager, kind="internal", decider=release_manager)
    with pytest.raises(PermissionDenied):
        services.enter_phase(phase, actor=reviewer)


def test_a_release_manager_enters_it_in_the_deciders_stead_on_record(plan, release_manager):
    services.enter_phase(plan[0], actor=release_manager)
    event = audit.trail(plan[0]).first()
    assert (event.actor_label, event.evidence["decider"]["label"]) == ("Release manager", "Reviewer")


def test_enter_phase_says_all_that_is_missing(family, release_manager):
    empty = ReleaseFactory(family=family, version="3.0", created_by=release_manager)
    PhaseFactory(release=empty, kind="internal", number=1)
    phase = PhaseFactory(release=empty, kind="gated", number=2)
    EntryCriterionFactory(phase=phase, text="Legal has read it")
    EntryCriterionFactory(phase=phase, text="Nice to have", is_required=False)
    with pytest.raises(Refused) as refused:
        services.enter_phase(phase, actor=release_manager)
    assert refused.value.reasons == [
        "Name who decides first.",
        "“Internal” comes before it in the plan. Enter it or drop it first.",
        "Not met yet: Legal has read it",
        "Import a model card first: the public page is made from it.",
    ]
    assert (fresh(empty).stage, fresh(phase).stage) == ("draft", "planned")


def test_enter_phase_is_possible_once_its_criteria_are_met(plan, release_manager, reviewer):
    criterion = registry.add_criterion(plan[0], actor=release_manager, text="Red team is done")
    with pytest.raises(Refused, match="Red team is done"):
        services.enter_phase(plan[0], actor=reviewer)
    registry.meet_criterion(criterion, actor=reviewer, evidence="Report of 4 May")
    assert services.enter_phase(plan[0], actor=reviewer).stage == "entered"


def test_enter_phase_protects_what_somebody_else_wrote(plan, reviewer, release_manager):
    registry.edit_phase(plan[0], actor=release_manager, title="Staff only")
    with pytest.raises(Stale, match="Release manager"):
        services.enter_phase(plan[0], actor=reviewer, expected_version=1)


def test_a_phase_is_entered_once(plan, reviewer):
    services.enter_phase(plan[0], actor=reviewer)
    with pytest.raises(Refused, match="Reviewer did it"):
        services.enter_phase(plan[0], actor=reviewer)


def test_a_public_release_does_not_go_back_inside(release, release_manager):
    phase = PhaseFactory(release=release, kind="internal", decider=release_manager)
    with pytest.raises(Refused, match="public already"):
        services.enter_phase(phase, actor=release_manager)


def test_withdrawing_shows_in_the_plan_and_waits_for_nothing(plan, draft_release, reviewer, incident_handler):
    services.enter_phase(plan[0], actor=reviewer)
    services.enter_phase(plan[1], actor=reviewer)
    end = PhaseFactory(release=draft_release, kind="withdrawn", number=9)
    EntryCriterionFactory(phase=end, text="The board has agreed")
    services.withdraw_release(fresh(draft_release), actor=incident_handler, reason="A safeguard did not hold.")
    end = fresh(end)
    assert (end.stage, end.decider, end.entered_by) == ("entered", incident_handler, incident_handler)
    assert fresh(plan[1]).stage == "left"
    assert audit.trail(end).first().reason == "A safeguard did not hold."


def test_a_plan_without_a_withdrawal_gets_one(plan, draft_release, reviewer, release_manager, colleague):
    services.enter_phase(plan[0], actor=reviewer)
    services.enter_phase(plan[1], actor=reviewer)
    services.withdraw_release(fresh(draft_release), actor=release_manager, reason="Stop.")
    assert stages(draft_release)[-1] == ("withdrawn", "entered")
    gated = plan[2]
    with pytest.raises(Refused, match="Reinstate it first"):
        services.enter_phase(gated, actor=release_manager)
    services.reinstate_release(fresh(draft_release), actor=colleague, reason="It was a mistake.")
    assert stages(draft_release) == [
        ("internal", "left"),
        ("beta", "entered"),
        ("gated", "planned"),
        ("public", "planned"),
        ("withdrawn", "left"),
    ]
    # And once more: the plan goes on from where it was.
    services.withdraw_release(fresh(draft_release), actor=release_manager, reason="Again.")
    services.reinstate_release(fresh(draft_release), actor=colleague, reason="A mistake again.")
    assert services.enter_phase(gated, actor=reviewer).stage == "entered"


def test_entering_a_withdrawn_phase_withdraws_the_release(release, release_manager, reviewer):
    phase = registry.plan_phase(release, actor=release_manager, kind="withdrawn", decider=reviewer)
    with pytest.raises(Refused) as refused:
        services.enter_phase(phase, actor=release_manager)
    assert refused.value.field == "reason"
    # Withdrawing is for those who may withdraw, whoever is named.
    with pytest.raises(PermissionDenied):
        services.enter_phase(phase, actor=reviewer, reason="Superseded.")
    assert services.enter_phase(phase, actor=release_manager, reason="Superseded.").stage == "entered"
    assert (fresh(release).stage, fresh(release).withdrawal_reason) == ("withdrawn", "Superseded.")


def test_a_release_without_a_plan_is_withdrawn_without_one(release, release_manager, colleague):
    PhaseFactory(release=release, kind="public")
    services.withdraw_release(release, actor=release_manager, reason="Stop.")
    services.reinstate_release(fresh(release), actor=colleague, reason="It was a mistake.")
    assert stages(release) == [("public", "planned")]


@pytest.mark.django_db(transaction=True)
def test_two_phases_of_one_plan_entered_at_once(plan, draft_release, reviewer, release_manager):
    """The second waits for the first; both happen one after the other, and the release is in one phase."""
    services.enter_phase(plan[0], actor=reviewer)
    outcome = []

    def second():
        try:
            services.enter_phase(fresh(plan[2]), actor=release_manager)
            outcome.append("entered")
        except Refused as refused:
            outcome.append(str(refused))
        finally:
            connection.close()

    other = threading.Thread(target=second)
    with transaction.atomic():
        services.enter_phase(plan[1], actor=reviewer)
        other.start()
        other.join(1.0)
        assert other.is_alive()
    other.join(10)
    assert outcome == ["entered"]
    assert Phase.objects.entered().get(release=draft_release).kind == "gated"


def asked(queries):
    """Statements to the database; SAVEPOINT and RELEASE SAVEPOINT, which only mark the transaction, are not counted."""
    return [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]


def test_entering_a_phase_writes_with_few_queries(plan, reviewer):
    # Two moves and, the first time, a publication.
    for phase, expected in zip(plan, (7, 11, 8), strict=False):
        with CaptureQueriesContext(connection) as queries:
            services.enter_phase(phase, actor=reviewer)
        assert len(asked(queries)) == expected, (phase, asked(queries))


def test_entering_a_phase_over_the_api_does_too_and_says_all_of_it(plan, reviewer, release_manager, client):
    criterion = registry.add_criterion(plan[1], actor=release_manager, text="Red team is done")
    registry.meet_criterion(criterion, actor=release_manager, evidence="Report of 4 May")
    client.force_login(reviewer)
    client.get("/workspace/")
    for phase, expected in zip(plan, (11, 15, 12), strict=False):
        with CaptureQueriesContext(connection) as queries:
            answer = client.post(f"/api/v1/phases/{phase.pk}/entry/", {}, content_type="application/json")
        assert len(asked(queries)) == expected, (phase, asked(queries))
        # Told from what was written, without reading it again: the same as somebody else then reads.
        assert answer.json() == client.get(f"/api/v1/phases/{phase.pk}/").json()


def test_withdrawing_and_reinstating_write_with_few_queries(plan, draft_release, reviewer, release_manager, colleague):
    for phase in plan[:2]:
        services.enter_phase(phase, actor=reviewer)
    release = fresh(draft_release)
    for person, name, expected in ((release_manager, "withdrawal", 13), (colleague, "reinstatement", 14)):
        client = Client()
        client.force_login(person)
        client.get("/workspace/")
        with CaptureQueriesContext(connection) as queries:
            answer = client.post(f"/api/v1/releases/{release.pk}/{name}/", {"reason": "Why."}, "application/json")
        assert answer.status_code == 200
        assert len(asked(queries)) == expected, (name, asked(queries))


def test_events_of_one_entry_keep_their_order(plan, reviewer):
    services.enter_phase(plan[0], actor=reviewer)
    last = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first()
    services.enter_phase(plan[1], actor=reviewer)
    verbs = AuditEvent.objects.filter(pk__gt=last).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["registry.phase.leave", "registry.phase.enter", "registry.release.publish"]
    names = OutboxEvent.objects.order_by("-pk").values_list("name", flat=True)[:2]
    assert list(names) == ["registry.release.phase_entered", "registry.release.published"]


def test_an_entry_that_is_refused_half_way_leaves_nothing(plan, draft_release, reviewer):
    services.enter_phase(plan[0], actor=reviewer)
    draft_release.artifacts.all().delete()
    before = AuditEvent.objects.count(), OutboxEvent.objects.count()
    with pytest.raises(Refused, match="Add at least one file first"):
        services.enter_phase(plan[1], actor=reviewer)
    assert (AuditEvent.objects.count(), OutboxEvent.objects.count()) == before
    assert fresh(plan[0]).stage == "entered"


def test_a_plan_is_not_gone_round_by_publishing(plan, draft_release, release_manager):
    with pytest.raises(Refused, match="Its plan says how it comes out"):
        services.publish_release(draft_release, actor=release_manager)
    draft_release.refresh_from_db()
    assert draft_release.stage == "draft"
