"""The whole history of one risk, for whoever holds a role for its model."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common.pages import keyset_page
from registry import selectors
from registry.selectors.history import KINDS
from registry.views.risks import risk_inside

EVENTS_SHOWN = 50


@require_safe
@login_required
@never_cache
def risk_history(request: HttpRequest, pk: int) -> HttpResponse:
    found = risk_inside(request, pk)
    kind = request.GET.get("kind", "")
    page = keyset_page(selectors.whole_history(found, kind), request, size=EVENTS_SHOWN)
    context = {
        "risk": found,
        "family": found.family,
        "kind": kind if kind in KINDS else "",
        "kinds": [(name, words) for name, (words, _verbs) in KINDS.items()],
        "page": page,
        "events": [(event, selectors.event_changes(event)) for event in page],
    }
    return render(request, "registry/risk_history.html", context)
