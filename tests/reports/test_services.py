import datetime as dt
import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from common import audit, jobs
from common.lifecycle import Refused
from common.models import Job, OutboxEvent
from reports import services
from reports.models import SafetyReport
from reports.scope import Period, Scope
from tests.factories.incidents import MisuseReportFactory
from tests.factories.reports import SafetyReportFactory
from tests.reports import scene
from tests.reports.scene import content_of


@pytest.fixture
def small(family, release_manager):
    """Enough to have a page of everything, and quick to lay out."""
    scene.build(family, release_manager, risks=3, requests=4, incidents=3, reports=4)
    return family


@pytest.fixture
def asked(small, scope, quarter, auditor):
    return services.request_report(scope, quarter, actor=auditor)


def fresh(report):
    return SafetyReport.objects.get(pk=report.pk)


@pytest.mark.parametrize("who", ["auditor", "release_manager", "reviewer"])
def test_request_report_queues_a_job(who, scope, quarter, request):
    actor = request.getfixturevalue(who)
    report = services.request_report(scope, quarter, actor=actor)
    assert (report.stage, report.job.state, report.job.payload) == ("draft", "queued", {"report": report.pk})
    assert report.title == "Pilot 7B, 1 Apr 2026 to 30 Jun 2026"
    assert audit.trail(report).get().verb == "reports.safetyreport.request"


@pytest.mark.parametrize("who", ["risk_owner", "incident_handler", "administrator", "stranger", "researcher"])
def test_request_report_is_for_those_who_report(who, scope, quarter, request):
    with pytest.raises(PermissionDenied):
        services.request_report(scope, quarter, actor=request.getfixturevalue(who))
    assert not Job.objects.exists()


def test_a_role_for_one_family_does_not_reach_the_publisher(publisher, family, quarter, researcher):
    from accounts.roles import Role
    from accounts.services import assign_role, service_account

    assign_role(researcher, Role.AUDITOR, family, actor=service_account("Set-up"))
    services.request_report(Scope(family=family), quarter, actor=researcher)
    with pytest.raises(PermissionDenied):
        services.request_report(Scope(publisher=publisher), quarter, actor=researcher)


def test_request_report_refuses_the_future_and_the_endless(scope, auditor):
    today = timezone.now().date()
    day = dt.timedelta(days=1)
    services.request_report(scope, Period(today, today + day), actor=auditor)
    with pytest.raises(Refused) as refused:
        services.request_report(scope, Period(today, today + 2 * day), actor=auditor)
    assert refused.value.field == "last_day"
    with pytest.raises(Refused, match="five years"):
        services.request_report(scope, Period(today - 2000 * day, today), actor=auditor)


def test_request_report_refuses_what_is_being_made(asked, scope, quarter, auditor):
    with pytest.raises(Refused, match=asked.reference):
        services.request_report(scope, quarter, actor=auditor)


def test_the_job_makes_the_report(asked):
    jobs.run(asked.job_id)
    report = fresh(asked)
    assert report.job.state == "succeeded", report.job.error
    content = content_of(report)
    assert content.startswith(b"%PDF-1.7")
    assert (len(content), report.job.result["pages"]) == (report.size, report.pages)
    assert services.hashlib.sha256(content).hexdigest() == report.sha256
    assert services.hashlib.sha256(services.data_bytes(report.data)).hexdigest() == report.data_sha256
    assert audit.trail(report).filter(verb="reports.safetyreport.make").count() == 1


def test_making_it_twice_changes_nothing(asked, family):
    jobs.run(asked.job_id)
    before = fresh(asked)
    MisuseReportFactory(family=family, received_at=dt.datetime(2026, 5, 1, tzinfo=dt.UTC))
    assert services.make_report(asked.pk, lambda *args: None)["sha256"] == before.sha256
    after = fresh(asked)
    assert (after.data, after.made_at, after.pdf.name) == (before.data, before.made_at, before.pdf.name)


def test_a_second_attempt_goes_on_with_the_frozen_data(asked, family, monkeypatch):
    """The renderer fails after the data was frozen; what is recorded meanwhile does not slip into the report."""
    from reports import pdf

    layout = pdf.layout
    monkeypatch.setattr(pdf, "layout", lambda html: 1 / 0)
    jobs.run(asked.job_id)
    failed = fresh(asked)
    assert (failed.job.state, failed.sha256) == ("failed", "")
    assert "ZeroDivisionError" in failed.job.error
    MisuseReportFactory(family=family, received_at=dt.datetime(2026, 5, 1, tzinfo=dt.UTC))
    monkeypatch.setattr(pdf, "layout", layout)
    services.run_report_again(failed, actor=failed.requested_by)
    jobs.run(asked.job_id)
    made = fresh(asked)
    assert (made.job.state, made.data_sha256) == ("succeeded", failed.data_sha256)


def test_the_same_data_gives_the_same_bytes(asked):
    from reports import pdf

    jobs.run(asked.job_id)
    report = fresh(asked)
    again = pdf.write(pdf.layout(pdf.html_of(report, report.data)), services.data_bytes(report.data), report.period)
    assert services.hashlib.sha256(again).hexdigest() == report.sha256


def test_run_report_again_is_for_those_who_report_and_for_failed_jobs(asked, auditor, incident_handler):
    with pytest.raises(PermissionDenied):
        services.run_report_again(asked, actor=incident_handler)
    with pytest.raises(Refused):
        services.run_report_again(asked, actor=auditor)


def test_publish_report_needs_a_file_and_a_release_manager(family, auditor, reviewer, release_manager):
    draft = SafetyReportFactory(family=family, requested_by=auditor)
    with pytest.raises(Refused, match="not been made"):
        services.publish_report(draft, actor=release_manager)
    made = SafetyReportFactory(family=family, requested_by=auditor, made=True)
    for actor in (auditor, reviewer):
        with pytest.raises(PermissionDenied):
            services.publish_report(made, actor=actor)
    published = services.publish_report(made, actor=release_manager)
    assert (published.stage, published.published_by) == ("published", release_manager)
    assert audit.trail(made).first().evidence["sha256"] == made.sha256
    assert OutboxEvent.objects.filter(name="reports.safetyreport.published").count() == 1


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE reports_safetyreport SET data = '{{}}' WHERE id = {pk}",
        "UPDATE reports_safetyreport SET sha256 = repeat('0', 64) WHERE id = {pk}",
        "UPDATE reports_safetyreport SET period_end = '2027-01-01' WHERE id = {pk}",
        "UPDATE reports_safetyreport SET title = 'Better times' WHERE id = {pk}",
        "UPDATE reports_safetyreport SET pdf = 'other.pdf' WHERE id = {pk}",
        "DELETE FROM reports_safetyreport WHERE id = {pk}",
        "TRUNCATE reports_safetyreport",
    ],
)
def test_a_made_report_cannot_be_changed_in_the_database(sql, family):
    report = SafetyReportFactory(family=family, made=True)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match=r"has been made|append-only"), transaction.atomic():
            cursor.execute(sql.format(pk=report.pk))


def test_a_published_report_stays_published(family):
    report = SafetyReportFactory(family=family, published=True)
    with pytest.raises(DatabaseError, match="for good"), transaction.atomic():
        SafetyReport.objects.filter(pk=report.pk).update(stage="draft")


def test_a_report_has_one_subject_and_a_file_before_it_is_published(family, publisher):
    with pytest.raises(DatabaseError, match="one_subject"), transaction.atomic():
        SafetyReportFactory(family=family, publisher=publisher)
    with pytest.raises(DatabaseError, match="has_a_file"), transaction.atomic():
        SafetyReportFactory(family=family, published=True, sha256="")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_report(asked):
    """Both may compute; the data is frozen once, and one PDF is stored."""
    results, gate = [], threading.Barrier(2)

    def make():
        gate.wait()
        try:
            results.append(services.make_report(asked.pk, lambda *args: None))
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert results[0] == results[1]
    assert audit.trail(asked).filter(verb="reports.safetyreport.make").count() == 1
