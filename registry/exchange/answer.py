"""An export as an answer over HTTP: the same for the page and the API."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from registry.exchange import Export, Format, export
from registry.models import PUBLIC_STAGES


def answer(request: HttpRequest, release: Any, format: Format) -> HttpResponse:
    """A release from ``with_facts`` as a file. What is public may be kept by anybody who asks each time whether it
    is still the same: a withdrawal has to show at once."""
    return file_answer(request, export(release, format), public=release.stage in PUBLIC_STAGES)


def file_answer(request: HttpRequest, made: Export, *, public: bool) -> HttpResponse:
    """A file that was made, with the headers that keep it a file."""
    response = HttpResponse(made.content, content_type=made.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{made.filename}"'
    # Never shown as a page: parts of it are somebody else's text.
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["ETag"] = made.etag
    response.headers["Cache-Control"] = "public, no-cache" if public else "private, no-store"
    return get_conditional_response(request, etag=made.etag, response=response) or response
