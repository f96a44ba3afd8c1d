"""Reading cards: their versions, what changed between two of them, and their pictures."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from common.pages import keyset_page
from registry import permissions, selectors
from registry.documentation import comparison
from registry.forms import CompareForm
from registry.models import Artifact, ModelCard, Release
from registry.selectors.cards import LARGEST_PICTURE, PICTURES
from registry.views.public import download

_BEGINNINGS = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}


def _release(request: HttpRequest, publisher: str, family: str, version: str) -> Release:
    releases = Release.objects.visible_to(request.user).select_related("family__publisher")
    return get_object_or_404(releases, family__publisher__slug=publisher, family__slug=family, version=version)


def _version(release: Release, request: HttpRequest, number: int | None) -> ModelCard:
    card = selectors.card_version(release, request.user, number)
    if card is None:
        raise Http404
    return card


@require_safe
def card_versions(request: HttpRequest, publisher: str, family: str, version: str) -> HttpResponse:
    """What the card of a release said, version by version, with the reason of each correction."""
    release = _release(request, publisher, family, version)
    versions = selectors.card_versions(release, request.user)
    page = keyset_page(versions, request, order=("-number",))
    rows = list(page)
    initial = {"old": rows[1].number, "new": rows[0].number} if len(rows) > 1 else {}
    context = {
        "release": release,
        "family": release.family,
        "page": page,
        "form": CompareForm(versions=rows, initial=initial) if initial else None,
        "inside": request.user.is_authenticated and permissions.can_see_inside(request.user, release.family),
    }
    return render(request, "registry/card_versions.html", context)


@require_safe
def card_version(request: HttpRequest, publisher: str, family: str, version: str, number: int) -> HttpResponse:
    release = _release(request, publisher, family, version)
    card = _version(release, request, number)
    context = {"release": release, "family": release.family, "card": card, "body": card.body}
    return render(request, "registry/card_version.html", context)


@require_safe
def card_version_source(request: HttpRequest, publisher: str, family: str, version: str, number: int) -> HttpResponse:
    """One version of the card, byte for byte."""
    release = _release(request, publisher, family, version)
    card = _version(release, request, number)
    return download(card.source, f"{release.family.slug}-{release.version}-README-{card.number}.md", card.sha256)


@require_safe
def card_comparison(request: HttpRequest, publisher: str, family: str, version: str) -> HttpResponse:
    """What changed from one version of a card to another, by field and by word."""
    release = _release(request, publisher, family, version)
    versions = list(selectors.card_versions(release, request.user)[:200])
    form = CompareForm(request.GET, versions=versions)
    context: dict[str, Any] = {"release": release, "family": release.family, "filter_form": form}
    if form.is_valid():
        old = _version(release, request, form.cleaned_data["old"])
        new = _version(release, request, form.cleaned_data["new"])
        context |= {"old": old, "new": new, "comparison": comparison.compare(old, new)}
    return render(request, "registry/card_comparison.html", context)


@require_safe
def card_picture(request: HttpRequest, publisher: str, family: str, version: str, path: str) -> HttpResponse:
    """A picture that the card of a release shows, from the release's own files.

    The gate keeps files; what a card shows is not behind it. So only a small picture, that is one by its first
    bytes, and that a version of the card which the reader may read has as a picture.
    """
    release = _release(request, publisher, family, version)
    file = get_object_or_404(Artifact, release=release, path=path, size__lte=LARGEST_PICTURE)
    bodies = ModelCard.objects.visible_to(request.user).filter(release=release).values_list("body", flat=True)
    if not any(_shows(release, body, path) for body in bodies.order_by("-number")[:20]):
        raise Http404
    tag = f'"{file.sha256}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    with file.file.open("rb") as stream:
        content = stream.read(LARGEST_PICTURE)
    kind = PICTURES[f".{path.rpartition('.')[2].lower()}"]
    if not content.startswith(_BEGINNINGS[kind]):
        raise Http404
    lasts = "public, max-age=3600" if release.is_public else "private, no-cache"
    headers = {
        "ETag": tag,
        "Cache-Control": lasts,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return HttpResponse(content, content_type=kind, headers=headers)


def _shows(release: Release, body: str, path: str) -> bool:
    name = path.rpartition("/")[2].rpartition(".")[2]
    return name in body and path in selectors.picture_paths(release, body)
