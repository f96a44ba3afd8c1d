"""Every component in every state on one page: for the people who build pages, and for the tests."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from common.forms import BaseForm, CheckboxCards, DateInput, ManyUploadsField, RadioCards
from common.pages import Page

STAGES = [
    *("draft", "submitted", "received", "returned", "in_review", "triaged", "approved", "declined", "withdrawn"),
    *("published", "superseded", "open", "closed", "active", "suspended", "revoked", "expired", "answered"),
    *("planned", "in_progress", "done", "queued", "running", "succeeded", "failed", "mitigated", "accepted"),
]
BANDS = [(4, "low"), (9, "moderate"), (15, "high"), (25, "critical")]


class ExampleForm(BaseForm):
    kind = forms.ChoiceField(
        label=_("What kind of misuse is it?"),
        help_text=_("Pick the closest. You can explain below."),
        choices=[
            ("fraud", _("Fraud or impersonation")),
            ("threat", _("Threats or harassment")),
            ("cyber", _("Cyber attack")),
            ("other", _("Something else")),
        ],
        widget=RadioCards(
            hints={
                "fraud": _("Scams, phishing, cloned voices"),
                "threat": _("Abuse aimed at people or groups"),
                "cyber": _("Malware, exploit or intrusion help"),
                "other": _("Tell us in your own words"),
            },
            columns=2,
        ),
        error_messages={"required": _("Choose what kind of misuse this is")},
    )
    story = forms.CharField(
        label=_("Tell us what you saw"),
        help_text=_("Leave out names of people who were harmed."),
        widget=forms.Textarea,
        max_length=4000,
        min_length=20,
        error_messages={"required": _("Describe what happened in at least 20 characters")},
    )
    link = forms.URLField(label=_("Link to it"), required=False)
    seen = forms.DateField(label=_("When was it?"), required=False, widget=DateInput)
    severity = forms.ChoiceField(label=_("How bad is it?"), choices=[("1", _("Minor")), ("2", _("Major"))])
    count = forms.IntegerField(label=_("How often?"), required=False, min_value=1)
    touched = forms.MultipleChoiceField(
        label=_("Who does it touch?"),
        required=False,
        choices=[("child", _("Children")), ("worker", _("Workers")), ("public", _("The public"))],
        widget=CheckboxCards,
    )
    evidence = ManyUploadsField(
        label=_("Screenshots or files"),
        required=False,
        max_bytes=10_000_000,
        kinds={".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".pdf": "PDF", ".txt": _("text")},
    )
    agree = forms.BooleanField(
        label=_("I have read the terms"), error_messages={"required": _("Confirm that you have read the terms")}
    )


class FilterForm(BaseForm):
    q = forms.CharField(
        label=_("Name, organisation or number"), required=True, widget=forms.TextInput({"type": "search"})
    )
    tier = forms.ChoiceField(label=_("Tier"), choices=[("", _("All tiers")), ("2", _("Tier 2"))])


def example_matrix() -> dict[str, Any]:
    """A risk matrix in the shape that ``<c-matrix>`` draws, with an empty, a full and an overfull cell."""
    likelihoods = ["Almost certain", "Likely", "Possible", "Unlikely", "Rare"]
    severities = ["Negligible", "Minor", "Moderate", "Major", "Severe"]
    placed = {(4, 4): ["03"], (4, 3): ["01", "07"], (3, 3): ["04"], (2, 3): ["06"], (1, 5): ["02"]}
    placed[(2, 4)] = ["05", "08", "09", "10"]

    def cell(likelihood: int, severity: int) -> dict[str, Any]:
        score = likelihood * severity
        band = next(name for top, name in BANDS if score <= top)
        risks = [
            {"short": ref, "ref": f"R-{ref}", "title": "Targeted phishing text", "url": f"#R-{ref}"}
            for ref in placed.get((likelihood, severity), [])
        ]
        return {"score": score, "band": band, "risks": risks, "url": "#list"}

    return {
        "columns": severities,
        "rows": [
            {"label": label, "cells": [cell(5 - index, severity) for severity in range(1, 6)]}
            for index, label in enumerate(likelihoods)
        ],
        "x_label": "Severity",
        "y_label": "Likelihood",
        "legend": [
            {"range": "1–4", "band": "low"},
            {"range": "5–9", "band": "moderate"},
            {"range": "10–15", "band": "high"},
            {"range": "16–25", "band": "critical"},
        ],
    }


def example_job(state: str, **fields: Any) -> SimpleNamespace:
    known = {"done": 0, "total": 0, "message": "", "error": ""}
    return SimpleNamespace(state=state, get_state_display=state.capitalize(), **{**known, **fields})


def context(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    wrong = ExampleForm({"story": "Too short"}, prefix="wrong")
    wrong.add_error(None, _("This release was withdrawn while you were writing"))
    return {
        "stages": STAGES,
        "bands": BANDS,
        "matrix": example_matrix(),
        "empty_form": ExampleForm(prefix="fresh"),
        "wrong_form": wrong,
        "filter_form": FilterForm(auto_id="filter_%s"),
        "now": now,
        "soon": now + dt.timedelta(hours=5),
        "past": now - dt.timedelta(days=3),
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "page": Page([], "?cursor=next", "?cursor=previous"),
        "jobs": [
            example_job("queued"),
            example_job("running", done=7, total=20, message="Risks by level"),
            example_job("failed", error="The period has no releases. Choose a longer one."),
            example_job("succeeded", message="20 pages, 412 kB"),
        ],
        "steps": [
            {"label": _("Which model"), "state": "done", "href": "#one"},
            {"label": _("What happened"), "state": "current"},
            {"label": _("Evidence"), "state": "todo"},
            {"label": _("Check and send"), "state": "todo"},
        ],
        "breadcrumbs": [("/models/", _("Models")), ("", "Aurora 7B")],
        "prose": EXAMPLE_PROSE,
    }


EXAMPLE_PROSE = """# Intended use

Research on **refusal** and `calibration`; see [the paper](https://example.org/paper).

- Study, test and publish results
- Fine-tune for a named project

| Test | Score |
|---|---|
| Refusal of clearly harmful requests | 0.97 |

> Not for decisions about people.

![Chart of scores](https://elsewhere.example/chart.png) <script>alert(1)</script>
"""


@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    user = getattr(request, "user", None)
    if not settings.DEBUG and not (user is not None and user.is_superuser):
        raise Http404
    if "messages" in request.GET:
        messages.success(request, _("Access request AR-1042 was approved."))
        messages.warning(request, _("The grant ends in 5 days."))
        messages.error(request, _("The file could not be read."))
    template = {"public": "gallery/public.html", "errors": "gallery/errors.html"}.get(
        request.GET.get("page", ""), "gallery/index.html"
    )
    data = context(request)
    if request.GET.get("page") == "errors":
        data["form"] = data["wrong_form"]
    return render(request, template, data)
