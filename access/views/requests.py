"""The requester's pages: choose a tier, answer, accept, check, send; then follow it."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from access import answers as answering
from access import permissions, selectors, services
from access.evaluator import evaluate, judge, judgeable
from access.forms import MessageForm, QuestionsForm, SendForm, SignatureForm, TierChoiceForm
from access.models import AccessRequest, Grant, TermsVersion, Tier
from access.views.shared import carry_out, sent, status_of
from common.http import page
from common.pages import keyset_page
from registry.selectors import public_releases

STEPS = (gettext_lazy("Tier"), gettext_lazy("Questions"), gettext_lazy("Terms"), gettext_lazy("Check"))


@page
@login_required
def new_request(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    """Which tier: everything about each in plain words. Going on makes the draft that keeps what is typed."""
    releases = public_releases(publisher, family)
    if version := request.GET.get("release", "").replace("\x00", ""):
        releases = releases.filter(version=version)
    release = get_object_or_404(releases[:1])
    tiers = list(selectors.offered_tiers(release.family, release).filter(open_now=True))
    form = TierChoiceForm(sent(request), tiers=tiers, initial={"tier": request.GET.get("tier")})
    if form.is_valid():
        draft = carry_out(form, lambda: services.start_request(form.cleaned_data["tier"], release, actor=request.user))
        if draft is not None:
            return redirect("access:request" if draft.waits else "access:request_questions", draft.pk)
    context = {"form": form, "release": release, "tiers": tiers, "steps": steps(0)}
    return render(request, "access/request_new.html", context, status=status_of(form))


@page
@login_required
@never_cache
def questions(request: HttpRequest, pk: int) -> HttpResponse:
    draft = own(request, pk, "release__family__publisher")
    if draft.stage not in {"draft", "returned"}:
        return redirect(draft)
    asked = list(draft.tier.questions.all())
    initial = {"purpose": draft.purpose, **answering.values(draft.answers)}
    form = QuestionsForm(sent(request), questions=asked, initial=initial)
    if request.method == "POST":
        # Right or wrong, what was typed is kept before anything else happens.
        typed = form.typed
        purpose = typed.pop("purpose")
        kept = carry_out(form, lambda: services.save_draft(draft, actor=request.user, purpose=purpose, answers=typed))
        if kept is not None and "later" in request.POST:
            messages.success(request, _("Saved. You can go on at any time."))
            return redirect("access:mine")
        if form.is_valid():
            return redirect("access:request_terms", draft.pk)
    context = {"form": form, "object": draft, "steps": steps(1, draft), "to_fix": named_fields(draft)}
    return render(request, "access/request_questions.html", context, status=status_of(form))


@page
@login_required
@never_cache
def sign_terms(request: HttpRequest, pk: int) -> HttpResponse:
    draft = own(request, pk, "release__family__publisher", "signed_terms")
    if draft.stage not in {"draft", "returned"}:
        return redirect(draft)
    newest = draft.tier.terms.first()
    name = draft.signed_name if draft.signed_terms == newest else ""
    form = SignatureForm(sent(request), initial={"typed_name": name or str(request.user)} if name else None)
    if form.is_valid() and carry_out(form, lambda: services.save_draft(draft, actor=request.user, **form.cleaned_data)):
        return redirect("access:request_check", draft.pk)
    context = {"form": form, "object": draft, "terms": newest, "steps": steps(2, draft)}
    return render(request, "access/request_terms.html", context, status=status_of(form))


@page
@login_required
@never_cache
def check_answers(request: HttpRequest, pk: int) -> HttpResponse:
    draft = own(request, pk, "release__family__publisher", "signed_terms")
    if draft.stage not in {"draft", "returned"}:
        return redirect(draft)
    form = SendForm(sent(request))
    if form.is_valid():
        done = carry_out(form, lambda: services.submit_request(draft, actor=request.user))
        if done is not None:
            messages.success(request, _("Your request %s is sent. A receipt is on its way by mail.") % done.reference)
            return redirect(done)
    context = {"form": form, "object": draft, "steps": steps(3, draft)}
    return render(request, "access/request_check.html", context, status=status_of(form))


@require_safe
@login_required
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """One's requests and what each opens; drafts among them."""
    rows = AccessRequest.objects.filter(requester=request.user).select_related("tier", "release__family__publisher")
    shown = keyset_page(rows, request)
    grants = judgeable(Grant.objects.filter(request__in=[row.pk for row in shown]).select_related("release", "user"))
    by_request = {grant.request_id: grant for grant in grants}
    for row in shown:
        row.grant = by_request.get(row.pk)
        row.unmet = [part for part in judge(row.grant) if not part.met] if row.grant else []
    return render(request, "access/mine.html", {"page": shown})


@require_safe
@login_required
@never_cache
def request_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The requester's own page: where it stands, what is missing, what happened, how to download.

    Who works for the family and comes here by a link is shown the page to decide on.
    """
    rows = AccessRequest.objects.visible_to(request.user)
    found = get_object_or_404(rows.select_related("tier", "release__family__publisher", "decided_by"), pk=pk)
    if not permissions.is_requester(request.user, found):
        return redirect("access:decision_page", pk)
    if found.stage == AccessRequest.Stage.DRAFT:
        return redirect("access:request_questions", pk)
    return render(request, "access/request_detail.html", request_context(request, found, MessageForm()))


def request_context(request: HttpRequest, found: AccessRequest, form: MessageForm) -> dict[str, Any]:
    written = list(found.messages.public().select_related("author"))
    grants = list(judgeable(found.grants.all()))
    verdict = evaluate(request.user, found.release) if grants else None
    return {
        "object": found,
        "grant": grants[0] if grants else None,
        "verdict": verdict,
        "entries": selectors.history(found, written, internal=False),
        "form": form,
        "to_fix": named_fields(found),
        "endpoint": f"{settings.BASE_URL}/hf",
        "now": timezone.now(),
    }


@require_POST
@login_required
def message(request: HttpRequest, pk: int) -> HttpResponse:
    found = own(request, pk, "release__family__publisher", "decided_by")
    form = MessageForm(request.POST)
    if form.is_valid():
        done = carry_out(form, lambda: services.post_message(found, actor=request.user, body=form.cleaned_data["body"]))
        if done is not None:
            messages.success(request, _("Your message is sent."))
            return redirect(found)
    return render(request, "access/request_detail.html", request_context(request, found, form), status=422)


@page
@login_required
def withdrawal(request: HttpRequest, pk: int) -> HttpResponse:
    found = own(request, pk, "release__family__publisher")
    form = SendForm(sent(request))
    if form.is_valid() and carry_out(form, lambda: services.withdraw_request(found, actor=request.user)):
        messages.success(request, _("Your request %s is withdrawn.") % found.reference)
        return redirect("access:mine")
    return render(request, "access/request_withdrawal.html", {"form": form, "object": found}, status=status_of(form))


@require_safe
def terms(request: HttpRequest, pk: int) -> HttpResponse:
    """One version of the terms, at an address that always shows the same words."""
    visible = Tier.objects.visible_to(request.user)
    rows = TermsVersion.objects.select_related("tier__family__publisher").filter(tier__in=visible)
    found = get_object_or_404(rows, pk=pk)
    return render(request, "access/terms_detail.html", {"terms": found})


@page
@login_required
@never_cache
def terms_acceptance(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept the newest terms of a tier one has a grant for; for others there is nothing here."""
    held = Grant.objects.filter(user=request.user).exclude(stage=Grant.Stage.SUPERSEDED).values("tier_id")
    tier = get_object_or_404(Tier.objects.select_related("family__publisher").filter(pk__in=held), pk=pk)
    newest = get_object_or_404(tier.terms.order_by("-number")[:1])
    accepted = newest.acceptances.filter(user=request.user).first()
    form = SignatureForm(sent(request))
    if form.is_valid() and carry_out(
        form, lambda: services.accept_terms(newest, actor=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("You accepted version %s of the terms.") % newest.number)
        return redirect("access:mine")
    context = {"form": form, "tier": tier, "terms": newest, "accepted": accepted}
    return render(request, "access/terms_acceptance.html", context, status=status_of(form))


def own(request: HttpRequest, pk: int, *related: str) -> AccessRequest:
    """The person's own request; for everybody else it does not exist."""
    rows = AccessRequest.objects.filter(requester=request.user).select_related("tier", *related)
    return get_object_or_404(rows, pk=pk)


def steps(current: int, draft: AccessRequest | None = None) -> list[dict[str, Any]]:
    names = ("", "access:request_questions", "access:request_terms", "access:request_check")
    found = []
    for number, label in enumerate(STEPS):
        state = "done" if number < current else "current" if number == current else "todo"
        href = reverse(names[number], args=[draft.pk]) if draft and names[number] else ""
        found.append({"label": label, "state": state, "href": href})
    return found


def named_fields(request: AccessRequest) -> list[str]:
    """The words of the fields that a release manager asked to have changed."""
    words = {"purpose": _("What for")} | {entry["name"]: entry["text"] for entry in request.answers}
    return [words[name] for name in request.returned_fields if name in words]
