from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from access import permissions, services
from access.evaluator import judge, judgeable
from access.forms import GrantFilter, ReasonForm
from access.lifecycle import RESUME, REVOKE, SUSPEND
from access.models import Grant
from access.views.shared import allow, carry_out, sent, status_of
from common.http import page
from common.pages import keyset_page

# The noun in the address, the move it stands for, the service, what the page asks, what it says afterwards.
CHANGES = {
    "revocation": (
        REVOKE,
        services.revoke_grant,
        gettext_lazy("Revoke this access?"),
        gettext_lazy("Access is revoked."),
    ),
    "suspension": (
        SUSPEND,
        services.suspend_grant,
        gettext_lazy("Suspend this access?"),
        gettext_lazy("Access is suspended."),
    ),
    "resumption": (
        RESUME,
        services.resume_grant,
        gettext_lazy("Resume this access?"),
        gettext_lazy("Access is open again."),
    ),
}


@require_safe
@login_required
@never_cache
def grant_list(request: HttpRequest) -> HttpResponse:
    """Who has what: every grant, with what its gate says now."""
    allow(permissions.can_see_queue(request.user))
    form = GrantFilter(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    rows = judgeable(Grant.objects.for_staff(request.user)).select_related(
        "tier", "user__organisation", "release", "family"
    )
    words, state = chosen.get("q"), chosen.get("state")
    if words:
        who = Q(user__display_name__icontains=words) | Q(user__email__icontains=words)
        rows = rows.filter(who | Q(family__name__icontains=words))
    if state:
        now = timezone.now()
        over = {"active": Q(stage="active", valid_until__gt=now), "expired": Q(stage="active", valid_until__lte=now)}
        rows = rows.filter(over.get(state, Q(stage=state)))
    shown = keyset_page(rows, request)
    for row in shown:
        row.unmet = [part for part in judge(row) if not part.met]
        row.can_change = permissions.can_manage_grant(request.user, row)
    return render(request, "access/grant_list.html", {"page": shown, "filter": form, "filtered": bool(words or state)})


@page
@login_required
def grant_change(request: HttpRequest, pk: int, change: str) -> HttpResponse:
    """Suspend, resume or revoke, with the reason that the holder reads."""
    if change not in CHANGES:
        raise Http404
    move, service, question, done = CHANGES[change]
    rows = Grant.objects.for_staff(request.user).select_related(
        "user__organisation", "tier", "release", "family__publisher"
    )
    grant = get_object_or_404(rows, pk=pk)
    allow(move.may(request.user, grant))
    form = ReasonForm(sent(request))
    if form.is_valid() and carry_out(form, lambda: service(grant, actor=request.user, **form.cleaned_data)):
        messages.success(request, str(done))
        return redirect("access:grant_list")
    context = {"form": form, "grant": grant, "move": move, "question": question, "title": _("Change access")}
    return render(request, "access/grant_change.html", context, status=status_of(form))
