"""What model families were trained on: the public page, and those who keep the record."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common.http import page
from common.lifecycle import Refused
from registry import permissions, selectors, services
from registry.croissant import read
from registry.forms import CroissantForm, ReasonForm, TrainingDatasetForm
from registry.models import PUBLIC_STAGES, ModelFamily, TrainingDataset
from registry.views.families import family_inside
from registry.views.public import download
from registry.views.shared import attempt, form_page, posted, visible_family

SHOWN = 200


def _disclosure(request: HttpRequest, family: ModelFamily) -> selectors.Disclosure:
    shown = TrainingDataset.objects.filter(family=family).shown().defer("croissant", "notes")
    datasets = list(selectors.with_releases(shown, request.user)[:SHOWN])
    releases = list(family.releases.filter(stage__in=PUBLIC_STAGES).order_by("-published_at", "-pk")[:20])
    return selectors.Disclosure(family, releases, datasets)


@require_safe
def family_training_data(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    """What a family was trained on, in the order in which the EU's public summary is laid out, for anybody."""
    found = visible_family(request, publisher, family)
    context = {"family": found, "disclosure": _disclosure(request, found), "limit": SHOWN}
    return render(request, "registry/family_training_data.html", context)


@require_safe
def training_data_croissant(request: HttpRequest, publisher: str, family: str, pk: int) -> HttpResponse:
    """The Croissant description of a data set, as it came."""
    visible = TrainingDataset.objects.visible_to(request.user)
    found = get_object_or_404(visible, pk=pk, family__publisher__slug=publisher, family__slug=family)
    if not found.croissant:
        raise Http404
    return download(found.croissant, f"croissant-{found.pk}.json", found.croissant_sha256)


@require_safe
@login_required
@never_cache
def manage_training_data(request: HttpRequest, pk: int) -> HttpResponse:
    found = family_inside(request, pk)
    rows = TrainingDataset.objects.filter(family=found).defer("croissant")
    context = {
        "family": found,
        "datasets": list(selectors.with_releases(rows, request.user)[:SHOWN]),
        "limit": SHOWN,
        "can_edit": permissions.can_edit_training_data(request.user, found),
    }
    return render(request, "registry/training_data_list.html", context)


def _editable(request: HttpRequest, pk: int) -> ModelFamily:
    found = family_inside(request, pk)
    if not permissions.can_edit_training_data(request.user, found):
        raise PermissionDenied
    return found


@page
@login_required
@never_cache
def training_data_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Record a data set, by hand or with what was read from a description and looked through."""
    found = _editable(request, pk)
    form = TrainingDatasetForm(posted(request), family=found)

    def add(croissant: bytes, **data: Any) -> TrainingDataset:
        reading = read(croissant) if croissant else None
        return services.add_training_dataset(found, actor=request.user, reading=reading, **data)

    if (made := attempt(form, add)) is not None:
        messages.success(request, _("“%s” is on record.") % made)
        return redirect("registry:manage_training_data", pk)
    return form_page(request, "registry/training_data_form.html", form, family=found)


@page
@login_required
@never_cache
def training_data_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Read a Croissant description, and show what it says in the form before anything is saved."""
    found = _editable(request, pk)
    form = CroissantForm(posted(request), request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            reading = read(form.cleaned_data["source"])
        except Refused as refused:
            form.add_error("file" if form.cleaned_data["file"] else "source", refused.reasons)
        else:
            preview = TrainingDatasetForm.preview(reading, family=found)
            context = {"family": found, "form": preview, "reading": reading}
            return render(request, "registry/training_data_form.html", context)
    return form_page(request, "registry/training_data_import.html", form, family=found)


def _dataset(request: HttpRequest, pk: int) -> TrainingDataset:
    visible = TrainingDataset.objects.visible_to(request.user).select_related("family__publisher")
    found = get_object_or_404(visible, pk=pk)
    if not permissions.can_see_inside(request.user, found.family):
        raise PermissionDenied
    return found


@page
@login_required
@never_cache
def training_dataset(request: HttpRequest, pk: int) -> HttpResponse:
    found = _dataset(request, pk)
    if not permissions.can_edit_training_data(request.user, found.family):
        raise PermissionDenied
    form = TrainingDatasetForm(posted(request), instance=found, family=found.family)

    def edit(**data: Any) -> TrainingDataset:
        return services.edit_training_dataset(found, actor=request.user, **data)

    if attempt(form, edit, found) is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:manage_training_data", found.family_id)
    return form_page(request, "registry/training_data_form.html", form, family=found.family, dataset=found)


@page
@login_required
@never_cache
def training_data_removal(request: HttpRequest, pk: int) -> HttpResponse:
    found = _dataset(request, pk)
    if not permissions.can_edit_training_data(request.user, found.family):
        raise PermissionDenied
    form = ReasonForm(posted(request))

    def remove(reason: str) -> bool:
        services.remove_training_dataset(found, actor=request.user, reason=reason)
        return True

    if attempt(form, remove) is not None:
        messages.success(request, _("“%s” is no longer on the list.") % found.name)
        return redirect("registry:manage_training_data", found.family_id)
    context = {"family": found.family, "thing": found, "back": "registry:training_dataset"}
    return form_page(request, "registry/removal.html", form, **context)
