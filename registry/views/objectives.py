"""What model families must hold to and what was measured for it: the public page, and those who keep it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common.http import page
from common.pages import keyset_page
from registry import permissions, selectors, services
from registry.forms import MeasurementForm, ObjectiveForm
from registry.models import Objective
from registry.views.families import family_inside
from registry.views.shared import attempt, form_page, posted, visible_family

SHOWN = 200


@require_safe
def family_objectives(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    """What a family must hold to, and whether it does, for anybody."""
    found = visible_family(request, publisher, family)
    objectives = list(selectors.judged(Objective.objects.filter(family=found), request.user)[:SHOWN])
    context = {"family": found, "objectives": objectives, "limit": SHOWN}
    return render(request, "registry/family_objectives.html", context)


@page
@login_required
@never_cache
def objective_create(request: HttpRequest, pk: int) -> HttpResponse:
    found = family_inside(request, pk)
    if not permissions.can_edit_objectives(request.user, found):
        raise PermissionDenied
    form = ObjectiveForm(posted(request))
    del form.fields["row_version"]
    if attempt(form, lambda **data: services.add_objective(found, actor=request.user, **data)) is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:manage_family", pk)
    return form_page(request, "registry/objective_form.html", form, family=found)


def objective_inside(request: HttpRequest, pk: int) -> Objective:
    """An objective of a family that the reader holds a role for, and how it stands."""
    visible = Objective.objects.visible_to(request.user).select_related("family__publisher")
    rows = selectors.judged(visible, request.user).annotate(history_rows=selectors.embedded_history(Objective))
    found = get_object_or_404(rows, pk=pk)
    if not permissions.can_see_inside(request.user, found.family):
        raise PermissionDenied
    return found


@page
@login_required
@never_cache
def objective_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = objective_inside(request, pk)
    if not permissions.can_edit_objectives(request.user, found.family):
        raise PermissionDenied
    form = ObjectiveForm(posted(request), instance=found)
    if attempt(form, lambda **data: services.edit_objective(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:objective_measurements", pk)
    return form_page(request, "registry/objective_form.html", form, family=found.family, objective=found)


@page
@login_required
@never_cache
def objective_measurements(request: HttpRequest, pk: int) -> HttpResponse:
    """One objective: how it stands, all that was ever measured for it, and the form for one more."""
    found = objective_inside(request, pk)
    can_edit = permissions.can_edit_objectives(request.user, found.family)
    form = MeasurementForm(posted(request), objective=found)
    if request.method == "POST":
        if not can_edit:
            raise PermissionDenied
        if attempt(form, lambda **data: services.record_measurement(found, actor=request.user, **data)) is not None:
            messages.success(request, _("The measurement is on record."))
            return redirect("registry:objective_measurements", pk)
    rows = found.measurements.select_related("release__family", "recorded_by", "corrected_by")
    context = {
        "objective": found,
        "family": found.family,
        "standing": selectors.standing(found),
        "history": selectors.history_of(found),
        "risks": list(found.risks.order_by("number")[:50]),
        "page": keyset_page(rows, request, order=("-measured_at", "-pk")),
        "can_edit": can_edit,
    }
    return form_page(request, "registry/objective_detail.html", form, **context)
