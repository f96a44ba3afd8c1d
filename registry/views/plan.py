"""The plan of a release in the workspace: its phases, and what has to hold before each."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common import audit
from common.http import page
from registry import lifecycle, permissions, selectors, services
from registry.forms import CriterionEvidenceForm, CriterionForm, PhaseForm, ReasonForm
from registry.models import EntryCriterion, Phase, Release
from registry.views.releases import editable_release, managed_release
from registry.views.shared import attempt, form_page, posted

HISTORY_SHOWN = 20


@require_safe
@login_required
@never_cache
def release_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """The phases in order: what each opens, when, who decides, what is met, and what can be done now."""
    found = managed_release(request, pk, selectors.release_details(Release.objects.all()))
    selectors.unpack_release(found)
    phases = selectors.plan_of(found)
    context = {
        "release": found,
        "family": found.family,
        "phases": phases,
        "present": selectors.current_phase(phases),
        "can_plan": permissions.can_plan(request.user, found),
        "judged": {phase.pk for phase in phases if _judges(request.user, phase)},
    }
    return render(request, "registry/release_plan.html", context)


def _judges(user: Any, phase: Phase) -> bool:
    """Whether ``user`` says of the criteria of ``phase`` that they hold."""
    return phase.stage == Phase.Stage.PLANNED and permissions.can_judge_criterion(user, EntryCriterion(phase=phase))


@page
@login_required
@never_cache
def phase_create(request: HttpRequest, pk: int) -> HttpResponse:
    found = editable_release(request, pk)
    form = PhaseForm(posted(request), release=found)
    if attempt(form, lambda **data: services.plan_phase(found, actor=request.user, **data)) is not None:
        messages.success(request, _("The phase is planned. Say what has to hold before it is entered."))
        return redirect("registry:release_plan", pk)
    return form_page(request, "registry/phase_form.html", form, release=found, family=found.family)


def phase_inside(request: HttpRequest, pk: int) -> Phase:
    """A phase of a release that the reader holds a role for: 404 to those who may not know of it, else 403."""
    rows = Phase.objects.visible_to(request.user).select_related("release__family__publisher", "decider", "entered_by")
    found = get_object_or_404(rows, pk=pk)
    if not permissions.can_see_inside(request.user, found.family):
        raise PermissionDenied
    return found


def planned_phase(request: HttpRequest, pk: int) -> Phase:
    """The same for those who write the plan."""
    found = phase_inside(request, pk)
    if not permissions.can_plan(request.user, found.release):
        raise PermissionDenied
    return found


@page
@login_required
@never_cache
def phase(request: HttpRequest, pk: int) -> HttpResponse:
    """One phase: its fields for those who write the plan, and its history."""
    found = phase_inside(request, pk)
    can_plan = permissions.can_plan(request.user, found.release)
    if request.method == "POST" and not can_plan:
        raise PermissionDenied
    form = PhaseForm(posted(request), instance=found, release=found.release)
    if attempt(form, lambda **data: services.edit_phase(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:release_plan", found.release_id)
    context = {
        "phase": found,
        "release": found.release,
        "family": found.family,
        "can_plan": can_plan,
        "can_drop": can_plan and found.stage in lifecycle.DROP_PHASE.sources,
        "history": list(audit.trail(found)[:HISTORY_SHOWN]),
    }
    return form_page(request, "registry/phase_detail.html", form, **context)


@page
@login_required
@never_cache
def phase_cancellation(request: HttpRequest, pk: int) -> HttpResponse:
    found = planned_phase(request, pk)
    form = ReasonForm(posted(request))
    if attempt(form, lambda **data: services.drop_phase(found, actor=request.user, **data)) is not None:
        messages.success(request, _("“%s” is dropped.") % found.name)
        return redirect("registry:release_plan", found.release_id)
    context = {"phase": found, "release": found.release, "move": lifecycle.DROP_PHASE}
    return form_page(request, "registry/phase_move.html", form, **context)


@page
@login_required
@never_cache
def criterion_create(request: HttpRequest, pk: int) -> HttpResponse:
    found = planned_phase(request, pk)
    form = CriterionForm(posted(request))
    if attempt(form, lambda **data: services.add_criterion(found, actor=request.user, **data)) is not None:
        messages.success(request, _("The criterion is added."))
        return redirect("registry:release_plan", found.release_id)
    return form_page(request, "registry/criterion_form.html", form, phase=found, release=found.release)


def criterion_inside(request: HttpRequest, pk: int) -> EntryCriterion:
    rows = EntryCriterion.objects.visible_to(request.user).select_related("phase__release__family__publisher")
    return get_object_or_404(rows, pk=pk)


def _criterion_page(
    request: HttpRequest, found: EntryCriterion, form: Any, action: Any, done: str, template: str
) -> HttpResponse:
    """A form about one criterion: carried out, or shown."""
    if attempt(form, action, found) is not None:
        messages.success(request, done)
        return redirect("registry:release_plan", found.phase.release_id)
    context = {"criterion": found, "phase": found.phase, "release": found.phase.release}
    return form_page(request, f"registry/{template}.html", form, **context)


@page
@login_required
@never_cache
def criterion_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = criterion_inside(request, pk)
    if not permissions.can_plan(request.user, found.phase.release):
        raise PermissionDenied

    def action(**data: Any) -> Any:
        return services.edit_criterion(found, actor=request.user, **data)

    form = CriterionForm(posted(request), instance=found)
    return _criterion_page(request, found, form, action, _("Saved."), "criterion_form")


@page
@login_required
@never_cache
def criterion_confirmation(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that it holds, with what shows it."""
    found = criterion_inside(request, pk)
    if not permissions.can_judge_criterion(request.user, found):
        raise PermissionDenied

    def action(**data: Any) -> Any:
        return services.meet_criterion(found, actor=request.user, **data)

    start = {"evidence": found.evidence, "evidence_url": found.evidence_url}
    form = CriterionEvidenceForm(posted(request), instance=found, initial=start)
    return _criterion_page(request, found, form, action, _("It is on record as met."), "criterion_evidence")


@page
@login_required
@never_cache
def criterion_reopening(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back that it holds."""
    found = criterion_inside(request, pk)
    if not permissions.can_judge_criterion(request.user, found):
        raise PermissionDenied

    def action(**data: Any) -> Any:
        return services.reopen_criterion(found, actor=request.user, **data)

    form = ReasonForm(posted(request))
    return _criterion_page(request, found, form, action, _("The criterion is open again."), "criterion_reopening")


@page
@login_required
@never_cache
def criterion_removal(request: HttpRequest, pk: int) -> HttpResponse:
    found = criterion_inside(request, pk)
    if not permissions.can_plan(request.user, found.phase.release):
        raise PermissionDenied
    form = ReasonForm(posted(request))
    del form.fields["reason"]

    def action(**data: Any) -> bool:
        services.remove_criterion(found, actor=request.user)
        return True

    return _criterion_page(request, found, form, action, _("The criterion is removed."), "criterion_removal")
