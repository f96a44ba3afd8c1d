"""The list of incidents and the page of one."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common.http import page
from common.lifecycle import Refused, available_moves
from common.pages import keyset_page
from governance.models import Decision
from incidents import permissions, selectors, services
from incidents.filters import IncidentFilter
from incidents.forms import IncidentForm, LessonsForm, LinkForm, MoveForm, RaiseRiskForm, numbered
from incidents.lifecycle import INCIDENT_MOVES
from incidents.models import Incident, MisuseReport
from incidents.views.shared import carry_out

LINKS = ("families", "releases", "risks")


@require_safe
@login_required
def incident_list(request: HttpRequest) -> HttpResponse:
    if not Incident.objects.concern(request.user):
        raise PermissionDenied
    filter_set = IncidentFilter(request.GET, selectors.incident_rows(request.user), request=request)
    context = {
        "page": keyset_page(filter_set.qs, request),
        "filter": filter_set,
        "filtered": any(request.GET.get(name) for name in filter_set.form.fields),
        "may_open": permissions.can_open_incidents(request.user),
    }
    return render(request, "incidents/incident_list.html", context)


def _incident(request: HttpRequest, pk: int) -> Incident:
    return get_object_or_404(selectors.incident_page_rows(request.user), pk=pk)


@require_safe
@login_required
@never_cache
def incident_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _incident(request, pk))


def _page(request: HttpRequest, incident: Incident, *, status: int = 200, **bound: Any) -> HttpResponse:
    may = permissions.can_handle_incident(request.user, incident)
    context: dict[str, Any] = {
        "incident": incident,
        "may_handle": may,
        "moves": available_moves(INCIDENT_MOVES, incident, request.user),
        "form": next((value for value in bound.values() if value.errors), None),
        "external": json.dumps(incident.external, indent=2, ensure_ascii=False) if incident.external else "",
        **selectors.incident_page(incident),
    }
    if may:
        lessons = {"lessons": incident.lessons, "row_version": incident.row_version}
        context |= {
            "move_form": MoveForm(auto_id="move_%s"),
            "lessons_form": LessonsForm(initial=lessons, auto_id="lessons_%s"),
            "report_form": LinkForm(model=MisuseReport, user=request.user, auto_id="report_%s"),
            "decision_form": LinkForm(model=Decision, user=request.user, auto_id="decision_%s"),
        }
        if families := selectors.families_to_raise_in(incident, request.user):
            context["risk_form"] = RaiseRiskForm(families=families, auto_id="risk_%s")
    return render(request, "incidents/incident_detail.html", context | bound, status=status)


def _act(
    request: HttpRequest, incident: Incident, name: str, form: Any, do: Callable[[dict[str, Any]], Any], words: str
) -> HttpResponse:
    may, again = permissions.can_handle_incident, partial(_page, request, incident, status=422, **{name: form})
    return carry_out(request, incident, form, do, words, may=may, again=again)


@page
@login_required
def incident_new(request: HttpRequest) -> HttpResponse:
    """Open an incident, from a report where the address names one."""
    if not permissions.can_open_incidents(request.user):
        raise PermissionDenied
    report = numbered(MisuseReport, "MR-", request.GET.get("report", ""), request.user)
    initial: dict[str, Any] = {"owner": request.user.pk}
    if report is not None:
        initial |= {"severity": report.severity, "families": [report.family_id], "releases": [report.release_id]}
    form = _form(request, None, initial=initial)
    if form.is_valid():
        given = {name: form.cleaned_data[name] for name in form.Meta.fields}
        try:
            incident = services.open_incident(actor=request.user, report=report, **given)
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("%s is open.") % incident.reference)
            return redirect(incident)
    return render(
        request, "incidents/incident_form.html", {"form": form, "report": report}, status=422 if form.errors else 200
    )


def _form(request: HttpRequest, incident: Incident | None, **options: Any) -> IncidentForm:
    owners = selectors.handlers_for(incident.audience if incident else selectors.handled_by(request.user))
    return IncidentForm(request.POST or None, instance=incident, user=request.user, owners=owners, **options)


@page
@login_required
def incident_edit(request: HttpRequest, pk: int) -> HttpResponse:
    incident = _incident(request, pk)
    if not permissions.can_handle_incident(request.user, incident):
        raise PermissionDenied
    form = _form(request, incident)
    if form.is_valid():
        given = {name: form.cleaned_data[name] for name in form.Meta.fields}
        try:
            services.edit_incident(
                incident, actor=request.user, expected_version=form.cleaned_data["row_version"], **given
            )
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("Saved."))
            return redirect(incident)
    context = {"form": form, "incident": incident}
    return render(request, "incidents/incident_form.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def moves(request: HttpRequest, pk: int) -> HttpResponse:
    incident = _incident(request, pk)
    form = MoveForm(request.POST, auto_id="move_%s")
    do = lambda given: services.move_incident(incident, given["move"], actor=request.user, reason=given["reason"])  # noqa: E731
    return _act(request, incident, "move_form", form, do, _("Done, with its reason on record."))


@require_POST
@login_required
def lessons(request: HttpRequest, pk: int) -> HttpResponse:
    incident = _incident(request, pk)
    form = LessonsForm(request.POST, auto_id="lessons_%s")

    def do(given: dict[str, Any]) -> Any:
        version = given.pop("row_version")
        return services.record_lessons(incident, actor=request.user, expected_version=version, **given)

    return _act(request, incident, "lessons_form", form, do, _("Lessons saved."))


@require_POST
@login_required
def reports(request: HttpRequest, pk: int) -> HttpResponse:
    incident = _incident(request, pk)
    form = LinkForm(request.POST, model=MisuseReport, user=request.user, auto_id="report_%s")
    do = lambda given: services.link_report(incident, given["reference"], actor=request.user)  # noqa: E731
    return _act(request, incident, "report_form", form, do, _("Report linked."))


@require_POST
@login_required
def unlinking(request: HttpRequest, pk: int, report_pk: int) -> HttpResponse:
    incident = _incident(request, pk)
    report = get_object_or_404(MisuseReport.objects.visible_to(request.user), pk=report_pk)
    services.unlink_report(incident, report, actor=request.user)
    messages.success(request, _("Report unlinked."))
    return redirect(incident)


@require_POST
@login_required
def decisions(request: HttpRequest, pk: int) -> HttpResponse:
    incident = _incident(request, pk)
    form = LinkForm(request.POST, model=Decision, user=request.user, auto_id="decision_%s")
    do = lambda given: services.link_decision(incident, given["reference"], actor=request.user)  # noqa: E731
    return _act(request, incident, "decision_form", form, do, _("Decision linked."))


@require_POST
@login_required
def risks(request: HttpRequest, pk: int) -> HttpResponse:
    incident = _incident(request, pk)
    families = selectors.families_to_raise_in(incident, request.user)
    form = RaiseRiskForm(request.POST, families=families, auto_id="risk_%s")
    do = lambda given: services.raise_risk(incident, actor=request.user, **given)  # noqa: E731
    return _act(request, incident, "risk_form", form, do, _("The concern is in the risk register as a stub."))
