"""What anybody may read of the rules: the guidelines in full, what changed in them, the terms on one page."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from registry import guidelines as reading
from registry import regions, selectors
from registry.forms import PlaceForm
from registry.models import ModelFamily, Release, RuleKind, Sector, UsageGuidelines

VERSIONS_SHOWN = 50


@dataclass(frozen=True)
class Place:
    """Where and for whom a reader asked, and for which release."""

    region: str = ""
    sector: str = ""
    release: str = ""

    @property
    def query(self) -> str:
        return urlencode({name: value for name, value in vars(self).items() if value})

    @property
    def words(self) -> str:
        sector = str(Sector(self.sector).label) if self.sector else ""
        return " · ".join(filter(None, (regions.name(self.region) if self.region else "", sector)))


def asked(request: HttpRequest, document: reading.Document | None) -> tuple[PlaceForm, Place]:
    """The selector, and what it says; nonsense in the address counts as nothing said."""
    own = [override.region for override in document.overrides if override.region] if document else []
    form = PlaceForm(request.GET, own_regions=own)
    form.is_valid()
    given = {name: form.cleaned_data.get(name) or "" for name in ("region", "sector")}
    return form, Place(**given, release=request.GET.get("release", "")[:60])


def family_and_release(request: HttpRequest, publisher: str, family: str) -> tuple[ModelFamily, Release | None]:
    """The family, and the release the reader asked for or else the current one; 404 for one they may not know of."""
    families = ModelFamily.objects.visible_to(request.user).select_related("publisher")
    found = get_object_or_404(families, publisher__slug=publisher, slug=family)
    releases = selectors.public_releases(publisher, family)
    version = request.GET.get("release", "")
    if not version:
        return found, releases.first()
    return found, get_object_or_404(releases, version=version[:60])


@require_safe
def guidelines(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    """What holds now, for the region and sector that the reader names."""
    found, release = family_and_release(request, publisher, family)
    document = selectors.holding_guidelines(found, release)
    return _guidelines_page(request, found, document, release)


@require_safe
def guidelines_version(request: HttpRequest, publisher: str, family: str, number: int) -> HttpResponse:
    """One version, as it was published; a draft for those with a role."""
    document = _version(request, publisher, family, number)
    return _guidelines_page(request, document.guidelines.family, document, document.guidelines.release)


def _version(request: HttpRequest, publisher: str, family: str, number: int) -> reading.Document:
    rows = selectors.guidelines_with_parts(UsageGuidelines.objects.visible_to(request.user))
    place = {"family__publisher__slug": publisher, "family__slug": family}
    return selectors.document_of(get_object_or_404(rows, number=number, **place))


def _guidelines_page(
    request: HttpRequest, family: ModelFamily, document: reading.Document | None, release: Release | None
) -> HttpResponse:
    context: dict[str, Any] = {"family": family, "release": release, "document": document}
    if document is None:
        return render(request, "registry/guidelines_none.html", context)
    form, place = asked(request, document)
    rules = reading.effective(document, place.region, place.sector)
    known = UsageGuidelines.objects.visible_to(request.user).versions_of(document.guidelines)
    context |= {
        "guidelines": document.guidelines,
        "place_form": form,
        "place": place,
        "groups": [
            (kind, [rule for rule in rules if rule.kind == kind], _EXPLAINED[kind]())
            for kind in (RuleKind.PERMITTED, RuleKind.RESTRICTED, RuleKind.REQUIRED, RuleKind.PROHIBITED)
        ],
        "loose_scenarios": [scenario for scenario in document.scenarios if scenario.rule_id is None],
        "differences": reading.differences(document, place.region, place.sector),
        "versions": list(known.order_by("-number")[:VERSIONS_SHOWN]),
    }
    return render(request, "registry/guidelines_detail.html", context)


_EXPLAINED = {
    RuleKind.PERMITTED: lambda: _("You can do this without asking."),
    RuleKind.RESTRICTED: lambda: _("You can do this where its condition is met."),
    RuleKind.REQUIRED: lambda: _("Whoever uses the model must do this."),
    RuleKind.PROHIBITED: lambda: _("Nobody may do this."),
}


def _number(given: str) -> int:
    if not (given.isascii() and given.isdigit() and len(given) < 9):
        raise Http404
    return int(given)


@require_safe
def guidelines_changes(request: HttpRequest, publisher: str, family: str, number: int) -> HttpResponse:
    """What differs from an earlier version (the one before unless ``from`` names one), by rule and by word."""
    new = _version(request, publisher, family, number)
    earlier = selectors.guidelines_before(new.guidelines)
    given = request.GET.get("from", "")
    if given:
        earlier = earlier.filter(number=_number(given))
    row = selectors.guidelines_with_parts(earlier).first()
    if given and row is None:
        raise Http404
    old = selectors.document_of(row) if row is not None else None
    context = {
        "family": new.guidelines.family,
        "guidelines": new.guidelines,
        "old": old.guidelines if old else None,
        "changes": reading.changes(old, new),
        "choices": list(selectors.guidelines_before(new.guidelines)[:VERSIONS_SHOWN]),
    }
    return render(request, "registry/guidelines_changes.html", context)


@require_safe
def terms(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    """The terms on one page, made from the guidelines each time somebody reads them."""
    if number := request.GET.get("version", ""):
        document: reading.Document | None = _version(request, publisher, family, _number(number))
        found, release = document.guidelines.family, document.guidelines.release
    else:
        found, release = family_and_release(request, publisher, family)
        document = selectors.holding_guidelines(found, release)
    context: dict[str, Any] = {"family": found, "release": release, "document": document}
    if document is None:
        return render(request, "registry/guidelines_none.html", context)
    form, place = asked(request, document)
    url = document.guidelines.get_absolute_url() if number else reverse("registry:guidelines", args=[publisher, family])
    context |= {
        "guidelines": document.guidelines,
        "place_form": form,
        "place": place,
        "full_url": f"{url}?{place.query}" if place.query else url,
        **reading.terms(reading.effective(document, place.region, place.sector)),
        "sentences": _sentences(document.guidelines),
        "sources": [o for o in document.overrides if reading.applies(o, place.region, place.sector)],
    }
    return render(request, "registry/terms.html", context)


def _sentences(guidelines: UsageGuidelines) -> list[tuple[str, str, str]]:
    """What the page of terms says in sentences: heading, anchor in the full text, words."""
    return [
        (_("Data"), "data", reading.shortened_text(guidelines.data)),
        (_("Safeguards"), "safeguards", reading.shortened_text(guidelines.safeguards)),
        (_("How to report"), "reporting", reading.shortened_text(guidelines.reporting)),
    ]
