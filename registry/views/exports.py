"""A release for other tools: its card, CycloneDX and SPDX, to download."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from registry import exchange
from registry.exchange.answer import answer
from registry.models import Release


@require_safe
def release_export(request: HttpRequest, publisher: str, family: str, version: str, file: str) -> HttpResponse:
    """One format of a release: what is public about it, to whoever may know of it."""
    format = exchange.BY_PATH.get(file)
    if format is None:
        raise Http404
    releases = exchange.with_facts(Release.objects.visible_to(request.user))
    found = get_object_or_404(releases, family__publisher__slug=publisher, family__slug=family, version=version)
    return answer(request, found, format)
