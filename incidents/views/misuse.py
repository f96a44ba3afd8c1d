"""The triage queue and the page of one report."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common.http import page
from common.lifecycle import Refused
from common.pages import keyset_page
from incidents import permissions, selectors, services
from incidents.evidence import media_response
from incidents.filters import ReportFilter
from incidents.forms import CloseForm, MatchForm, MessageForm, NoteForm, ReasonForm, TriageForm
from incidents.models import MisuseReport, ReportAttachment
from incidents.views.shared import carry_out
from registry.models import Release

TABS = {
    "waiting": (gettext_lazy("Waiting for us"), lambda rows: rows.waiting(), ("pk",)),
    "open": (gettext_lazy("Open"), lambda rows: rows.open(), ("-pk",)),
    "all": (gettext_lazy("All"), lambda rows: rows, ("-pk",)),
}


@require_safe
@login_required
def report_list(request: HttpRequest) -> HttpResponse:
    """The queue: what waits for us, oldest first; or everything, newest first."""
    if not MisuseReport.objects.concern(request.user):
        raise PermissionDenied
    tab = request.GET.get("tab", "waiting")
    tab = tab if tab in TABS else "waiting"
    _label, narrow, order = TABS[tab]
    visible = MisuseReport.objects.visible_to(request.user).select_related("family", "release__family", "owner")
    filter_set = ReportFilter(request.GET, narrow(visible), request=request)
    page = keyset_page(filter_set.qs, request, order=order)
    tabs = [(name, words, name == tab) for name, (words, _narrow, _order) in TABS.items()]
    filtered = any(request.GET.get(name) for name in filter_set.form.fields)
    context = {"page": page, "tabs": tabs, "tab": tab, "filter": filter_set, "filtered": filtered}
    return render(request, "incidents/misuse_list.html", context)


def _report(request: HttpRequest, pk: int) -> MisuseReport:
    return get_object_or_404(selectors.report_page_rows(request.user), pk=pk)


@require_safe
@login_required
@never_cache
def report_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _report(request, pk))


def _page(request: HttpRequest, report: MisuseReport, *, status: int = 200, **bound: Any) -> HttpResponse:
    """The report's page, with ``bound`` forms in place of fresh ones and the contact where it was asked for."""
    may = permissions.can_handle_report(request.user, report)
    context: dict[str, Any] = {
        "report": report,
        "story": selectors.story_for_handlers(report),
        "incidents": selectors.incidents_of(report),
        "may_handle": may,
        "form": next((value for value in bound.values() if getattr(value, "errors", None)), None),
    }
    if may:
        context |= _forms(request, report)
    return render(request, "incidents/misuse_detail.html", context | bound, status=status)


def _triage_form(request: HttpRequest, report: MisuseReport, data: Any = None) -> TriageForm:
    initial = {
        "severity": report.severity,
        "owner": report.owner_id or request.user.pk,
        "row_version": report.row_version,
    }
    owners = selectors.handlers_for(report.audience)
    return TriageForm(data, initial=initial, owners=owners, user=request.user, auto_id="triage_%s")


def _forms(request: HttpRequest, report: MisuseReport) -> dict[str, Any]:
    found: dict[str, Any] = {"note_form": NoteForm(auto_id="note_%s")}
    if report.is_open:
        found["triage_form"] = _triage_form(request, report)
        found["answer_form"] = MessageForm(auto_id="answer_%s")
        found["close_form"] = CloseForm(auto_id="close_%s")
    else:
        found["reopen_form"] = ReasonForm(auto_id="reopen_%s")
    return found


def _act(
    request: HttpRequest,
    report: MisuseReport,
    name: str,
    form: Any,
    do: Callable[[dict[str, Any]], Any],
    words: str,
) -> HttpResponse:
    may, again = permissions.can_handle_report, partial(_page, request, report, status=422, **{name: form})
    return carry_out(request, report, form, do, words, may=may, again=again)


@require_POST
@login_required
def triage(request: HttpRequest, pk: int) -> HttpResponse:
    report = _report(request, pk)
    form = _triage_form(request, report, request.POST)

    def do(given: dict[str, Any]) -> Any:
        version = given.pop("row_version")
        return services.triage_report(report, actor=request.user, expected_version=version, **given)

    return _act(request, report, "triage_form", form, do, _("Judgement saved."))


@page
@login_required
def match(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which release a report is about."""
    report = _report(request, pk)
    if not permissions.can_handle_report(request.user, report):
        raise PermissionDenied
    form = MatchForm(request.POST or None, user=request.user)
    if form.is_valid():
        release: Release = form.cleaned_data["release"]
        services.match_report(report, actor=request.user, family=release.family, release=release)
        messages.success(request, _("The report is now about this release."))
        # It may have left this person's queue with that.
        return redirect("incidents:misuse_list")
    context = {"form": form, "report": report}
    return render(request, "incidents/misuse_match.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def answers(request: HttpRequest, pk: int) -> HttpResponse:
    report = _report(request, pk)
    form = MessageForm(request.POST, auto_id="answer_%s")
    do = lambda given: services.answer_report(report, actor=request.user, **given)  # noqa: E731
    return _act(request, report, "answer_form", form, do, _("Answered. The reporter reads it with the receipt."))


@require_POST
@login_required
def notes(request: HttpRequest, pk: int) -> HttpResponse:
    report = _report(request, pk)
    form = NoteForm(request.POST, request.FILES, auto_id="note_%s")
    do = lambda given: services.add_internal_note(report, actor=request.user, **given)  # noqa: E731
    return _act(request, report, "note_form", form, do, _("Note saved. The reporter does not see it."))


@require_POST
@login_required
def closure(request: HttpRequest, pk: int) -> HttpResponse:
    report = _report(request, pk)
    form = CloseForm(request.POST, auto_id="close_%s")
    do = lambda given: services.close_report(report, actor=request.user, **given)  # noqa: E731
    return _act(request, report, "close_form", form, do, _("Closed. The reporter reads the reason."))


@require_POST
@login_required
def reopening(request: HttpRequest, pk: int) -> HttpResponse:
    report = _report(request, pk)
    form = ReasonForm(request.POST, auto_id="reopen_%s")
    do = lambda given: services.reopen_report(report, actor=request.user, **given)  # noqa: E731
    return _act(request, report, "reopen_form", form, do, _("Open again."))


@require_POST
@login_required
@never_cache
def contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how the reporter may be reached, this once; that it was read is on record."""
    report = _report(request, pk)
    try:
        revealed = services.reveal_contact(report, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(report)
    return _page(request, report, contact=revealed)


@require_safe
@login_required
@never_cache
def attachment(request: HttpRequest, pk: int, number: int) -> FileResponse:
    """Hand out a file as a download. It is never shown in a page and runs nowhere."""
    found = get_object_or_404(ReportAttachment, report=_report(request, pk), pk=number)
    return media_response(found)
