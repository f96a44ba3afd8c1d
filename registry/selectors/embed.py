"""Rows of another table as part of the row they belong to, so that a page about one thing is one query."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, Model, OuterRef, QuerySet
from django.db.models.functions import Cast, JSONObject

from common.models import AuditEvent

HISTORY_SHOWN = 20

Row = TypeVar("Row", bound=Model)


def embedded(rows: QuerySet[Any], *columns: str, **named: Any) -> ArraySubquery:
    """``rows`` (tied to the outer row with ``OuterRef``) as an array of objects, for ``annotate``."""
    return ArraySubquery(rows.values(embedded_row=JSONObject(**{name: name for name in columns}, **named)))


def revive(model: type[Row], values: dict[str, Any]) -> Row:
    """An instance of ``model`` from an embedded row. Columns it did not carry are deferred; names that are
    no columns become plain attributes."""
    fields = [field for field in model._meta.concrete_fields if field.attname in values]
    row: Row = model.from_db(
        "default", [field.attname for field in fields], [field.to_python(values[field.attname]) for field in fields]
    )
    for name in values.keys() - {field.attname for field in fields}:
        setattr(row, name, values[name])
    return row


def revived(model: type[Row], rows: Iterable[dict[str, Any]] | None) -> list[Row]:
    return [revive(model, values) for values in rows or ()]


def prefetched(row: Model, name: str, rows: Iterable[Model], model: type[Model]) -> None:
    """Leave ``rows`` on ``row`` as what its relation ``name`` holds: whoever asks finds them without a query."""
    known: Any = model._default_manager.none()
    known._result_cache, known._prefetch_done = list(rows), True
    row.__dict__.setdefault("_prefetched_objects_cache", {})[name] = known


def embedded_history(model: type[Model]) -> ArraySubquery:
    """The newest that is on record about a row of ``model``."""
    events = AuditEvent.objects.filter(
        object_type=model._meta.label_lower, object_id=Cast(OuterRef("pk"), CharField())
    ).order_by("-pk")
    return embedded(events[:HISTORY_SHOWN], "id", "at", "actor_label", "verb", "before", "after", "evidence")


def history_of(row: Any) -> list[AuditEvent]:
    """The events that ``embedded_history`` put into ``history_rows``."""
    return revived(AuditEvent, row.history_rows)
