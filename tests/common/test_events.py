import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

import tests.worker_kinds  # noqa: F401 -- registers the subscriber here as well
from common import dispatch, events, tasks
from common.models import OutboxDelivery, OutboxEvent
from tests.celery_fixtures import wait_until
from tests.common.test_jobs import broker_at, nowhere


@pytest.fixture
def log(tmp_path):
    return tmp_path / "deliveries"


@pytest.fixture
def emit(publisher, log):
    def act(**payload):
        with transaction.atomic():
            return events.emit("tests.happened", publisher, log=str(log), **payload)

    return act


def tries(log):
    return len(log.read_text().splitlines()) if log.exists() else 0


def delivery(event):
    return OutboxDelivery.objects.get(event=event)


def test_an_event_without_subscribers_is_still_stored(publisher):
    event = events.emit("tests.nobody_listens", publisher)
    assert not event.deliveries.exists()


def test_what_is_rolled_back_has_not_happened(publisher, log):
    with transaction.atomic():
        events.emit("tests.happened", publisher, log=str(log))
        transaction.set_rollback(True)
    assert not OutboxEvent.objects.exists()


def test_delivered_once_however_often_it_is_rung_for(emit, log):
    event = emit()
    for _ in range(3):
        events.run_delivery(delivery(event).pk)
    assert (tries(log), delivery(event).state) == (1, "done")


def test_a_failing_subscriber_is_tried_again_later_and_then_given_up(emit, log):
    event = emit(failures=99)
    for attempt in range(1, events.ATTEMPTS + 1):
        with pytest.raises(RuntimeError):
            events.run_delivery(delivery(event).pk)
        assert delivery(event).attempts == attempt
        assert "not yet" in delivery(event).last_error
        assert delivery(event).due_at > timezone.now()
    assert delivery(event).state == "failed"
    assert events.waiting() == []


def test_waiting_lists_what_is_due(emit):
    event = emit()
    assert events.waiting() == [delivery(event).pk]
    OutboxDelivery.objects.update(due_at=timezone.now() + timedelta(seconds=30))
    assert events.waiting() == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_delivery(emit, log):
    event, gate = emit(), threading.Barrier(2)
    number = delivery(event).pk

    def run():
        gate.wait()
        try:
            events.run_delivery(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tries(log), delivery(event).state) == (1, "done")


@pytest.mark.worker
def test_a_worker_delivers(celery_worker, emit, log):
    event = emit()
    wait_until(lambda: delivery(event).state == "done", explain=celery_worker.log.read_text)
    assert tries(log) == 1


@pytest.mark.worker
def test_broker_away_when_it_happens(start_worker, emit, log):
    with broker_at(nowhere()):
        event = emit()
    assert delivery(event).state == "pending"
    start_worker()
    dispatch.send(tasks.sweep_outbox)
    wait_until(lambda: delivery(event).state == "done")
