"""Every figure in the PDF equals the API's answer for the same period, and the file is what it says it is."""

import hashlib
import io
import json
import re
import subprocess
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.test import Client
from pypdf import PdfReader

from access.models import AccessRequest
from accounts.roles import Role
from accounts.services import assign_role, service_account
from common import jobs
from incidents.models import Incident
from reports import pdf, services
from reports.metrics import BY_KEY
from reports.models import SafetyReport
from reports.scope import Period, Scope
from tests.factories.accounts import UserFactory
from tests.factories.registry import ModelFamilyFactory, PublisherFactory
from tests.reports import scene


@pytest.fixture(scope="module")
def quarterly(django_db_setup, django_db_blocker, tmp_path_factory):
    """One report of a full quarter for the tests that only look at it, with what the API says about the same period.

    Laying it out takes seconds, so it is made once, in a transaction that is taken back at the end.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        publisher = PublisherFactory(slug="harbour-lab", name="Harbour Lab")
        family = ModelFamilyFactory(publisher=publisher, slug="pilot-7b", name="Pilot 7B")
        auditor = UserFactory(email="auditor@example.org", display_name="Auditor")
        assign_role(auditor, Role.AUDITOR, publisher, actor=service_account("Set-up"))
        scene.build(family, UserFactory(email="release.manager@example.org", display_name="Release manager"))
        made = services.request_report(Scope(family=family), Period(scene.START, scene.END), actor=auditor)
        jobs.run(made.job_id)
        made = SafetyReport.objects.get(pk=made.pk)
        assert made.job.state == "succeeded", made.job.error
        client = Client()
        client.force_login(auditor)

        def ask(start, end):
            response = client.get("/api/v1/figures/", {"family": family.pk, "from": str(start), "to": str(end)})
            assert response.status_code == 200
            return response.json()["figures"]

        path = tmp_path_factory.mktemp("report") / "report.pdf"
        path.write_bytes(scene.content_of(made))
        words = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
        private = [
            *AccessRequest.objects.values_list("purpose", flat=True),
            *Incident.objects.values_list("title", flat=True),
        ]
        yield SimpleNamespace(
            report=made,
            text=words,
            answers=ask(scene.START, scene.END),
            before=ask("2025-12-31", scene.START),
            html=pdf.html_of(made, made.data),
            private=private,
        )
        transaction.set_rollback(True)


@pytest.fixture
def report(quarterly):
    return quarterly.report


@pytest.fixture
def answers(quarterly):
    return quarterly.answers


@pytest.fixture
def text(quarterly):
    return quarterly.text


FIGURE = r"n/a|\d+(?: (?:d|h|min|s))?(?: \d+ (?:h|min))?"


def _chapter(text, first, last):
    """Lines between two headings, each of which stands alone on its line."""
    lines = [line.strip() for line in text.splitlines()]
    heads = [re.sub(r"\s+", " ", line) for line in lines]
    return lines[heads.index(first) : heads.index(last)]


def test_annex_a_holds_every_figure_and_each_equals_the_api(text, answers):
    found = {}
    for line in _chapter(text, "A Every figure, and what it means", "B Files of the releases"):
        if match := re.match(rf"([a-z]+\.[a-z0-9_.]+)\s+({FIGURE})\s", line):
            found[match[1]] = match[2]
    assert found == {key: figure["text"] for key, figure in answers.items()}


@pytest.mark.parametrize(
    ("first", "last", "groups"),
    [
        ("2 Releases", "3 Risks", ["releases"]),
        ("4 Access", "5 Incidents and misuse reports", ["access"]),
        ("5 Incidents and misuse reports", "6 Decisions and their reasons", ["misuse"]),
        ("6 Decisions and their reasons", "7 Lessons learned", ["decisions"]),
    ],
)
def test_each_chapter_prints_the_same_figures(first, last, groups, text, answers):
    """Wherever a label of the dictionary is followed by a figure, it is the API's."""
    lines = _chapter(text, first, last)
    for key, figure in answers.items():
        if BY_KEY[key].group not in groups:
            continue
        label = re.escape(str(BY_KEY[key].label))
        shown = [
            match[1] for line in lines if (match := re.search(rf"(?:^|\s\s){label}\s\s+({FIGURE})(?:\s\s|$)", line))
        ]
        assert shown, f"{key} is not printed in its chapter"
        assert set(shown) == {figure["text"]}, key


def test_tables_by_level_severity_and_stage_equal_the_api(text, answers):
    risks = _chapter(text, "3 Risks", "4 Access")
    for band in ("critical", "high", "moderate", "low"):
        row = next(line for line in risks if re.search(rf"(?:^|\s){band.capitalize()}\s+\d+\s+\d+$", line))
        shown = row.split()[-2:]
        assert shown == [answers[f"risks.{kind}.{band}"]["text"] for kind in ("inherent", "current")]
    incidents = _chapter(text, "5 Incidents and misuse reports", "6 Decisions and their reasons")
    for severity, word in (
        ("critical", "Critical"),
        ("high", "High"),
        ("moderate", "Moderate"),
        ("low", "Low"),
        ("unrated", "Not rated"),
    ):
        row = next(line for line in incidents if re.fullmatch(rf"{word}\s+\d+\s+\d+\s+\d+\s+\d+", line))
        stages = ("open", "contained", "resolved", "closed")
        assert row.split()[-4:] == [answers[f"incidents.{severity}.{stage}"]["text"] for stage in stages]


def test_the_summary_shows_this_period_and_the_one_before(text, answers, quarterly):
    before = quarterly.before
    lines = _chapter(text, "1 Summary", "2 Releases")
    for key in pdf.SUMMARY:
        label = re.escape(str(BY_KEY[key].label))
        row = next(match for line in lines if (match := re.search(rf"{label}\s\s+({FIGURE})\s\s+({FIGURE})$", line)))
        assert [row[1], row[2]] == [answers[key]["text"], before[key]["text"]], key


def test_the_charts_show_the_figures(quarterly, answers):
    html = quarterly.html
    heat = re.search(r"<svg.*?</svg>", html, re.S)[0]
    counts = [int(n) for n in re.findall(r'font-size="18"[^>]*>(\d+)<', heat)]
    assert sum(counts) == answers["risks.open"]["value"]
    assert html.count("<svg") == html.count("<title>", html.index("<body")) == 3


def test_data_json_is_attached_and_is_what_everything_was_made_from(report):
    attached = PdfReader(io.BytesIO(scene.content_of(report))).attachments["data.json"][0]
    assert hashlib.sha256(attached).hexdigest() == report.data_sha256
    data = json.loads(attached)
    assert data["period"] == {
        "complete": True,
        "days": 91,
        "end": "2026-07-01",
        "last_day": "2026-06-30",
        "start": "2026-04-01",
    }
    assert b"." not in b"".join(re.findall(rb":(-?[0-9.e+]+)[,}]", attached)), "no number is a fraction"


def test_it_is_tagged_titled_and_bookmarked(report):
    reader = PdfReader(io.BytesIO(scene.content_of(report)))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == f"Safety report: {report.title}"
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert reader.metadata.creation_date.date() == report.period_end
    outline = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert [title.replace("\u2002", " ") for title in outline][-3:] == [
        "8 Limitations",
        "A Every figure, and what it means",
        "B Files of the releases",
    ]
    assert all(page["/Tabs"] == "/S" for page in reader.pages)


def test_the_contents_name_the_right_pages(text):
    pages = text.split("\f")
    for title in ("1 Summary", "3 Risks", "4 Access", "8 Limitations", "B Files of the releases"):
        number = int(re.search(rf"{title.replace(' ', chr(92) + 's+')}\s+(\d+)", pages[1])[1])
        heads = [re.sub(r"\s+", " ", line.strip()) for line in pages[number - 1].splitlines()]
        assert title in heads


def test_what_must_not_be_told_is_not_in_it(quarterly, report, text):
    """Neither the printed pages nor the attached data say who asked, or what an incident tells about people."""
    data = services.data_bytes(report.data).decode()
    assert quarterly.private
    assert [words for words in quarterly.private if words in text or words in data] == []


def test_a_hidden_risk_is_counted_and_not_named(filled, scope, quarter, auditor):
    from registry.models import Risk
    from tests.factories.registry import RiskFactory

    RiskFactory(
        family=filled,
        number=500,
        opened=True,
        is_public=False,
        title="A way around the filter",
        opened_at=scene.at(5, 1),
    )
    Risk.objects.filter(number=500).update(created_at=scene.at(5, 1))
    made = services.request_report(scope, quarter, actor=auditor)
    jobs.run(made.job_id)
    made.refresh_from_db()
    assert made.data["risks_not_listed"] == 1
    assert "A way around" not in services.data_bytes(made.data).decode()
    assert made.data["figures"]["risks.open"]["value"] == len(made.data["risks"]) + 1


def test_hostile_words_fetch_nothing_and_stay_words(filled, scope, quarter, auditor):
    """What people typed cannot make the renderer read a file or call an address."""
    from tests.factories.governance import DecisionFactory

    words = '<img src="file:///etc/passwd"><link rel=attachment href="file:///etc/passwd"><style>@import "http://127.0.0.1:1/x"</style>'
    DecisionFactory(
        family=filled, number=950, title=words[:190], context=words, published=True, published_at=scene.at(6, 1)
    )
    made = services.request_report(scope, quarter, actor=auditor)
    jobs.run(made.job_id)
    made.refresh_from_db()
    assert made.job.state == "succeeded", made.job.error
    reader = PdfReader(io.BytesIO(scene.content_of(made)))
    assert list(reader.attachments) == ["data.json"]
    assert "file:///etc/passwd" in "".join(page.extract_text() for page in reader.pages)


def test_the_renderer_reads_nothing_but_our_fonts():
    fetcher = pdf.OwnFiles()
    for url in ("http://127.0.0.1/", "file:///etc/passwd", "data:text/plain,x", "own:../settings.py"):
        with pytest.raises(ValueError, match="reads no address"):
            fetcher(url)


def test_an_empty_period_makes_a_report_too(family, scope, quarter, auditor):
    made = services.request_report(scope, quarter, actor=auditor)
    jobs.run(made.job_id)
    made.refresh_from_db()
    assert made.job.state == "succeeded", made.job.error
    assert "n/a" in "".join(page.extract_text() for page in PdfReader(io.BytesIO(scene.content_of(made))).pages)
