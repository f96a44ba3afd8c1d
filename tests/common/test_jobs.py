import os
import signal
import socket
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.utils import timezone
from kombu import pools

import tests.worker_kinds  # noqa: F401 -- registers the kinds here as well
from common import audit, dispatch, jobs, tasks
from common.lifecycle import Refused
from common.models import Heartbeat, Job
from tests.celery_fixtures import wait_until


@pytest.fixture
def log(tmp_path):
    return tmp_path / "starts"


@pytest.fixture
def enqueue(auditor, log):
    def act(**payload):
        return jobs.enqueue("tests.steps", actor=auditor, payload={"log": str(log), **payload})

    return act


def fresh(job):
    return Job.objects.get(pk=job.pk)


def starts(log):
    return Path(log).read_text().split() if Path(log).exists() else []


@contextmanager
def broker_at(url):
    """The broker at another address for a while."""
    app, before = current_app._get_current_object(), current_app.conf.broker_url

    def turn_to(address):
        app.conf.update(broker_url=address, broker_write_url=address, broker_read_url=address)
        pools.reset()
        app._pool = None
        app.amqp._producer_pool = None

    turn_to(url)
    try:
        yield
    finally:
        turn_to(before)


def nowhere():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{free.getsockname()[1]}/0"


class TestRow:
    def test_enqueue_is_a_row_and_on_record(self, enqueue, auditor):
        job = enqueue()
        assert (job.state, job.requested_by) == ("queued", auditor)
        assert audit.trail(job).get().verb == "common.job.enqueue"

    def test_an_unknown_kind_is_refused(self, auditor):
        with pytest.raises(ValueError, match="No work"):
            jobs.enqueue("tests.unknown", actor=auditor, payload={})

    def test_run_does_the_work_once(self, enqueue, log):
        job = enqueue()
        jobs.run(job.pk)
        jobs.run(job.pk)
        job = fresh(job)
        assert (job.state, job.result, job.attempts) == ("succeeded", {"answer": 42}, 1)
        assert len(starts(log)) == 1

    def test_a_failure_is_shown_with_its_reason(self, enqueue):
        job = enqueue(fail="There is nothing to report.")
        jobs.run(job.pk)
        assert (fresh(job).state, fresh(job).error) == ("failed", "There is nothing to report.")

    def test_our_own_mistakes_are_shown_without_their_inside(self, enqueue):
        job = enqueue(crash=True)
        jobs.run(job.pk)
        assert "ZeroDivisionError" in fresh(job).error
        assert "Traceback" not in fresh(job).error

    def test_run_again_is_for_failed_jobs(self, enqueue, auditor):
        job = enqueue(fail="No.")
        with pytest.raises(Refused):
            jobs.run_again(job, actor=auditor)
        jobs.run(job.pk)
        again = jobs.run_again(job, actor=auditor)
        assert (again.state, again.error, again.attempts) == ("queued", "", 0)
        assert audit.trail(job).first().verb == "common.job.run_again"

    def test_a_worker_given_up_for_dead_touches_nothing(self, enqueue):
        job = enqueue()
        now = timezone.now()
        Job.objects.filter(pk=job.pk).update(state="running", attempts=1, started_at=now, heartbeat_at=now)
        zombie = jobs.Progress(fresh(job))
        Job.objects.filter(pk=job.pk).update(started_at=now + timedelta(seconds=1))
        with pytest.raises(jobs.JobTakenOver):
            zombie(1, 2)
        jobs._finish(zombie.job, "failed", error="from the grave")
        assert (fresh(job).state, fresh(job).error, fresh(job).done) == ("running", "", 0)


class TestSweep:
    def test_a_fresh_job_is_left_alone(self, enqueue):
        enqueue()
        assert jobs.sweep() == []

    def test_a_lost_message_is_rung_for_again(self, enqueue):
        job = enqueue()
        Job.objects.filter(pk=job.pk).update(queued_at=timezone.now() - jobs.RESEND_AFTER)
        assert jobs.sweep() == [job.pk]

    def test_a_silent_job_is_queued_again_and_a_lively_one_is_not(self, enqueue):
        silent, lively = enqueue(), enqueue()
        now = timezone.now()
        Job.objects.update(state="running", attempts=1, started_at=now, heartbeat_at=now)
        Job.objects.filter(pk=silent.pk).update(heartbeat_at=now - jobs.SILENT_AFTER - timedelta(seconds=1))
        assert jobs.sweep() == [silent.pk]
        assert (fresh(silent).state, fresh(lively).state) == ("queued", "running")

    def test_a_job_that_keeps_killing_its_worker_is_given_up_in_words(self, enqueue):
        job = enqueue()
        long_ago = timezone.now() - jobs.SILENT_AFTER - timedelta(seconds=1)
        Job.objects.update(state="running", attempts=jobs.ATTEMPTS, started_at=long_ago, heartbeat_at=long_ago)
        assert jobs.sweep() == []
        assert fresh(job).state == "failed"
        assert "three times" in fresh(job).error
        assert fresh(job).finished_at is not None


@pytest.mark.worker
class TestWorker:
    def test_a_worker_does_it_and_shows_how_far_it_is(self, celery_worker, enqueue):
        job = enqueue(seconds=0.7)
        seen = set()

        def finished():
            row = fresh(job)
            seen.add((row.state, row.done, row.message))
            return not row.unfinished

        wait_until(finished)
        assert ("running", 1, "Step 2") in seen
        assert fresh(job).result == {"answer": 42}

    def test_a_worker_killed_in_mid_job(self, celery_worker, enqueue, log, monkeypatch):
        """The child that works is killed; the job is noticed, queued again and done by the next child."""
        job = enqueue(seconds=60)
        wait_until(lambda: starts(log) and fresh(job).state == "running")
        os.kill(int(starts(log)[0]), signal.SIGKILL)
        monkeypatch.setattr(jobs, "SILENT_AFTER", timedelta(seconds=3))
        wait_until(lambda: jobs.sweep() == [job.pk])
        assert dispatch.send(tasks.run_job, job.pk)
        wait_until(lambda: fresh(job).state == "succeeded", explain=celery_worker.log.read_text)
        assert (fresh(job).attempts, len(starts(log))) == (2, 2)

    def test_a_whole_worker_that_vanishes(self, start_worker, enqueue, log, monkeypatch):
        """Power cut: no one left to hand the message back. Another worker does the job all the same."""
        first = start_worker()
        job = enqueue(seconds=60)
        wait_until(lambda: starts(log) and fresh(job).state == "running")
        first.kill()
        second = start_worker()
        monkeypatch.setattr(jobs, "SILENT_AFTER", timedelta(seconds=3))
        wait_until(lambda: jobs.sweep() == [job.pk])
        dispatch.send(tasks.run_job, job.pk)
        wait_until(lambda: fresh(job).state == "succeeded", explain=second.log.read_text)

    def test_a_long_silent_step_is_not_taken_for_a_death(self, celery_worker, enqueue, log, monkeypatch):
        """The work says nothing for five seconds; its process still shows that it lives."""
        job = enqueue(seconds=5, total=1)
        wait_until(lambda: fresh(job).state == "running")
        monkeypatch.setattr(jobs, "SILENT_AFTER", timedelta(seconds=2))
        time.sleep(3.5)
        assert jobs.sweep() == []
        wait_until(lambda: fresh(job).state == "succeeded")
        assert len(starts(log)) == 1

    def test_two_workers_and_a_message_sent_five_times(self, start_worker, enqueue, log):
        start_worker(concurrency=2)
        job = enqueue(seconds=0.3)
        for _ in range(5):
            dispatch.send(tasks.run_job, job.pk)
        wait_until(lambda: fresh(job).state == "succeeded")
        time.sleep(0.5)
        assert len(starts(log)) == 1

    def test_broker_away_when_it_is_asked_for(self, start_worker, enqueue, log):
        """The page is answered at once, the job waits, and the sweeper brings it to a worker later."""
        with broker_at(nowhere()):
            begun = time.monotonic()
            job = enqueue()
            assert time.monotonic() - begun < 3
        assert fresh(job).state == "queued"
        start_worker()
        time.sleep(1)
        assert starts(log) == []
        Job.objects.filter(pk=job.pk).update(queued_at=timezone.now() - jobs.RESEND_AFTER)
        dispatch.send(tasks.sweep_jobs)
        wait_until(lambda: fresh(job).state == "succeeded")


@pytest.mark.worker
def test_two_beats_and_one_schedules(start_worker, start_beat):
    """The second stands by, and takes over when the first is killed."""
    start_worker()
    first = start_beat()
    first.wait_for("this one schedules")
    second = start_beat()
    second.wait_for("stands by")
    # The first heartbeat comes after one interval of the schedule.
    wait_until(lambda: Heartbeat.objects.filter(name="beat").exists(), 40)
    assert not second.said("this one schedules")
    first.kill()
    second.wait_for("this one schedules", 20)
    killed = timezone.now()
    wait_until(lambda: Heartbeat.objects.get(name="beat").at > killed, 40, second.log.read_text)


@pytest.mark.worker
def test_a_beat_outlives_an_outage_of_the_database(start_beat, door, database_url):
    """It lost the lock and says so, stops scheduling, and queues up again by itself."""
    beat = start_beat(DATABASE_URL=database_url)
    beat.wait_for("this one schedules")
    door.shut()
    beat.wait_for("lost the database", 20)
    beat.wait_for("PostgreSQL is away", 20)
    assert beat.log.read_text().count("this one schedules") == 1
    door.open()
    wait_until(lambda: beat.log.read_text().count("this one schedules") == 2, 20, beat.log.read_text)
