"""Changing the fields of a row: locked, checked against what the writer had read, and on record."""

from typing import Any, TypeVar

from django.db import models, transaction
from django.utils.translation import gettext as _

from common import audit
from common.actors import Actor
from common.lifecycle import Stale

Row = TypeVar("Row", bound=models.Model)


def edit(
    obj: Row, *, actor: Actor, verb: str, changes: dict[str, Any], expected_version: int | None = None, **evidence: Any
) -> Row:
    """Write ``changes`` to ``obj`` and return the fresh row; a call that changes nothing records nothing.

    ``expected_version`` is the version the writer had before them. Raises ``Stale`` when somebody else
    has written since. Permissions are the caller's.
    """
    with transaction.atomic():
        row: Any = type(obj)._base_manager.select_for_update().get(pk=obj.pk)
        refuse_stale(row, expected_version)
        before = {name: getattr(row, name) for name in changes}
        changed = {name: value for name, value in changes.items() if before[name] != value}
        if not changed:
            return row
        for name, value in changed.items():
            setattr(row, name, value)
        row.row_version += 1
        names = {"row_version", *changed}
        if any(f.name == "updated_at" for f in row._meta.concrete_fields):
            names.add("updated_at")
        row.save(update_fields=sorted(names))
        audit.record(actor, verb, row, before={name: before[name] for name in changed}, after=changed, **evidence)
    return row


def refuse_stale(row: Any, expected_version: int | None) -> None:
    """Raise ``Stale``, with who was faster, unless ``row`` is still what the writer had read."""
    if expected_version is not None and row.row_version != expected_version:
        last = audit.trail(row).first()
        who = last.actor_label if last else _("somebody else")
        raise Stale(
            _("%(who)s changed this while you were editing. Look at the new version, then save again.") % {"who": who}
        )
