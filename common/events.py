"""Domain events: what one app did, told to those above it that want to know.

``emit`` stores the event and one delivery for every subscriber in the transaction of the change;
Celery delivers. A subscriber runs in a transaction of its own together with the mark that it ran, so
what it writes to the database happens once, however often a worker dies in between.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from common.dispatch import after_commit
from common.models import OutboxDelivery, OutboxEvent

Handler = Callable[[OutboxEvent], None]
_subscribers: dict[str, dict[str, Handler]] = defaultdict(dict)

_gathered: ContextVar[list[OutboxEvent] | None] = ContextVar("gathered_outbox_events", default=None)

ATTEMPTS = 12


def subscribe(name: str) -> Callable[[Handler], Handler]:
    """Call the decorated function for every event called ``name``."""

    def add(handler: Handler) -> Handler:
        _subscribers[name][f"{handler.__module__}.{handler.__qualname__}"] = handler
        return handler

    return add


def emit(name: str, obj: models.Model, **payload: Any) -> OutboxEvent:
    """Store that ``name`` happened to ``obj``. Payloads carry numbers and stages, never form answers."""
    event = OutboxEvent(name=name, object_type=obj._meta.label_lower, object_id=str(obj.pk), payload=payload)
    together = _gathered.get()
    if together is None:
        _store([event])
    else:
        together.append(event)
    return event


@contextmanager
def gathered() -> Iterator[None]:
    """Store what is emitted inside in one go at the end of the block, in the same order.

    Nothing inside may be tried and given up: see ``audit.gathered``.
    """
    if _gathered.get() is not None:
        yield
        return
    token = _gathered.set([])
    try:
        yield
        _store(_gathered.get() or [])
    finally:
        _gathered.reset(token)


def _store(events: list[OutboxEvent]) -> None:
    from common.tasks import deliver  # noqa: PLC0415 -- tasks call this module

    OutboxEvent.objects.bulk_create(events)
    deliveries = OutboxDelivery.objects.bulk_create(
        OutboxDelivery(event=event, subscriber=subscriber)
        for event in events
        for subscriber in _subscribers.get(event.name, ())
    )
    for delivery in deliveries:
        after_commit(deliver, delivery.pk)


def run_delivery(pk: int) -> None:
    """Deliver one event to one subscriber, or note why it failed and when to try again."""
    try:
        with transaction.atomic():
            delivery = (
                OutboxDelivery.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("event")
                .filter(pk=pk, state=OutboxDelivery.State.PENDING)
                .first()
            )
            if delivery is None:
                return
            _subscribers[delivery.event.name][delivery.subscriber](delivery.event)
            delivery.state, delivery.done_at = OutboxDelivery.State.DONE, timezone.now()
            delivery.save(update_fields=["state", "done_at"])
    except Exception as error:
        _postpone(pk, error)
        raise


def _postpone(pk: int, error: Exception) -> None:
    delivery = OutboxDelivery.objects.get(pk=pk)
    delivery.attempts += 1
    delivery.last_error = f"{type(error).__name__}: {error}"[:2000]
    if delivery.attempts >= ATTEMPTS:
        delivery.state = OutboxDelivery.State.FAILED
    delivery.due_at = timezone.now() + timedelta(seconds=min(3600, 10 * 2**delivery.attempts))
    delivery.save(update_fields=["attempts", "last_error", "state", "due_at"])


def waiting(limit: int = 500) -> list[int]:
    """Numbers of the deliveries that are due and that nobody has taken."""
    due = OutboxDelivery.objects.filter(state=OutboxDelivery.State.PENDING, due_at__lte=timezone.now())
    return list(due.order_by("due_at").values_list("pk", flat=True)[:limit])
