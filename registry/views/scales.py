"""The scale of a publisher: its versions, drafting the next, what it would move, and putting it in force."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import scopes
from common.http import page
from common.lifecycle import Refused
from common.pages import keyset_page
from common.spreadsheets import csv_response
from registry import lifecycle, permissions, selectors, services
from registry.forms.risks import ReasonForm
from registry.forms.scales import NewScaleForm, ScaleBandsForm, ScaleWordsForm
from registry.models import ModelFamily, RiskScale
from registry.views.shared import attempt, form_page, posted

# htmx stops polling when it gets this status.
FINISHED = 286
PUBLISHERS_SHOWN = 50


@require_safe
@login_required
@never_cache
def scales(request: HttpRequest) -> HttpResponse:
    """The scales of the reader's publishers, every version of them."""
    if not scopes(request.user).any():
        raise PermissionDenied
    publishers = selectors.publishers_of(request.user)
    rows = RiskScale.objects.filter(publisher__in=publishers.values("pk")).select_related("publisher", "created_by")
    found = keyset_page(rows, request, order=("publisher__name", "-number", "-pk"))
    drafting = RiskScale.objects.filter(stage=RiskScale.Stage.DRAFT).values("publisher")
    idle = publishers.exclude(pk__in=drafting)[:PUBLISHERS_SHOWN]
    context = {"page": found, "may_draft": [each for each in idle if permissions.can_draft_scale(request.user, each)]}
    return render(request, "registry/scale_list.html", context)


def scale_inside(request: HttpRequest, pk: int) -> Any:
    """A version of a scale of a publisher where the reader holds a role: 404 to others for drafts, else 403."""
    found = get_object_or_404(selectors.with_rules(RiskScale.objects.visible_to(request.user)), pk=pk)
    if not selectors.keeps_scale(request.user, found):
        raise PermissionDenied
    return found


def _draft(request: HttpRequest, pk: int) -> Any:
    found = scale_inside(request, pk)
    if not permissions.can_edit_scale(request.user, found):
        raise PermissionDenied
    return found


@page
@login_required
@never_cache
def scale_create(request: HttpRequest, slug: str) -> HttpResponse:
    publisher = get_object_or_404(selectors.publishers_of(request.user), slug=slug)
    if not permissions.can_draft_scale(request.user, publisher):
        raise PermissionDenied
    form = NewScaleForm(posted(request))
    made = attempt(form, lambda **data: services.draft_scale(publisher, actor=request.user, **data))
    if made is not None:
        messages.success(request, _("Version %d is a draft, like the one in force. Now change it.") % made.number)
        return redirect("registry:scale", made.pk)
    return form_page(request, "registry/scale_form.html", form, publisher=publisher)


@require_safe
@login_required
@never_cache
def scale(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: the grid, what follows from each level, and what it moved or would move."""
    found = scale_inside(request, pk)
    draft = found.stage == RiskScale.Stage.DRAFT
    context = {
        "scale": found,
        "matrix": selectors.empty_matrix(found),
        "rules": selectors.rules_of(found)[::-1],
        "can_edit": draft and permissions.can_edit_scale(request.user, found),
        "counts": _counts(found, request.user),
        "lagging": 0 if draft else _lagging(found, request.user),
        "job": found.job,
        "may_run_again": permissions.can_edit_scale(request.user, found),
        "history": selectors.history_of(found),
    }
    return render(request, "registry/scale_detail.html", context)


def _counts(found: RiskScale, reader: Any) -> list[dict[str, Any]]:
    if found.stage == RiskScale.Stage.DRAFT:
        return selectors.move_counts(selectors.moving(found, reader))
    return selectors.carried_counts(found, reader)


def _told(counts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"counts": counts, "acceptances": sum(row["accepted"] for row in counts)}


def _lagging(found: RiskScale, reader: Any) -> int:
    return selectors.lagging(found, reader).count() if found.stage == RiskScale.Stage.ACTIVE else 0


@page
@login_required
@never_cache
def scale_words(request: HttpRequest, pk: int) -> HttpResponse:
    """The words of a draft; the grid follows their number."""
    found = _draft(request, pk)
    form = ScaleWordsForm(posted(request), scale=found)
    if attempt(form, lambda **data: services.edit_scale(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("Saved. Now say which level each pair has."))
        return redirect("registry:scale_bands", pk)
    return form_page(request, "registry/scale_words.html", form, scale=found)


@page
@login_required
@never_cache
def scale_bands(request: HttpRequest, pk: int) -> HttpResponse:
    """The level of each pair, where the old steps go, and what follows from each level."""
    found = _draft(request, pk)
    base = selectors.base_of(found)
    form = ScaleBandsForm(posted(request), scale=found, base=base, rules=selectors.rules_of(found))
    if attempt(form, lambda **data: services.edit_scale(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("Saved. This is what it would move."))
        return redirect("registry:scale_moves", pk)
    return form_page(request, "registry/scale_bands.html", form, scale=found, base=base)


@require_safe
@login_required
@never_cache
def scale_moves(request: HttpRequest, pk: int) -> HttpResponse:
    """Which risks a draft would move from which level to which; for one in force, which it moved."""
    found = scale_inside(request, pk)
    context: dict[str, Any] = {"scale": found}
    if found.stage == RiskScale.Stage.DRAFT:
        moves = selectors.moving(found, request.user)
        moved = selectors.moved_bands(moves).select_related("family", "owner").defer("words")
        context |= _told(selectors.move_counts(moves))
        context["moves"] = keyset_page(moved, request, order=("-urgency",))
        context["can_edit"] = permissions.can_edit_scale(request.user, found)
    else:
        context |= _told(selectors.carried_counts(found, request.user))
        context["carried"] = keyset_page(selectors.carried(found, request.user), request, order=("-pk",))
        context["lagging"] = _lagging(found, request.user)
        context["job"] = found.job
        context["may_run_again"] = permissions.can_edit_scale(request.user, found)
    return render(request, "registry/scale_moves.html", context)


@require_safe
@login_required
@never_cache
def scale_moves_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The same as a table: every risk with its levels before and after, also those that stay."""
    found = scale_inside(request, pk)
    name = f"scale-{found.number}-moves.csv"
    if found.stage == RiskScale.Stage.DRAFT:
        return csv_response(name, _COLUMNS, _foretold(found, request.user))
    return csv_response(name, _COLUMNS, _done(found, request.user))


_COLUMNS = (
    *("model_family", "reference", "title", "stage", "kind", "likelihood_before", "severity_before"),
    *("band_before", "likelihood_after", "severity_after", "band_after", "moves"),
)


def _foretold(found: RiskScale, reader: Any) -> Iterator[list[Any]]:
    carries = selectors.carries_to(found)
    rows = selectors.moving(found, reader).select_related("family__publisher").defer("words").order_by("-urgency")
    for risk in rows.iterator(chunk_size=500):
        carry = carries[risk.scale_id]
        for kind in selectors.KINDS:
            likelihood, severity = getattr(risk, f"{kind}_likelihood"), getattr(risk, f"{kind}_severity")
            if likelihood is None:
                continue
            before, after = getattr(risk, f"{kind}_band"), getattr(risk, f"new_{kind}")
            to = carry.likelihood[likelihood - 1], carry.severity[severity - 1]
            line = [kind, likelihood, severity, before, *to, after, _yes(before != after)]
            yield [risk.family.repo_id, risk.reference, risk.title, risk.stage, *line]


def _done(found: RiskScale, reader: Any) -> Iterator[list[Any]]:
    rows = selectors.carried(found, reader).select_related("risk__family__publisher").order_by("-pk")
    for row in rows.iterator(chunk_size=500):
        risk, numbers = row.risk, [row.likelihood, row.severity, row.band]
        before = [row.old_likelihood, row.old_severity, row.old_band]
        line = [row.kind, *before, *numbers, _yes(row.old_band != row.band)]
        yield [risk.family.repo_id, risk.reference, risk.title, risk.stage, *line]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


@page
@login_required
@never_cache
def scale_activation(request: HttpRequest, pk: int) -> HttpResponse:
    """The question before a draft comes into force, with what it will move."""
    found = _draft(request, pk)
    form = ReasonForm(posted(request))
    version = found.row_version

    def activate(reason: str) -> RiskScale:
        return services.activate_scale(found, actor=request.user, reason=reason, expected_version=version)

    if attempt(form, activate) is not None:
        messages.success(request, _("Version %d is in force.") % found.number)
        return redirect("registry:scale_moves", pk)
    context = {
        "scale": found,
        "move": lifecycle.ACTIVATE_SCALE,
        **_told(selectors.move_counts(selectors.moving(found))),
    }
    return form_page(request, "registry/scale_activation.html", form, **context)


@page
@login_required
@never_cache
def scale_removal(request: HttpRequest, pk: int) -> HttpResponse:
    found = _draft(request, pk)
    if request.method == "POST":
        try:
            services.discard_scale(found, actor=request.user)
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("registry:scale", pk)
        messages.success(request, _("The draft is discarded."))
        return redirect("registry:scales")
    return render(request, "registry/scale_removal.html", {"scale": found})


@require_safe
@login_required
@never_cache
def scale_job(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the worker is that carries risks over; the page asks for it until it is done."""
    found = scale_inside(request, pk)
    if found.job is None:
        raise Http404
    if not getattr(request, "htmx", False):
        return redirect("registry:scale", found.pk)
    response = render(request, "registry/_scale_job.html", {"scale": found, "job": found.job})
    if not found.job.unfinished:
        response.status_code = FINISHED
        response.headers["HX-Refresh"] = "true"
    return response


@require_POST
@login_required
def scale_rerun(request: HttpRequest, pk: int) -> HttpResponse:
    found = _draft(request, pk)
    try:
        services.run_carrying_again(found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("registry:scale", found.pk)


@require_safe
def family_scale(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    """For everybody: how the publisher of a model judges its risks."""
    families = ModelFamily.objects.visible_to(request.user).select_related("publisher")
    found = get_object_or_404(families, publisher__slug=publisher, slug=family)
    rows = selectors.with_rules(RiskScale.objects.in_force().filter(publisher=found.publisher_id))
    scale = rows.get()
    context = {
        "family": found,
        "scale": scale,
        "matrix": selectors.empty_matrix(scale),
        "rules": selectors.rules_of(scale)[::-1],
    }
    return render(request, "registry/family_scale.html", context)
