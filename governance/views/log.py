"""The public decision log: for everybody, without an account."""

import csv
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common.pages import keyset_page
from governance import selectors
from governance.forms import DecisionFilterForm
from governance.models import Decision
from governance.serializers import decision_document

COLUMNS = (
    *("reference", "permalink", "stage", "title", "outcome", "stops_holding_when", "review_by"),
    *("decided_as", "decided_on", "published_at", "annulled_at", "annulment_reason"),
)


def _found(request: HttpRequest) -> tuple[DecisionFilterForm, Any]:
    """The filter form and the published decisions it leaves; a filter that makes no sense leaves all."""
    form = DecisionFilterForm(request.GET, families=selectors.families_with_decisions(request.user))
    rows = selectors.decisions_for(request.user).published()
    if form.is_valid():
        if words := form.cleaned_data["q"]:
            rows = rows.search(words)
        if family := form.cleaned_data["family"]:
            rows = rows.filter(family=family)
    return form, rows


@require_safe
def decision_list(request: HttpRequest) -> HttpResponse:
    form, rows = _found(request)
    page = keyset_page(rows, request, order=("-published_at", "-pk"))
    context = {
        "filter_form": form,
        "decisions": page,
        "filtered": any(request.GET.get(name) for name in ("q", "family")),
    }
    return render(request, "governance/decision_list.html", context)


@require_safe
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    found = _decision(request, pk)
    return render(
        request,
        "governance/decision_detail.html",
        {"decision": found, "who": selectors.decided_by(found, request.user)},
    )


def _decision(request: HttpRequest, pk: int) -> Decision:
    return get_object_or_404(selectors.decision_details_for(request.user), pk=pk)


@require_safe
def decision_json(request: HttpRequest, pk: int) -> HttpResponse:
    return JsonResponse(decision_document(_decision(request, pk), request.user), json_dumps_params={"indent": 1})


@require_safe
def decision_markdown(request: HttpRequest, pk: int) -> HttpResponse:
    """The record in the MADR form, for people who keep decisions beside their code."""
    found = _decision(request, pk)
    context = {"decision": found, "permalink": f"{settings.BASE_URL}{found.get_absolute_url()}"}
    text = render_to_string("governance/decision.md", context)
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")


@require_safe
def decision_feed(request: HttpRequest) -> HttpResponse:
    """The newest fifty published decisions as Atom; takes the same filters as the list."""
    _form, rows = _found(request)
    newest = list(rows.order_by("-published_at", "-pk")[:50])
    here = settings.BASE_URL + reverse("governance:decision_list")
    feed = Atom1Feed(
        title=_("%s: decisions") % settings.PORTAL_NAME,
        link=here,
        description=_("Decisions about the models released here, with their reasons."),
        feed_url=settings.BASE_URL + request.get_full_path(),
        feed_guid=here,
    )
    for each in newest:
        link = settings.BASE_URL + each.get_absolute_url()
        feed.add_item(
            title=_xml(str(each)),
            link=link,
            unique_id=link,
            description=_xml(each.outcome),
            pubdate=each.published_at,
            updateddate=each.updated_at,
            author_name=each.get_decided_as_display(),
            categories=[_xml(each.family.name), each.get_stage_display()],
        )
    return HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


def _xml(text: str) -> str:
    """``text`` without the characters that XML 1.0 cannot hold: one of them would cost readers the whole feed."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)


@require_safe
def decision_csv(request: HttpRequest) -> StreamingHttpResponse:
    """All published decisions that the filters leave, streamed, so that their number does not matter."""
    _form, rows = _found(request)
    lines = _csv(rows.order_by("-published_at", "-pk"))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="decisions.csv"'
    return response


class _Echo:
    def write(self, line: str) -> str:
        return line


def _csv(rows: Any) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(["model_family", *COLUMNS])
    for each in rows.iterator(chunk_size=500):
        values: dict[str, Any] = {name: getattr(each, name, "") for name in COLUMNS}
        values["permalink"] = settings.BASE_URL + each.get_absolute_url()
        for name in ("published_at", "annulled_at"):
            values[name] = values[name].strftime("%Y-%m-%dT%H:%M:%SZ") if values[name] else ""
        yield writer.writerow([_cell(each.family.repo_id), *(_cell(values[name]) for name in COLUMNS)])


def _cell(value: Any) -> str:
    """A value as a spreadsheet must take it: text that begins like a formula stays text."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
