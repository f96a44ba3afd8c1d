"""What is done about a risk, bearing it, and scores that wait for a second person."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import scopes
from common.http import page
from common.lifecycle import Move, available_moves
from common.pages import keyset_page
from registry import lifecycle, permissions, selectors, services
from registry.forms.judging import AcceptanceForm, TreatmentForm
from registry.forms.risks import ReasonForm
from registry.models import AssessmentProposal, Risk, RiskAcceptance, RiskAssessment, RiskScale
from registry.scale import RANK, Band, Level
from registry.views.shared import attempt, form_page, posted

PROPOSALS_SHOWN = 100
MOVE_PAGES = {
    "confirm": "registry:proposal_confirmation",
    "decline": "registry:proposal_refusal",
    "withdraw": "registry:proposal_withdrawal",
}


def judging_card(risk: Any, user: Any) -> dict[str, Any]:
    """What the page of a risk from ``risk_details`` says about treatment, acceptance and a score that waits."""
    acceptances, rule = selectors.acceptances_of(risk), selectors.brought_rule(risk)
    acceptance = acceptances[0] if acceptances else None
    proposal = selectors.proposal_of(risk)
    is_open = risk.stage == Risk.Stage.OPEN
    can_accept = rule is not None and permissions.can_accept_risk(user, risk, rule.accepted_by)
    return {
        "acceptance": acceptance,
        "earlier_acceptances": acceptances[1:],
        "proposal": proposal,
        "rule": rule,
        "can_treat": permissions.can_choose_treatment(user, risk) and risk.stage != Risk.Stage.CLOSED,
        "can_accept": can_accept and is_open and rule is not None and rule.acceptance_days > 0,
        "can_revoke": acceptance is not None
        and acceptance.state in {RiskAcceptance.State.IN_FORCE, RiskAcceptance.State.STALE}
        and permissions.can_revoke_acceptance(user, acceptance),
        "can_decide": proposal is not None and permissions.can_decide_proposal(user, proposal),
    }


def present_levels(risk: Risk) -> list[tuple[Any, str]]:
    """The judgements of a risk that count now, in the words of the scale they were made on."""
    found = []
    for kind, label in RiskAssessment.Kind.choices:
        if (level := getattr(risk, kind)) is not None:
            likelihood, severity = getattr(risk, f"{kind}_likelihood"), getattr(risk, f"{kind}_severity")
            words = f"{risk.scale.likelihoods[likelihood - 1]}, {risk.scale.severities[severity - 1]}"
            found.append((label, f"{level.label} {level.score} ({words})"))
    return found


def guarded_levels(risk: Risk, scale: RiskScale, user: Any) -> list[tuple[str, int, int]]:
    """For each kind of judgement that ``user`` may not lower alone: the kind, the score now, the rank of its band.

    Only for the line that says so beforehand; ``services.assess_risk`` decides.
    """
    if not permissions.is_party(user, risk):
        return []
    guarded = selectors.guarded_bands(scale)
    levels = [(RiskAssessment.Kind.INHERENT, risk.inherent), (RiskAssessment.Kind.RESIDUAL, risk.current)]
    return [(kind.value, at.score, RANK[at.band]) for kind, at in levels if at is not None and at.band in guarded]


def judged_words(made: RiskAssessment | AssessmentProposal, scale: RiskScale, was: Level | None) -> str:
    """What a judgement came to, for the message after it: the level it has, and the one that counted before."""
    band, score = scale.band(made.likelihood, made.severity), made.likelihood * made.severity
    values = {"kind": made.get_kind_display(), "level": band.label, "score": score}
    if isinstance(made, AssessmentProposal):
        return _("%(kind)s: %(level)s %(score)d is proposed. It counts once somebody else has confirmed it.") % values
    if was is None or made.kind == RiskAssessment.Kind.TARGET:
        return _("%(kind)s: %(level)s %(score)d is on record.") % values
    return _("%(kind)s: %(level)s %(score)d is on record. Until now %(was)s %(before)d counted.") % {
        **values,
        "was": was.label,
        "before": was.score,
    }


@require_safe
@login_required
@never_cache
def judging(request: HttpRequest) -> HttpResponse:
    """What waits for the reader as the second person."""
    if not scopes(request.user).any():
        raise PermissionDenied
    proposals = selectors.waiting_proposals(request.user).select_related("risk__family", "risk__scale", "proposed_by")
    asked = selectors.waiting_acceptances(request.user).select_related("family", "owner").defer("words")
    context = {
        "proposals": list(proposals.defer("risk__words").order_by("pk")[:PROPOSALS_SHOWN]),
        "page": keyset_page(asked, request, order=("-urgency",)),
    }
    return render(request, "registry/judging.html", context)


def _risk(request: HttpRequest, pk: int, may: Callable[[Any, Risk], bool]) -> Risk:
    risks = Risk.objects.visible_to(request.user).select_related("family__publisher", "owner", "scale").defer("words")
    found = get_object_or_404(risks, pk=pk)
    if not permissions.can_see_inside(request.user, found.family) or not may(request.user, found):
        raise PermissionDenied
    return found


@page
@login_required
@never_cache
def risk_treatment(request: HttpRequest, pk: int) -> HttpResponse:
    found = _risk(request, pk, permissions.can_choose_treatment)
    start = {"treatment": found.treatment, "row_version": found.row_version}
    form = TreatmentForm(posted(request), initial=start)
    if attempt(form, lambda **data: services.choose_treatment(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("The treatment is on record."))
        return redirect("registry:risk", pk)
    return form_page(request, "registry/treatment_form.html", form, risk=found, family=found.family)


@page
@login_required
@never_cache
def acceptance_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Bear a risk as it stands. Who comes here without being asked for is told that it takes another person."""
    found = _risk(request, pk, lambda user, risk: True)
    rule = selectors.rule_of(found)
    if permissions.is_party(request.user, found):
        words = _("Whoever answers for a risk, or did in the last 30 days, does not accept it: another person has to.")
        raise PermissionDenied(words)
    if rule is None:
        raise PermissionDenied(_("The risk has no level yet. Judge it first; its level says who may accept it."))
    if not permissions.can_accept_risk(request.user, found, rule.accepted_by):
        values = {"band": Band(rule.band).label, "role": rule.get_accepted_by_display()}
        raise PermissionDenied(_("Risks of the level “%(band)s” are accepted by this role: %(role)s.") % values)
    form = AcceptanceForm(posted(request), rule=rule, initial={"row_version": found.row_version})
    made = attempt(form, lambda **data: services.accept_risk(found, actor=request.user, **data), found)
    if made is not None:
        messages.success(request, _("%s is accepted for now.") % found.reference)
        return redirect("registry:risk", pk)
    return form_page(request, "registry/acceptance_form.html", form, risk=found, family=found.family, rule=rule)


@page
@login_required
@never_cache
def acceptance_revocation(request: HttpRequest, pk: int) -> HttpResponse:
    rows = RiskAcceptance.objects.filter(risk__in=Risk.objects.visible_to(request.user).values("pk"))
    found = get_object_or_404(rows.select_related("risk__family__publisher", "accepted_by"), pk=pk)
    if not permissions.can_revoke_acceptance(request.user, found):
        raise PermissionDenied
    form = ReasonForm(posted(request))
    if attempt(form, lambda reason: services.revoke_acceptance(found, actor=request.user, reason=reason)) is not None:
        messages.success(request, _("The acceptance is revoked."))
        return redirect("registry:risk", found.risk_id)
    return form_page(request, "registry/acceptance_revocation.html", form, acceptance=found, risk=found.risk)


def _proposal(request: HttpRequest, pk: int) -> AssessmentProposal:
    rows = AssessmentProposal.objects.visible_to(request.user)
    known = rows.select_related("risk__family__publisher", "risk__scale", "proposed_by", "decided_by")
    return get_object_or_404(known.defer("risk__words"), pk=pk)


@require_safe
@login_required
@never_cache
def proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """A lower score that waits for a second person, or what became of it."""
    found = _proposal(request, pk)
    moves = available_moves(lifecycle.PROPOSAL_MOVES, found, request.user)
    context = {
        "proposal": found,
        "risk": found.risk,
        "present": found.risk.inherent if found.kind == "inherent" else found.risk.current,
        "moves": [(each, MOVE_PAGES[each.move.name]) for each in moves],
    }
    return render(request, "registry/proposal_detail.html", context)


def _decide(request: HttpRequest, pk: int, move: Move, action: Any, words: str) -> HttpResponse:
    found = _proposal(request, pk)
    if not move.may(request.user, found):
        raise PermissionDenied
    form = ReasonForm(posted(request))
    if not move.asks_reason:
        del form.fields["reason"]
    if attempt(form, lambda **data: action(found, actor=request.user, **data)) is not None:
        messages.success(request, words)
        return redirect("registry:risk", found.risk_id)
    context = {"proposal": found, "risk": found.risk, "move": move}
    return form_page(request, "registry/proposal_move.html", form, **context)


@page
@login_required
@never_cache
def proposal_confirmation(request: HttpRequest, pk: int) -> HttpResponse:
    words = _("Confirmed: the level counts from now on.")
    return _decide(request, pk, lifecycle.CONFIRM_PROPOSAL, services.confirm_proposal, words)


@page
@login_required
@never_cache
def proposal_refusal(request: HttpRequest, pk: int) -> HttpResponse:
    words = _("Declined: the level stays as it was.")
    return _decide(request, pk, lifecycle.DECLINE_PROPOSAL, services.decline_proposal, words)


@page
@login_required
@never_cache
def proposal_withdrawal(request: HttpRequest, pk: int) -> HttpResponse:
    words = _("Taken back: the level stays as it was.")
    return _decide(request, pk, lifecycle.WITHDRAW_PROPOSAL, services.withdraw_proposal, words)
