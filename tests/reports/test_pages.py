import datetime as dt
import hashlib
import json

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from common.models import Job
from common.workspace import items
from reports.forms import presets
from reports.models import SafetyReport
from tests.factories.reports import SafetyReportFactory


def job(state, user, **values):
    return Job.objects.create(
        kind="reports.safety_report", state=state, requested_by=user, queued_at=timezone.now(), **values
    )


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_public_list_costs_one_query(rows, client, family, auditor, django_assert_num_queries):
    SafetyReportFactory.create_batch(rows, family=family, published=True, requested_by=auditor)
    with django_assert_num_queries(1):
        page = client.get(reverse("reports:report_list")).content.decode()
    assert page.count('class="row-title"') == min(rows, 25)


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_work_list_costs_the_same(rows, browser, family, auditor, django_assert_num_queries):
    for _ in range(rows):
        SafetyReportFactory(family=family, requested_by=auditor, job=job("queued", auditor))
    client = browser(auditor)
    # session, user, roles, rows, what waits in the sidebar
    with django_assert_num_queries(5):
        page = client.get(reverse("reports:report_work")).content.decode()
    assert page.count('class="row-title"') == min(rows, 25)


def test_case_page_costs_little(browser, family, auditor, django_assert_max_num_queries):
    report = SafetyReportFactory(family=family, requested_by=auditor, made=True, job=job("succeeded", auditor))
    client = browser(auditor)
    with django_assert_max_num_queries(8):
        assert client.get(report.get_workspace_url()).status_code == 200


def test_a_draft_is_for_those_who_report(client, browser, family, auditor, stranger):
    report = SafetyReportFactory(family=family, requested_by=auditor, made=True)
    for name in ("report", "report_pdf", "report_data"):
        path = reverse(f"reports:{name}", args=[report.pk])
        assert client.get(path).status_code == 404
        assert browser(stranger).get(path).status_code == 404
        response = browser(auditor).get(path)
        assert response.status_code == 200
        # Read to its end, or the file stays open.
        assert b"".join(response)
    assert report.title not in client.get(reverse("reports:report_list")).content.decode()


def test_what_is_downloaded_has_the_digest_on_the_page(client, family, auditor):
    report = SafetyReportFactory(family=family, requested_by=auditor, published=True)
    page = client.get(report.get_absolute_url()).content.decode()
    response = client.get(reverse("reports:report_pdf", args=[report.pk]))
    digest = hashlib.sha256(b"".join(response.streaming_content)).hexdigest()
    assert digest in page
    assert response["ETag"] == f'"{digest}"'
    assert response["Content-Type"] == "application/pdf"
    assert "public" in response["Cache-Control"]


def test_ask_for_a_report(browser, family, auditor):
    client = browser(auditor)
    new = reverse("reports:report_new")
    assert "Last quarter" in client.get(new).content.decode()
    response = client.post(new, {"subject": f"family-{family.pk}", "preset": "last_quarter"})
    report = SafetyReport.objects.get()
    assert response.url == report.get_workspace_url()
    assert (report.family, report.job.state) == (family, "queued")
    twice = client.post(new, {"subject": f"family-{family.pk}", "preset": "last_quarter"})
    assert twice.status_code == 422
    assert "is being made for this period already" in twice.content.decode()


def test_a_period_of_my_own_takes_its_last_day(browser, family, auditor):
    client = browser(auditor)
    own = {"subject": f"family-{family.pk}", "preset": "custom", "first_day": "2028-02-01", "last_day": "2028-02-29"}
    with time_machine.travel("2028-03-05"):
        client.force_login(auditor)
        assert client.post(reverse("reports:report_new"), own).status_code == 302
    report = SafetyReport.objects.get()
    assert (report.period_start, report.period_end) == (dt.date(2028, 2, 1), dt.date(2028, 3, 1))


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ({}, "Choose the days of your own period"),
        ({"first_day": "2026-02-01"}, "Choose the days of your own period"),
        ({"first_day": "2026-02-02", "last_day": "2026-02-01"}, "before the first"),
        ({"first_day": "2026-02-30", "last_day": "2026-03-01"}, "valid date"),
        ({"first_day": "2026-02-01", "last_day": "2999-03-01"}, "not end after today"),
    ],
)
def test_a_senseless_period_is_explained(days, words, browser, family, auditor):
    asked = {"subject": f"family-{family.pk}", "preset": "custom", **days}
    response = browser(auditor).post(reverse("reports:report_new"), asked)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not SafetyReport.objects.exists()


@pytest.mark.parametrize(
    ("today", "name", "start", "end"),
    [
        ("2026-01-01", "last_month", "2025-12-01", "2026-01-01"),
        ("2026-01-01", "last_quarter", "2025-10-01", "2026-01-01"),
        ("2026-01-01", "last_half", "2025-07-01", "2026-01-01"),
        ("2026-01-01", "last_year", "2025-01-01", "2026-01-01"),
        ("2026-07-31", "last_month", "2026-06-01", "2026-07-01"),
        ("2026-07-31", "last_quarter", "2026-04-01", "2026-07-01"),
        ("2026-07-31", "last_half", "2026-01-01", "2026-07-01"),
        ("2028-02-29", "last_quarter", "2027-10-01", "2028-01-01"),
        ("2028-02-29", "last_year", "2027-01-01", "2028-01-01"),
        ("2028-02-29", "this_year", "2028-01-01", "2028-03-01"),
        ("2026-12-31", "last_quarter", "2026-07-01", "2026-10-01"),
        ("2026-12-31", "this_year", "2026-01-01", "2027-01-01"),
    ],
)
def test_presets(today, name, start, end):
    found = {known: period for known, _label, period in presets(dt.date.fromisoformat(today))}
    assert (str(found[name].start), str(found[name].end)) == (start, end)


class TestProgress:
    def test_the_page_polls_while_it_runs_and_survives_a_reload(self, browser, family, auditor):
        running = job("running", auditor, done=2, total=5, message="Laying out the pages")
        report = SafetyReportFactory(family=family, requested_by=auditor, job=running)
        client = browser(auditor)
        for _ in range(2):
            page = client.get(report.get_workspace_url()).content.decode()
            assert f'hx-get="{reverse("reports:report_job", args=[report.pk])}"' in page
            assert "Laying out the pages" in page
            assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page

    def test_a_poll_gets_the_part_alone_and_stops_when_it_is_over(self, browser, family, auditor):
        row = job("running", auditor, done=1, total=5)
        report = SafetyReportFactory(family=family, requested_by=auditor, job=row)
        client, path = browser(auditor), reverse("reports:report_job", args=[report.pk])
        part = client.get(path, headers={"HX-Request": "true"})
        assert part.status_code == 200
        assert "<html" not in part.content.decode()
        Job.objects.filter(pk=row.pk).update(state="succeeded")
        over = client.get(path, headers={"HX-Request": "true"})
        assert (over.status_code, over["HX-Refresh"]) == (286, "true")
        assert "hx-get" not in over.content.decode()
        assert client.get(path).url == report.get_workspace_url()

    def test_a_failure_says_why_and_can_be_run_again(self, browser, family, auditor):
        failed = job("failed", auditor, error="The worker stopped three times while doing this.")
        report = SafetyReportFactory(family=family, requested_by=auditor, job=failed)
        client = browser(auditor)
        page = client.get(report.get_workspace_url()).content.decode()
        assert "stopped three times" in page
        assert "Run again" in page
        assert client.post(reverse("reports:report_rerun", args=[report.pk])).url == report.get_workspace_url()
        failed.refresh_from_db()
        assert failed.state == "queued"
        again = client.post(reverse("reports:report_rerun", args=[report.pk]), follow=True)
        assert "Only a failed job can be run again" in again.content.decode()

    def test_the_workspace_counts_what_runs_and_what_failed(self, family, auditor, reviewer, risk_owner):
        for state in ("queued", "running", "failed", "succeeded"):
            SafetyReportFactory(family=family, requested_by=auditor, job=job(state, auditor))

        def count(user):
            return {item.name: item.count for item in items(user)}.get("reports")

        assert (count(auditor), count(reviewer), count(risk_owner)) == (3, 0, None)


def test_publication(browser, client, family, auditor, release_manager):
    report = SafetyReportFactory(family=family, requested_by=auditor, made=True)
    path = reverse("reports:report_publication", args=[report.pk])
    assert browser(auditor).get(path).status_code == 403
    manager = browser(release_manager)
    assert "Publish the report" in manager.get(path).content.decode()
    assert manager.post(path).status_code == 302
    assert client.get(report.get_absolute_url()).status_code == 200
    assert manager.post(path).status_code == 409


def test_the_model_page_names_its_reports(family, auditor, rf):
    from django.contrib.auth.models import AnonymousUser

    from common.panels import render

    report = SafetyReportFactory(family=family, requested_by=auditor, published=True)
    request = rf.get("/")
    request.user = AnonymousUser()
    assert report.title in str(render("registry.family", request, family))


class TestApi:
    def send(self, client, path, body=None, **headers):
        return client.post(path, json.dumps(body or {}), "application/json", headers=headers)

    def test_ask_follow_and_download(self, browser, family, auditor, release_manager):
        from common import jobs

        client = browser(auditor)
        asked = {"family": family.pk, "period_start": "2026-04-01", "period_end": "2026-07-01"}
        made = self.send(client, "/api/v1/safety-reports/", asked, **{"Idempotency-Key": "a-key-of-mine"})
        assert made.status_code == 202, made.content
        again = self.send(client, "/api/v1/safety-reports/", asked, **{"Idempotency-Key": "a-key-of-mine"})
        assert (again.json()["id"], again.status_code) == (made.json()["id"], 202)
        path, number = f"/api/v1/safety-reports/{made.json()['id']}/", made.json()["job"]["id"]
        assert client.get(f"/api/v1/jobs/{number}/").json()["state"] == "queued"
        assert client.get(f"{path}pdf/").status_code == 404
        assert self.send(client, f"{path}rerun/").status_code == 409
        jobs.run(number)
        assert client.get(f"/api/v1/jobs/{number}/").json()["state"] == "succeeded"
        body = client.get(path).json()
        response = client.get(f"{path}pdf/")
        assert hashlib.sha256(b"".join(response.streaming_content)).hexdigest() == body["sha256"]
        assert hashlib.sha256(client.get(f"{path}data/").content).hexdigest() == body["data_sha256"]
        assert body["pdf_url"].endswith(f"{path}pdf/")
        assert self.send(client, f"{path}publication/").status_code == 403
        assert self.send(browser(release_manager), f"{path}publication/").json()["stage"] == "published"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"period_start": "2026-04-01", "period_end": "2026-07-01"},
            {"family": 1, "publisher": 1, "period_start": "2026-04-01", "period_end": "2026-07-01"},
            {"family": 10**9, "period_start": "2026-04-01", "period_end": "2026-07-01"},
            {"family": "F", "period_start": "2026-07-01", "period_end": "2026-07-01"},
            {"family": "F", "period_start": "yesterday", "period_end": "2026-07-01"},
        ],
    )
    def test_senseless_requests(self, wrong, browser, family, auditor):
        asked = {name: family.pk if value == "F" else value for name, value in wrong.items()}
        response = self.send(browser(auditor), "/api/v1/safety-reports/", asked)
        assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")

    def test_figures_are_for_those_who_report(self, browser, client, family, auditor, stranger, release):
        query = {"family": family.pk, "from": "2026-04-01", "to": "2026-07-01"}
        assert client.get("/api/v1/figures/", query).status_code == 401
        assert browser(stranger).get("/api/v1/figures/", query).status_code == 403
        assert browser(auditor).get("/api/v1/figures/", query).status_code == 200
        assert browser(auditor).get("/api/v1/figures/", {**query, "to": "2026-04-01"}).status_code == 400

    def test_jobs_of_others_do_not_exist(self, browser, auditor, reviewer, stranger, family):
        report = SafetyReportFactory(family=family, requested_by=auditor, job=job("queued", auditor))
        mine = job("queued", stranger)
        path = f"/api/v1/jobs/{report.job_id}/"
        assert browser(stranger).get(path).status_code == 404
        assert browser(reviewer).get(path).status_code == 200
        assert [row["id"] for row in browser(stranger).get("/api/v1/jobs/").json()["results"]] == [mine.pk]

    @pytest.mark.parametrize("rows", [1, 3])
    def test_list_costs_the_same(self, rows, browser, family, auditor, django_assert_num_queries):
        for _ in range(rows):
            SafetyReportFactory(family=family, requested_by=auditor, made=True, job=job("succeeded", auditor))
        client = browser(auditor)
        # session, user, roles, rows
        with django_assert_num_queries(4):
            assert len(client.get("/api/v1/safety-reports/?page_size=200").json()["results"]) == rows
