"""Long work: a row that a page can show and a worker can claim.

The row is the truth and the broker only a bell: a job whose message was lost, or whose worker died, is
found by the sweeper and rung for again. Claiming is one compare-and-set, so ringing twice is harmless.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
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
SILENT_AFTER = timedelta(minutes=6)
ATTEMPTS = 3


class JobFailed(Exception):
    """The work cannot be done as asked; the message is shown to the person who asked for it."""


def job(kind: str) -> Callable[[Work], Work]:
    """Register the decorated function as the work of jobs of ``kind``. It must be safe to run twice."""

    def add(work: Work) -> Work:
        _kinds[kind] = work
        return work

    return add


class Progress:
    """A running job's way to say how far it is. Every call is also its sign of life."""

    def __init__(self, row: Job) -> None:
        self.job = row
        self.payload = row.payload

    def __call__(self, done: int, total: int, message: str = "") -> None:
        Job.objects.filter(pk=self.job.pk).update(
            done=done, total=total, message=message[:300], heartbeat_at=timezone.now()
        )


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
    try:
        result = _kinds[row.kind](Progress(row)) or {}
    except JobFailed as failure:
        _finish(row, Job.State.FAILED, error=str(failure))
    except Exception as error:
        log.exception("Job %s (%s) failed", row.pk, row.kind)
        words = _("Something went wrong on our side (%(kind)s). Run it again; if it fails again, tell support.")
        _finish(row, Job.State.FAILED, error=words % {"kind": type(error).__name__})
    else:
        _finish(row, Job.State.SUCCEEDED, result=result)


def _finish(row: Job, state: str, *, error: str = "", result: dict[str, Any] | None = None) -> None:
    # The attempt is part of the condition: a worker that was given up for dead must not overwrite
    # what the next one has done.
    Job.objects.filter(pk=row.pk, state=Job.State.RUNNING, attempts=row.attempts).update(
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
