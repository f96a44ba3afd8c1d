"""The risk register: matrix and list of the same risks, one risk with all that belongs to it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import scopes
from common.http import page
from common.lifecycle import Move, available_moves
from common.pages import keyset_page
from common.references import resolve
from registry import lifecycle, permissions, selectors, services
from registry.drawing import burn_down
from registry.forms import AssessmentForm, OwnerForm, ReasonForm, RiskEditForm, RiskFilterForm, RiskForm
from registry.models import Mitigation, ModelFamily, Risk, RiskAssessment
from registry.views.judging import guarded_levels, judged_words, judging_card, present_levels
from registry.views.shared import attempt, form_page, posted

MOVE_PAGES = {
    "open": "registry:risk_opening",
    "close": "registry:risk_closure",
    "reopen": "registry:risk_reopening",
    "work_out": "registry:stub_working_out",
    "dismiss": "registry:stub_dismissal",
    "take_up": "registry:stub_taking_up",
}


@require_safe
@login_required
@never_cache
def risks(request: HttpRequest) -> HttpResponse:
    """The register of the reader's families. One filter, one address; ``view`` draws it as matrix, heat or trend."""
    if not scopes(request.user).any():
        raise PermissionDenied
    form = register_form(request)
    rows = selectors.filtered(selectors.register(request.user), form.given, request.user)
    view = form.given.get("view", "")
    context: dict[str, Any] = {
        "filter_form": form,
        "filtered": form.narrows,
        "view": view,
        "quick": form.given.get("quick", ""),
        "quicks": selectors.QUICK.items(),
        **_DRAWN[view](request, rows, form),
    }
    context["can_create"] = scopes(request.user).any(*permissions.RECORDING)
    context["can_bulk"] = context["can_import"] = permissions.can_change_in_bulk(request.user)
    context["formats"] = ("csv", "xlsx", "json")
    return render(request, "registry/risk_list.html", context)


def register_form(request: HttpRequest) -> RiskFilterForm:
    """The filter as the address has it, with the reader's families and the terms there are."""
    families = ModelFamily.objects.with_role(request.user).order_by("name")
    return RiskFilterForm(request.GET, families=families, terms=selectors.terms_in_use(request.user))


def _as_list(request: HttpRequest, rows: Any, form: RiskFilterForm) -> dict[str, Any]:
    return {"page": keyset_page(selectors.register_rows(rows), request, order=("-urgency",))}


def _as_matrix(request: HttpRequest, rows: Any, form: RiskFilterForm) -> dict[str, Any]:
    def cell_url(scale: int, likelihood: int, severity: int) -> str:
        return _narrowed(request, scale=scale, likelihood=likelihood, severity=severity)

    drawn, unassessed = selectors.matrices(
        rows, chip_url=lambda risk: reverse("registry:risk", args=[risk.pk]), cell_url=cell_url
    )
    return {"matrices": drawn, "unassessed": unassessed}


def _as_heat(request: HttpRequest, rows: Any, form: RiskFilterForm) -> dict[str, Any]:
    def cell_url(scale: int, kind: str, likelihood: int, severity: int) -> str:
        prefix = "inherent_" if kind == "inherent" else ""
        return _narrowed(request, **{"scale": scale, f"{prefix}likelihood": likelihood, f"{prefix}severity": severity})

    return {"heats": selectors.heat(rows, cell_url=cell_url)}


def _as_trend(request: HttpRequest, rows: Any, form: RiskFilterForm) -> dict[str, Any]:
    weeks = form.given.get("weeks") or selectors.WEEKS[1]
    points = selectors.trend(rows, weeks=weeks)
    return {"points": points[::-1], "chart": burn_down(points), "weeks": weeks, "all_weeks": selectors.WEEKS}


_DRAWN = {"": _as_list, "matrix": _as_matrix, "heat": _as_heat, "trend": _as_trend}


def _narrowed(request: HttpRequest, **more: int) -> str:
    """The address of the list under the same filter and more."""
    query = request.GET.copy()
    for name in ("view", "cursor", "weeks"):
        query.pop(name, None)
    for name, value in more.items():
        query[name] = str(value)
    return f"?{query.urlencode()}"


def risk_inside(request: HttpRequest, pk: int) -> Risk:
    """A risk of a family the reader has a role for: 404 to those who may not know of it, else 403."""
    risks = Risk.objects.visible_to(request.user)
    found = get_object_or_404(risks.select_related("family__publisher", "owner", "deputy", "release", "scale"), pk=pk)
    if not permissions.can_see_inside(request.user, found.family):
        raise PermissionDenied
    return found


@require_safe
@never_cache
def risk(request: HttpRequest, pk: int) -> HttpResponse:
    """One risk. Readers from outside are sent to where the public page shows it."""
    found = get_object_or_404(selectors.risk_details(Risk.objects.visible_to(request.user)), pk=pk)
    if not (request.user.is_authenticated and permissions.can_see_inside(request.user, found.family)):
        return redirect(selectors.public_address(found))
    user = request.user
    moves = available_moves(lifecycle.RISK_MOVES, found, user)
    context = {
        "risk": found,
        "family": found.family,
        "moves": [(each, MOVE_PAGES[each.move.name]) for each in moves],
        "mitigations": selectors.mitigations_of(found),
        "assessments": selectors.assessments_of(found),
        "objectives": selectors.objectives_of(found),
        "history": selectors.history_of(found),
        "terms": selectors.terms_of(found),
        "reviews": selectors.reviews_of(found),
        "concern": getattr(found, "concern", None),
        "origin": resolve(found.origin_reference, user, within=found.family) if found.origin_reference else None,
        "can_review": permissions.can_review_risk(user, found),
        "can_see_contact": permissions.can_see_concern_contact(user, found),
        "can_edit": permissions.can_edit_risk(user, found),
        "can_assign": permissions.can_assign_risk_owner(user, found),
        "can_assess": permissions.can_assess_risk(user, found) and found.stage != Risk.Stage.CLOSED,
        **judging_card(found, user),
    }
    return render(request, "registry/risk_detail.html", context)


@page
@login_required
@never_cache
def risk_create(request: HttpRequest) -> HttpResponse:
    """Record a risk: first for which family, then what it is."""
    families = ModelFamily.objects.with_role(request.user, *permissions.RECORDING).select_related("publisher")
    if not scopes(request.user).any(*permissions.RECORDING):
        raise PermissionDenied
    asked = request.GET.get("family", "")
    family = families.filter(pk=asked).first() if asked.isascii() and asked.isdigit() and len(asked) < 18 else None
    if family is None:
        return render(request, "registry/risk_family.html", {"families": list(families.order_by("name")[:200])})
    form = RiskForm(posted(request), family=family, people=selectors.people_of(family))
    made = attempt(form, lambda **data: services.create_risk(family, actor=request.user, **data))
    if made is not None:
        messages.success(request, _("%s is recorded as a draft.") % made.reference)
        return redirect("registry:risk", made.pk)
    return form_page(request, "registry/risk_form.html", form, family=family)


@page
@login_required
@never_cache
def risk_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = risk_inside(request, pk)
    if not permissions.can_edit_risk(request.user, found):
        raise PermissionDenied
    form = RiskEditForm(posted(request), instance=found)
    if attempt(form, lambda **data: services.edit_risk(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:risk", pk)
    return form_page(request, "registry/risk_form.html", form, risk=found, family=found.family)


@page
@login_required
@never_cache
def risk_owner(request: HttpRequest, pk: int) -> HttpResponse:
    found = risk_inside(request, pk)
    if not permissions.can_assign_risk_owner(request.user, found):
        raise PermissionDenied
    start = {"owner": found.owner, "deputy": found.deputy, "row_version": found.row_version}
    form = OwnerForm(posted(request), people=selectors.people_of(found.family), initial=start)
    if attempt(form, lambda **data: services.assign_risk_owner(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("%s has a risk owner.") % found.reference)
        return redirect("registry:risk", pk)
    return form_page(request, "registry/risk_owner.html", form, risk=found, family=found.family)


@page
@login_required
@never_cache
def assessment_create(request: HttpRequest, pk: int) -> HttpResponse:
    found = risk_inside(request, pk)
    if not permissions.can_assess_risk(request.user, found):
        raise PermissionDenied
    kind = RiskAssessment.Kind.RESIDUAL if found.inherent_score else RiskAssessment.Kind.INHERENT
    scale = selectors.scale_in_force(found.family.publisher_id)
    start = {"kind": kind, "row_version": found.row_version, "scale": scale.pk}
    form = AssessmentForm(posted(request), scale=scale, initial=start)
    was = found.current
    made = attempt(form, lambda **data: services.assess_risk(found, actor=request.user, **data), found)
    if made is not None:
        messages.success(request, judged_words(made, scale, was))
        return redirect("registry:risk", pk)
    present = present_levels(found)
    if hasattr(form, "stored"):
        # What is stored of a judgement is the levels there are now, on the scale there is now.
        form.stored, form.data["scale"] = present, str(scale.pk)
    guarded = guarded_levels(found, scale, request.user)
    context = {"risk": found, "family": found.family, "scale": scale, "present": present, "guarded": guarded}
    return form_page(request, "registry/assessment_form.html", form, **context, matrix=selectors.empty_matrix(scale))


def _move(request: HttpRequest, pk: int, move: Move, action: Any, words: str) -> HttpResponse:
    """The page that asks before a move, with its reason where it needs one."""
    found = risk_inside(request, pk)
    if not move.may(request.user, found):
        raise PermissionDenied
    form = ReasonForm(posted(request))
    if not move.asks_reason:
        del form.fields["reason"]
    if attempt(form, lambda **data: action(found, actor=request.user, **data), found) is not None:
        messages.success(request, words % found.reference)
        return redirect("registry:risk", pk)
    open_measures = found.mitigations.filter(stage__in=[Mitigation.Stage.PLANNED, Mitigation.Stage.IN_PROGRESS]).count()
    context = {"risk": found, "family": found.family, "move": move, "open_measures": open_measures}
    return form_page(request, "registry/risk_move.html", form, **context)


@page
@login_required
@never_cache
def risk_opening(request: HttpRequest, pk: int) -> HttpResponse:
    return _move(request, pk, lifecycle.OPEN, services.open_risk, _("%s is open."))


@page
@login_required
@never_cache
def risk_closure(request: HttpRequest, pk: int) -> HttpResponse:
    return _move(request, pk, lifecycle.CLOSE, services.close_risk, _("%s is closed."))


@page
@login_required
@never_cache
def risk_reopening(request: HttpRequest, pk: int) -> HttpResponse:
    return _move(request, pk, lifecycle.REOPEN, services.reopen_risk, _("%s is open again."))
