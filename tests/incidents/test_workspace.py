"""The handlers' pages: who gets in, what they cost, what they do."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents import services
from incidents.models import Incident, MisuseReport
from tests.factories.incidents import (
    IncidentFactory,
    MisuseReportFactory,
    ReportAttachmentFactory,
    ReportMessageFactory,
)

pytestmark = pytest.mark.django_db


def signed_in(user):
    browser = Client()
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


@pytest.fixture
def handler(incident_handler):
    return signed_in(incident_handler)


@pytest.mark.parametrize("rows", [1, 3, 25])
def test_the_queue_costs_five_queries_however_long(rows, handler, family, incident_handler, django_assert_num_queries):
    MisuseReportFactory.create_batch(rows, family=family, triaged=True, owner=incident_handler)
    MisuseReportFactory()
    with django_assert_num_queries(5):
        page = handler.get("/workspace/misuse/").content.decode()
    assert page.count('class="row-title"') == min(rows + 1, 25)
    assert "missing:" not in page


def test_somebody_who_may_see_little_pays_no_more(stranger, family, django_assert_num_queries):
    MisuseReportFactory.create_batch(30, family=family)
    MisuseReportFactory()
    browser = signed_in(stranger)
    with django_assert_num_queries(5):
        page = browser.get("/workspace/misuse/?tab=all").content.decode()
    assert page.count('class="row-title"') == 1


@pytest.mark.parametrize("rows", [1, 3, 25])
def test_the_incident_list_costs_six_queries_however_long(rows, handler, family, django_assert_num_queries):
    for _ in range(rows):
        IncidentFactory(families=[family])
    with django_assert_num_queries(6):
        page = handler.get("/workspace/incidents/").content.decode()
    assert page.count('class="row-title"') == rows
    assert "missing:" not in page


@pytest.mark.parametrize("many", [1, 3])
def test_a_reports_page_costs_the_same_with_one_and_three_messages(many, handler, triaged, django_assert_num_queries):
    for _ in range(many):
        services.reply_as_reporter(triaged, body="More.", evidence=[SimpleUploadedFile("answer.txt", b"a")])
    with django_assert_num_queries(8):
        page = handler.get(triaged.get_absolute_url()).content.decode()
    assert "missing:" not in page
    assert page.count("answer.txt") == many


@pytest.mark.parametrize("many", [1, 3])
def test_an_incidents_page_costs_the_same_with_one_and_three_reports(
    many, handler, incident, family, incident_handler, django_assert_num_queries
):
    for report in MisuseReportFactory.create_batch(many, family=family):
        services.link_report(incident, report, actor=incident_handler)
    with django_assert_num_queries(7):
        page = handler.get(incident.get_absolute_url()).content.decode()
    assert page.count("MR-") >= many
    assert "missing:" not in page


def test_search_and_filters(handler, family, incident_handler):
    letters = MisuseReportFactory(family=family, what_happened="Letters that pretend to come from a savings bank.")
    other = MisuseReportFactory(
        family=family,
        what_happened="Voices cloned from a video.",
        category="privacy",
        triaged=True,
        owner=incident_handler,
    )

    def shown(**query):
        page = handler.get("/workspace/misuse/", {"tab": "all"} | query).content.decode()
        return {report for report in (letters, other) if f"{report.reference} ·" in page}

    assert shown(q="letter bank") == {letters}
    assert shown(q=other.reference.lower()) == {other}
    assert shown(q=letters.locator_text) == {letters}
    assert shown(q="' OR 1=1 --") == set()
    assert shown(category="privacy") == {other}
    assert shown(severity="high") == {other}
    assert shown(severity="none") == {letters}
    assert shown(owner="me") == {other}
    assert shown(owner="none") == {letters}
    assert shown(stage="received") == {letters}
    assert shown(stage="nonsense", cursor="nonsense") == {letters, other}


def test_triage_answer_and_close_through_the_page(handler, report, incident, incident_handler):
    page = handler.get(report.get_absolute_url()).content.decode()
    assert "Triage the report first" in page
    url = reverse("incidents:misuse_triage", args=[report.pk])
    wrong = handler.post(url, {"row_version": report.row_version, "owner": incident_handler.pk})
    assert wrong.status_code == 422
    assert "Choose how severe it is" in wrong.content.decode()
    assert "<title>Error:" in wrong.content.decode()
    given = {
        "row_version": report.row_version,
        "severity": "high",
        "owner": incident_handler.pk,
        "incident": incident.reference,
    }
    assert handler.post(url, given).status_code == 302
    late = handler.post(url, given)
    assert late.status_code == 422
    assert "Incident handler changed this while you were editing" in late.content.decode()
    assert (
        handler.post(reverse("incidents:misuse_answers", args=[report.pk]), {"body": "Thank you."}).status_code == 302
    )
    assert handler.post(reverse("incidents:misuse_notes", args=[report.pk]), {"body": "A note."}).status_code == 302
    page = handler.get(report.get_absolute_url()).content.decode()
    assert "Internal note: the reporter does not see this" in page
    assert incident.reference in page
    closure = reverse("incidents:misuse_closure", args=[report.pk])
    assert handler.post(closure, {"body": "Done."}).status_code == 422
    assert handler.post(closure, {"reason": "resolved", "body": "Done."}).status_code == 302
    reopening = reverse("incidents:misuse_reopening", args=[report.pk])
    assert handler.post(reopening, {"reason": "It is back."}).status_code == 302
    report.refresh_from_db()
    assert report.stage == "received"


def test_an_answer_costs_eleven_queries_with_its_audit_event(handler, triaged):
    with CaptureQueriesContext(connection) as counted:
        handler.post(reverse("incidents:misuse_answers", args=[triaged.pk]), {"body": "Thank you."})
    asked = [query["sql"] for query in counted if "SAVEPOINT" not in query["sql"]]
    assert len(asked) == 11, "\n".join(asked)


def test_contact_is_shown_on_request_to_handlers_only(handler, auditor, release):
    from common.actors import ANONYMOUS_REPORTER
    from tests.incidents.conftest import ANSWERS

    report = services.file_report(actor=ANONYMOUS_REPORTER, contact="canary-contact", **ANSWERS).report
    for path in ("/workspace/misuse/?tab=all", report.get_absolute_url()):
        assert "canary-contact" not in handler.get(path).content.decode()
    url = reverse("incidents:misuse_contact", args=[report.pk])
    assert signed_in(auditor).post(url).status_code == 403
    assert "canary-contact" in handler.post(url).content.decode()
    assert handler.get(url).status_code == 405


def test_a_file_is_a_download_that_runs_nowhere(handler, stranger, report):
    attachment = ReportAttachmentFactory(report=report, content=b"<script>alert(1)</script>", name='x".txt')
    url = reverse("incidents:misuse_attachment", args=[report.pk, attachment.pk])
    response = handler.get(url)
    assert b"".join(response.streaming_content) == b"<script>alert(1)</script>"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Type"] == "text/plain"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert signed_in(stranger).get(url).status_code == 404
    other = MisuseReportFactory()
    assert handler.get(reverse("incidents:misuse_attachment", args=[other.pk, attachment.pk])).status_code == 404
    assert Client().get(url).status_code == 302


def test_what_a_reporter_writes_stays_text(handler, report):
    ReportMessageFactory(report=report)
    MisuseReport.objects.filter(pk=report.pk).update(
        what_happened="<script>alert(1)</script>", link="javascript:alert(1)", model_text="{{ 7|add:7 }}"
    )
    page = handler.get(report.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_incident_pages_end_to_end(handler, family, release, report, incident_handler):
    new = f"{reverse('incidents:incident_new')}?report={report.reference}"
    page = handler.get(new).content.decode()
    assert f"{report.reference} will be linked to it" in page
    given = {
        "title": "Bank letters",
        "severity": "high",
        "owner": incident_handler.pk,
        "families": [family.pk],
        "releases": [release.pk],
    }
    assert handler.post(new, {"title": ""}).status_code == 422
    assert handler.post(new, given).status_code == 302
    incident = Incident.objects.get()
    assert list(incident.reports.all()) == [report]
    edit = reverse("incidents:incident_edit", args=[incident.pk])
    version = incident.row_version
    assert handler.post(edit, given | {"title": "Bank letters again", "row_version": version}).status_code == 302
    stale = handler.post(edit, given | {"title": "Mine", "row_version": version})
    assert stale.status_code == 422
    moves = reverse("incidents:incident_moves", args=[incident.pk])
    assert handler.post(moves, {"move": "contain", "reason": ""}).status_code == 422
    assert handler.post(moves, {"move": "contain", "reason": "The sender is blocked."}).status_code == 302
    incident.refresh_from_db()
    lessons = {"lessons": "Test letters.", "row_version": incident.row_version}
    assert handler.post(reverse("incidents:incident_lessons", args=[incident.pk]), lessons).status_code == 302
    reports = reverse("incidents:incident_reports", args=[incident.pk])
    assert "nothing with this number" in handler.post(reports, {"reference": "MR-999999"}).content.decode()
    page = handler.get(incident.get_absolute_url()).content.decode()
    for words in ("Bank letters again", "The sender is blocked.", "Test letters.", report.reference, "Contained"):
        assert words in page
    unlink = reverse("incidents:incident_unlinking", args=[incident.pk, report.pk])
    assert handler.post(unlink).status_code == 302
    assert not incident.reports.exists()


def test_panels_show_counts_and_incidents_where_they_may_be_seen(
    rf, family, report, incident, incident_handler, researcher
):
    from django.contrib.auth.models import AnonymousUser

    from common import panels
    from tests.factories.registry import RiskFactory

    MisuseReportFactory(family=family, closed=True)
    risk = RiskFactory(family=family)
    incident.risks.add(risk)
    request = rf.get("/")
    request.user = AnonymousUser()
    assert "<strong>1</strong>" in panels.render("registry.family", request, family)
    assert "of 2 reports filed" in panels.render("registry.family", request, family)
    assert incident.reference not in panels.render("registry.risk", request, risk)
    request.user = researcher
    assert incident.reference not in panels.render("registry.risk", request, risk)
    request.user = incident_handler
    assert incident.reference in panels.render("registry.risk", request, risk)
