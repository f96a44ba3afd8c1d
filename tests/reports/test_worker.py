"""The safety report made by a real worker from a real broker, and what happens when the worker dies over it."""

import os
import signal
import subprocess
from datetime import timedelta

import pytest

from common import dispatch, jobs, tasks
from common.models import Job
from reports import services
from reports.models import SafetyReport
from tests.celery_fixtures import wait_until
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
