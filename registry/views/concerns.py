"""The form on which anybody raises a concern about a model: no account, no session, nothing kept of who sent it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common.anonymity import FormToken, discreet, fresh
from common.api.throttling import ConcernRate
from common.http import page
from common.lifecycle import Refused
from registry import services
from registry.forms import ConcernForm
from registry.models import ModelFamily

_token = FormToken("registry.concern")


def _family(publisher: str, family: str, *, taking: bool = True) -> ModelFamily:
    """A public family. To everybody else than those with a role there is no other, so nobody is asked who they are."""
    rows = ModelFamily.objects.visible_to(None).select_related("publisher")
    found: ModelFamily = get_object_or_404(rows, publisher__slug=publisher, slug=family)
    if taking and not found.allows_public_concerns:
        raise Http404
    return found


@page
@discreet()
def concern_new(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    """Raise a concern. The same form sent twice is one concern."""
    found = _family(publisher, family)
    if request.method != "POST":
        return _form(request, found, ConcernForm(initial={"form_token": _token.new()}))
    form = ConcernForm(request.POST)
    if not form.is_valid():
        return _form(request, found, form, status=422)
    answers = dict(form.cleaned_data)
    submission = _token.read(answers.pop("form_token")) or fresh()
    if services.concern_of(submission) is None and not ConcernRate().allow_request(request, None):  # type: ignore[arg-type]
        form.add_error(None, _("Much came from your network in the last hour. Nothing is lost: send this again later."))
        return _form(request, found, form, status=429)
    try:
        services.raise_concern(found, submission=submission, **answers)
    except Refused as refused:
        form.add_refusal(refused)
        return _form(request, found, form, status=422)
    return redirect("registry:concern_sent", publisher, family)


def _form(request: HttpRequest, family: ModelFamily, form: ConcernForm, status: int = 200) -> HttpResponse:
    return render(request, "registry/concern_form.html", {"form": form, "family": family}, status=status)


@require_safe
@discreet()
def concern_sent(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    """That it arrived, and what happens now. It says nothing about what was sent, so a reload tells nobody."""
    return render(request, "registry/concern_sent.html", {"family": _family(publisher, family)})
