"""The lifecycle engine: the one place where a stage changes.

An app lists its moves in ``lifecycle.py``; pages, API, tasks and commands carry them out through its
services, which call ``apply``. Buttons come from the same list (``available_moves``), so what a page
offers and what the server allows cannot differ.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from common import audit
from common.actors import Actor

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Row = TypeVar("Row", bound=models.Model)


class Refused(Exception):
    """What was asked for is not possible now; ``reasons`` say why in words for the person who asked.

    ``field`` names the input that has to change, where one does. Pages show the reasons in the form,
    the API answers 409 with them.
    """

    def __init__(self, *reasons: str, field: str | None = None) -> None:
        super().__init__(*[str(reason) for reason in reasons])
        self.field = field

    @property
    def reasons(self) -> list[str]:
        return [str(reason) for reason in self.args]

    def __str__(self) -> str:
        return " ".join(self.reasons)


class Stale(Refused):
    """The row was changed by somebody else since it was read; nothing was written."""


@dataclass(frozen=True)
class Move:
    """One way from stage to stage.

    ``may(actor, obj)`` is a predicate; each of ``needs`` answers with the reason why the move is not
    possible yet, or with an empty string.
    """

    name: str
    label: "str | _StrPromise"
    sources: frozenset[str]
    target: str
    may: Callable[[Any, Any], bool]
    needs: tuple[Callable[[Any], str], ...] = ()
    asks_reason: bool = False
    danger: bool = False
    help: "str | _StrPromise" = ""


@dataclass(frozen=True)
class Available:
    """A move that ``user`` may make from the present stage, with what still stands in its way."""

    move: Move
    reasons: list[str] = field(default_factory=list)

    @property
    def possible(self) -> bool:
        return not self.reasons


def apply(
    move: Move,
    obj: Row,
    *,
    actor: Actor,
    changes: dict[str, Any] | None = None,
    held: bool = False,
    known: Mapping[str, models.Model] | None = None,
    **evidence: Any,
) -> Row:
    """Carry out ``move`` on ``obj``, with ``changes`` to other fields, and return the fresh row.

    The row is locked and read again first, so two people clicking at once cannot both succeed and the
    rules see what is stored, not what the page showed. The new stage and its audit event commit
    together or not at all. Raises ``PermissionDenied`` or ``Refused`` with its reasons; whoever came
    second is told who came first, and when.

    ``held``: the caller locked this very row in this transaction and has it as it is stored; it is not read
    again. ``known`` are the rows it leads to, by field, where the caller has them locked and fresh.
    """
    with transaction.atomic():
        row: Any = obj if held else type(obj)._base_manager.select_for_update().get(pk=obj.pk)
        for name, other in (known or {}).items():
            if getattr(row, row._meta.get_field(name).attname) == other.pk:
                setattr(row, name, other)
        if not move.may(actor, row):
            raise PermissionDenied
        if row.stage not in move.sources:
            raise Refused(_already(row))
        if reasons := [reason for need in move.needs if (reason := need(row))]:
            raise Refused(*reasons)
        before, row.stage = row.stage, move.target
        for name, value in (changes or {}).items():
            setattr(row, name, value)
        row.row_version += 1
        names = {"stage", "row_version", *(changes or {})}
        if any(f.name == "updated_at" for f in row._meta.concrete_fields):
            names.add("updated_at")
        row.save(update_fields=sorted(names))
        audit.record(actor, f"{row._meta.label_lower}.{move.name}", row, before=before, after=row.stage, **evidence)
    return row


def available_moves(table: Iterable[Move], obj: Any, user: Any) -> list[Available]:
    """The moves of ``table`` that ``user`` may make on ``obj`` now; blocked ones carry their reasons."""
    return [
        Available(move, [reason for need in move.needs if (reason := need(obj))])
        for move in table
        if obj.stage in move.sources and move.may(user, obj)
    ]


def _already(row: Any) -> str:
    """Why a move came too late: the stage the row is in, who brought it there, and when."""
    stage = row.get_stage_display()
    last = audit.trail(row).filter(after=row.stage).first()
    if last is None:
        return _("This is not possible while it is “%(stage)s”.") % {"stage": stage}
    return _("This is already “%(stage)s”: %(who)s did it on %(when)s UTC.") % {
        "stage": stage,
        "who": last.actor_label,
        "when": date_format(timezone.localtime(last.at, timezone.get_default_timezone()), "j M Y, H:i"),
    }
