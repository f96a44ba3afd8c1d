"""What is done about risks: planned, changed, started, finished, dropped."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from common.http import page
from common.lifecycle import Move, available_moves
from registry import lifecycle, permissions, selectors, services
from registry.forms import MitigationEditForm, MitigationForm, ReasonForm
from registry.models import Mitigation, Risk
from registry.views.risks import risk_inside
from registry.views.shared import attempt, form_page, posted

MOVE_PAGES = {
    "start": "registry:mitigation_start",
    "finish": "registry:mitigation_completion",
    "drop": "registry:mitigation_cancellation",
}


@page
@login_required
@never_cache
def mitigation_create(request: HttpRequest, pk: int) -> HttpResponse:
    risk = risk_inside(request, pk)
    if not permissions.can_add_mitigation(request.user, risk):
        raise PermissionDenied
    others = Risk.objects.filter(family=risk.family_id).exclude(pk=risk.pk).exclude(stage=Risk.Stage.CLOSED)
    start = {"owner": risk.owner_id}
    form = MitigationForm(posted(request), people=selectors.people_of(risk.family), others=others, initial=start)

    def add(risks: Any, **data: Any) -> Mitigation:
        chosen = list(risks.select_related("family"))
        return services.add_mitigation([risk, *chosen], actor=request.user, **data)

    if attempt(form, add) is not None:
        messages.success(request, _("The mitigation is planned."))
        return redirect("registry:risk", pk)
    return form_page(request, "registry/mitigation_form.html", form, risk=risk, family=risk.family)


def mitigation_inside(request: HttpRequest, pk: int) -> Mitigation:
    rows = Mitigation.objects.visible_to(request.user).select_related("family__publisher", "owner")
    found = get_object_or_404(rows, pk=pk)
    if not permissions.can_see_inside(request.user, found.family):
        raise PermissionDenied
    return found


@page
@login_required
@never_cache
def mitigation(request: HttpRequest, pk: int) -> HttpResponse:
    """One mitigation: its risks, and its fields for those who may change them."""
    found = mitigation_inside(request, pk)
    can_edit = permissions.can_edit_mitigation(request.user, found) and found.unfinished
    people = selectors.people_of(found.family)
    form = MitigationEditForm(posted(request), instance=found, people=people)
    if request.method == "POST":
        if not permissions.can_edit_mitigation(request.user, found):
            raise PermissionDenied
        if attempt(form, lambda **data: services.edit_mitigation(found, actor=request.user, **data), found) is not None:
            messages.success(request, _("Saved."))
            return redirect("registry:mitigation", pk)
    context = {
        "mitigation": found,
        "family": found.family,
        "risks": list(found.risks.order_by("number")[:50]),
        "moves": [
            (each, MOVE_PAGES[each.move.name])
            for each in available_moves(lifecycle.MITIGATION_MOVES, found, request.user)
        ],
        "can_edit": can_edit,
    }
    return form_page(request, "registry/mitigation_detail.html", form, **context)


def _move(request: HttpRequest, pk: int, move: Move, action: Any, words: str) -> HttpResponse:
    found = mitigation_inside(request, pk)
    if not move.may(request.user, found):
        raise PermissionDenied
    form = ReasonForm(posted(request))
    if not move.asks_reason:
        del form.fields["reason"]
    if attempt(form, lambda **data: action(found, actor=request.user, **data), found) is not None:
        messages.success(request, words % found.title)
        return redirect("registry:mitigation", pk)
    return form_page(request, "registry/mitigation_move.html", form, mitigation=found, family=found.family, move=move)


@page
@login_required
@never_cache
def mitigation_start(request: HttpRequest, pk: int) -> HttpResponse:
    return _move(request, pk, lifecycle.START, services.start_mitigation, _("“%s” has begun."))


@page
@login_required
@never_cache
def mitigation_completion(request: HttpRequest, pk: int) -> HttpResponse:
    return _move(request, pk, lifecycle.FINISH, services.finish_mitigation, _("“%s” is done."))


@page
@login_required
@never_cache
def mitigation_cancellation(request: HttpRequest, pk: int) -> HttpResponse:
    return _move(request, pk, lifecycle.DROP, services.drop_mitigation, _("“%s” is dropped."))
