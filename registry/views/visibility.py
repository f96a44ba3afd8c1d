"""What the public sees of a publisher's risks: chosen, then asked again with what becomes visible or hidden."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from common.http import page
from registry import permissions, services, visibility
from registry.forms.visibility import RiskFieldsForm
from registry.models import Publisher
from registry.views.shared import attempt, form_page, posted


@page
@login_required
@never_cache
def public_risk_fields(request: HttpRequest, pk: int) -> HttpResponse:
    publisher = get_object_or_404(Publisher.objects.visible_to(request.user), pk=pk)
    if not permissions.can_set_public_risk_fields(request.user, publisher):
        raise PermissionDenied
    form = RiskFieldsForm(posted(request), publisher=publisher)
    if request.method == "POST" and form.is_valid() and "confirm" not in request.POST:
        shows, hides = visibility.changes(publisher, form.cleaned_data["public_risk_fields"])
        if shows or hides:
            context = {"form": form, "publisher": publisher, "shows": shows, "hides": hides}
            return render(request, "registry/risk_fields_confirm.html", context)

    def save(public_risk_fields: list[str], **version: int | None) -> Publisher:
        return services.set_public_risk_fields(publisher, actor=request.user, fields=public_risk_fields, **version)

    if attempt(form, save) is not None:
        messages.success(request, _("Saved. It holds from now on, everywhere."))
        return redirect("registry:public_risk_fields", pk)
    return form_page(request, "registry/risk_fields.html", form, publisher=publisher)
