"""Model families, their objectives and their publisher, for those who keep them."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts.permissions import scopes
from accounts.roles import Role
from common.http import page
from registry import permissions, selectors, services
from registry.forms import FamilyForm, PublisherForm
from registry.models import ModelFamily, Publisher
from registry.views.shared import attempt, form_page, posted


@page
@login_required
@never_cache
def family_create(request: HttpRequest) -> HttpResponse:
    held = scopes(request.user)
    publishers = Publisher.objects.order_by("name")
    if not held.everywhere:
        publishers = publishers.filter(pk__in=held.publisher_ids(Role.RELEASE_MANAGER))
    form = FamilyForm(posted(request), publishers=publishers)
    if not publishers:
        raise PermissionDenied

    def create(publisher: Publisher, **data: Any) -> ModelFamily:
        return services.create_family(publisher, actor=request.user, **data)

    if (made := attempt(form, create)) is not None:
        messages.success(request, _("%s is registered. Now make its first release.") % made)
        return redirect("registry:manage_family", made.pk)
    return form_page(request, "registry/family_form.html", form)


def family_inside(request: HttpRequest, pk: int) -> ModelFamily:
    found = get_object_or_404(ModelFamily.objects.visible_to(request.user).select_related("publisher"), pk=pk)
    if not permissions.can_see_inside(request.user, found):
        raise PermissionDenied
    return found


@page
@login_required
@never_cache
def manage_family(request: HttpRequest, pk: int) -> HttpResponse:
    """The texts of a family, its objectives and its releases."""
    found = family_inside(request, pk)
    can_edit = permissions.can_edit_family(request.user, found)
    form = FamilyForm(posted(request), instance=found)
    if request.method == "POST":
        if not can_edit:
            raise PermissionDenied
        if attempt(form, lambda **data: services.edit_family(found, actor=request.user, **data), found) is not None:
            messages.success(request, _("Saved."))
            return redirect("registry:manage_family", pk)
    context = {
        "family": found,
        "can_edit": can_edit,
        "can_set_fields": permissions.can_set_public_risk_fields(request.user, found.publisher),
        "can_edit_objectives": permissions.can_edit_objectives(request.user, found),
        "objectives": list(selectors.judged(found.objectives.all(), request.user)[:100]),
        "releases": list(found.releases.order_by("-pk")[:10]),
    }
    return form_page(request, "registry/family_manage.html", form, **context)


@page
@login_required
@never_cache
def publisher_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Publisher.objects.visible_to(request.user), pk=pk)
    if not permissions.can_edit_publisher(request.user, found):
        raise PermissionDenied
    form = PublisherForm(posted(request), instance=found)
    if attempt(form, lambda **data: services.edit_publisher(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:releases")
    return form_page(request, "registry/publisher_form.html", form, publisher=found)
