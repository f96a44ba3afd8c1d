"""The register as files: taken away under the filter of the list, and brought along."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import scopes
from common.http import page
from common.lifecycle import Refused
from common.pages import keyset_page
from registry import permissions, selectors, services, visibility
from registry.forms import RiskImportForm
from registry.interchange import writers
from registry.interchange.columns import COLUMNS, READ, schema, shown_columns
from registry.models import ImportRow, ModelFamily, Publisher, Risk, RiskImport
from registry.views.public import public_family
from registry.views.risks import register_form
from registry.views.shared import attempt, form_page, posted

# What stops htmx from asking again.
FINISHED = 286


@require_safe
@login_required
@never_cache
def risk_export(request: HttpRequest, format: str) -> HttpResponseBase:
    """The risks that the list shows under the same filter, as a file."""
    if format not in writers.TYPES:
        raise Http404
    if not scopes(request.user).any():
        raise PermissionDenied
    form = register_form(request)
    risks = selectors.filtered(selectors.register(request.user), form.given, request.user)
    name = f"risks-{timezone.localdate():%Y-%m-%d}"
    return writers.download(name, format, shown_columns((), inside=True), risks)


@require_safe
def family_risks_export(request: HttpRequest, publisher: str, family: str, format: str) -> HttpResponseBase:
    """What anybody may see of the risks of a model, as a file: the same for every reader."""
    if format not in {"csv", "json"}:
        raise Http404
    found = public_family(request, publisher, family)
    fields = visibility.public_fields(found.publisher)
    # In the order of the numbers: that of the levels would tell a level that is hidden.
    risks = Risk.objects.filter(family=found).shown().order_by("number")
    columns = shown_columns(fields, inside=False)
    name = f"{found.publisher.slug}-{found.slug}-risks"
    return writers.download(name, format, columns, risks, writers.for_public(fields))


@require_safe
@login_required
def import_template(request: HttpRequest, format: str) -> HttpResponseBase:
    """An empty file with the columns that an import reads."""
    if format not in writers.TYPES:
        raise Http404
    return writers.template(format, [column for name, column in READ.items() if name != "reference"])


@require_safe
@login_required
def export_schema(request: HttpRequest) -> HttpResponse:
    return JsonResponse(schema(), json_dumps_params={"indent": 2})


@require_safe
@login_required
@never_cache
def risk_imports(request: HttpRequest) -> HttpResponse:
    if not scopes(request.user).any(*permissions.TREATING):
        raise PermissionDenied
    return render(
        request, "registry/import_list.html", {"page": keyset_page(selectors.imports_of(request.user), request)}
    )


@page
@login_required
@never_cache
def import_create(request: HttpRequest) -> HttpResponse:
    """Bring a file along; a worker checks it."""
    if not scopes(request.user).any(*permissions.TREATING):
        raise PermissionDenied
    families = ModelFamily.objects.with_role(request.user, *permissions.TREATING).order_by("name")
    publishers = Publisher.objects.filter(families__in=families).distinct().order_by("name")
    form = RiskImportForm(
        posted(request),
        request.FILES or None,
        publishers=publishers,
        families=families,
        initial={"publisher": publishers.first()},
    )
    made = attempt(form, lambda **data: services.upload_import(actor=request.user, **data))
    if made is not None:
        return redirect(made)
    return form_page(request, "registry/import_form.html", form, columns=READ.values(), formats=writers.TYPES)


def _import(request: HttpRequest, pk: int) -> RiskImport:
    return get_object_or_404(selectors.imports_of(request.user), pk=pk)


@require_safe
@login_required
@never_cache
def risk_import(request: HttpRequest, pk: int) -> HttpResponse:
    """An import: how far it is, what every row does, and why some cannot be applied."""
    found = _import(request, pk)
    outcome = request.GET.get("outcome", "refused" if found.refused_count else "")
    rows = selectors.import_rows(found, outcome).select_related("risk")
    context = {
        "import": found,
        "outcome": outcome,
        "outcomes": [(name, label, getattr(found, f"{name}_count")) for name, label in ImportRow.Outcome.choices],
        "page": keyset_page(rows.defer("given"), request, order=("number",)),
        "columns": {name: column.label for name, column in {**COLUMNS, **READ}.items()},
        **_may(request, found),
    }
    return render(request, "registry/import_detail.html", context)


def _may(request: HttpRequest, found: RiskImport) -> dict[str, Any]:
    waits = found.job is not None and found.job.unfinished
    mine = permissions.can_apply_import(request.user, found)
    checked = found.stage == RiskImport.Stage.CHECKED
    failed = found.job is not None and found.job.state == "failed"
    return {
        "may_apply": mine and checked and not waits and not found.refused_count and found.changes_something,
        "may_check": mine and not waits and (checked or (failed and found.stage == RiskImport.Stage.CHECKING)),
        "may_discard": not (waits and checked)
        and found.stage in {RiskImport.Stage.CHECKING, RiskImport.Stage.CHECKED}
        and permissions.can_discard_import(request.user, found),
    }


@require_safe
@login_required
@never_cache
def import_job(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress alone, which the page asks for while a worker is at it."""
    found = _import(request, pk)
    if not getattr(request, "htmx", False):
        return redirect(found)
    response = render(request, "registry/_import_job.html", {"import": found})
    if found.job is None or not found.job.unfinished:
        response.status_code = FINISHED
        response.headers["HX-Refresh"] = "true"
    return response


def _act(request: HttpRequest, pk: int, action: Any, words: Any = "") -> HttpResponse:
    found = _import(request, pk)
    try:
        action(found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        if words:
            messages.success(request, words)
    return redirect(found)


@require_POST
@login_required
def import_application(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, services.start_applying)


@require_POST
@login_required
def import_checking(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, services.check_again)


@require_POST
@login_required
def import_discarding(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, services.discard_import, _("Discarded. The register is as it was."))


@require_safe
@login_required
@never_cache
def import_refused(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The refused rows as they were brought, with the reasons: to mend, and bring again."""
    return writers.refused(_import(request, pk))
