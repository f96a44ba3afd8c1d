"""Safeguards and the high-risk uses they answer: the public page, and those who keep them."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common.http import page
from common.lifecycle import Move, available_moves
from registry import lifecycle, permissions, selectors, services
from registry.forms import HighRiskUseForm, ReasonForm, SafeguardForm
from registry.models import HighRiskUse, ModelFamily, Safeguard
from registry.views.families import family_inside
from registry.views.shared import attempt, form_page, posted, visible_family

SHOWN = 200
MOVE_PAGES = {"introduce": "registry:safeguard_introduction", "retire": "registry:safeguard_retirement"}


def _overview(request: HttpRequest, family: ModelFamily, safeguards: Any) -> dict[str, Any]:
    uses = selectors.with_safeguards(HighRiskUse.objects.filter(family=family), request.user)
    rows = list(selectors.with_risks(safeguards.filter(family=family), request.user)[:SHOWN])
    return {
        "family": family,
        "uses": list(uses[:SHOWN]),
        "safeguards": rows,
        "limit": SHOWN,
        "decisions": selectors.decisions_of(rows, request.user, within=family),
    }


@require_safe
def family_safeguards(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    """The high-risk uses of a family, and what stands between the model and harm, for anybody."""
    found = visible_family(request, publisher, family)
    context = _overview(request, found, Safeguard.objects.shown())
    return render(request, "registry/family_safeguards.html", context)


@require_safe
@login_required
@never_cache
def manage_safeguards(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for those who keep it, with what is not shown outside."""
    found = family_inside(request, pk)
    context = _overview(request, found, Safeguard.objects.all())
    context["can_edit"] = permissions.can_edit_safeguards(request.user, found)
    return render(request, "registry/safeguard_list.html", context)


@page
@login_required
@never_cache
def safeguard_create(request: HttpRequest, pk: int) -> HttpResponse:
    found = family_inside(request, pk)
    if not permissions.can_edit_safeguards(request.user, found):
        raise PermissionDenied
    form = SafeguardForm(posted(request), family=found)
    if (made := attempt(form, lambda **data: services.add_safeguard(found, actor=request.user, **data))) is not None:
        messages.success(request, _("“%s” is planned.") % made)
        return redirect("registry:safeguard", made.pk)
    return form_page(request, "registry/safeguard_form.html", form, family=found)


def safeguard_inside(request: HttpRequest, pk: int) -> Safeguard:
    visible = Safeguard.objects.visible_to(request.user).select_related("family__publisher")
    rows = selectors.with_risks(visible, request.user).annotate(history_rows=selectors.embedded_history(Safeguard))
    found = get_object_or_404(rows, pk=pk)
    if not permissions.can_see_inside(request.user, found.family):
        raise PermissionDenied
    return found


@require_safe
@login_required
@never_cache
def safeguard(request: HttpRequest, pk: int) -> HttpResponse:
    """One safeguard: why it was chosen, what it answers, and what can be done with it."""
    found = safeguard_inside(request, pk)
    moves = available_moves(lifecycle.SAFEGUARD_MOVES, found, request.user)
    context = {
        "safeguard": found,
        "family": found.family,
        "uses": list(found.high_risk_uses.order_by("pk")[:SHOWN]),
        "decision": selectors.decisions_of([found], request.user, within=found.family).get(found.decision),
        "history": selectors.history_of(found),
        "moves": [(each, MOVE_PAGES[each.move.name]) for each in moves],
        "can_edit": permissions.can_edit_safeguards(request.user, found.family) and found.stage != "retired",
    }
    return render(request, "registry/safeguard_detail.html", context)


@page
@login_required
@never_cache
def safeguard_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = safeguard_inside(request, pk)
    if not permissions.can_edit_safeguards(request.user, found.family):
        raise PermissionDenied
    form = SafeguardForm(posted(request), instance=found, family=found.family)
    if attempt(form, lambda **data: services.edit_safeguard(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:safeguard", pk)
    return form_page(request, "registry/safeguard_form.html", form, family=found.family, safeguard=found)


def _move(request: HttpRequest, pk: int, move: Move, action: Any, words: str) -> HttpResponse:
    found = safeguard_inside(request, pk)
    if not move.may(request.user, found):
        raise PermissionDenied
    form = ReasonForm(posted(request))
    if not move.asks_reason:
        del form.fields["reason"]
    if attempt(form, lambda **data: action(found, actor=request.user, **data), found) is not None:
        messages.success(request, words % found)
        return redirect("registry:safeguard", pk)
    return form_page(request, "registry/safeguard_move.html", form, safeguard=found, family=found.family, move=move)


@page
@login_required
@never_cache
def safeguard_introduction(request: HttpRequest, pk: int) -> HttpResponse:
    return _move(request, pk, lifecycle.INTRODUCE, services.introduce_safeguard, _("“%s” is in place."))


@page
@login_required
@never_cache
def safeguard_retirement(request: HttpRequest, pk: int) -> HttpResponse:
    return _move(request, pk, lifecycle.RETIRE, services.retire_safeguard, _("“%s” is retired."))


@page
@login_required
@never_cache
def high_risk_use_create(request: HttpRequest, pk: int) -> HttpResponse:
    found = family_inside(request, pk)
    if not permissions.can_edit_safeguards(request.user, found):
        raise PermissionDenied
    form = HighRiskUseForm(posted(request), family=found)
    if attempt(form, lambda **data: services.add_high_risk_use(found, actor=request.user, **data)) is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:manage_safeguards", pk)
    return form_page(request, "registry/high_risk_use_form.html", form, family=found)


def _use(request: HttpRequest, pk: int) -> HighRiskUse:
    visible = HighRiskUse.objects.visible_to(request.user).select_related("family__publisher")
    found = get_object_or_404(visible, pk=pk)
    if not permissions.can_edit_safeguards(request.user, found.family):
        raise PermissionDenied
    return found


@page
@login_required
@never_cache
def high_risk_use(request: HttpRequest, pk: int) -> HttpResponse:
    found = _use(request, pk)
    form = HighRiskUseForm(posted(request), instance=found, family=found.family)
    if attempt(form, lambda **data: services.edit_high_risk_use(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:manage_safeguards", found.family_id)
    return form_page(request, "registry/high_risk_use_form.html", form, family=found.family, use=found)


@page
@login_required
@never_cache
def high_risk_use_removal(request: HttpRequest, pk: int) -> HttpResponse:
    found = _use(request, pk)
    form = ReasonForm(posted(request))

    def remove(reason: str) -> bool:
        services.remove_high_risk_use(found, actor=request.user, reason=reason)
        return True

    if attempt(form, remove) is not None:
        messages.success(request, _("“%s” is no longer on the list.") % found.title)
        return redirect("registry:manage_safeguards", found.family_id)
    context = {"family": found.family, "thing": found, "back": "registry:high_risk_use"}
    return form_page(request, "registry/removal.html", form, **context)
