from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts import permissions, reminding, services
from accounts.forms import (
    DomainForm,
    HandoverForm,
    OrganisationForm,
    ProfileForm,
    ReminderForm,
    TokenForm,
    VerificationForm,
)
from accounts.models import ApiToken, Organisation, OrganisationDomain, ReminderDigest, ReminderPreference, User
from common import ownership
from common import workspace as waiting
from common.http import page
from common.lifecycle import Refused
from common.pages import keyset_page

LISTED = 4


@require_safe
@login_required
@never_cache
def workspace(request: HttpRequest) -> HttpResponse:
    """What waits for the person who is signed in, place by place: what presses most first where the place says what
    that is, else the oldest."""
    items = waiting.items(request.user)
    # A query a place: four lists are as much as one start page can ask for; the others show their count.
    listed = [item for item in items if item.count][:LISTED]
    places = [(item, list(_first(item.waiting())[:5]) if item in listed else []) for item in items]
    return render(request, "accounts/workspace.html", {"places": places, "roles": permissions.role_words(request.user)})


def _first(rows: Any) -> Any:
    return rows if rows.query.order_by else rows.order_by("pk")


@page
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if form.is_valid():
        request.user.refresh_from_db()
        services.change_profile(request.user, actor=request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form}, status=422 if form.errors else 200)


@page
@login_required
@never_cache
def reminders(request: HttpRequest) -> HttpResponse:
    """What waits for the person, and how they want to be reminded of it."""
    preference = reminding.preference_of(request.user)
    form = ReminderForm(request.POST or None, instance=preference)
    if form.is_valid():
        reminding.set_reminders(request.user, actor=request.user, **form.chosen())
        messages.success(request, _("Saved."))
        return redirect("accounts:reminders")
    context = {
        "form": form,
        "waiting": reminding.what_waits(request.user, timezone.now()),
        "digests": ReminderDigest.objects.filter(user=request.user).defer("content")[:7],
        "zone": request.user.time_zone or "UTC",
    }
    return render(request, "accounts/reminders.html", context, status=422 if form.errors else 200)


@csrf_exempt  # A mailbox sends it, on a click of its reader and without a session; the token says whose mails end.
@page
@never_cache
def reminder_stop(request: HttpRequest, token: str) -> HttpResponse:
    """End the mails of whoever the token of one was made for."""
    person = reminding.person_of(token)
    if person is None:
        raise Http404
    if request.method == "POST":
        reminding.set_reminders(person, actor=person, frequency=ReminderPreference.Frequency.NEVER)
    return render(request, "accounts/reminder_stop.html", {"stopped": request.method == "POST"})


@page
@login_required
@never_cache
def token_list(request: HttpRequest) -> HttpResponse:
    """The person's tokens, and the form for a new one. A new token's secret is in this answer and nowhere else."""
    form, created, secret = TokenForm(request.POST or None), None, ""
    if form.is_valid():
        try:
            created, secret = services.create_token(request.user, actor=request.user, **form.cleaned_data)
            form = TokenForm()
        except Refused as refusal:
            form.add_refusal(refusal)
    tokens = keyset_page(ApiToken.objects.filter(user=request.user), request)
    context: dict[str, Any] = {"form": form, "tokens": tokens, "created": created, "secret": secret}
    return render(request, "accounts/token_list.html", context, status=422 if form.errors else 200)


@page
@login_required
def token_revocation(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, user=request.user, pk=pk)
    if request.method == "POST":
        services.revoke_token(token, actor=request.user)
        messages.success(request, _("The token “%s” no longer works.") % token.name)
        return redirect("accounts:token_list")
    return render(request, "accounts/token_revocation.html", {"token": token})


def _person(request: HttpRequest, pk: int) -> User:
    """Somebody whose things the reader may hand over: themselves, or who answers for something the reader manages."""
    person = get_object_or_404(User, pk=pk, is_service=False)
    own = person.pk == request.user.pk
    if not own and not permissions.can_hand_over(request.user, person):
        raise PermissionDenied
    if not own and not request.user.is_superuser and not ownership.holdings(person, request.user):
        raise Http404
    return person


@page
@login_required
@never_cache
def handover(request: HttpRequest, pk: int) -> HttpResponse:
    """All that one person answers for, and to whom it goes in one step."""
    person = _person(request, pk)
    form = HandoverForm(request.POST or None)
    if form.is_valid():
        try:
            count = services.hand_over(person, actor=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(
                request, ngettext("%d thing was handed over.", "%d things were handed over.", count) % count
            )
            return redirect("accounts:workspace")
    context = {"person": person, "form": form, "holdings": ownership.holdings(person, request.user)}
    return render(request, "accounts/handover.html", context, status=422 if form.errors else 200)


@page
@login_required
@never_cache
def account_closure(request: HttpRequest, pk: int) -> HttpResponse:
    """Close an account and hand over all it answers for."""
    person = get_object_or_404(User, pk=pk, is_service=False)
    if not permissions.can_close_account(request.user, person):
        raise PermissionDenied
    form = HandoverForm(request.POST or None)
    if form.is_valid():
        try:
            services.close_account(person, actor=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("The account is closed and all of it handed over."))
            return redirect("accounts:workspace")
    context = {"person": person, "form": form, "holdings": ownership.holdings(person, request.user), "closing": True}
    return render(request, "accounts/handover.html", context, status=422 if form.errors else 200)


def _organisations(request: HttpRequest) -> Any:
    if not permissions.can_manage_organisations(request.user):
        raise PermissionDenied
    return Organisation.objects.annotate(member_count=Count("members"))


@page
@login_required
def organisation_list(request: HttpRequest) -> HttpResponse:
    """All organisations, and the form for a new one."""
    rows = _organisations(request)
    form = OrganisationForm(request.POST or None)
    if form.is_valid():
        try:
            organisation = services.create_organisation(actor=request.user, **form.cleaned_data)
            return redirect("accounts:organisation", organisation.slug)
        except Refused as refusal:
            form.add_refusal(refusal)
    context = {"form": form, "organisations": keyset_page(rows, request)}
    return render(request, "accounts/organisation_list.html", context, status=422 if form.errors else 200)


@page
@login_required
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    """One organisation, its domains, and the form for a new domain."""
    found = get_object_or_404(_organisations(request), slug=slug)
    form = DomainForm(request.POST or None)
    if form.is_valid():
        try:
            services.add_domain(found, actor=request.user, **form.cleaned_data)
            return redirect("accounts:organisation", slug)
        except Refused as refusal:
            form.add_refusal(refusal)
    context = {"organisation": found, "domains": found.domains.order_by("domain"), "form": form}
    return render(request, "accounts/organisation.html", context, status=422 if form.errors else 200)


@page
@login_required
def domain_verification(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = get_object_or_404(_organisations(request), slug=slug)
    domain = get_object_or_404(OrganisationDomain, organisation=found, pk=pk)
    form = VerificationForm(request.POST or None)
    if form.is_valid():
        try:
            services.verify_domain(domain, actor=request.user, **form.cleaned_data)
            messages.success(request, _("Whoever has confirmed an address in %s is a member.") % domain.domain)
            return redirect("accounts:organisation", slug)
        except Refused as refusal:
            form.add_refusal(refusal)
    context = {"organisation": found, "domain": domain, "form": form}
    return render(request, "accounts/domain_verification.html", context, status=422 if form.errors else 200)
