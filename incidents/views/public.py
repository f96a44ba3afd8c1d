"""The pages of somebody without an account: no session, no script needed, nothing kept by the browser."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.actors import ANONYMOUS_REPORTER
from common.anonymity import discreet
from common.http import page
from common.lifecycle import Refused
from incidents import receipts, selectors, services, submissions, throttle
from incidents.forms import ReplyForm, ReportForm, SavedForm, TrackForm
from incidents.models import MisuseReport


@page
@discreet(indexed=True)
def report(request: HttpRequest) -> HttpResponse:
    """File a report. The same form sent twice leads to the same receipt."""
    if request.method != "POST":
        initial = {"form_token": submissions.new(), **_asked_about(request)}
        return _report_form(request, ReportForm(initial=initial, suggestions=selectors.suggested_models))
    form = ReportForm(request.POST, request.FILES, suggestions=selectors.suggested_models)
    if not form.is_valid():
        return _report_form(request, form, status=422)
    answers = dict(form.cleaned_data)
    submission = submissions.read(answers.pop("form_token")) or submissions.fresh()
    if services.was_filed(submission) is None and not throttle.may_file(request):
        form.add_error(
            None, _("Many reports came from your network in the last hour. Nothing is lost: send this again later.")
        )
        return _report_form(request, form, status=429)
    try:
        services.file_report(actor=ANONYMOUS_REPORTER, submission=submission, **answers)
    except Refused as refused:
        form.add_refusal(refused)
        return _report_form(request, form, status=422)
    response = redirect("incidents:report_sent")
    submissions.note_sent(response, submission)
    return response


def _asked_about(request: HttpRequest) -> dict[str, str]:
    """What the link that led here says already, so that nobody is asked again."""
    return {"model": request.GET.get("model", "")[:200], "version": request.GET.get("release", "")[:60]}


def _report_form(request: HttpRequest, form: ReportForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "files_lost": bool(form.errors and request.FILES)}
    return render(request, "incidents/report_form.html", context, status=status)


@page
@discreet()
def report_sent(request: HttpRequest) -> HttpResponse:
    """Show the receipt until it is saved. Reloading shows it again, going back files nothing twice."""
    submission = submissions.sent(request)
    filed = services.was_filed(submission) if submission else None
    form = SavedForm(request.POST or None)
    if filed is None or filed.receipt is None:
        response = render(request, "incidents/report_sent.html", {"filed": filed, "form": form})
        submissions.forget(response, submissions.SENT)
        return response
    if form.is_valid():
        services.keep_receipt(filed.report)
        response = redirect("incidents:report_track")
        submissions.forget(response, submissions.SENT)
        submissions.note_open(response, filed.report.pk)
        return response
    context = {"filed": filed, "form": form, "groups": filed.receipt.groups, "receipt": filed.receipt.text}
    return render(request, "incidents/report_sent.html", context, status=422 if form.errors else 200)


@page
@discreet()
def report_track(request: HttpRequest) -> HttpResponse:
    """Come back to a report with its receipt; for the next hour this browser need not give it again."""
    if request.method == "POST":
        return _open(request)
    found = _opened(request)
    if found is None:
        return render(request, "incidents/report_track.html", {"form": TrackForm()})
    return _conversation(request, found, ReplyForm(initial={"report": found.locator}))


def _open(request: HttpRequest) -> HttpResponse:
    form = TrackForm(request.POST)
    if not form.is_valid():
        return render(request, "incidents/report_track.html", {"form": form}, status=422)
    locator = receipts.parse(form.cleaned_data["receipt"]).locator
    if not throttle.may_track(request, locator):
        form.add_error(
            None, _("Too many receipts that do not exist were tried from your network. Try again in 15 minutes.")
        )
        return render(request, "incidents/report_track.html", {"form": form}, status=429)
    try:
        found = services.find_by_receipt(form.cleaned_data["receipt"])
    except Refused as refused:
        throttle.note_failure(request, locator)
        form.add_refusal(refused)
        return render(request, "incidents/report_track.html", {"form": form}, status=422)
    response = redirect("incidents:report_track")
    submissions.note_open(response, found.pk)
    return response


def _opened(request: HttpRequest) -> MisuseReport | None:
    pk = submissions.opened(request)
    rows = MisuseReport.objects.select_related("family", "release__family")
    return rows.filter(pk=pk).first() if pk else None


def _conversation(request: HttpRequest, found: MisuseReport, form: ReplyForm, status: int = 200) -> HttpResponse:
    context = {"report": found, "story": selectors.story_for_reporter(found), "form": form}
    response = render(request, "incidents/report_conversation.html", context, status=status)
    submissions.note_open(response, found.pk)
    return response


@require_POST
@discreet()
def report_messages(request: HttpRequest) -> HttpResponse:
    """Write to us about the report that this page shows."""
    found = _opened(request)
    if found is None:
        return redirect("incidents:report_track")
    form = ReplyForm(request.POST, request.FILES)
    if form.is_valid() and form.cleaned_data["report"] != found.locator:
        # Two reports in two tabs of one browser: what was written for one must not land in the other.
        form.add_error(
            None, _("You opened another report in this browser meanwhile. Enter the receipt of this one again.")
        )
        return render(request, "incidents/report_track.html", {"form": TrackForm(), "lost": form}, status=409)
    if form.is_valid() and not throttle.may_reply(request, found.pk):
        form.add_error(None, _("You wrote many messages in the last hour. Send this one later."))
    if form.is_valid():
        try:
            services.reply_as_reporter(found, body=form.cleaned_data["body"], evidence=form.cleaned_data["evidence"])
            return redirect("incidents:report_track")
        except Refused as refused:
            form.add_refusal(refused)
    return _conversation(request, found, form, status=422)


@require_POST
@discreet()
def report_leave(request: HttpRequest) -> HttpResponse:
    """Close the report on this device."""
    response = redirect("incidents:report_track")
    submissions.forget(response, submissions.OPEN, submissions.SENT)
    return response
