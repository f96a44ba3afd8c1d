"""The audit trail: who did what to which object, written in the transaction of the change itself."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from common import context
from common.actors import Actor
from common.models import AuditEvent

_encode = DjangoJSONEncoder()
_gathered: ContextVar[list[AuditEvent] | None] = ContextVar("gathered_audit_events", default=None)


def record(
    actor: Actor,
    verb: str,
    obj: models.Model,
    *,
    before: Any = None,
    after: Any = None,
    on_behalf_of: Actor | None = None,
    **evidence: Any,
) -> AuditEvent:
    """Put on record that ``actor`` did ``verb`` to ``obj``.

    ``verb`` is dotted: app.model.what. Raises ``RuntimeError`` outside a transaction, where the event
    and the change it tells of could part.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{verb} must be recorded in the transaction of the change.")
    event = _event(actor, verb, obj, before, after, evidence)
    if on_behalf_of:
        event.on_behalf_of_id, event.on_behalf_of_label = on_behalf_of.pk, str(on_behalf_of)[:254]
    together = _gathered.get()
    if together is None:
        event.save(force_insert=True)
    else:
        together.append(event)
    return event


@contextmanager
def gathered() -> Iterator[None]:
    """Write what is put on record inside in one statement, at the end of the block and in the same order.

    Until then no trail shows it, so nothing inside may look for it, and nothing inside may be tried and given up:
    an event cannot know that its savepoint was rolled back. An error that leaves the block writes nothing.
    """
    if _gathered.get() is not None:
        yield
        return
    token = _gathered.set([])
    try:
        yield
        AuditEvent.objects.bulk_create(_gathered.get() or [])
    finally:
        _gathered.reset(token)


def record_all(
    actor: Actor, verb: str, changes: Iterable[tuple[models.Model, Any, Any]], **evidence: Any
) -> list[AuditEvent]:
    """Put the same act on record for many rows at once: each with what it was before and what it is after."""
    if not connection.in_atomic_block:
        raise RuntimeError(f"{verb} must be recorded in the transaction of the change.")
    return AuditEvent.objects.bulk_create(
        [_event(actor, verb, obj, before, after, evidence) for obj, before, after in changes], batch_size=500
    )


def _event(actor: Actor, verb: str, obj: models.Model, before: Any, after: Any, evidence: Any) -> AuditEvent:
    return AuditEvent(
        actor_id=actor.pk,
        actor_label=str(actor)[:254],
        verb=verb,
        object_type=obj._meta.label_lower,
        object_id=str(obj.pk),
        object_label=str(obj)[:300],
        before=_plain(before),
        after=_plain(after),
        evidence=_plain(evidence),
        request_id=context.request_id.get(),
    )


def trail(obj: models.Model) -> models.QuerySet[AuditEvent]:
    """Everything on record about ``obj``, newest first."""
    return AuditEvent.objects.filter(object_type=obj._meta.label_lower, object_id=str(obj.pk))


def _plain(value: Any) -> Any:
    """``value`` as JSON can hold it; a model instance becomes its number and label."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, models.Model):
        return {"id": value.pk, "label": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value) if hasattr(value, "__html__") else _encode_default(value)


def _encode_default(value: Any) -> Any:
    try:
        return _encode.default(value)
    except TypeError:
        return str(value)
