"""From frozen data to the bytes of a PDF: tagged (PDF/UA-1), with its data attached, the same bytes every time.

Nothing is fetched: the only files the renderer may read are our own style sheet and font. All dates in
the file are the end of the period, never the clock.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import weasyprint
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from common.fonts import ITALIC_SOURCE, SOURCE
from reports import charts
from reports.metrics import BANDS, BY_KEY, CATEGORIES, DECIDED_WITHIN, METRICS, STAGES
from reports.models import SafetyReport
from reports.scope import Period

# Longer tables are cut here; the whole is in the attached data. A page holds about 30 rows.
PRINTED_ROWS = 200
VARIANT = "pdf/ua-1"


class OwnFiles(URLFetcher):
    """Hands the renderer our own fonts by name, and refuses every other address."""

    FILES = {"own:public-sans.ttf": SOURCE, "own:public-sans-italic.ttf": ITALIC_SOURCE}

    def __init__(self) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        if url not in self.FILES:
            raise ValueError(f"A report reads no address, and was asked for {url[:100]}")
        return URLFetcherResponse(url, Path(self.FILES[url]).read_bytes(), {"Content-Type": "font/ttf"})


@cache
def style() -> str:
    found = finders.find("css/report.css")
    if not found:
        raise FileNotFoundError("static/css/report.css")
    return Path(str(found)).read_text()


def html_of(report: SafetyReport, data: dict[str, Any]) -> str:
    """The report as HTML. Made from the frozen data alone, in one language, whatever the worker's is."""
    with translation.override("en"):
        return render_to_string("reports/safety_report.html", context_of(report, data))


def context_of(report: SafetyReport, data: dict[str, Any]) -> dict[str, Any]:
    figures = data["figures"]
    return {
        "report": report,
        "data": data,
        "period": report.period,
        "summary": _summary(data),
        "attention": _attention(data),
        "lead": {name: figures[key]["text"] for name, key in LEAD.items()},
        "groups": {name: _table(figures, name) for name in ("releases", "risks", "access", "misuse", "decisions")},
        "incident_flow": _rows(
            figures,
            [
                f"incidents.{name}"
                for name in ("unresolved_before", "opened", "reopened", "resolved", "unresolved", "total")
            ],
        ),
        "bands": [
            {
                "band": each.value,
                "word": each.label,
                **{kind: figures[f"risks.{kind}.{each.value}"]["text"] for kind in ("inherent", "current")},
            }
            for each in reversed(BANDS)
        ],
        "severities": [
            {"word": word, "cells": [figures[f"incidents.{name}.{stage.value}"]["text"] for stage in STAGES]}
            for name, word in (
                *((each.value, each.label) for each in reversed(BANDS)),
                ("unrated", translation.gettext("Not rated")),
            )
        ],
        "stages": [stage.label for stage in STAGES],
        # Reports from before scales had versions say nothing of one.
        "scale": data.get("scale"),
        "heat": charts.risk_heat(data["heat"], data.get("scale")) if data["heat"] else "",
        # Reports from before publishers chose have all.
        "risk_fields": data.get("risk_fields", ["inherent", "residual", "current", "mitigations"]),
        "severity_chart": charts.incidents_by_severity(figures),
        "decision_chart": charts.time_to_decision(figures),
        "risks": data["risks"][:PRINTED_ROWS],
        "incidents": data["incidents"][:PRINTED_ROWS],
        "lessons": [each for each in data["incidents"] if each["lessons"]],
        "files": [{**file, "release": each["name"]} for each in data["releases"] for file in each["files"]][
            :PRINTED_ROWS
        ],
        "cut": PRINTED_ROWS,
        **bars(figures),
        "dictionary": [{"metric": metric, "text": figures[metric.key]["text"]} for metric in METRICS],
        "band_words": {each.value: each.label for each in BANDS},
    }


def _rows(figures: dict[str, Any], keys: list[str]) -> list[dict[str, Any]]:
    return [{"key": key, "label": BY_KEY[key].label, "text": figures[key]["text"]} for key in keys]


def _table(figures: dict[str, Any], group: str) -> list[dict[str, Any]]:
    """The plain figures of a group: those that no chart or table of the chapter shows anyway."""
    elsewhere = ("risks.inherent.", "risks.current.", "access.decided_in.", "misuse.category.")
    keys = [metric.key for metric in METRICS if metric.group == group and not metric.key.startswith(elsewhere)]
    return _rows(figures, keys)


def bars(figures: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The tables that stand beside the charts."""
    decided = [*(f"access.decided_in.{days}d" for days in DECIDED_WITHIN), "access.decided_in.longer"]
    return {
        "decided": _rows(figures, decided),
        "categories": _rows(figures, [f"misuse.category.{each.value}" for each in CATEGORIES]),
    }


LEAD = {
    "risks": "risks.open",
    "critical": "risks.current.critical",
    "requests": "access.submitted",
    "incidents": "incidents.unresolved",
}
AREAS = {
    "releases": _("Releases"),
    "risks": _("Risks"),
    "access": _("Access"),
    "incidents": _("Incidents"),
    "misuse": _("Misuse reports"),
    "decisions": _("Decisions"),
}
SUMMARY = (
    *("releases.live", "risks.open", "risks.current.critical", "risks.current.high", "access.submitted"),
    *("access.median_seconds", "incidents.opened", "incidents.unresolved", "misuse.received", "decisions.published"),
)


def _summary(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "area": AREAS[BY_KEY[key].group],
            "label": BY_KEY[key].label,
            "text": data["figures"][key]["text"],
            "before": data["before"][key]["text"],
        }
        for key in SUMMARY
    ]


def _attention(data: dict[str, Any]) -> list[str]:
    """What a reader must not overlook, in sentences; only what there is."""
    figures, gettext = data["figures"], translation.gettext
    critical = figures["incidents.critical.open"]["value"] + figures["incidents.critical.contained"]["value"]
    worst = [risk for risk in data["risks"] if (risk["now"] or {}).get("band") == "critical"]
    lines = [gettext("Critical risk %(reference)s: %(title)s.") % risk for risk in worst[:5]]
    if critical:
        lines.append(gettext("Unresolved critical incidents: %s.") % critical)
    for key, words in (
        ("misuse.unanswered", gettext("Misuse reports without an answer: %s.")),
        ("access.waiting", gettext("Requests for access that wait for a decision: %s.")),
        ("decisions.review_overdue", gettext("Decisions in force whose review is overdue: %s.")),
        ("risks.unassessed_residual", gettext("Open risks not assessed again after mitigation: %s.")),
    ):
        if figures[key]["value"]:
            lines.append(words % figures[key]["text"])
    return lines


def layout(html: str) -> weasyprint.Document:
    fonts, fetcher = FontConfiguration(), OwnFiles()
    css = weasyprint.CSS(string=style(), url_fetcher=fetcher, font_config=fonts)
    return weasyprint.HTML(string=html, base_url="own:", url_fetcher=fetcher).render(
        stylesheets=[css], font_config=fonts, pdf_variant=VARIANT, pdf_tags=True
    )


def write(document: weasyprint.Document, data: bytes, period: Period) -> bytes:
    """The PDF with ``data`` attached. The attachment's dates are given, or it would carry the clock."""
    attachment = weasyprint.Attachment(
        string=data.decode(),
        name="data.json",
        description="Every figure and list of this report",
        relationship="Data",
        created=period.ends,
        modified=period.ends,
        url_fetcher=OwnFiles(),
    )
    target = io.BytesIO()
    with _fonts_dated(period):
        document.write_pdf(target, pdf_variant=VARIANT, pdf_tags=True, attachments=[attachment])
    return target.getvalue()


@contextmanager
def _fonts_dated(period: Period) -> Iterator[None]:
    """fontTools cuts our variable font down and writes the clock into it, unless this variable gives another time."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(period.ends.timestamp()))
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
