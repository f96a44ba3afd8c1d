"""Documents for downstream teams: what there is, how each reads, and the files to take away."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from registry import downstream, exchange
from registry.downstream import Content, Document
from registry.exchange.answer import file_answer
from registry.models import PUBLIC_STAGES, Release
from registry.views.guidelines import Place, asked


def _release(request: HttpRequest, publisher: str, family: str, version: str) -> Any:
    releases = exchange.with_facts(Release.objects.visible_to(request.user))
    return get_object_or_404(releases, family__publisher__slug=publisher, family__slug=family, version=version)


def _document(name: str) -> Document:
    if name not in downstream.DOCUMENTS:
        raise Http404
    return downstream.DOCUMENTS[name]


def _content(request: HttpRequest, release: Any) -> tuple[Any, Place, Content]:
    """The selector of region and sector, what it says, and what fills the documents there."""
    everywhere = downstream.content_of(release)
    form, place = asked(request, everywhere.document)
    return form, place, downstream.narrowed(everywhere, place.region, place.sector)


@require_safe
def downstream_documents(request: HttpRequest, publisher: str, family: str, version: str) -> HttpResponse:
    found = _release(request, publisher, family, version)
    form, place, content = _content(request, found)
    context = {
        "release": found,
        "family": found.family,
        "documents": list(downstream.DOCUMENTS.values()),
        "place_form": form,
        "place": place,
        "content": content,
    }
    return render(request, "registry/downstream_list.html", context)


@require_safe
def downstream_document(request: HttpRequest, publisher: str, family: str, version: str, name: str) -> HttpResponse:
    document = _document(name)
    found = _release(request, publisher, family, version)
    form, place, content = _content(request, found)
    context = {
        "release": found,
        "family": found.family,
        "document": document,
        "text": downstream.markdown(document, content),
        "place_form": form,
        "place": place,
    }
    return render(request, "registry/downstream_detail.html", context)


@require_safe
def downstream_file(
    request: HttpRequest, publisher: str, family: str, version: str, name: str, form: str
) -> HttpResponse:
    document = _document(name)
    if form not in document.formats:
        raise Http404
    found = _release(request, publisher, family, version)
    _selector, _place, content = _content(request, found)
    made = downstream.render(document, content, form)
    return file_answer(request, made, public=found.stage in PUBLIC_STAGES)
