"""A plan that is followed: which tiers its present phase opens, on every surface, judged when somebody asks."""

import threading

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from access import services
from access.evaluator import evaluate, explain, judgeable, opens
from access.models import Grant, PhaseTier
from common import audit
from common.lifecycle import Refused
from governance.services import enter_phase, reinstate_release, withdraw_release
from registry import services as registry
from registry.models import Phase, Release
from tests.access.conftest import WEIGHTS_PATH
from tests.factories.access import PhaseTierFactory, TierFactory

pytestmark = pytest.mark.django_db
GATE = f"/hf/harbour-lab/pilot-7b/resolve/main/{WEIGHTS_PATH}"


@pytest.fixture
def plan(release, release_manager):
    """Plan phases of the release by kind, each with its tiers."""

    def make(*phases):
        made = []
        for kind, tiers in phases:
            phase = registry.plan_phase(release, actor=release_manager, kind=kind, decider=release_manager)
            services.set_phase_tiers(phase, actor=release_manager, tiers=tiers)
            made.append(phase)
        return made

    return make


@pytest.fixture
def other_tier(family):
    return TierFactory(family=family, name="Developer")


@pytest.fixture
def surfaces(researcher, release, token, as_user):
    """What every surface says to the researcher now."""

    def ask():
        known = Release.objects.select_related("family__publisher").get(pk=release.pk)
        browser, headers = as_user(researcher), {"Authorization": f"Bearer {token}"}
        grant = Grant.objects.get()
        return {
            "evaluator": evaluate(researcher, known).allowed,
            "grant": opens(judgeable(Grant.objects.select_related("user", "release")).get()),
            "gate": Client().head(GATE, headers=headers).status_code == 200,
            "auth-check": Client().get("/hf/api/models/harbour-lab/pilot-7b/auth-check", headers=headers).status_code
            == 200,
            "api": browser.get(reverse("api:access-check"), {"release": release.pk}).json()["allowed"],
            "page": "The gate is open to you"
            in browser.get(reverse("access:request", args=[grant.request_id])).content.decode(),
            "list": "How to download" in browser.get(reverse("access:mine")).content.decode(),
        }

    return ask


def test_a_plan_closes_and_opens_on_every_surface(
    plan, surfaces, grant, tier, other_tier, release, release_manager, colleague
):
    gated, public, end = plan(("gated", [other_tier]), ("public", [tier, other_tier]), ("end_of_support", [tier]))
    # Planned is not entered: as without a plan.
    assert set(surfaces().values()) == {True}
    enter_phase(gated, actor=release_manager)
    assert set(surfaces().values()) == {False}
    enter_phase(public, actor=release_manager)
    assert set(surfaces().values()) == {True}
    enter_phase(end, actor=release_manager)
    assert set(surfaces().values()) == {True}
    withdraw_release(Release.objects.get(pk=release.pk), actor=release_manager, reason="Stop.")
    assert set(surfaces().values()) == {False}
    reinstate_release(Release.objects.get(pk=release.pk), actor=colleague, reason="It was a mistake.")
    assert set(surfaces().values()) == {True}
    services.set_phase_tiers(Phase.objects.get(pk=end.pk), actor=release_manager, tiers=[])
    assert set(surfaces().values()) == {False}


def test_the_answer_says_why(plan, grant, other_tier, release, researcher, release_manager, token):
    (gated,) = plan(("gated", [other_tier]))
    enter_phase(gated, actor=release_manager)
    answer = explain(researcher, Release.objects.select_related("family__publisher").get(pk=release.pk))
    (unmet,) = [part for part in answer["requirements"] if not part["met"]]
    assert unmet["key"] == "phase"
    assert "“Researcher” is closed in the phase that the release is in since" in unmet["text"]
    assert (answer["phase"], answer["support_ended_at"]) == ("Gated", None)
    refusal = Client().head(GATE, headers={"Authorization": f"Bearer {token}"})
    assert refusal.headers["X-Error-Code"] == "GatedRepo"
    assert '"Researcher" is closed in the phase' in refusal.headers["X-Error-Message"]


def test_the_gate_and_the_answer_say_when_support_ended(plan, grant, tier, release, researcher, release_manager, token):
    (end,) = plan(("end_of_support", [tier]))
    entered = enter_phase(end, actor=release_manager)
    answer = explain(researcher, Release.objects.select_related("family__publisher").get(pk=release.pk))
    assert (answer["allowed"], answer["support_ended_at"]) == (True, entered.entered_at)
    for method in ("head", "get"):
        response = getattr(Client(), method)(GATE, headers={"Authorization": f"Bearer {token}"})
        if response.streaming:
            b"".join(response.streaming_content)
        assert response.headers["Deprecation"] == f"@{int(entered.entered_at.timestamp())}"
        assert 'rel="deprecation"' in response.headers["Link"]


def test_without_a_plan_the_gate_sends_no_such_header(grant, token):
    assert "Deprecation" not in Client().head(GATE, headers={"Authorization": f"Bearer {token}"}).headers


def test_who_has_no_grant_is_led_to_an_open_tier(plan, tier, other_tier, release, researcher, release_manager, as_user):
    known = Release.objects.select_related("family__publisher").get(pk=release.pk)
    gated, closed = plan(("gated", [other_tier]), ("public", []))
    enter_phase(gated, actor=release_manager)
    verdict = evaluate(researcher, known)
    assert [part.key for part in verdict.unmet] == ["grant"]
    page = as_user(researcher).get(reverse("access:new_request", args=["harbour-lab", "pilot-7b"]))
    assert page.context["tiers"] == [other_tier]
    assert "Not open now" in as_user(researcher).get(release.family.get_absolute_url()).content.decode()
    enter_phase(closed, actor=release_manager)
    assert [part.key for part in evaluate(researcher, known).unmet] == ["phase"]
    assert "in which no tier that can be asked for is open" in evaluate(researcher, known).unmet[0].text
    page = as_user(researcher).get(reverse("access:new_request", args=["harbour-lab", "pilot-7b"]))
    assert page.context["tiers"] == []


def test_a_closed_tier_cannot_be_asked_for_or_granted(plan, ask, other_tier, release_manager):
    waiting = ask()
    (gated,) = plan(("gated", [other_tier]))
    enter_phase(gated, actor=release_manager)
    with pytest.raises(Refused, match="“Researcher” is not open in the phase"):
        services.decide_request(waiting, actor=release_manager, approve=True, reason="Yes")
    services.decide_request(waiting, actor=release_manager, approve=False, reason="Not in this phase")
    with pytest.raises(Refused, match="“Researcher” is not open in the phase"):
        ask()


def test_set_phase_tiers_is_on_record_and_the_release_managers(plan, tier, other_tier, release_manager, reviewer):
    (gated,) = plan(("gated", [tier]))
    services.set_phase_tiers(gated, actor=release_manager, tiers=[tier, other_tier])
    event = audit.trail(gated).first()
    assert (event.verb, event.before, event.after) == (
        "access.phase.set_tiers",
        ["Researcher"],
        ["Researcher", "Developer"],
    )
    with pytest.raises(PermissionDenied):
        services.set_phase_tiers(gated, actor=reviewer, tiers=[])
    with pytest.raises(Refused, match="this model"):
        services.set_phase_tiers(gated, actor=release_manager, tiers=[TierFactory()])


def test_a_phase_can_be_narrowed_at_once_but_not_widened(plan, tier, other_tier, release_manager):
    gated, public = plan(("gated", [tier]), ("public", [tier]))
    gated = enter_phase(gated, actor=release_manager)
    with pytest.raises(Refused, match="not open more"):
        services.set_phase_tiers(gated, actor=release_manager, tiers=[tier, other_tier])
    assert services.set_phase_tiers(gated, actor=release_manager, tiers=[]) == []
    enter_phase(public, actor=release_manager)
    with pytest.raises(Refused, match="stays as it was"):
        services.set_phase_tiers(gated, actor=release_manager, tiers=[tier])


def test_nothing_opens_in_an_internal_phase_or_a_withdrawn_one(release, tier, release_manager):
    phase = registry.plan_phase(release, actor=release_manager, kind="withdrawn")
    with pytest.raises(Refused, match="closed to everybody"):
        services.set_phase_tiers(phase, actor=release_manager, tiers=[tier])


def test_the_database_opens_no_tier_past_the_decision(plan, tier, other_tier, release_manager):
    gated, later = plan(("gated", [tier]), ("public", [tier]))
    enter_phase(gated, actor=release_manager)
    with pytest.raises(IntegrityError, match="no more tiers"), transaction.atomic():
        PhaseTierFactory(phase=gated, tier=other_tier)
    with pytest.raises(IntegrityError, match="no more tiers"), transaction.atomic():
        PhaseTier.objects.filter(phase=gated).update(tier=other_tier)
    with pytest.raises(IntegrityError, match="different models"), transaction.atomic():
        PhaseTierFactory(phase=later, tier=TierFactory())


@pytest.mark.django_db(transaction=True)
def test_a_tier_added_while_the_phase_is_entered_waits_and_is_refused(plan, tier, other_tier, release_manager):
    (gated,) = plan(("gated", [tier]))
    outcome = []

    def widen():
        try:
            services.set_phase_tiers(gated, actor=release_manager, tiers=[tier, other_tier])
            outcome.append("widened")
        except Refused as refused:
            outcome.append(str(refused))
        finally:
            connection.close()

    other = threading.Thread(target=widen)
    with transaction.atomic():
        enter_phase(gated, actor=release_manager)
        other.start()
        other.join(1.0)
        assert other.is_alive()
    other.join(10)
    assert outcome == [
        "The release is in this phase already: it can close tiers, not open more. Plan a phase for that."
    ]


def test_holders_hear_of_a_phase_that_closes_their_tier_once(plan, grant, tier, other_tier, release_manager, deliver):
    gated, more, end = plan(("gated", [other_tier]), ("public", [other_tier]), ("end_of_support", [tier]))
    deliver()
    mail.outbox.clear()
    enter_phase(gated, actor=release_manager)
    deliver()
    (told,) = mail.outbox
    assert told.subject == "Tidegate: Your access to Pilot 7B 1.0 is closed in its present phase"
    enter_phase(more, actor=release_manager)
    deliver()
    assert len(mail.outbox) == 1
    enter_phase(end, actor=release_manager)
    deliver()
    assert [message.subject for message in mail.outbox[1:]] == ["Tidegate: Support for Pilot 7B 1.0 has ended"]


def test_a_verdict_in_a_phase_costs_no_more_queries(
    plan, grant, tier, release, researcher, release_manager, django_assert_num_queries, django_assert_max_num_queries
):
    (gated,) = plan(("gated", [tier]))
    enter_phase(gated, actor=release_manager)
    known = Release.objects.select_related("family__publisher").get(pk=release.pk)
    with django_assert_num_queries(1):
        assert evaluate(researcher, known).allowed
    services.set_phase_tiers(Phase.objects.get(pk=gated.pk), actor=release_manager, tiers=[])
    with django_assert_max_num_queries(3):
        assert not evaluate(researcher, known).allowed
