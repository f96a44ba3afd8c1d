"""Stubs: raised in one line, worked out, or closed."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.permissions import scopes
from common.http import page
from common.lifecycle import Refused
from registry import lifecycle, permissions, services
from registry.forms import DismissForm, ReasonForm, StubForm, WorkOutForm
from registry.models import ModelFamily, PublicConcern, Risk
from registry.views.risks import risk_inside
from registry.views.shared import attempt, form_page, posted


@page
@login_required
@never_cache
def stub_create(request: HttpRequest) -> HttpResponse:
    """Raise a concern: one line, and the model it is about."""
    if not scopes(request.user).any(*permissions.RECORDING):
        raise PermissionDenied
    families = ModelFamily.objects.with_role(request.user, *permissions.RECORDING).select_related("publisher")
    form = StubForm(posted(request), families=families.order_by("name"), initial={"family": request.GET.get("family")})
    made = attempt(form, lambda family, title: services.raise_stub(family, actor=request.user, title=title))
    if made is not None:
        messages.success(request, _("%s is recorded as a stub.") % made.reference)
        return redirect("registry:risk", made.pk)
    return form_page(request, "registry/stub_form.html", form)


@page
@login_required
@never_cache
def stub_working_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a stub into words, which makes it a draft."""
    found = risk_inside(request, pk)
    if not permissions.can_work_out_stub(request.user, found):
        raise PermissionDenied
    if found.stage != Risk.Stage.STUB:
        messages.error(request, _("%s is no stub any more.") % found.reference)
        return redirect("registry:risk", pk)
    form = WorkOutForm(posted(request), instance=found)
    if attempt(form, lambda **data: services.work_out_stub(found, actor=request.user, **data), found) is not None:
        messages.success(request, _("%s is a draft now. Next it needs an owner and an assessment.") % found.reference)
        return redirect("registry:risk", pk)
    concern = PublicConcern.objects.filter(risk=found).first()
    return form_page(request, "registry/stub_working_out.html", form, risk=found, family=found.family, concern=concern)


@page
@login_required
@never_cache
def stub_dismissal(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a stub, with the reason; perhaps as the same as another risk."""
    found = risk_inside(request, pk)
    if not permissions.can_work_out_stub(request.user, found):
        raise PermissionDenied
    form = DismissForm(posted(request), risk=found)
    if attempt(form, lambda **data: services.dismiss_stub(found, actor=request.user, **data)) is not None:
        messages.success(request, _("%s is closed.") % found.reference)
        return redirect("registry:risk", pk)
    context = {"risk": found, "family": found.family, "move": lifecycle.DISMISS}
    return form_page(request, "registry/risk_move.html", form, **context)


@page
@login_required
@never_cache
def stub_taking_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Take up a stub again that was closed."""
    found = risk_inside(request, pk)
    if not permissions.can_take_up_stub(request.user, found):
        raise PermissionDenied
    form = ReasonForm(posted(request))
    if attempt(form, lambda **data: services.take_up_stub(found, actor=request.user, **data)) is not None:
        messages.success(request, _("%s is a stub again.") % found.reference)
        return redirect("registry:risk", pk)
    context = {"risk": found, "family": found.family, "move": lifecycle.TAKE_UP}
    return form_page(request, "registry/risk_move.html", form, **context)


@require_POST
@login_required
@never_cache
def concern_contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how somebody outside may be reached, this once; that it was read is on record."""
    found = risk_inside(request, pk)
    rows = PublicConcern.objects.select_related("risk__family__publisher")
    concern: Any = get_object_or_404(rows, risk=found)
    try:
        contact = services.reveal_contact(concern, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("registry:risk", pk)
    return render(request, "registry/concern_contact.html", {"risk": found, "concern": concern, "contact": contact})
