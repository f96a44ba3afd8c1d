"""Four eyes: whoever answers for a risk lowers it only together with somebody else, where the scale says so."""

from typing import Any

from common import audit, lifecycle
from registry import permissions
from registry.lifecycle import OVERTAKE_PROPOSAL
from registry.models import AssessmentProposal, Risk, RiskAssessment
from registry.scale import RANK, Band
from registry.selectors import rule_at

FACTORS = ("detectability", "reversibility", "confidence", "rationale", "evidence")


def is_lower(likelihood: int, severity: int, band: str, *, than_score: int, than_band: str) -> bool:
    """Whether a judgement is below another on the same scale: in a lower band, or in the same with a lower score."""
    if RANK[Band(band)] != RANK[Band(than_band)]:
        return RANK[Band(band)] < RANK[Band(than_band)]
    return likelihood * severity < than_score


def needs_second_person(locked: Risk, assessment: RiskAssessment, *, actor: Any) -> bool:
    """Whether ``actor`` may not let this judgement count alone.

    What counts is the judgement it replaces; for the first one after mitigation that is the one before it, since
    that is the level the register shows. Raising is never held up.
    """
    if assessment.kind == RiskAssessment.Kind.TARGET or not permissions.answers_for(actor, locked):
        return False
    present = locked.inherent if assessment.kind == RiskAssessment.Kind.INHERENT else locked.current
    if present is None or not is_lower(
        assessment.likelihood,
        assessment.severity,
        assessment.band,
        than_score=present.score,
        than_band=present.band,
    ):
        return False
    rule = rule_at(assessment.scale, present.band)
    return rule is not None and rule.needs_second_person


def propose(locked: Risk, assessment: RiskAssessment, *, actor: Any) -> AssessmentProposal:
    """Keep a judgement until somebody else has confirmed it. One that waited before is overtaken."""
    overtake(locked, actor=actor)
    proposal = AssessmentProposal.objects.create(
        risk=locked,
        digest=locked.digest,
        kind=assessment.kind,
        likelihood=assessment.likelihood,
        severity=assessment.severity,
        proposed_by=actor,
        **{name: getattr(assessment, name) for name in FACTORS},
    )
    after = {"kind": proposal.kind, "likelihood": proposal.likelihood, "severity": proposal.severity}
    audit.record(
        actor, "registry.risk.propose_assessment", locked, after=after, reason=proposal.rationale, proposal=proposal.pk
    )
    return proposal


def overtake(locked: Risk, *, actor: Any) -> None:
    """The risk is judged anew: what waited for a second person no longer does."""
    for waiting in AssessmentProposal.objects.waiting().filter(risk=locked):
        lifecycle.apply(OVERTAKE_PROPOSAL, waiting, actor=actor, known={"risk": locked})
