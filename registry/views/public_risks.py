"""What anybody may read about the risks of a model: the list, each at an address of its own, and a feed.

These pages show the same to everybody, people with a role included: what the publisher lets the public see.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common.pages import keyset_page
from registry import permissions, selectors, visibility
from registry.models import Risk
from registry.scale import Band
from registry.views.public import public_family

IN_FEED = 50


def _narrowed(risks: Any, request: HttpRequest, band: str, *, levels: bool) -> Any:
    """``risks`` as the address asks for them; by what is hidden nobody can ask."""
    asked = {"number": "number"}
    if levels:
        asked |= {"likelihood": "current_likelihood", "severity": "current_severity"}
    for name, column in asked.items():
        if (value := request.GET.get(name, "")).isascii() and value.isdigit() and len(value) < 9:
            risks = risks.filter(**{column: int(value)})
    if band in Band.values:
        risks = selectors.in_band(risks, Band(band))
    if request.GET.get("stage") in Risk.Stage.values:
        risks = risks.filter(stage=request.GET["stage"])
    return risks


@require_safe
def family_risks(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    """All risks of a family that its publisher shows, closed ones too, the worst first where their level is shown."""
    found = public_family(request, publisher, family)
    fields = visibility.public_fields(found.publisher)
    levels = "current" in fields
    risks = selectors.risks_with_measures(Risk.objects.filter(family=found).shown())
    band = request.GET.get("band", "") if levels else ""
    risks = _narrowed(risks, request, band, levels=levels)
    # The place in the order, and so the address of the next page, would tell a hidden level.
    page = keyset_page(risks, request, order=("-urgency",) if levels else ("number",))
    for each in page:
        each.family = found
        visibility.screened(each, fields)
    context = {
        "family": found,
        "page": page,
        "fields": fields,
        "bands": Band.choices if levels else [],
        "band": band,
        "filtered": bool(request.GET),
    }
    return render(request, "registry/family_risks.html", context)


@require_safe
def public_risk(request: HttpRequest, publisher: str, family: str, number: int) -> HttpResponse:
    """One risk at an address that stays: what the publisher shows of it."""
    found = public_family(request, publisher, family)
    shown = selectors.public_risk_details(Risk.objects.filter(family=found).shown())
    risk = get_object_or_404(shown, number=number)
    risk.family = found
    fields = visibility.public_fields(found.publisher)
    visibility.screened(risk, fields)
    context = {
        "risk": risk,
        "family": found,
        "fields": fields,
        "levels": _levels(risk, fields),
        "measures": selectors.measures(risk),
        "objectives": selectors.objectives_of(risk),
        "terms": selectors.terms_of(risk),
        "inside": request.user.is_authenticated and permissions.can_see_inside(request.user, found),
    }
    return render(request, "registry/public_risk.html", context)


def _levels(risk: Any, fields: frozenset[str]) -> list[tuple[Any, Any, str]]:
    """The levels that are shown: what each is called, the level or None, and the words of the scale for it."""
    found = []
    for name in ("inherent", "residual", "current", "target"):
        if name not in fields or (name == "current" and fields >= {"inherent", "residual"}):
            # What counts now is one of the two.
            continue
        likelihood, severity = getattr(risk, f"{name}_likelihood"), getattr(risk, f"{name}_severity")
        words = ""
        if likelihood and severity:
            words = f"{risk.scale.likelihoods[likelihood - 1]} × {risk.scale.severities[severity - 1]}"
        found.append((visibility.FIELDS[name], getattr(risk, name), words))
    return found


def _newest(family: Any) -> Iterator[tuple[Any, str]]:
    """The risks of a family that its publisher shows, the last changed first, each with its address."""
    fields = visibility.public_fields(family.publisher)
    shown = selectors.risks_with_measures(Risk.objects.filter(family=family).shown())
    for each in shown.order_by("-updated_at", "-pk")[:IN_FEED]:
        each.family = family
        risk = visibility.screened(each, fields)
        yield risk, settings.BASE_URL + selectors.public_address(risk)


def _about(family: Any) -> tuple[str, str, str]:
    """Title, description and page of a family's feeds."""
    here = settings.BASE_URL + reverse("registry:family_risks", args=[family.publisher.slug, family.slug])
    return _("Risks of %s") % family.name, _("What can go wrong with this model, and what is done about it."), here


def _tags(risk: Any) -> list[str]:
    return [str(risk.stage_label), *([str(risk.current.label)] if risk.current else [])]


@require_safe
def risk_feed(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    """The risks of a family that its publisher shows, as Atom."""
    found = public_family(request, publisher, family)
    title, description, here = _about(found)
    feed = Atom1Feed(
        title=title, link=here, description=description, feed_url=settings.BASE_URL + request.path, feed_guid=here
    )
    for risk, link in _newest(found):
        feed.add_item(
            title=_xml(str(risk)),
            link=link,
            unique_id=link,
            description=_xml(_summary(risk)),
            pubdate=risk.opened_at,
            updateddate=risk.updated_at,
            author_name=_xml(found.publisher.name),
            categories=_tags(risk),
        )
    return HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


@require_safe
def risk_json_feed(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    """The same as JSON Feed (jsonfeed.org, version 1.1)."""
    found = public_family(request, publisher, family)
    title, description, here = _about(found)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": here,
        "feed_url": settings.BASE_URL + request.path,
        "description": description,
        "authors": [{"name": found.publisher.name}],
        "items": [
            {
                "id": link,
                "url": link,
                "title": str(risk),
                # One of the two contents has to be there, and a risk may show nothing but its title.
                "content_text": _summary(risk) or str(risk),
                **({"date_published": risk.opened_at} if risk.opened_at else {}),
                "date_modified": risk.updated_at,
                "tags": _tags(risk),
            }
            for risk, link in _newest(found)
        ],
    }
    return JsonResponse(feed, content_type="application/feed+json")


def _summary(risk: Any) -> str:
    parts = [risk.harm, risk.affected]
    parts += [f"{measure.title} ({measure.stage_label})" for measure in selectors.measures(risk)]
    return "\n\n".join(part for part in parts if part)


def _xml(text: str) -> str:
    """``text`` without the characters that XML 1.0 cannot hold: one of them would cost readers the whole feed."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)
