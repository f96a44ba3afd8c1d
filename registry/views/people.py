"""Who holds which role at a publisher, for its administrators."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import services
from accounts.forms import RoleForm
from accounts.models import User
from accounts.permissions import can_manage_roles, scopes
from accounts.roles import Role, group_name
from accounts.selectors import assignments
from common.http import page
from common.lifecycle import Refused
from registry.forms.people import NewPublisherForm
from registry.models import Publisher, Risk
from registry.permissions import can_create_publisher
from registry.services import catalogue


def _publisher(request: HttpRequest, slug: str) -> tuple[Publisher, dict[str, Any]]:
    """The publisher, and everything of it that roles can be given for, by a name for the form."""
    publisher = get_object_or_404(Publisher, slug=slug)
    held = scopes(request.user)
    if not held.everywhere and publisher.pk not in held.publisher_ids():
        raise Http404
    if not can_manage_roles(request.user, publisher):
        raise PermissionDenied
    families = publisher.families.order_by("name")
    return publisher, {"publisher": publisher} | {f"family-{family.pk}": family for family in families}


@page
@login_required
def people(request: HttpRequest, slug: str) -> HttpResponse:
    publisher, known = _publisher(request, slug)
    form = RoleForm(request.POST or None, scopes=known)
    if form.is_valid():
        user, role, scope = form.chosen()
        try:
            services.assign_role(user, role, scope, actor=request.user)
        except Refused as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(
                request, _("%(who)s is now %(role)s for %(what)s.") % {"who": user, "role": role.label, "what": scope}
            )
            return redirect("registry:people", slug)
    keys = {id(scope): key for key, scope in known.items()}
    rows = [(each, keys[id(each.scope)]) for each in assignments(known.values())]
    # Who answers for something here: they can be relieved of it.
    owners = set(
        Risk.objects.filter(family__publisher=publisher)
        .exclude(stage=Risk.Stage.CLOSED)
        .order_by()
        .values_list("owner", flat=True)
        .distinct()
    )
    context = {"publisher": publisher, "form": form, "rows": rows, "owners": owners}
    return render(request, "registry/people.html", context, status=422 if form.errors else 200)


@page
@login_required
def role_removal(request: HttpRequest, slug: str, scope: str, role: str, pk: int) -> HttpResponse:
    publisher, known = _publisher(request, slug)
    if scope not in known or role not in Role.values:
        raise Http404
    held = group_name(known[scope]._meta.model_name, known[scope].pk, Role(role))
    user = get_object_or_404(User, pk=pk, groups__name=held)
    refused: Refused | None = None
    if request.method == "POST":
        try:
            services.remove_role(user, Role(role), known[scope], actor=request.user)
            messages.success(request, _("The role was taken away. It counts from now on."))
            return redirect("registry:people", slug)
        except Refused as refusal:
            refused = refusal
    context = {
        "publisher": publisher,
        "person": user,
        "role": Role(role).label,
        "scope": known[scope],
        "refused": refused,
        "still_owns": isinstance(refused, services.StillOwns),
    }
    return render(request, "registry/role_removal.html", context, status=409 if refused else 200)


@require_safe
@login_required
def people_index(request: HttpRequest) -> HttpResponse:
    """The publishers whose roles one gives; straight to the page where there is only one."""
    held = scopes(request.user)
    mine = (
        Publisher.objects.all()
        if held.everywhere
        else Publisher.objects.filter(pk__in=held.publisher_ids(Role.ADMINISTRATOR))
    )
    publishers = list(mine.order_by("name")[:200])
    if not publishers and not held.everywhere:
        raise PermissionDenied
    if len(publishers) == 1:
        return redirect("registry:people", publishers[0].slug)
    return render(request, "registry/people_index.html", {"publishers": publishers})


@page
@login_required
def publisher_create(request: HttpRequest) -> HttpResponse:
    if not can_create_publisher(request.user):
        raise PermissionDenied
    form = NewPublisherForm(request.POST or None)
    if form.is_valid():
        try:
            publisher = catalogue.create_publisher(actor=request.user, **form.cleaned_data)
            messages.success(request, _("You are its administrator and release manager. Give the other roles here."))
            return redirect("registry:people", publisher.slug)
        except Refused as refusal:
            form.add_refusal(refusal)
    return render(request, "registry/publisher_form.html", {"form": form}, status=422 if form.errors else 200)
