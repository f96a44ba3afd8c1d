"""What is done about risks: planned, changed, moved on, measured, linked to more risks, retired."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from common.http import page
from common.lifecycle import Move, available_moves
from registry import lifecycle, permissions, selectors, services
from registry.forms import MitigationEditForm, MitigationForm, ReasonForm
from registry.forms.risks import EffectForm, LinkForm, RetirementForm
from registry.models import Mitigation, Risk
from registry.selectors.embed import embedded_history, history_of
from registry.views.risks import risk_inside
from registry.views.shared import attempt, form_page, posted

MOVE_PAGES = {
    "start": "registry:mitigation_start",
    "finish": "registry:mitigation_completion",
    "drop": "registry:mitigation_cancellation",
    "retire": "registry:mitigation_retirement",
}
SHOWN = 20


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


def mitigation_inside(request: HttpRequest, pk: int, **brought: Any) -> Any:
    rows = Mitigation.objects.visible_to(request.user).select_related("family__publisher", "owner").annotate(**brought)
    found = get_object_or_404(rows, pk=pk)
    if not permissions.can_see_inside(request.user, found.family):
        raise PermissionDenied
    return found


@page
@login_required
@never_cache
def mitigation(request: HttpRequest, pk: int) -> HttpResponse:
    """One mitigation: its risks, how well it works, and its fields for those who may change them."""
    found = mitigation_inside(request, pk, history_rows=embedded_history(Mitigation))
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
        "measurements": list(found.measurements.select_related("recorded_by")[:SHOWN]),
        "history": history_of(found),
        "can_measure": permissions.can_measure_mitigation(request.user, found)
        and found.stage not in {Mitigation.Stage.PLANNED, Mitigation.Stage.DROPPED},
        "can_link": permissions.can_edit_mitigation(request.user, found)
        and found.stage not in {Mitigation.Stage.DROPPED, Mitigation.Stage.RETIRED},
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


@page
@login_required
@never_cache
def mitigation_retirement(request: HttpRequest, pk: int) -> HttpResponse:
    """Retire a mitigation. Open risks that depend on it are named first."""
    found, move = mitigation_inside(request, pk), lifecycle.RETIRE_MITIGATION
    if not move.may(request.user, found):
        raise PermissionDenied
    leaning = list(services.leaning_on(found).order_by("-urgency")[:50])
    form = RetirementForm(posted(request), leaning=bool(leaning))
    if attempt(form, lambda **data: services.retire_mitigation(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("“%s” is retired.") % found.title)
        return redirect("registry:mitigation", pk)
    context = {"mitigation": found, "family": found.family, "move": move, "leaning": leaning}
    return form_page(request, "registry/mitigation_move.html", form, **context)


@page
@login_required
@never_cache
def mitigation_measurement(request: HttpRequest, pk: int) -> HttpResponse:
    found = mitigation_inside(request, pk)
    if not permissions.can_measure_mitigation(request.user, found):
        raise PermissionDenied
    form = EffectForm(posted(request), initial={"measured_on": timezone.localdate()})
    if attempt(form, lambda **data: services.measure_mitigation(found, actor=request.user, **data)) is not None:
        messages.success(request, _("It is on record."))
        return redirect("registry:mitigation", pk)
    return form_page(request, "registry/mitigation_measurement.html", form, mitigation=found, family=found.family)


@page
@login_required
@never_cache
def mitigation_link(request: HttpRequest, pk: int) -> HttpResponse:
    found = mitigation_inside(request, pk)
    if not permissions.can_edit_mitigation(request.user, found):
        raise PermissionDenied
    form = LinkForm(posted(request), family=found.family)
    if attempt(form, lambda **data: services.link_risk(found, actor=request.user, **data)) is not None:
        messages.success(request, _("It is for one more risk."))
        return redirect("registry:mitigation", pk)
    return form_page(request, "registry/mitigation_link.html", form, mitigation=found, family=found.family)


@page
@login_required
@never_cache
def mitigation_unlink(request: HttpRequest, pk: int, risk: int) -> HttpResponse:
    found = mitigation_inside(request, pk)
    if not permissions.can_edit_mitigation(request.user, found):
        raise PermissionDenied
    linked = get_object_or_404(found.risks, pk=risk)
    form = ReasonForm(posted(request))
    if attempt(form, lambda **data: services.unlink_risk(found, actor=request.user, risk=linked, **data)) is not None:
        messages.success(request, _("It is no longer for %s.") % linked)
        return redirect("registry:mitigation", pk)
    context = {"mitigation": found, "family": found.family, "risk": linked}
    return form_page(request, "registry/mitigation_unlink.html", form, **context)
