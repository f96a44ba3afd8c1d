"""Deciding about lower scores that wait for a second person."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit, lifecycle
from common.lifecycle import Refused
from registry.lifecycle import CONFIRM_PROPOSAL, DECLINE_PROPOSAL, WITHDRAW_PROPOSAL
from registry.models import AssessmentProposal, Risk, RiskAssessment
from registry.selectors import scale_in_force
from registry.services.carrying import hold_scale
from registry.services.risks import check_judgement, record_assessment, stated
from registry.services.second_person import FACTORS


@transaction.atomic
def confirm_proposal(proposal: AssessmentProposal, *, actor: Any) -> RiskAssessment:
    """Let a proposed judgement count; it names both people.

    Raises ``Refused`` where the risk has changed since: what was proposed was another risk.
    """
    locked = _locked(proposal)
    changes = {"decided_by": actor, "decided_at": timezone.now()}
    decided = lifecycle.apply(CONFIRM_PROPOSAL, proposal, actor=actor, changes=changes, known={"risk": locked})
    if locked.stage == Risk.Stage.CLOSED:
        raise Refused(_("This risk is closed. Reopen it before you assess it again."))
    if decided.digest != locked.digest:
        raise Refused(_("The risk has changed since this was proposed. It has to be judged anew."))
    scale = scale_in_force(locked.family.publisher_id)
    # At hand already, as whoever decides saw it.
    decided.proposed_by = proposal.proposed_by
    assessment = RiskAssessment(
        risk=locked,
        kind=decided.kind,
        scale=scale,
        likelihood=decided.likelihood,
        severity=decided.severity,
        assessed_by=decided.proposed_by,
        confirmed_by=actor,
        **{name: getattr(decided, name) for name in FACTORS},
    )
    check_judgement(assessment, scale, names=("kind", "rationale"))
    return record_assessment(locked, assessment, actor=actor)


@transaction.atomic
def decline_proposal(proposal: AssessmentProposal, *, actor: Any, reason: str) -> AssessmentProposal:
    """Say why a proposed judgement does not count."""
    reason = stated(reason)
    locked = _locked(proposal)
    changes = {"decided_by": actor, "decided_at": timezone.now(), "decline_reason": reason}
    known = {"risk": locked}
    decided = lifecycle.apply(DECLINE_PROPOSAL, proposal, actor=actor, changes=changes, known=known, reason=reason)
    audit.record(actor, "registry.risk.decline_assessment", locked, reason=reason, proposal=proposal.pk)
    return decided


@transaction.atomic
def withdraw_proposal(proposal: AssessmentProposal, *, actor: Any) -> AssessmentProposal:
    """Take a proposal back."""
    locked = _locked(proposal)
    changes = {"decided_by": actor, "decided_at": timezone.now()}
    decided = lifecycle.apply(WITHDRAW_PROPOSAL, proposal, actor=actor, changes=changes, known={"risk": locked})
    audit.record(actor, "registry.risk.withdraw_assessment", locked, proposal=proposal.pk)
    return decided


def _locked(proposal: AssessmentProposal) -> Risk:
    """The scale held, then the risk locked, then the proposal by its move: always in this order."""
    hold_scale(proposal.risk.family.publisher_id)
    return Risk.objects.select_for_update(of=("self",)).select_related("family").get(pk=proposal.risk_id)
