"""The safety report made by a real worker from a real broker, and what happens when the worker dies over it."""

import os
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from common import dispatch, jobs, tasks
from common.models import Job, OutboxDelivery
from governance.services import publish_release
from registry import services as registry
from reports import services
from reports.models import ReleasePackage, SafetyReport
from tests.celery_fixtures import wait_until
from tests.factories.registry import ArtifactFactory, ReleaseFactory
from tests.reports import scene

pytestmark = pytest.mark.worker


@pytest.fixture
def asked(transactional_db, family, release_manager, auditor, scope, quarter):
    scene.build(family, release_manager, risks=60, requests=10, incidents=6, reports=10)
    return services.request_report(scope, quarter, actor=auditor)


def state(report):
    return Job.objects.get(pk=report.job_id).state


def test_a_worker_makes_it_step_by_step(start_worker, asked):
    start_worker()
    dispatch.send(tasks.run_job, asked.job_id)
    seen = []

    def finished():
        row = Job.objects.get(pk=asked.job_id)
        seen.append(row.done)
        return not row.unfinished

    wait_until(finished, 90)
    report = SafetyReport.objects.get(pk=asked.pk)
    assert report.job.state == "succeeded", report.job.error
    assert len(scene.content_of(report)) == report.size
    assert len(set(seen)) > 2
    assert seen == sorted(seen)


@pytest.fixture
def published(transactional_db, family, release_manager):
    """A release that has just been published, with what is to be delivered not delivered yet."""
    draft = ReleaseFactory(family=family, version="3.0", created_by=release_manager)
    source = "---\nlicense: apache-2.0\n---\n# Pilot\n"
    registry.import_card(draft, actor=release_manager, source=source)
    ArtifactFactory(release=draft, path="model.safetensors", content=b"weights")
    return publish_release(draft, actor=release_manager)


def deliver():
    for pk in OutboxDelivery.objects.filter(subscriber="reports.subscribers.make_package").values_list("pk", flat=True):
        dispatch.send(tasks.deliver, pk)


def test_publishing_has_the_package_made_once(start_worker, published, auditor):
    worker = start_worker()
    for _again in range(3):
        deliver()
    wait_until(lambda: ReleasePackage.objects.made().filter(release=published).exists(), 60, worker.log.read_text)
    package = ReleasePackage.objects.get(release=published)
    assert (str(package.requested_by), package.manifest["model"]["revision"]) == ("Report worker", published.revision)
    wait_until(lambda: Job.objects.get(pk=package.job_id).state == "succeeded", 20)
    OutboxDelivery.objects.filter(subscriber="reports.subscribers.make_package").update(state="pending", done_at=None)
    deliver()
    wait_until(lambda: not OutboxDelivery.objects.filter(state="pending").exists(), 20, worker.log.read_text)
    assert ReleasePackage.objects.filter(release=published).count() == 1


def test_a_package_that_could_not_be_made_shows_and_can_be_run_again(start_worker, published, auditor, client):
    # A file lies where the folder of its packages has to be, so the worker cannot store the archive.
    in_the_way = Path(default_storage.path(f"packages/{published.pk}"))
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.write_text("")
    worker = start_worker()
    deliver()
    wait_until(
        lambda: Job.objects.filter(kind="reports.release_package", state="failed").exists(), 60, worker.log.read_text
    )
    client.force_login(auditor)
    page = reverse("reports:package_work", args=[published.pk])
    assert "Run again" in client.get(page).content.decode()
    in_the_way.unlink()
    package = ReleasePackage.objects.get(release=published)
    client.post(reverse("reports:package_rerun", args=[package.pk]))
    dispatch.send(tasks.run_job, package.job_id)
    wait_until(lambda: ReleasePackage.objects.get(pk=package.pk).is_made, 60, worker.log.read_text)


def test_a_worker_killed_over_it(start_worker, asked, monkeypatch):
    """The child is killed while it lays out pages; another attempt makes the report of the data frozen before."""
    worker = start_worker()
    dispatch.send(tasks.run_job, asked.job_id)
    wait_until(lambda: Job.objects.get(pk=asked.job_id).done >= 2, 60, worker.log.read_text)
    frozen = SafetyReport.objects.get(pk=asked.pk).data_sha256
    assert frozen
    children = subprocess.run(["pgrep", "-P", str(worker.process.pid)], capture_output=True, text=True, check=True)
    for child in children.stdout.split():
        os.kill(int(child), signal.SIGKILL)
    monkeypatch.setattr(jobs, "SILENT_AFTER", timedelta(seconds=3))
    wait_until(lambda: jobs.sweep() == [asked.job_id])
    dispatch.send(tasks.run_job, asked.job_id)
    wait_until(lambda: state(asked) == "succeeded", 90, worker.log.read_text)
    report = SafetyReport.objects.get(pk=asked.pk)
    assert (report.job.attempts, report.data_sha256) == (2, frozen)
