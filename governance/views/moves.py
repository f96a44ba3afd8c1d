"""Confirm pages: what will happen, what stands in the way, and the reason where one is asked for."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from common.http import page
from common.lifecycle import Move, Refused
from governance import lifecycle, permissions, selectors, services
from governance.forms import ReasonForm
from governance.models import Decision
from registry.models import ModelFamily, Phase, Release
from registry.models.plan import PhaseKind
from registry.selectors import current_phase, plan_of
from registry.views.plan import phase_inside


def _confirm(
    request: HttpRequest, move: Move, obj: Any, act: Callable[[str], Any], back: str, done: str
) -> HttpResponse:
    """The page of ``move`` on ``obj``; ``act`` carries it out with the reason and returns what to show next."""
    if not move.may(request.user, obj):
        raise PermissionDenied
    form = ReasonForm(request.POST or None) if move.asks_reason else None
    reasons = [reason for need in move.needs if (reason := need(obj))]
    wrong = False
    if obj.stage not in move.sources:
        reasons = [_("This is not possible while it is “%s”.") % obj.get_stage_display()]
    if request.method == "POST":
        wrong = True
        if form is None or form.is_valid():
            try:
                shown = act(form.cleaned_data["reason"] if form else "")
            except Refused as refusal:
                reasons = refusal.reasons
            else:
                messages.success(request, done)
                return redirect(shown)
    context = {"move": move, "obj": obj, "form": form, "reasons": reasons, "back": back}
    return render(request, "governance/confirm.html", context, status=(409 if reasons else 422) if wrong else 200)


def _release(request: HttpRequest, pk: int) -> Release:
    return get_object_or_404(Release.objects.visible_to(request.user).select_related("family__publisher"), pk=pk)


@page
@login_required
@never_cache
def release_publication(request: HttpRequest, pk: int) -> HttpResponse:
    release = _release(request, pk)

    def act(_reason: str) -> str:
        return services.publish_release(release, actor=request.user).get_absolute_url()

    return _confirm(
        request, lifecycle.PUBLISH_RELEASE, release, act, release.get_absolute_url(), _("%s is published.") % release
    )


@page
@login_required
@never_cache
def release_withdrawal(request: HttpRequest, pk: int) -> HttpResponse:
    release = _release(request, pk)

    def act(reason: str) -> str:
        return services.withdraw_release(release, actor=request.user, reason=reason).get_absolute_url()

    done = _("%s is withdrawn. Its gates are closed.") % release
    return _confirm(request, lifecycle.WITHDRAW_RELEASE, release, act, release.get_absolute_url(), done)


@page
@login_required
@never_cache
def release_reinstatement(request: HttpRequest, pk: int) -> HttpResponse:
    release = _release(request, pk)

    def act(reason: str) -> str:
        return services.reinstate_release(release, actor=request.user, reason=reason).get_absolute_url()

    done = _("%s is published again.") % release
    return _confirm(request, lifecycle.REINSTATE_RELEASE, release, act, release.get_absolute_url(), done)


@page
@login_required
@never_cache
def phase_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """What entering a phase does, what it opens, and the button; the reason where it withdraws the release."""
    phase = phase_inside(request, pk)
    if not permissions.can_enter_phase(request.user, phase):
        raise PermissionDenied
    withdraws = phase.kind == PhaseKind.WITHDRAWN
    form = ReasonForm(request.POST or None) if withdraws else None
    status, reasons = 200, None
    if request.method == "POST":
        status = 422
        try:
            if form is None or form.is_valid():
                reason = form.cleaned_data["reason"] if form else ""
                services.enter_phase(phase, actor=request.user, reason=reason)
                messages.success(request, _("%s has entered the phase.") % phase.release)
                return redirect("registry:release_plan", phase.release_id)
        except Refused as refusal:
            status, reasons = 409, refusal.reasons
    plan_of(phase.release)
    phase = next((each for each in phase.release.phases.all() if each.pk == pk), phase)
    if reasons is None:
        reasons = _in_the_way(phase)
    return render(request, "governance/phase_entry.html", _entry(phase, form, reasons), status=status)


def _in_the_way(phase: Phase) -> list[str]:
    if phase.stage not in lifecycle.ENTER_PHASE.sources:
        return [_("This is not possible while it is “%s”.") % phase.stage_label]
    return [reason for need in lifecycle.ENTER_PHASE.needs if (reason := need(phase))]


def _entry(phase: Phase, form: ReasonForm | None, reasons: list[str]) -> dict[str, Any]:
    present = current_phase(list(phase.release.phases.all()))
    context = {"phase": phase, "release": phase.release, "present": present, "form": form, "reasons": reasons}
    return {**context, "move": lifecycle.ENTER_PHASE, "help": selectors.entry_words(phase)}


def _decision(request: HttpRequest, pk: int) -> Decision:
    mine = ModelFamily.objects.with_role(request.user)
    rows = Decision.objects.visible_to(request.user).filter(family__in=mine)
    return get_object_or_404(rows.select_related("family__publisher", "supersedes"), pk=pk)


@page
@login_required
@never_cache
def decision_publication(request: HttpRequest, pk: int) -> HttpResponse:
    decision = _decision(request, pk)

    def act(_reason: str) -> str:
        return services.publish_decision(decision, actor=request.user).get_workspace_url()

    done = _("%s is in the public log.") % decision.reference
    return _confirm(request, lifecycle.PUBLISH_DECISION, decision, act, decision.get_workspace_url(), done)


@page
@login_required
@never_cache
def decision_supersession(request: HttpRequest, pk: int) -> HttpResponse:
    decision = _decision(request, pk)

    def act(_reason: str) -> str:
        return services.supersede_decision(decision, actor=request.user).get_workspace_url()

    done = _("A draft that is to supersede %s has been started with its text.") % decision.reference
    return _confirm(request, lifecycle.SUPERSEDE_DECISION, decision, act, decision.get_workspace_url(), done)


@page
@login_required
@never_cache
def decision_annulment(request: HttpRequest, pk: int) -> HttpResponse:
    decision = _decision(request, pk)

    def act(reason: str) -> str:
        return services.annul_decision(decision, actor=request.user, reason=reason).get_workspace_url()

    done = _("%s is no longer in force.") % decision.reference
    return _confirm(request, lifecycle.ANNUL_DECISION, decision, act, decision.get_workspace_url(), done)
