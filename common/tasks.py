from celery import shared_task
from django.utils import timezone

from common import dispatch, events, jobs
from common.models import Heartbeat

# What a sweeper sends is sent again at its next round for as long as it is needed.
SENT_AGAIN = 60


@shared_task
def deliver(delivery_id: int) -> None:
    events.run_delivery(delivery_id)


@shared_task
def run_job(job_id: int) -> None:
    jobs.run(job_id)


@shared_task
def sweep_outbox() -> None:
    for pk in events.waiting():
        dispatch.send(deliver, pk, expires=SENT_AGAIN)


@shared_task
def sweep_jobs() -> None:
    for pk in jobs.sweep():
        dispatch.send(run_job, pk, expires=SENT_AGAIN)


@shared_task
def beat_heartbeat() -> None:
    """Shows that beat schedules, the broker carries and a worker works."""
    Heartbeat.objects.update_or_create(name="beat", defaults={"at": timezone.now()})
