"""What a person answers for, across all apps, so that it can be handed over in one step and nothing is left
without an owner.

Each app registers its kinds in a file ``ownership.py``; nobody else knows them all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from common import audit
from common.lifecycle import Refused

# A page names so many of a kind; all of them are handed over.
SHOWN = 100


@dataclass(frozen=True)
class Kind:
    """One kind of thing that people answer for.

    ``rows(user)``: what is still open and theirs. ``fits(user, row)``: whether somebody may answer for it.
    ``may(actor, row)``: who may hand it over besides its owner. ``fallback(row)``: who gets it when nobody is
    named. ``give(row, to)``: writes the new owner, without audit. ``name(row, reader)``: what a reader may know
    of it.
    """

    key: str
    label: Any
    rows: Callable[[Any], QuerySet[Any]]
    fits: Callable[[Any, Any], bool]
    may: Callable[[Any, Any], bool]
    fallback: Callable[[Any], Any]
    give: Callable[[Any, Any], None]
    name: Callable[[Any, Any], str]
    verb: str


@dataclass
class Holding:
    """What somebody answers for of one kind, as far as the reader may hand it over."""

    kind: Kind
    rows: list[Any] = field(default_factory=list)
    reader: Any = None

    @property
    def named(self) -> list[tuple[Any, str]]:
        """The first of them, each with what the reader may know of it."""
        return [(row, self.kind.name(row, self.reader)) for row in self.rows[:SHOWN]]

    @property
    def more(self) -> int:
        return max(0, len(self.rows) - SHOWN)


_kinds: dict[str, Kind] = {}


def owned(kind: Kind) -> Kind:
    """Register a kind of thing that people answer for."""
    _kinds[kind.key] = kind
    return kind


def holdings(owner: Any, reader: Any, *, lock: bool = False) -> list[Holding]:
    """What ``owner`` answers for and ``reader`` may hand over; kinds with nothing are left out."""
    found = []
    for kind in _kinds.values():
        theirs = kind.rows(owner)
        if lock:
            theirs = theirs.select_for_update(of=("self",))
        rows = [row for row in theirs if owner.pk == reader.pk or kind.may(reader, row)]
        if rows:
            found.append(Holding(kind, rows, reader))
    return found


def stranded(owner: Any) -> list[str]:
    """What ``owner`` answers for and, with the roles they hold now, may not: in words, empty when all is well."""
    left = []
    for kind in _kinds.values():
        names = [kind.name(row, owner) for row in kind.rows(owner) if not kind.fits(owner, row)]
        if names:
            some = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
            left.append(f"{kind.label} ({len(names)}): {some}")
    return left


@transaction.atomic
def hand_over(owner: Any, *, to: Any, actor: Any, reason: str) -> int:
    """Give all that ``owner`` answers for, and ``actor`` may hand over, to ``to`` in one step; all or nothing.

    Without ``to`` each thing goes to its deputy, or else to a release manager of its model. Answers with how many
    things went over. Raises ``Refused`` naming what the successor may not answer for.
    """
    reason = reason.strip()
    if not reason:
        raise Refused(_("Say why."), field="reason")
    if to is not None and to.pk == owner.pk:
        raise Refused(_("Name somebody else."), field="to")
    if to is not None:
        # Nobody closes the successor's account, or takes a role from them, while they take over.
        to = type(to)._base_manager.select_for_update(no_key=True).get(pk=to.pk)
    count, wrong = 0, []
    for holding in holdings(owner, actor, lock=True):
        kind = holding.kind
        for row in holding.rows:
            successor = to if to is not None else kind.fallback(row)
            if successor is None or successor.pk == owner.pk or not kind.fits(successor, row):
                wrong.append(kind.name(row, actor))
                continue
            kind.give(row, successor)
            audit.record(
                actor, kind.verb, row, before={"owner": owner}, after={"owner": successor}, reason=reason, handover=True
            )
            count += 1
    if wrong:
        some = ", ".join(wrong[:10]) + (" …" if len(wrong) > 10 else "")
        words = (
            _("Nobody was found to take over: %(what)s. Say who does.")
            if to is None
            else _("%(who)s cannot answer for: %(what)s. Give them a role there first, or name somebody else.")
        )
        raise Refused(words % {"who": to, "what": some}, field="to")
    return count
