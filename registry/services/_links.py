"""Rows with links to other rows: fields and links change together, as one version and one audit event."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils.translation import gettext as _

from common import audit
from common.editing import refuse_stale
from common.lifecycle import Refused
from registry.services import _store

Row = TypeVar("Row", bound=models.Model)
Links = dict[str, list[Any]]


def of_family(family: Any, rows: Iterable[Any], *, field: str) -> list[Any]:
    """``rows`` as a list. Raises ``Refused`` when one belongs to another model family."""
    found = list(rows)
    if any(row.family_id != family.pk for row in found):
        raise Refused(_("All of these have to belong to the same model family."), field=field)
    return found


def insert(obj: Row, links: Links, *, actor: Any, verb: str, taken: dict[str, str], after: dict[str, Any]) -> Row:
    with transaction.atomic():
        _store.insert(obj, taken=taken)
        for name, rows in links.items():
            getattr(obj, name).add(*rows)
        linked = {name: [str(row) for row in rows] for name, rows in links.items() if rows}
        audit.record(actor, verb, obj, after={**after, **linked})
    return obj


def edit(
    obj: Row,
    links: Links,
    *,
    actor: Any,
    verb: str,
    changes: dict[str, Any],
    taken: dict[str, str],
    expected_version: int | None,
) -> Row:
    """Like ``common.editing.edit``, with ``links`` (name of the relation → all rows it is to hold)."""
    with _store.refusing(obj, taken), transaction.atomic():
        row: Any = type(obj)._base_manager.select_for_update().get(pk=obj.pk)
        refuse_stale(row, expected_version)
        changed = {name: value for name, value in changes.items() if getattr(row, name) != value}
        before = {name: getattr(row, name) for name in changed}
        after = dict(changed)
        for name, value in changed.items():
            setattr(row, name, value)
        for name, rows in links.items():
            held = {each.pk: str(each) for each in getattr(row, name).all()}
            if set(held) != {each.pk for each in rows}:
                before[name], after[name] = sorted(held.values()), sorted(str(each) for each in rows)
                getattr(row, name).set(rows)
        if not after:
            return row
        row.row_version += 1
        row.save(update_fields=sorted({"row_version", "updated_at", *changed}))
        audit.record(actor, verb, row, before=before, after=after)
    return row
