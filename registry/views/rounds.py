"""Looking at risks again: one, or many in a round."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import scopes
from common.http import page
from common.lifecycle import Refused
from common.pages import keyset_page
from registry import lifecycle, permissions, selectors, services
from registry.forms import CadenceForm, ReasonForm, RiskFilterForm, RiskReviewForm, RoundForm
from registry.models import ModelFamily, Publisher, ReviewRound, Risk, RoundItem
from registry.models.rounds import CLOSED_MEANWHILE, WAITS
from registry.views.risks import risk_inside
from registry.views.shared import attempt, form_page, posted

STATES = {
    "waiting": WAITS,
    "reviewed": Q(review__isnull=False),
    "skipped": Q(skipped_at__isnull=False),
    "closed": CLOSED_MEANWHILE,
}


@page
@login_required
@never_cache
def risk_review(request: HttpRequest, pk: int) -> HttpResponse:
    """Look at one risk again, with what changed since the last time."""
    found = risk_inside(request, pk)
    if not permissions.can_review_risk(request.user, found):
        raise PermissionDenied
    form = _review_form(request, found)
    if attempt(form, lambda **data: services.review_risk(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("%s was looked at.") % found.reference)
        return redirect(_back(request, found))
    since = found.reviewed_at or found.opened_at or found.created_at
    changes = selectors.changes_since({found.pk: since}, request.user)[found.pk]
    context = {"risk": found, "family": found.family, "since": since, "changes": changes, "round": _round_in(request)}
    return form_page(request, "registry/risk_review.html", form, **context)


@page
@login_required
@never_cache
def risk_cadence(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how often a risk is looked at again."""
    found = risk_inside(request, pk)
    if not permissions.can_edit_risk(request.user, found):
        raise PermissionDenied
    form = CadenceForm(posted(request), initial={"review_days": found.review_days, "row_version": found.row_version})
    if attempt(form, lambda **data: services.set_review_cadence(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:risk", pk)
    return form_page(request, "registry/risk_cadence.html", form, risk=found, family=found.family)


def _review_form(request: HttpRequest, risk: Risk) -> RiskReviewForm:
    may_close = permissions.can_move_risk(request.user, risk)
    return RiskReviewForm(posted(request), may_close=may_close, initial={"row_version": risk.row_version})


def _round_in(request: HttpRequest) -> int | None:
    """The round the reader comes from, and goes back to."""
    given = request.GET.get("round", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def _back(request: HttpRequest, risk: Risk) -> Any:
    number = _round_in(request)
    rounds = ReviewRound.objects.visible_to(request.user)
    return (rounds.filter(pk=number).first() if number else None) or risk


@require_safe
@login_required
@never_cache
def review_rounds(request: HttpRequest) -> HttpResponse:
    if not scopes(request.user).any():
        raise PermissionDenied
    context = {
        "page": keyset_page(selectors.rounds_of(request.user), request),
        "can_start": scopes(request.user).any(*permissions.TREATING),
    }
    return render(request, "registry/round_list.html", context)


@page
@login_required
@never_cache
def round_create(request: HttpRequest) -> HttpResponse:
    """Start a round over the risks that the register's filter in the address finds."""
    if not scopes(request.user).any(*permissions.TREATING):
        raise PermissionDenied
    families = ModelFamily.objects.with_role(request.user, *permissions.TREATING).order_by("name")
    theirs = Publisher.objects.filter(families__in=families).distinct().order_by("name")
    filter_form = RiskFilterForm(request.GET, families=families, terms=selectors.terms_in_use(request.user))
    given = dict(filter_form.cleaned_data) if filter_form.is_valid() else {}
    family = given.pop("family", None)
    start = {"family": family, "publisher": family.publisher_id if family else theirs.first()}
    form = RoundForm(posted(request), publishers=theirs, families=families, initial=start)
    chosen = {name: value for name, value in given.items() if value and name in selectors.FOR_ROUNDS}

    def begin(publisher: Publisher, **data: Any) -> ReviewRound:
        if data["family"] is None and not permissions.can_start_round(request.user, publisher):
            raise Refused(_("Choose a model family: you have a role for single ones here."), field="family")
        return services.start_round(publisher, actor=request.user, chosen=chosen, **data)

    made = attempt(form, begin)
    if made is not None:
        messages.success(request, _("The round has begun."))
        return redirect(made)
    words = [(filter_form.fields[name].label or name, value) for name, value in chosen.items()]
    return form_page(request, "registry/round_form.html", form, chosen=words)


def _round(request: HttpRequest, pk: int) -> ReviewRound:
    return get_object_or_404(selectors.rounds_of(request.user), pk=pk)


@require_safe
@login_required
@never_cache
def review_round(request: HttpRequest, pk: int) -> HttpResponse:
    """A round: how far each owner is, and every risk with what changed since it was last looked at."""
    rounds = selectors.with_progress(selectors.rounds_of(request.user), request.user)
    found: Any = get_object_or_404(rounds, pk=pk)
    rows = selectors.round_items(found, request.user)
    state, owner = request.GET.get("state", ""), request.GET.get("owner", "")
    if state in STATES:
        rows = rows.filter(STATES[state])
    if owner == "none":
        rows = rows.filter(risk__owner=None)
    elif owner.isascii() and owner.isdigit() and len(owner) < 18:
        rows = rows.filter(risk__owner=int(owner))
    shown = keyset_page(rows, request, order=("pk",))
    context = {
        "round": found,
        "settled": (found.item_count or 0) - (found.waiting_count or 0),
        "progress": found.progress,
        "page": shown,
        "items": selectors.with_changes(shown.rows, request.user),
        "state": state,
        "owner": owner,
        "can_end": found.stage == ReviewRound.Stage.OPEN and permissions.can_end_round(request.user, found),
    }
    return render(request, "registry/round_detail.html", context)


@page
@login_required
@never_cache
def round_item_skip(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave a risk out of a round, with the reason."""
    rows = RoundItem.objects.visible_to(request.user).select_related("round", "risk__family__publisher", "risk__owner")
    item = get_object_or_404(rows, pk=pk)
    if not permissions.can_review_risk(request.user, item.risk):
        raise PermissionDenied
    form = ReasonForm(posted(request))
    if attempt(form, lambda **data: services.skip_item(item, actor=request.user, **data)) is not None:
        messages.success(request, _("%s is left out of this round.") % item.risk.reference)
        return redirect(item.round)
    return form_page(request, "registry/round_skip.html", form, item=item, risk=item.risk, round=item.round)


@page
@login_required
@never_cache
def round_abandonment(request: HttpRequest, pk: int) -> HttpResponse:
    """End a round before all is looked at, with the reason."""
    found = _round(request, pk)
    if not permissions.can_end_round(request.user, found):
        raise PermissionDenied
    form = ReasonForm(posted(request))
    if attempt(form, lambda **data: services.abandon_round(found, actor=request.user, **data)) is not None:
        messages.success(request, _("The round has ended."))
        return redirect(found)
    return form_page(request, "registry/round_ending.html", form, round=found, move=lifecycle.ABANDON_ROUND)
