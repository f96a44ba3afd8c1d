"""Whether a risk is borne knowingly, who has to say so, and what waits for a second person."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, TextField, Value
from django.utils import timezone

from accounts.models import User
from accounts.permissions import scopes
from accounts.roles import Role
from registry.models import AssessmentProposal, BandRule, Risk, RiskAcceptance
from registry.models.scales import roles_accepting
from registry.selectors.embed import embedded, revive, revived
from registry.selectors.people import inside

ACCEPTANCES_SHOWN = 5
TREATING = (Role.RELEASE_MANAGER, Role.RISK_OWNER)
_ACCEPTANCE = (
    *("id", "risk_id", "reason", "conditions", "band", "digest", "accepted_by_id", "accepted_at", "ends_on"),
    *("revoked_at", "revoked_by_id", "revocation_reason"),
)
_PROPOSAL = (
    *("id", "risk_id", "stage", "digest", "kind", "likelihood", "severity", "rationale", "proposed_by_id"),
    *("proposed_at", "row_version"),
)
_RULE = ("id", "scale_id", "band", "label", "review_days", "acceptance_days", "accepted_by", "needs_second_person")


def rule_of(risk: Risk) -> BandRule | None:
    """What the scale says about the level of ``risk``; None while it has none."""
    return BandRule.objects.filter(scale=risk.scale_id, band=risk.current_band).first() if risk.current_band else None


def embedded_acceptances(shown: int = 1) -> ArraySubquery:
    """The newest acceptances of a risk, for ``annotate``; see ``acceptances_of``."""
    rows = RiskAcceptance.objects.filter(risk=OuterRef("pk")).order_by("-pk")[:shown]
    person = {"person_name": F("accepted_by__display_name"), "person_email": F("accepted_by__email")}
    return embedded(rows, *_ACCEPTANCE, **person)


def with_acceptance(risks: QuerySet[Risk]) -> QuerySet[Risk]:
    """``risks`` with the newest acceptance of each, in the same query; see ``acceptance_of``."""
    return risks.annotate(acceptance_rows=embedded_acceptances())


def with_judging(risks: QuerySet[Risk]) -> QuerySet[Risk]:
    """``risks`` with acceptances, with what waits for a second person, and with the rule of their level."""
    waiting = AssessmentProposal.objects.waiting().filter(risk=OuterRef("pk"))
    person = {"person_name": F("proposed_by__display_name"), "person_email": F("proposed_by__email")}
    rule = BandRule.objects.filter(scale=OuterRef("scale"), band=OuterRef("current_band"))
    return risks.annotate(
        acceptance_rows=embedded_acceptances(ACCEPTANCES_SHOWN),
        proposal_rows=embedded(waiting, *_PROPOSAL, **person),
        rule_rows=embedded(rule, *_RULE),
    )


def acceptances_of(risk: Any) -> list[RiskAcceptance]:
    """The acceptances that a risk brought along, the newest first."""
    rows = revived(RiskAcceptance, risk.acceptance_rows)
    for row in rows:
        row.risk = risk
        row.accepted_by = _person(row, row.accepted_by_id)
    return rows


def acceptance_of(risk: Any) -> RiskAcceptance | None:
    """The newest acceptance of a risk from ``with_acceptance``; what it is worth says its ``state``."""
    return next(iter(acceptances_of(risk)), None)


def proposal_of(risk: Any) -> AssessmentProposal | None:
    """What waits for a second person at a risk from ``with_judging``."""
    for row in revived(AssessmentProposal, risk.proposal_rows):
        row.risk, row.proposed_by = risk, _person(row, row.proposed_by_id)
        return row
    return None


def brought_rule(risk: Any) -> BandRule | None:
    """The rule of its level, which a risk from ``with_judging`` brought along."""
    return next(iter(revived(BandRule, risk.rule_rows)), None)


def waiting_proposals(user: Any) -> QuerySet[AssessmentProposal]:
    """Lower scores that ``user`` can confirm or decline: somebody else's, of risks they treat."""
    held = scopes(user)
    waiting = AssessmentProposal.objects.waiting().exclude(proposed_by=user.pk)
    if held.everywhere:
        return waiting
    return waiting.filter(
        Q(risk__family__publisher_id__in=held.publisher_ids(*TREATING))
        | Q(risk__family_id__in=held.family_ids(*TREATING))
    )


def waiting_acceptances(user: Any) -> QuerySet[Risk]:
    """Open risks that are to be accepted, by somebody of a role that ``user`` holds, and that no acceptance covers."""
    held, asked = scopes(user), Q()
    for role in Role:
        roles = roles_accepting(role.value)
        if held.any(*roles):
            rule = BandRule.objects.filter(
                scale=OuterRef("scale"), band=OuterRef("current_band"), accepted_by=role.value, acceptance_days__gt=0
            )
            asked |= inside(user, *roles) & Q(Exists(rule))
    given = RiskAcceptance.objects.filter(risk=OuterRef("pk"), revoked_at=None)
    risks = Risk.objects.open().filter(~Exists(given), treatment=Risk.Treatment.ACCEPT)
    if not asked:
        return risks.none()
    # Who answers for a risk does not accept it. A condition on its own, since a risk may have no deputy.
    theirs = Q(owner__isnull=False, owner=user.pk) | Q(deputy__isnull=False, deputy=user.pk)
    left = Func(F("former"), Value(str(user.pk)), function="jsonb_extract_path_text", output_field=TextField())
    lately = (timezone.now() - Risk.PARTY_FOR).isoformat()
    return risks.filter(asked).exclude(theirs).alias(left=left).exclude(left__isnull=False, left__gt=lately)


def waiting_judging(user: Any) -> QuerySet[Risk]:
    """Risks that wait for ``user`` as the second person: a lower score to confirm, or an acceptance to give."""
    # Two short lists put together, each with an index of its own: "one or the other" would read every risk.
    proposed, asked = waiting_proposals(user).values("risk"), waiting_acceptances(user).values("pk")
    return Risk.objects.filter(pk__in=proposed.order_by().union(asked.order_by()))


def ended_acceptances(user: Any) -> Q:
    """Open risks of ``user`` whose acceptance lapsed or no longer fits: they are open again and want a decision."""
    ended = RiskAcceptance.objects.ended().filter(risk=OuterRef("pk"))

    return (Q(owner=user.pk) | Q(deputy=user.pk)) & Q(Exists(ended)) & Q(stage=Risk.Stage.OPEN)


def _person(row: Any, pk: int) -> User:
    return revive(User, {"id": pk, "display_name": row.person_name, "email": row.person_email})
