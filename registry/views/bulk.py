"""One change to many risks of the register: first a page that lists them and what stands in the way, then the deed."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from registry import permissions, selectors, services
from registry.forms import BulkChangeForm, RiskFilterForm
from registry.models import BulkChange, ModelFamily, Risk
from registry.services.bulk import MOST
from registry.views.shared import attempt

SHOWN = 100
FINISHED = 286


@require_POST
@login_required
@never_cache
def risk_bulk(request: HttpRequest) -> HttpResponse:
    """Ask once more what to do with the risks that were chosen, or with all under the filter; then do it."""
    if not permissions.can_change_in_bulk(request.user):
        raise PermissionDenied
    query, everything = request.POST.get("query", "")[:2000], bool(request.POST.get("everything"))
    back = f"{reverse('registry:risks')}{f'?{query}' if query else ''}"
    action = request.POST.get("action", "")
    numbers = _numbers(request, query, everything=everything)
    if words := _impossible(action, numbers):
        messages.warning(request, words)
        return redirect(back)
    form = _form(request, action, numbers)
    made = attempt(
        form, lambda **given: services.start_bulk_change(numbers, actor=request.user, action=action, **given)
    )
    if made is not None:
        return redirect(made)
    context: dict[str, Any] = {
        "form": form,
        "action": action,
        "label": dict(BulkChange.Action.choices)[action],
        "count": len(numbers),
        "risks": _listed(request.user, numbers[:SHOWN], action),
        "left_out": max(len(numbers) - SHOWN, 0),
        "chosen": [] if everything else numbers,
        "query": query,
        "everything": everything,
        "back": back,
    }
    return render(request, "registry/risk_bulk.html", context, status=422 if form.is_bound and form.errors else 200)


def _impossible(action: str, numbers: list[int]) -> str:
    if action not in BulkChange.Action.values or not numbers:
        return _("Choose at least one risk and what to do with it.")
    return _("These are more than %d risks. Narrow the filter down.") % MOST if len(numbers) > MOST else ""


def _form(request: HttpRequest, action: str, numbers: list[int]) -> BulkChangeForm:
    families = list(ModelFamily.objects.filter(risks__in=numbers).distinct())
    data = request.POST if "confirmed" in request.POST else None
    return BulkChangeForm(data, action=action, people=selectors.people_at(families))


def _numbers(request: HttpRequest, query: str, *, everything: bool) -> list[int]:
    """The row numbers that were ticked, or all that the list's address finds; only of the reader's register."""
    risks = selectors.register(request.user)
    if everything:
        families = ModelFamily.objects.with_role(request.user)
        terms = selectors.terms_in_use(request.user)
        form = RiskFilterForm(QueryDict(query), families=families, terms=terms)
        risks = selectors.filtered(risks, form.given, request.user)
    else:
        given = request.POST.getlist("chosen")[:1000]
        risks = risks.filter(pk__in=[int(each) for each in given if each.isdecimal() and len(each) < 19])
    return list(risks.values_list("pk", flat=True)[: MOST + 1])


def _listed(user: Any, numbers: list[int], action: str) -> list[Risk]:
    """The risks with ``obstacle``, the reason why one cannot be changed; the services say the same."""
    rows = selectors.register(user).filter(pk__in=numbers).select_related("family__publisher", "owner", "deputy")
    found = list(rows)
    for risk in found:
        risk.obstacle = _obstacle(user, risk, action)  # type: ignore[attr-defined]
    return found


def _obstacle(user: Any, risk: Risk, action: str) -> str:
    if action != BulkChange.Action.REVIEW:
        return "" if permissions.can_assign_risk_owner(user, risk) else _("You may not say who answers for it.")
    if not permissions.can_ask_for_review(user, risk):
        return _("You may not ask for it.")
    return "" if risk.stage == Risk.Stage.OPEN else _("Only open risks are looked at again.")


@require_safe
@login_required
@never_cache
def bulk_change(request: HttpRequest, pk: int) -> HttpResponse:
    """What a change of many risks has come to: how many were changed, and why the others were not."""
    found = get_object_or_404(selectors.bulk_changes_of(request.user), pk=pk)
    return render(request, "registry/bulk_change.html", {"change": found})


@require_safe
@login_required
@never_cache
def bulk_change_job(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(selectors.bulk_changes_of(request.user), pk=pk)
    if not getattr(request, "htmx", False):
        return redirect(found)
    response = render(request, "registry/_bulk_job.html", {"change": found})
    if found.job is None or not found.job.unfinished:
        response.status_code = FINISHED
        response.headers["HX-Refresh"] = "true"
    return response
