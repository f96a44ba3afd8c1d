"""Writing usage guidelines: versions, the parts of a draft, publishing."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from common.http import page
from common.lifecycle import Move, available_moves
from registry import lifecycle, permissions, selectors, services
from registry.forms import GuidelinesForm, NewGuidelinesForm, ReasonForm
from registry.forms.guidelines import PART_FORMS
from registry.models import PARTS, Part, Release, UsageGuidelines
from registry.views.families import family_inside
from registry.views.shared import attempt, form_page, posted

VERSIONS_SHOWN = 100
MOVE_PAGES = {"publish": "registry:guidelines_publication", "retire": "registry:guidelines_retirement"}
# What a part is called: several of them, one of them, and what to say where there is none.
PART_WORDS: dict[str, tuple[Any, Any, Any]] = {
    "rules": (gettext_lazy("Rules"), gettext_lazy("Rule"), gettext_lazy("No rule yet.")),
    "overrides": (
        gettext_lazy("Differences by region and sector"),
        gettext_lazy("Difference"),
        gettext_lazy("The rules hold everywhere and for everybody."),
    ),
    "scenarios": (gettext_lazy("Worked examples"), gettext_lazy("Worked example"), gettext_lazy("No example yet.")),
    "configurations": (
        gettext_lazy("Recommended configurations"),
        gettext_lazy("Recommended configuration"),
        gettext_lazy("None recommended yet."),
    ),
    "workflows": (
        gettext_lazy("Workflows within the rules"),
        gettext_lazy("Workflow within the rules"),
        gettext_lazy("No workflow yet."),
    ),
    "remedies": (
        gettext_lazy("What follows a breach"),
        gettext_lazy("What follows a breach"),
        gettext_lazy("Nothing said yet."),
    ),
}


@page
@login_required
@never_cache
def guidelines_versions(request: HttpRequest, pk: int) -> HttpResponse:
    """All versions of a family's guidelines, and the form that begins the next."""
    family = family_inside(request, pk)
    can_edit = permissions.can_edit_guidelines(request.user, family)
    form = NewGuidelinesForm(posted(request), releases=Release.objects.filter(family=family).order_by("-pk"))
    if request.method == "POST":
        if not can_edit:
            raise PermissionDenied
        made = attempt(form, lambda **data: services.draft_guidelines(family, actor=request.user, **data))
        if made is not None:
            messages.success(request, _("The draft begins as a copy of what holds. Change it, then publish it."))
            return redirect("registry:manage_guidelines", made.pk)
    rows = UsageGuidelines.objects.filter(family=family).select_related("release").order_by("-number")
    context = {"family": family, "versions": list(rows[:VERSIONS_SHOWN]), "can_edit": can_edit}
    return form_page(request, "registry/guidelines_versions.html", form, **context)


def _inside(request: HttpRequest, pk: int, rows: Any = None) -> Any:
    rows = UsageGuidelines.objects.select_related("family__publisher", "release") if rows is None else rows
    found = get_object_or_404(rows.filter(pk__in=UsageGuidelines.objects.visible_to(request.user).values("pk")), pk=pk)
    if not permissions.can_see_inside(request.user, found.family):
        raise PermissionDenied
    return found


@page
@login_required
@never_cache
def manage_guidelines(request: HttpRequest, pk: int) -> HttpResponse:
    """One version with its parts; a draft can be changed and published here."""
    found = _inside(request, pk, selectors.guidelines_details(UsageGuidelines.objects.all()))
    document = selectors.document_of(found)
    can_edit = found.is_draft and permissions.can_edit_guidelines(request.user, found.family)
    form = GuidelinesForm(posted(request), instance=found)
    if request.method == "POST":
        if not permissions.can_edit_guidelines(request.user, found.family):
            raise PermissionDenied
        if attempt(form, lambda **data: services.edit_guidelines(found, actor=request.user, **data), found) is not None:
            messages.success(request, _("Saved."))
            return redirect("registry:manage_guidelines", pk)
    moves = available_moves(lifecycle.GUIDELINES_MOVES, found, request.user)
    context = {
        "guidelines": found,
        "family": found.family,
        "sections": [(name, words, document.parts(name)) for name, words in PART_WORDS.items()],
        "can_edit": can_edit,
        "moves": [(each, MOVE_PAGES[each.move.name]) for each in moves],
        "history": selectors.history_of(found),
    }
    return form_page(request, "registry/guidelines_manage.html", form, **context)


def _editable(request: HttpRequest, pk: int) -> UsageGuidelines:
    found: UsageGuidelines = _inside(request, pk)
    if not permissions.can_edit_guidelines(request.user, found.family):
        raise PermissionDenied
    return found


def _part(request: HttpRequest, part: str, pk: int) -> Part:
    if part not in PARTS:
        raise Http404
    rows = PARTS[part]._default_manager.visible_to(request.user)  # type: ignore[attr-defined]
    found: Part = get_object_or_404(rows.select_related("guidelines__family__publisher"), pk=pk)
    if not permissions.can_edit_guidelines(request.user, found.guidelines.family):
        raise PermissionDenied
    return found


@page
@login_required
@never_cache
def part_create(request: HttpRequest, pk: int, part: str) -> HttpResponse:
    if part not in PARTS:
        raise Http404
    guidelines = _editable(request, pk)
    form = PART_FORMS[part](posted(request), guidelines=guidelines, initial={"rule": request.GET.get("rule")})
    made = attempt(form, lambda **data: services.add_part(guidelines, part, actor=request.user, **data))
    if made is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:manage_guidelines", pk)
    context = {"guidelines": guidelines, "words": PART_WORDS[part][1], "part": part}
    return form_page(request, "registry/guidelines_part.html", form, **context)


@page
@login_required
@never_cache
def part_edit(request: HttpRequest, part: str, pk: int) -> HttpResponse:
    found = _part(request, part, pk)
    form = PART_FORMS[part](posted(request), instance=found, guidelines=found.guidelines)
    if attempt(form, lambda **data: services.edit_part(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:manage_guidelines", found.guidelines_id)
    context = {"guidelines": found.guidelines, "words": PART_WORDS[part][1], "part": part, "object": found}
    return form_page(request, "registry/guidelines_part.html", form, **context)


@page
@login_required
@never_cache
def part_removal(request: HttpRequest, part: str, pk: int) -> HttpResponse:
    found = _part(request, part, pk)
    form = ReasonForm(posted(request))
    del form.fields["reason"]
    if attempt(form, lambda: services.remove_part(found, actor=request.user) or found) is not None:
        messages.success(request, _("%s is removed.") % found)
        return redirect("registry:manage_guidelines", found.guidelines_id)
    context = {"guidelines": found.guidelines, "words": PART_WORDS[part][1], "part": part, "object": found}
    return form_page(request, "registry/guidelines_part_removal.html", form, **context)


def _move_page(request: HttpRequest, pk: int, move: Move, act: Any, said: str) -> HttpResponse:
    found = _inside(request, pk)
    if not move.may(request.user, found):
        raise PermissionDenied
    form = ReasonForm(posted(request))
    if not move.asks_reason:
        del form.fields["reason"]
    if attempt(form, lambda **data: act(found, actor=request.user, **data)) is not None:
        messages.success(request, said)
        return redirect("registry:manage_guidelines", pk)
    return form_page(request, "registry/guidelines_move.html", form, guidelines=found, move=move)


@page
@login_required
@never_cache
def guidelines_publication(request: HttpRequest, pk: int) -> HttpResponse:
    said = _("Published. Everybody reads these guidelines from now on.")
    return _move_page(request, pk, lifecycle.PUBLISH_GUIDELINES, services.publish_guidelines, said)


@page
@login_required
@never_cache
def guidelines_retirement(request: HttpRequest, pk: int) -> HttpResponse:
    said = _("These guidelines no longer hold. They stay readable.")
    return _move_page(request, pk, lifecycle.RETIRE_GUIDELINES, services.retire_guidelines, said)


@page
@login_required
@never_cache
def guidelines_removal(request: HttpRequest, pk: int) -> HttpResponse:
    """Discard a draft."""
    found = _editable(request, pk)
    form = ReasonForm(posted(request))
    del form.fields["reason"]
    if attempt(form, lambda: services.discard_guidelines(found, actor=request.user) or found) is not None:
        messages.success(request, _("The draft is discarded. That it was here stays on record."))
        return redirect("registry:guidelines_versions", found.family_id)
    return form_page(request, "registry/guidelines_removal.html", form, guidelines=found, family=found.family)
