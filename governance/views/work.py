"""Decisions in the workspace: what is being written, and by whom."""

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
from common.lifecycle import Refused, available_moves
from common.pages import keyset_page
from governance import permissions, selectors, services
from governance.forms import DecisionForm, EvidenceFormSet, FamilyForm, OptionFormSet, WorkFilterForm
from governance.lifecycle import DECISION_MOVES
from governance.models import Decision
from registry.models import ModelFamily

# Where each move that a person starts has its page. Superseding starts a draft instead.
MOVE_PAGES = {
    "publish": "governance:decision_publication",
    "annul": "governance:decision_annulment",
    "supersede": "governance:decision_supersession",
}


@require_safe
@login_required
@never_cache
def decision_work(request: HttpRequest) -> HttpResponse:
    """Decisions of the families one has a role for, drafts included."""
    if not scopes(request.user).any():
        raise PermissionDenied
    mine = ModelFamily.objects.with_role(request.user)
    form = WorkFilterForm(request.GET, families=mine.order_by("name"))
    rows = selectors.decisions_for(request.user).filter(family__in=mine)
    if form.is_valid():
        given = form.cleaned_data
        rows = rows.search(given["q"]) if given["q"] else rows
        rows = rows.filter(family=given["family"]) if given["family"] else rows
        rows = rows.filter(stage=given["stage"]) if given["stage"] else rows
    context = {
        "filter_form": form,
        "decisions": keyset_page(rows, request),
        "filtered": any(request.GET.get(name) for name in ("q", "family", "stage")),
        "may_record": scopes(request.user).any(*permissions.RECORDERS),
    }
    return render(request, "governance/decision_work.html", context)


@page
@login_required
@never_cache
def decision_new(request: HttpRequest) -> HttpResponse:
    """Two steps, because the risks and releases to choose from are those of the family."""
    families = (
        ModelFamily.objects.with_role(request.user, *permissions.RECORDERS).select_related("publisher").order_by("name")
    )
    if not scopes(request.user).any(*permissions.RECORDERS):
        raise PermissionDenied
    choice = FamilyForm(request.GET if "family" in request.GET else None, families=families)
    if not choice.is_valid():
        return render(request, "governance/decision_family.html", {"form": choice, "empty": not families.exists()})
    return _edit(request, choice.cleaned_data["family"], None)


@page
@login_required
@never_cache
def decision_text(request: HttpRequest, pk: int) -> HttpResponse:
    decision = _decision(request, pk)
    if not permissions.can_edit_decision(request.user, decision):
        raise PermissionDenied
    if decision.stage != Decision.Stage.DRAFT:
        messages.warning(request, _("A published decision is never changed. Record a new one that supersedes it."))
        return redirect("governance:decision_case", decision.pk)
    return _edit(request, decision.family, decision)


def _edit(request: HttpRequest, family: ModelFamily, decision: Decision | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = DecisionForm(data, instance=decision, family=family, user=request.user)
    known = {"options": decision.options.values(), "evidence": decision.evidence.values()} if decision else {}
    options: Any = OptionFormSet(data, prefix="options", initial=known.get("options"))
    evidence: Any = EvidenceFormSet(data, prefix="evidence", initial=known.get("evidence"))
    if data is not None and all([form.is_valid(), options.is_valid(), evidence.is_valid()]):
        try:
            saved = _save(request, family, decision, form.cleaned_data, options.rows(), evidence.rows())
        except Refused as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, _("%s is saved as a draft.") % saved.reference)
            return redirect("governance:decision_case", saved.pk)
    wrong = data is not None
    context = {"form": form, "options": options, "evidence": evidence, "family": family, "decision": decision}
    return render(request, "governance/decision_form.html", context, status=422 if wrong else 200)


def _save(
    request: HttpRequest,
    family: ModelFamily,
    decision: Decision | None,
    given: dict[str, Any],
    options: Any,
    evidence: Any,
) -> Decision:
    version = given.pop("row_version", None)
    if decision is None:
        return services.record_decision(family, actor=request.user, options=options, evidence=evidence, **given)
    return services.edit_decision(
        decision, actor=request.user, expected_version=version, options=options, evidence=evidence, **given
    )


@require_safe
@login_required
@never_cache
def decision_case(request: HttpRequest, pk: int) -> HttpResponse:
    decision = _decision(request, pk)
    found = available_moves(DECISION_MOVES, decision, request.user)
    context = {
        "decision": decision,
        "who": selectors.decided_by(decision, request.user),
        "moves": [(each, MOVE_PAGES[each.move.name]) for each in found],
        "may_edit": decision.stage == Decision.Stage.DRAFT and permissions.can_edit_decision(request.user, decision),
        "history": selectors.history(decision),
    }
    return render(request, "governance/decision_case.html", context)


def _decision(request: HttpRequest, pk: int) -> Decision:
    """A decision of a family one has a role for; others read the public page."""
    mine = ModelFamily.objects.with_role(request.user)
    return get_object_or_404(selectors.decision_details_for(request.user).filter(family__in=mine), pk=pk)
