"""Changing the fields of a row: locked, checked against what the writer had read, and on record."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils.translation import gettext as _

from common import audit
from common.actors import Actor
from common.lifecycle import Stale

Row = TypeVar("Row", bound=models.Model)


def edit(
    obj: Row,
    *,
    actor: Actor,
    verb: str,
    changes: dict[str, Any],
    links: dict[str, Iterable[models.Model]] | None = None,
    expected_version: int | None = None,
    held: bool = False,
    **evidence: Any,
) -> Row:
    """Write ``changes`` to ``obj`` and return the fresh row; a call that changes nothing records nothing.

    ``links`` are many-to-many fields with the rows they are to lead to.

    ``expected_version`` is the version the writer had before them. Raises ``Stale`` when somebody else
    has written since. Permissions are the caller's. ``held``: the caller locked this very row in this
    transaction and has it as it is stored; it is not read again.
    """
    with transaction.atomic():
        row: Any = obj if held else type(obj)._base_manager.select_for_update().get(pk=obj.pk)
        refuse_stale(row, expected_version)
        before = {name: getattr(row, name) for name in changes}
        changed = {name: value for name, value in changes.items() if before[name] != value}
        moved = _relink(row, links or {})
        if not changed and not moved:
            return row
        for name, value in changed.items():
            setattr(row, name, value)
        row.row_version += 1
        names = {"row_version", *changed}
        if any(f.name == "updated_at" for f in row._meta.concrete_fields):
            names.add("updated_at")
        row.save(update_fields=sorted(names))
        before = {name: before[name] for name in changed} | {name: was for name, (was, _now) in moved.items()}
        after = changed | {name: now for name, (_was, now) in moved.items()}
        audit.record(actor, verb, row, before=before, after=after, **evidence)
    return row


def _relink(row: Any, links: dict[str, Iterable[models.Model]]) -> dict[str, tuple[list[str], list[str]]]:
    """Let many-to-many fields lead to other rows; the answer is by field what was and what is, where it differs."""
    moved = {}
    for name, rows in links.items():
        wanted, was = list(rows), list(getattr(row, name).all())
        if {each.pk for each in wanted} != {each.pk for each in was}:
            getattr(row, name).set(wanted)
            moved[name] = ([str(each) for each in was], [str(each) for each in wanted])
    return moved


def refuse_stale(row: Any, expected_version: int | None) -> None:
    """Raise ``Stale``, with who was faster, unless ``row`` is still what the writer had read."""
    if expected_version is not None and row.row_version != expected_version:
        last = audit.trail(row).first()
        who = last.actor_label if last else _("somebody else")
        raise Stale(
            _("%(who)s changed this while you were editing. Look at the new version, then save again.") % {"who": who}
        )
