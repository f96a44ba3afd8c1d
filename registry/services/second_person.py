"""Four eyes: whoever answers for a risk lowers it only together with somebody else, where the scale says so."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from common import audit, lifecycle
from common.lifecycle import Refused
from registry import permissions
from registry.lifecycle import OVERTAKE_PROPOSAL
from registry.models import AssessmentProposal, BandRule, Risk, RiskAssessment, RiskScale
from registry.rescaling import Carry
from registry.scale import RANK, Band
from registry.selectors import carries_to, moving, rule_at

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
    if assessment.kind == RiskAssessment.Kind.TARGET or not permissions.is_party(actor, locked):
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


def refuse_lowered_by_scale(was: Risk, locked: Risk, *, actor: Any) -> None:
    """Raises ``Refused`` where a risk that comes back on another scale is lower than it was, and ``actor`` is a party
    to it: closing a risk over a change of scale is no way round the second person."""
    if was.scale_id == locked.scale_id or not permissions.is_party(actor, locked):
        return
    pairs = ((was.current_band, locked.current_band), (was.inherent_band, locked.inherent_band))
    for before, now in pairs:
        if before and now and RANK[Band(now)] < RANK[Band(before)]:
            rule = rule_at(was.scale, before)
            if rule is not None and rule.needs_second_person:
                words = _(
                    "On the scale in force it is lower than it was, and you answer for it. Somebody else reopens it."
                )
                raise Refused(words)


def refuse_lowering_own(scale: RiskScale, *, actor: Any) -> None:
    """A scale is no way round the second person: nobody lowers a risk of their own by putting one in force, and
    nobody takes the second person away from the level of a risk of their own."""
    rules = BandRule.objects.filter(scale__publisher=scale.publisher_id, needs_second_person=True)
    guarded = set(rules.values_list("scale_id", "band"))
    theirs = Q(owner=actor.pk) | Q(deputy=actor.pk) | Q(former__has_key=str(actor.pk))
    carries = carries_to(scale)
    wrong = []
    for risk in moving(scale).filter(theirs).defer("words"):
        if permissions.is_party(actor, risk) and any(
            (risk.scale_id, level.band) in guarded
            and (level.becomes_lower or (scale.pk, level.new_band) not in guarded)
            for level in _levels(risk, scale, carries[risk.scale_id])
        ):
            wrong.append(risk.reference)
    if wrong:
        words = _(
            "It would lower %s, or ask for no second person there any more, and you answer for that yourself. "
            "Another release manager has to put it in force."
        )
        raise Refused(words % ", ".join(wrong[:5]))


@dataclass(frozen=True)
class _Carried:
    """A level of a risk on its scale, and what it becomes on another."""

    band: str
    new_band: str
    becomes_lower: bool


def _levels(risk: Any, scale: RiskScale, carry: Carry) -> list[_Carried]:
    found = []
    size = len(carry.likelihood), len(carry.severity)
    same_size = size == (len(scale.likelihoods), len(scale.severities))
    for kind, level in (("inherent", risk.inherent), ("residual" if risk.residual else "inherent", risk.current)):
        if level is None:
            continue
        likelihood = carry.likelihood[getattr(risk, f"{kind}_likelihood") - 1]
        severity = carry.severity[getattr(risk, f"{kind}_severity") - 1]
        new, lower = scale.band(likelihood, severity), RANK[scale.band(likelihood, severity)] < RANK[level.band]
        # Scores of scales with other numbers of steps cannot be compared.
        within = same_size and new == level.band and likelihood * severity < level.score
        found.append(_Carried(str(level.band), str(new), lower or within))
    return found


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
