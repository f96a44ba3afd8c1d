from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import scopes
from common.http import page
from common.lifecycle import Refused, available_moves
from common.pages import keyset_page
from registry.models import Release
from reports import files, packages, permissions, selectors, services
from reports.forms import ReportForm
from reports.lifecycle import MOVES, PUBLISH_REPORT
from reports.models import READERS, ReleasePackage, SafetyReport

# htmx stops polling when it gets this status.
FINISHED = 286
PACKAGES_SHOWN = 20


@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    """Published reports, the newest first."""
    rows = SafetyReport.objects.visible_to(request.user).published().light()
    return render(
        request, "reports/report_list.html", {"reports": keyset_page(rows, request, order=("-published_at", "-pk"))}
    )


@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    found = _made(request, pk)
    return render(request, "reports/report_detail.html", {"report": found})


@require_safe
def report_pdf(request: HttpRequest, pk: int) -> FileResponse:
    return files.pdf_response(_made(request, pk))


@require_safe
def report_data(request: HttpRequest, pk: int) -> HttpResponse:
    return files.data_response(_made(request, pk, whole=True))


def _made(request: HttpRequest, pk: int, *, whole: bool = False) -> SafetyReport:
    rows = SafetyReport.objects.visible_to(request.user)
    rows = rows.select_related("publisher", "family__publisher") if whole else rows.light()
    return get_object_or_404(rows.exclude(sha256=""), pk=pk)


@require_safe
@login_required
@never_cache
def report_work(request: HttpRequest) -> HttpResponse:
    """Reports of the publishers and families one reports on, with how far they are."""
    if not scopes(request.user).any(*READERS):
        raise PermissionDenied
    rows = SafetyReport.objects.for_readers(request.user).light()
    return render(request, "reports/report_work.html", {"reports": keyset_page(rows, request)})


@page
@login_required
@never_cache
def report_new(request: HttpRequest) -> HttpResponse:
    if not scopes(request.user).any(*READERS):
        raise PermissionDenied
    choices = {
        "publishers": selectors.publishers_to_report_on(request.user),
        "families": selectors.families_to_report_on(request.user),
    }
    form = ReportForm(request.POST or None, **choices)
    if form.is_valid():
        try:
            made = services.request_report(
                form.scope, form.period, actor=request.user, title=form.cleaned_data["title"]
            )
        except Refused as refusal:
            form.add_refusal(refusal)
        else:
            return redirect("reports:report_case", made.pk)
    return render(request, "reports/report_form.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@login_required
@never_cache
def report_case(request: HttpRequest, pk: int) -> HttpResponse:
    found = _worked_on(request, pk)
    context = {
        "report": found,
        "moves": available_moves(MOVES, found, request.user),
        "may_run_again": permissions.can_run_report_again(request.user, found),
        "history": selectors.history(found),
    }
    return render(request, "reports/report_case.html", context)


@require_safe
@login_required
@never_cache
def report_job(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress alone, which the page asks for while the job runs. When it is over, the whole page is due."""
    found = _worked_on(request, pk)
    if found.job is None:
        raise Http404
    if not getattr(request, "htmx", False):
        return redirect("reports:report_case", found.pk)
    context = {"report": found, "may_run_again": permissions.can_run_report_again(request.user, found)}
    response = render(request, "reports/job.html", context)
    if not found.job.unfinished:
        response.status_code = FINISHED
        response.headers["HX-Refresh"] = "true"
    return response


@require_POST
@login_required
def report_rerun(request: HttpRequest, pk: int) -> HttpResponse:
    found = _worked_on(request, pk)
    try:
        services.run_report_again(found, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("reports:report_case", found.pk)


@page
@login_required
@never_cache
def report_publication(request: HttpRequest, pk: int) -> HttpResponse:
    found = _worked_on(request, pk)
    if not PUBLISH_REPORT.may(request.user, found):
        raise PermissionDenied
    reasons: list[str] = [reason for need in PUBLISH_REPORT.needs if (reason := need(found))]
    if found.stage not in PUBLISH_REPORT.sources:
        reasons = [_("It is published already.")]
    refused = False
    if request.method == "POST":
        try:
            published = services.publish_report(found, actor=request.user)
        except Refused as refusal:
            reasons, refused = refusal.reasons, True
        else:
            messages.success(request, _("%s is on the public page.") % published.reference)
            return redirect(found.get_workspace_url())
    context = {"move": PUBLISH_REPORT, "report": found, "reasons": reasons}
    return render(request, "reports/report_publication.html", context, status=409 if refused else 200)


def _worked_on(request: HttpRequest, pk: int) -> SafetyReport:
    return get_object_or_404(SafetyReport.objects.for_readers(request.user).light(), pk=pk)


@require_safe
def package(request: HttpRequest, publisher: str, family: str, version: str) -> HttpResponse:
    """The newest package of a release: what is in it, how to check it, and whether it still says what holds."""
    releases = packages.told(Release.objects.visible_to(request.user))
    release = get_object_or_404(releases, family__publisher__slug=publisher, family__slug=family, version=version)
    found = selectors.newest_package(release, request.user)
    context = {
        "release": release,
        "family": release.family,
        "package": found,
        "is_current": found is not None and selectors.is_current(found, release),
        "can_make": request.user.is_authenticated and permissions.can_request_package(request.user, release),
    }
    return render(request, "reports/package_detail.html", context)


@require_safe
def package_file(request: HttpRequest, pk: int) -> FileResponse:
    rows = ReleasePackage.objects.visible_to(request.user).made().select_related("release__family")
    return files.package_response(get_object_or_404(rows, pk=pk))


@page
@login_required
@never_cache
def package_work(request: HttpRequest, pk: int) -> HttpResponse:
    """The packages of one release, for those who make them: ask for one, see how far it is."""
    release = _release_worked_on(request, pk)
    reasons: list[str] = []
    if request.method == "POST":
        try:
            services.request_package(release, actor=request.user)
        except Refused as refusal:
            reasons = refusal.reasons
        else:
            messages.success(request, _("A worker makes the package."))
            return redirect("reports:package_work", release.pk)
    rows = ReleasePackage.objects.filter(release=release).select_related("job", "requested_by").order_by("-pk")
    context = {
        "release": release,
        "family": release.family,
        "packages": list(rows[:PACKAGES_SHOWN]),
        "reasons": reasons,
    }
    return render(request, "reports/package_work.html", context, status=409 if reasons else 200)


@require_POST
@login_required
def package_rerun(request: HttpRequest, pk: int) -> HttpResponse:
    rows = ReleasePackage.objects.visible_to(request.user).select_related("release__family__publisher", "job")
    found = get_object_or_404(rows, pk=pk)
    try:
        services.run_package_again(found, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("reports:package_work", found.release_id)


def _release_worked_on(request: HttpRequest, pk: int) -> Release:
    found = get_object_or_404(Release.objects.visible_to(request.user).select_related("family__publisher"), pk=pk)
    if not permissions.can_request_package(request.user, found):
        raise PermissionDenied
    return found
