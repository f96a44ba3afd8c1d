"""Four eyes: nobody who answers for a risk lowers it alone where the scale asks for a second person."""

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connections, transaction

from accounts.roles import Role
from accounts.services import assign_role
from common import audit
from common.lifecycle import Refused
from registry import services
from registry.models import AssessmentProposal, BandRule, Risk, RiskAssessment
from registry.selectors import waiting_judging, waiting_proposals
from tests.factories.accounts import UserFactory
from tests.factories.registry import AssessmentProposalFactory, RiskAssessmentFactory, RiskFactory


def judge(risk, actor, likelihood, severity, kind="residual", **more):
    return services.assess_risk(
        risk, actor=actor, kind=kind, likelihood=likelihood, severity=severity, rationale="Measured.", **more
    )


@pytest.fixture
def risk(family, risk_owner):
    """High (4 × 4) before and after mitigation, which is a band that asks for a second person."""
    return RiskFactory(family=family, number=1, opened=True, owner=risk_owner, residual_likelihood=4)


@pytest.fixture
def colleague_owner(family, django_user_model):
    """Another risk owner of the same publisher."""
    person = UserFactory(display_name="Second risk owner")
    assign_role(person, Role.RISK_OWNER, family.publisher, actor=UserFactory(is_superuser=True))
    return person


def level(risk):
    risk.refresh_from_db()
    return risk.current.score, risk.current_band


def test_whoever_owns_a_risk_only_proposes_a_lower_band(risk, risk_owner):
    proposal = judge(risk, risk_owner, 2, 2)
    assert isinstance(proposal, AssessmentProposal)
    assert level(risk) == (16, "critical")
    assert not RiskAssessment.objects.exists()
    event = audit.trail(risk).first()
    assert (event.verb, event.after["likelihood"], event.reason) == (
        "registry.risk.propose_assessment",
        2,
        "Measured.",
    )


def test_a_lower_score_in_the_same_band_waits_too(risk, risk_owner):
    Risk.objects.filter(pk=risk.pk).update(residual_likelihood=5, residual_severity=5)
    assert isinstance(judge(risk, risk_owner, 5, 4), AssessmentProposal)


def test_the_first_level_after_mitigation_is_compared_with_the_one_before(family, risk_owner):
    risk = RiskFactory(
        family=family, number=1, opened=True, owner=risk_owner, residual_likelihood=None, residual_severity=None
    )
    assert isinstance(judge(risk, risk_owner, 2, 2), AssessmentProposal)


def test_lowering_the_level_before_mitigation_waits_too(risk, risk_owner):
    assert isinstance(judge(risk, risk_owner, 2, 2, kind="inherent"), AssessmentProposal)


def test_a_draft_is_no_way_round_it(family, risk_owner):
    draft = RiskFactory(family=family, number=1, owner=risk_owner)
    judge(draft, risk_owner, 5, 5, kind="inherent")
    assert isinstance(judge(draft, risk_owner, 1, 1, kind="inherent"), AssessmentProposal)


def test_raising_is_never_held_up(risk, risk_owner):
    assert isinstance(judge(risk, risk_owner, 5, 5), RiskAssessment)
    assert level(risk) == (25, "critical")


def test_a_target_is_no_judgement_of_what_is(risk, risk_owner):
    assert isinstance(judge(risk, risk_owner, 1, 1, kind="target"), RiskAssessment)


def test_the_same_numbers_again_are_not_lower(risk, risk_owner):
    assert isinstance(judge(risk, risk_owner, 4, 4), RiskAssessment)


def test_a_band_the_publisher_does_not_name_is_lowered_alone(risk, risk_owner):
    Risk.objects.filter(pk=risk.pk).update(residual_likelihood=2, residual_severity=3)
    assert isinstance(judge(risk, risk_owner, 1, 1), RiskAssessment)


def test_somebody_else_lowers_alone(risk, release_manager):
    assert isinstance(judge(risk, release_manager, 2, 2), RiskAssessment)


def test_a_deputy_meets_it_as_the_owner_does(risk, colleague_owner):
    Risk.objects.filter(pk=risk.pk).update(deputy=colleague_owner)
    risk.refresh_from_db()
    assert isinstance(judge(risk, colleague_owner, 2, 2), AssessmentProposal)


def test_a_superuser_meets_it_too(family):
    boss = UserFactory(is_superuser=True)
    risk = RiskFactory(family=family, number=1, opened=True, owner=boss, residual_likelihood=4)
    proposal = judge(risk, boss, 1, 1)
    assert isinstance(proposal, AssessmentProposal)
    with pytest.raises(PermissionDenied):
        services.confirm_proposal(proposal, actor=boss)


def test_confirmed_it_counts_and_names_both(risk, risk_owner, release_manager):
    proposal = judge(risk, risk_owner, 2, 3, confidence="high", evidence="D-3")
    made = services.confirm_proposal(proposal, actor=release_manager)
    made.refresh_from_db()
    assert (made.assessed_by, made.confirmed_by, made.confidence, made.evidence) == (
        risk_owner,
        release_manager,
        "high",
        "D-3",
    )
    assert level(risk) == (6, "moderate")
    proposal.refresh_from_db()
    assert (proposal.stage, proposal.decided_by) == ("confirmed", release_manager)
    assert audit.trail(risk).first().evidence["proposed_by"]["id"] == risk_owner.pk


def test_another_risk_owner_can_confirm(risk, risk_owner, colleague_owner):
    services.confirm_proposal(judge(risk, risk_owner, 2, 2), actor=colleague_owner)
    assert level(risk) == (4, "low")


def test_who_proposed_and_who_only_reads_cannot_confirm(risk, risk_owner, reviewer, auditor, stranger):
    proposal = judge(risk, risk_owner, 2, 2)
    for person in (risk_owner, reviewer, auditor, stranger):
        with pytest.raises(PermissionDenied):
            services.confirm_proposal(proposal, actor=person)
        with pytest.raises(PermissionDenied):
            services.decline_proposal(proposal, actor=person, reason="No.")


def test_declined_it_does_not_count_and_says_why(risk, risk_owner, release_manager):
    proposal = judge(risk, risk_owner, 2, 2)
    with pytest.raises(Refused):
        services.decline_proposal(proposal, actor=release_manager, reason=" ")
    declined = services.decline_proposal(proposal, actor=release_manager, reason="The set was too small.")
    assert (declined.stage, declined.decline_reason) == ("declined", "The set was too small.")
    assert level(risk) == (16, "critical")
    assert audit.trail(risk).first().verb == "registry.risk.decline_assessment"
    with pytest.raises(Refused, match="already “Declined”: Release manager"):
        services.confirm_proposal(proposal, actor=release_manager)


def test_whoever_proposed_can_take_it_back(risk, risk_owner, release_manager):
    proposal = judge(risk, risk_owner, 2, 2)
    with pytest.raises(PermissionDenied):
        services.withdraw_proposal(proposal, actor=release_manager)
    assert services.withdraw_proposal(proposal, actor=risk_owner).stage == "withdrawn"


def test_a_risk_that_changed_has_to_be_judged_anew(risk, risk_owner, release_manager):
    proposal = judge(risk, risk_owner, 2, 2)
    services.edit_risk(risk, actor=release_manager, harm="Something worse.")
    proposal = AssessmentProposal.objects.select_related("risk").get(pk=proposal.pk)
    assert proposal.stale
    with pytest.raises(Refused, match="has changed since"):
        services.confirm_proposal(proposal, actor=release_manager)
    assert level(risk) == (16, "critical")
    proposal.refresh_from_db()
    assert proposal.stage == "proposed"


def test_another_judgement_overtakes_what_waits(risk, risk_owner, release_manager):
    proposal = judge(risk, risk_owner, 2, 2)
    judge(risk, release_manager, 5, 4)
    proposal.refresh_from_db()
    assert proposal.stage == "withdrawn"
    second = judge(risk, risk_owner, 3, 3)
    third = judge(risk, risk_owner, 3, 2)
    second.refresh_from_db()
    assert (second.stage, third.stage) == ("withdrawn", "proposed")


def test_closing_the_risk_ends_the_wait(risk, risk_owner, release_manager):
    proposal = judge(risk, risk_owner, 2, 2)
    services.close_risk(risk, actor=release_manager, reason="Withdrawn.")
    proposal.refresh_from_db()
    assert proposal.stage == "withdrawn"


def test_it_waits_for_those_who_can_decide(risk, risk_owner, release_manager, colleague_owner, reviewer):
    judge(risk, risk_owner, 2, 2)
    for person, waits in ((release_manager, 1), (colleague_owner, 1), (risk_owner, 0), (reviewer, 0)):
        assert (waiting_proposals(person).count(), waiting_judging(person).count()) == (waits, waits), person


class TestDatabase:
    def test_an_owner_cannot_lower_past_the_services(self, risk, risk_owner):
        for lower in ({"likelihood": 2, "severity": 2}, {"likelihood": 5, "severity": 3}):
            with pytest.raises(IntegrityError, match="needs a second person"), transaction.atomic():
                RiskAssessmentFactory(risk=risk, kind="residual", assessed_by=risk_owner, **lower)
        RiskAssessmentFactory(risk=risk, likelihood=5, severity=5, kind="residual", assessed_by=risk_owner)
        RiskAssessmentFactory(risk=risk, likelihood=1, severity=1, kind="target", assessed_by=risk_owner)

    def test_nor_with_the_first_after_mitigation(self, family, risk_owner):
        risk = RiskFactory(
            family=family, number=1, opened=True, owner=risk_owner, residual_likelihood=None, residual_severity=None
        )
        with pytest.raises(IntegrityError, match="needs a second person"), transaction.atomic():
            RiskAssessmentFactory(risk=risk, likelihood=1, severity=1, kind="residual", assessed_by=risk_owner)

    def test_nor_the_deputy(self, risk):
        deputy = UserFactory()
        Risk.objects.filter(pk=risk.pk).update(deputy=deputy)
        with pytest.raises(IntegrityError, match="needs a second person"), transaction.atomic():
            RiskAssessmentFactory(risk=risk, likelihood=1, severity=1, kind="inherent", assessed_by=deputy)

    def test_a_publisher_that_does_not_ask_for_it(self, family, risk_owner):
        risk = RiskFactory(family=family, number=1, owner=risk_owner, inherent_likelihood=3, inherent_severity=3)
        RiskAssessmentFactory(risk=risk, likelihood=1, severity=1, assessed_by=risk_owner)
        assert not BandRule.objects.get(scale=risk.scale, band="moderate").needs_second_person

    def test_a_decision_is_made_once_and_stays(self, risk, risk_owner, release_manager):
        proposal = judge(risk, risk_owner, 2, 2)
        with pytest.raises(IntegrityError, match="only be decided"), transaction.atomic():
            AssessmentProposal.objects.filter(pk=proposal.pk).update(likelihood=1)
        services.confirm_proposal(proposal, actor=release_manager)
        with pytest.raises(IntegrityError, match="only be decided"), transaction.atomic():
            AssessmentProposal.objects.filter(pk=proposal.pk).update(rationale="Other")
        with pytest.raises(IntegrityError, match="only be decided"), transaction.atomic():
            AssessmentProposal.objects.filter(pk=proposal.pk)._raw_delete("default")

    def test_nobody_confirms_their_own(self, risk, risk_owner):
        with pytest.raises(IntegrityError), transaction.atomic():
            AssessmentProposalFactory(risk=risk, stage="confirmed", proposed_by=risk_owner, decided_by=risk_owner)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_confirm_at_once_one_is_told(family, risk_owner, release_manager):
    risk = RiskFactory(family=family, number=1, opened=True, owner=risk_owner, residual_likelihood=4)
    other = UserFactory()
    assign_role(other, Role.RISK_OWNER, family.publisher, actor=UserFactory(is_superuser=True))
    proposal = judge(risk, risk_owner, 2, 2)
    start, outcomes = threading.Barrier(2), []

    def confirm(person):
        try:
            start.wait(10)
            outcomes.append(services.confirm_proposal(proposal, actor=person).likelihood)
        except Refused as refusal:
            outcomes.append(str(refusal))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=confirm, args=[person]) for person in (release_manager, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert outcomes.count(2) == 1
    assert any("already “Confirmed”" in str(outcome) for outcome in outcomes)
    assert RiskAssessment.objects.filter(risk=risk).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_score_one_risk_at_once(family, risk_owner, release_manager):
    """One is first; the other is told, and nothing of theirs counts."""
    risk = RiskFactory(family=family, number=1, opened=True, owner=risk_owner)
    start, outcomes = threading.Barrier(2), []

    def score(person, severity):
        try:
            start.wait(10)
            outcomes.append(judge(risk, person, 4, severity, expected_version=risk.row_version).severity)
        except Refused as refusal:
            outcomes.append(str(refusal))
        finally:
            connections.close_all()

    pairs = ((release_manager, 4), (risk_owner, 5))
    threads = [threading.Thread(target=score, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    won = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert len(won) == 1
    assert any("changed this while you were editing" in str(outcome) for outcome in outcomes)
    risk.refresh_from_db()
    assert (risk.residual_severity, RiskAssessment.objects.filter(risk=risk).count()) == (won[0], 1)
