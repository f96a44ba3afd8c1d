"""The release manager's pages: families, releases, their cards and files."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import scopes
from accounts.roles import Role
from common.http import page
from common.lifecycle import Refused
from common.pages import keyset_page
from common.uploads import any_size
from registry import permissions, selectors, services
from registry.forms import ArtifactForm, ReleaseEditForm, ReleaseForm
from registry.models import Artifact, ModelFamily, Release, Stage
from registry.views.shared import attempt, cut_off, form_page, posted


def managed_release(request: HttpRequest, pk: int, releases: Any = None) -> Release:
    """A release whose workspace page the reader may see: 404 to those who may not know of it, else 403."""
    rows = Release.objects.select_related("family__publisher") if releases is None else releases
    found: Release = get_object_or_404(rows.visible_to(request.user), pk=pk)
    if not permissions.can_see_inside(request.user, found.family):
        raise PermissionDenied
    return found


def editable_release(request: HttpRequest, pk: int) -> Release:
    found = managed_release(request, pk)
    if not permissions.can_edit_release(request.user, found):
        raise PermissionDenied
    return found


@require_safe
@login_required
@never_cache
def releases(request: HttpRequest) -> HttpResponse:
    """The releases of every family the reader has a role for, newest first."""
    held = scopes(request.user)
    if not held.any():
        raise PermissionDenied
    rows = Release.objects.filter(selectors.inside(request.user)).select_related("family__publisher")
    stage = request.GET.get("stage", "")
    if stage in Stage.values:
        rows = rows.filter(stage=stage)
    elif stage == "due":
        rows = rows.filter(pk__in=selectors.waiting_releases(request.user).filter(phase_waits=True).values("pk"))
    context = {
        "page": keyset_page(rows, request, order=("-pk",)),
        "stage": stage,
        "stages": Stage.choices,
        "can_create": held.any(Role.RELEASE_MANAGER),
        "can_create_family": held.everywhere or bool(held.publisher_ids(Role.RELEASE_MANAGER)),
    }
    return render(request, "registry/release_list.html", context)


@page
@login_required
@never_cache
def release_create(request: HttpRequest) -> HttpResponse:
    families = ModelFamily.objects.with_role(request.user, Role.RELEASE_MANAGER).select_related("publisher")
    if not scopes(request.user).any(Role.RELEASE_MANAGER):
        raise PermissionDenied
    chosen = {"family": request.GET.get("family")}
    form = ReleaseForm(posted(request), request.FILES or None, families=families, initial=chosen)

    def create(family: ModelFamily, version: str, source: str, file: Any = None) -> Release:
        return services.create_release(family, actor=request.user, version=version, card=source.strip() and source)

    if (made := attempt(form, create)) is not None:
        messages.success(request, _("The draft is there. Add its files, then publish it."))
        return redirect("registry:manage_release", made.pk)
    return form_page(request, "registry/release_form.html", form)


@require_safe
@login_required
@never_cache
def manage_release(request: HttpRequest, pk: int) -> HttpResponse:
    """What a release consists of, what it still lacks, and what can be done with it."""
    found = managed_release(request, pk, selectors.release_details(Release.objects.all()))
    card, artifacts = selectors.unpack_release(found)
    is_draft = found.stage == Stage.DRAFT
    context = {
        "release": found,
        "family": found.family,
        "card": card,
        "artifacts": artifacts,
        "history": selectors.history_of(found),
        "checks": _checks(found, card, artifacts) if is_draft else [],
        "can_edit": permissions.can_edit_release(request.user, found),
        "is_draft": is_draft,
    }
    return render(request, "registry/release_manage.html", context)


def _checks(release: Release, card: Any, artifacts: list[Artifact]) -> list[tuple[bool, str]]:
    return [
        (card is not None, _("It has a model card.")),
        (bool(release.licence), _("It names a licence.")),
        (bool(release.modality), _("It says its modality.")),
        (bool(artifacts), _("It has at least one file.")),
        (bool(release.family.intended_use), _("The model family says what it is for.")),
        (bool(release.family.out_of_scope_use), _("The model family says what it is not for.")),
    ]


@page
@login_required
@never_cache
def release_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = editable_release(request, pk)
    form = ReleaseEditForm(posted(request), instance=found)
    if attempt(form, lambda **data: services.edit_release(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:manage_release", pk)
    return form_page(request, "registry/release_edit.html", form, release=found, family=found.family)


@any_size("POST", who=permissions.can_send_files)
@page
@login_required
@never_cache
def artifact_add(request: HttpRequest, pk: int) -> HttpResponse:
    found = editable_release(request, pk)
    form = ArtifactForm(posted(request), request.FILES or None)
    if request.method == "POST" and cut_off(request):
        form.add_error(
            "file", _("The upload was cut off before the file was complete. Nothing was stored; send it again.")
        )

    def add(file: Any, path: str, sha256: str) -> Artifact:
        return services.add_artifact(
            found, actor=request.user, path=path or file.name, content=file, sha256=sha256, expected_size=file.size
        )

    if (made := attempt(form, add)) is not None:
        messages.success(
            request, _("%(path)s is stored; its SHA-256 is %(sha256)s.") % {"path": made.path, "sha256": made.sha256}
        )
        return redirect("registry:manage_release", pk)
    return form_page(request, "registry/artifact_form.html", form, release=found, family=found.family)


@page
@login_required
@never_cache
def artifact_removal(request: HttpRequest, pk: int) -> HttpResponse:
    artifacts = Artifact.objects.visible_to(request.user).select_related("release__family__publisher")
    found = get_object_or_404(artifacts, pk=pk)
    if not permissions.can_edit_release(request.user, found.release):
        raise PermissionDenied
    refusal = None
    if request.method == "POST":
        try:
            services.remove_artifact(found, actor=request.user)
        except Refused as refused:
            refusal = refused
        else:
            messages.success(request, _("%s is removed.") % found.path)
            return redirect("registry:manage_release", found.release_id)
    context = {"artifact": found, "release": found.release, "family": found.release.family, "refusal": refusal}
    return render(request, "registry/artifact_removal.html", context, status=409 if refusal else 200)
