"""Long work: a row that a page can show and a worker can claim.

The row is the truth and the broker only a bell: a job whose message was lost, or whose worker died, is
found by the sweeper and rung for again. Claiming is one compare-and-set, so ringing twice is harmless.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit
from common.dispatch import after_commit
from common.lifecycle import Refused
from common.models import Job

log = logging.getLogger(__name__)

Work = Callable[["Progress"], dict[str, Any]]
_kinds: dict[str, Work] = {}

RESEND_AFTER = timedelta(seconds=45)
# A running job shows a sign of life this often whatever it does, so silence means that its worker is gone.
BEAT_EVERY = timedelta(seconds=10)
SILENT_AFTER = timedelta(seconds=60)
ATTEMPTS = 3


class JobFailed(Exception):
    """The work cannot be done as asked; the message is shown to the person who asked for it."""


class JobTakenOver(Exception):
    """This worker was given up for dead and another one has the job: stop, and touch nothing more."""


def job(kind: str) -> Callable[[Work], Work]:
    """Register the decorated function as the work of jobs of ``kind``. It must be safe to run twice."""

    def add(work: Work) -> Work:
        _kinds[kind] = work
        return work

    return add


class Progress:
    """A running job's way to say how far it is. Every call is also its sign of life.

    Call it outside of transactions, or nobody sees it before they commit. Raises ``JobTakenOver`` when
    another worker has the job by now.
    """

    def __init__(self, row: Job) -> None:
        self.job = row
        self.payload = row.payload

    def __call__(self, done: int, total: int, message: str = "") -> None:
        if not self._touch(done=done, total=total, message=str(message)[:300]):
            raise JobTakenOver

    def _touch(self, **values: Any) -> bool:
        # The start tells this run from every other: a worker that was given up for dead must touch nothing.
        mine = Job.objects.filter(pk=self.job.pk, state=Job.State.RUNNING, started_at=self.job.started_at)
        return bool(mine.update(heartbeat_at=timezone.now(), **values))

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Show a sign of life from a thread while the work runs, which may be silent for minutes.

        The thread dies with its process, and a process that hangs is killed by its time limit.
        """
        over = threading.Event()

        def beat() -> None:
            try:
                while not over.wait(BEAT_EVERY.total_seconds()):
                    try:
                        self._touch()
                    except DatabaseError as error:
                        log.warning("Job %s could not show a sign of life: %s", self.job.pk, error)
                        connection.close()
            finally:
                connection.close()

        thread = threading.Thread(target=beat, name=f"job-{self.job.pk}-beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(timeout=5)


@transaction.atomic
def enqueue(kind: str, *, actor: Any, payload: dict[str, Any]) -> Job:
    """Store a job for the workers and ring for one once this transaction commits."""
    from common.tasks import run_job  # noqa: PLC0415 -- tasks call this module

    if kind not in _kinds:
        raise ValueError(f"No work is registered for {kind!r}.")
    row = Job.objects.create(kind=kind, payload=payload, requested_by=actor, queued_at=timezone.now())
    audit.record(actor, "common.job.enqueue", row, after=row.state, kind=kind)
    after_commit(run_job, row.pk)
    return row


@transaction.atomic
def run_again(row: Job, *, actor: Any) -> Job:
    """Queue a failed job once more. Raises ``Refused`` while it waits, runs or has succeeded."""
    from common.tasks import run_job  # noqa: PLC0415 -- tasks call this module

    row = Job.objects.select_for_update().get(pk=row.pk)
    if row.state != Job.State.FAILED:
        raise Refused(_("Only a failed job can be run again; this one is “%s”.") % row.get_state_display())
    before, row.state = row.state, Job.State.QUEUED
    row.attempts, row.done, row.total, row.message, row.error = 0, 0, 0, "", ""
    row.queued_at, row.started_at, row.finished_at = timezone.now(), None, None
    row.save()
    audit.record(actor, "common.job.run_again", row, before=before, after=row.state)
    after_commit(run_job, row.pk)
    return row


def run(pk: int) -> None:
    """Claim job ``pk`` and do its work; returns at once when another worker has it or it is finished."""
    now = timezone.now()
    claimed = Job.objects.filter(pk=pk, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING, started_at=now, heartbeat_at=now, attempts=F("attempts") + 1
    )
    if not claimed:
        return
    row = Job.objects.get(pk=pk)
    progress = Progress(row)
    try:
        with progress.beating():
            result = _kinds[row.kind](progress) or {}
    except JobTakenOver:
        log.warning("Job %s was taken over by another worker", row.pk)
    except SoftTimeLimitExceeded:
        _finish(row, Job.State.FAILED, error=_("It took longer than a job may. Ask for a smaller piece."))
    except JobFailed as failure:
        _finish(row, Job.State.FAILED, error=str(failure))
    except Exception as error:
        log.exception("Job %s (%s) failed", row.pk, row.kind)
        words = _("Something went wrong on our side (%(kind)s). Run it again; if it fails again, tell support.")
        _finish(row, Job.State.FAILED, error=words % {"kind": type(error).__name__})
    else:
        _finish(row, Job.State.SUCCEEDED, result=result)


def _finish(row: Job, state: str, *, error: str = "", result: dict[str, Any] | None = None) -> None:
    # The start is part of the condition: a worker that was given up for dead must not overwrite
    # what the next one has done.
    Job.objects.filter(pk=row.pk, state=Job.State.RUNNING, started_at=row.started_at).update(
        state=state, error=error, result=result or {}, finished_at=timezone.now(), message=""
    )


def sweep() -> list[int]:
    """Find jobs nobody works on, give up those that keep killing their worker, return the rest to ring for."""
    now = timezone.now()
    silent = Q(state=Job.State.RUNNING, heartbeat_at__lt=now - SILENT_AFTER)
    Job.objects.filter(silent, attempts__gte=ATTEMPTS).update(
        state=Job.State.FAILED,
        error=_("The worker stopped three times while doing this. Run it again, or ask for a smaller piece."),
        finished_at=now,
    )
    Job.objects.filter(silent).update(state=Job.State.QUEUED, queued_at=now - RESEND_AFTER)
    lost = Job.objects.filter(state=Job.State.QUEUED, queued_at__lte=now - RESEND_AFTER)
    return list(lost.order_by("queued_at").values_list("pk", flat=True)[:200])
