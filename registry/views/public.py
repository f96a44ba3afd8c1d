"""What anybody may read: the models, their releases, risks and cards."""

from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.permissions import scopes
from common.pages import keyset_page
from registry import licences, permissions, selectors, visibility
from registry.forms import CatalogueFilterForm, SearchForm
from registry.models import PUBLIC_STAGES, ModelFamily, Publisher, Release, Risk

FOUND_SHOWN = 10
NEWEST_SHOWN = 6


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    newest = Release.objects.filter(stage=Release.Stage.PUBLISHED).select_related("family__publisher")
    releases = list(newest.order_by("-published_at", "-pk")[:NEWEST_SHOWN])
    return render(request, "registry/home.html", {"releases": releases, "search_form": SearchForm()})


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """The public list of model families, by name."""
    form = CatalogueFilterForm(request.GET, publishers=Publisher.objects.visible_to(request.user).order_by("name"))
    families = selectors.catalogue(selectors.public_families())
    given = form.cleaned_data if form.is_valid() else {}
    if given.get("q"):
        families = selectors.find_families(families, given["q"])
    if given.get("publisher"):
        families = families.filter(publisher=given["publisher"])
    for name in ("modality", "stage"):
        if given.get(name):
            families = families.filter(**{f"current__{name}": given[name]})
    page = keyset_page(families, request, order=("name", "pk"))
    return render(
        request, "registry/model_list.html", {"filter_form": form, "page": page, "filtered": any(given.values())}
    )


@require_safe
def family(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    """The model page: what it is for, what can go wrong, what is done about it, and where to turn."""
    found = selectors.model_page(publisher, family)
    if found is None:
        return _unpublished(request, publisher, family)
    all_risks = reverse("registry:family_risks", args=[publisher, family])

    def chip_url(risk: Risk) -> str:
        return f"{all_risks}{risk.reference}/"

    def cell_url(likelihood: int, severity: int) -> str:
        return f"{all_risks}?stage=open&likelihood={likelihood}&severity={severity}"

    fields = visibility.public_fields(found.family.publisher)
    risks = [visibility.screened(risk, fields) for risk in found.risks]
    context: dict[str, Any] = {
        "page": found,
        "family": found.family,
        "current": found.current,
        "risks": risks,
        "fields": fields,
        "worst": risks[0].current if risks else None,
        "matrix": selectors.matrix(found.in_matrix, found.scale, chip_url=chip_url, cell_url=cell_url),
    }
    return render(request, "registry/family_detail.html", context)


def _unpublished(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    families = ModelFamily.objects.visible_to(request.user).select_related("publisher")
    found = get_object_or_404(families, publisher__slug=publisher, slug=family)
    return render(request, "registry/family_unpublished.html", {"family": found})


def public_family(request: HttpRequest, publisher: str, family: str) -> ModelFamily:
    families = ModelFamily.objects.visible_to(request.user).select_related("publisher")
    return get_object_or_404(families, publisher__slug=publisher, slug=family)


@require_safe
def family_releases(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    found = public_family(request, publisher, family)
    releases = Release.objects.filter(family=found, stage__in=PUBLIC_STAGES)
    page = keyset_page(releases, request, order=("-published_at", "-pk"))
    for release in page:
        release.family = found
    return render(request, "registry/family_releases.html", {"family": found, "page": page})


def visible_release(request: HttpRequest, publisher: str, family: str, version: str) -> Any:
    releases = selectors.with_contents(Release.objects.visible_to(request.user)).select_related("family__publisher")
    releases = selectors.with_lineage(selectors.with_plan(releases), request.user).defer("licence_text")
    return get_object_or_404(releases, family__publisher__slug=publisher, family__slug=family, version=version)


def _record(found: Any) -> dict[str, Any]:
    """What is on record about a release beside its card and files: licence, plan, capabilities, lineage."""
    phases = selectors.shown_phases_of(found)
    return {
        "licence_parts": licences.parts(found.licence),
        "phases": phases,
        "present": selectors.current_phase(phases),
        "capabilities": selectors.capabilities_of(found),
        "lineage": selectors.lineage_of(found),
    }


@require_safe
def release(request: HttpRequest, publisher: str, family: str, version: str) -> HttpResponse:
    found = visible_release(request, publisher, family, version)
    card = selectors.card_of(found)
    context = {
        "release": found,
        "family": found.family,
        "card": card,
        "metadata": sorted(card.metadata.items()) if card else [],
        **_record(found),
        "can_manage": request.user.is_authenticated and permissions.can_edit_release(request.user, found),
    }
    return render(request, "registry/release_detail.html", context)


@require_safe
def card_source(request: HttpRequest, publisher: str, family: str, version: str) -> HttpResponse:
    """The model card, byte for byte as it was given. Never shown as a page: it is somebody else's text."""
    releases = Release.objects.visible_to(request.user).select_related("family__publisher")
    found = get_object_or_404(releases, family__publisher__slug=publisher, family__slug=family, version=version)
    card = found.cards.only("source", "sha256", "number").first()
    if card is None:
        raise Http404
    return download(card.source, f"{found.family.slug}-{found.version}-README.md", card.sha256)


def download(source: str, name: str, sha256: str) -> HttpResponse:
    response = HttpResponse(source.encode(), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["ETag"] = f'"{sha256}"'
    return response


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Models, releases and risks with the words that were typed; other apps add theirs in the slot ``search``."""
    form = SearchForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    context: dict[str, Any] = {"search_form": form, "words": words}
    if words:
        user = request.user
        families = selectors.find_families(ModelFamily.objects.visible_to(user).select_related("publisher"), words)
        in_release = Q(version__icontains=words) | Q(licence__icontains=words) | Q(base_model__icontains=words)
        releases = Release.objects.visible_to(user).filter(in_release).select_related("family__publisher")
        risks = Risk.objects.visible_to(user).matching_for(user, words).select_related("family__publisher")
        context["families"] = list(families.order_by("name", "pk")[: FOUND_SHOWN + 1])
        context["releases"] = list(releases.order_by(F("published_at").desc(nulls_last=True), "-pk")[: FOUND_SHOWN + 1])
        context["risks"] = visibility.for_reader(risks.worst(user, FOUND_SHOWN + 1), user)
        context["limit"] = FOUND_SHOWN
        context["found"] = any(context[name] for name in ("families", "releases", "risks"))
        context["inside"] = scopes(user).any()
    return render(request, "registry/search.html", context)


def about(name: str) -> Any:
    """A page of plain text about the portal itself."""

    @require_safe
    def view(request: HttpRequest) -> HttpResponse:
        return render(request, f"pages/{name}.html", {"support_email": settings.SUPPORT_EMAIL})

    return view
