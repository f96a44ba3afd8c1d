"""What a release was made from, for its release manager, and what everybody sees of its licence and capabilities."""

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
from common.pages import keyset_page
from registry import licences, permissions, selectors, services
from registry.forms import CapabilityForm, ParentForm, ReasonForm
from registry.models import Release, ReleaseParent
from registry.views.releases import managed_release
from registry.views.shared import attempt, form_page, posted


@page
@login_required
@never_cache
def release_lineage(request: HttpRequest, pk: int) -> HttpResponse:
    """The tree, and a form to add a parent."""
    rows = selectors.with_lineage(Release.objects.select_related("family__publisher"), request.user)
    found = managed_release(request, pk, rows)
    can_edit = permissions.can_edit_release(request.user, found)
    if request.method == "POST" and not can_edit:
        raise PermissionDenied
    form = ParentForm(posted(request))

    def add(parent: str, **data: Any) -> ReleaseParent:
        chosen = _release_named(request, parent) if parent.strip() else None
        return services.add_parent(found, actor=request.user, parent=chosen, **data)

    if attempt(form, add) is not None:
        messages.success(request, _("The parent is added."))
        return redirect("registry:release_lineage", pk)
    lineage = selectors.lineage_of(found)
    context = {"release": found, "family": found.family, "lineage": lineage, "can_edit": can_edit}
    return form_page(request, "registry/release_lineage.html", form, **context)


def _release_named(request: HttpRequest, words: str) -> Release:
    """The release that “publisher/family version” names, among those that the reader may know of."""
    name, _space, version = words.replace("@", " ").strip().partition(" ")
    publisher, _slash, family = name.partition("/")
    named = {"family__publisher__slug": publisher, "family__slug": family, "version": version.strip()}
    rows = Release.objects.visible_to(request.user).select_related("family__publisher")
    found = rows.filter(**named).first() if "\x00" not in words else None
    if found is None:
        raise Refused(_("There is no such release here. Write it like “harbour-lab/pilot-7b 1.0”."), field="parent")
    return found


@page
@login_required
@never_cache
def parent_removal(request: HttpRequest, pk: int) -> HttpResponse:
    rows = ReleaseParent.objects.visible_to(request.user).select_related("release__family__publisher", "parent__family")
    found = get_object_or_404(rows, pk=pk)
    if not permissions.can_edit_release(request.user, found.release):
        raise PermissionDenied
    form = ReasonForm(posted(request))
    del form.fields["reason"]

    def remove() -> bool:
        services.remove_parent(found, actor=request.user)
        return True

    if attempt(form, remove) is not None:
        messages.success(request, _("It is taken back."))
        return redirect("registry:release_lineage", found.release_id)
    return form_page(request, "registry/parent_removal.html", form, edge=found, release=found.release)


@page
@login_required
@never_cache
def capability_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how far a capability can be relied on from now on; below, what was said last of each."""
    found = managed_release(request, pk)
    can_note = permissions.can_note_capability(request.user, found)
    if request.method == "POST" and not can_note:
        raise PermissionDenied
    form = CapabilityForm(posted(request), initial={"capability": request.GET.get("capability", "")[:120]})
    if attempt(form, lambda **data: services.note_capability(found, actor=request.user, **data)) is not None:
        messages.success(request, _("It is on record."))
        return redirect("registry:capability_create", pk)
    context = {
        "release": found,
        "family": found.family,
        "capabilities": selectors.newest_capabilities(found),
        "can_note": can_note,
    }
    return form_page(request, "registry/capability_form.html", form, **context)


def _public_release(request: HttpRequest, publisher: str, family: str, version: str) -> Release:
    rows = Release.objects.visible_to(request.user).select_related("family__publisher")
    return get_object_or_404(rows, family__publisher__slug=publisher, family__slug=family, version=version)


@require_safe
def release_capabilities(request: HttpRequest, publisher: str, family: str, version: str) -> HttpResponse:
    """All that was said of the capabilities of a release, newest first, or of one of them."""
    found = _public_release(request, publisher, family, version)
    capability = request.GET.get("capability", "").replace("\x00", "")[:120]
    rows = selectors.history_of_capabilities([found], capability)
    context = {
        "release": found,
        "family": found.family,
        "page": keyset_page(rows, request, order=("-pk",)),
        "capability": capability,
    }
    return render(request, "registry/release_capabilities.html", context)


@require_safe
def release_licence(request: HttpRequest, publisher: str, family: str, version: str) -> HttpResponse:
    """The licence in words: each part of the expression, and the text of one of its own."""
    found = _public_release(request, publisher, family, version)
    if not found.licence:
        raise Http404
    context = {"release": found, "family": found.family, "parts": licences.parts(found.licence)}
    return render(request, "registry/release_licence.html", context)
