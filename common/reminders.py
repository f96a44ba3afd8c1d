"""What people are reminded of, across all apps.

Each app registers its kinds in a file ``reminders.py``; nobody else knows them all. Nothing is stored: what a kind
finds is judged when somebody asks.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

# A reminder names so many of a kind; the page it leads to has all of them.
SHOWN = 25


@dataclass(frozen=True)
class Reminder:
    """One thing that waits. ``why`` says why it comes to this person, where they are not the first it comes to."""

    label: str
    url: str
    due_on: dt.date | None = None
    why: str = ""


@dataclass(frozen=True)
class Kind:
    """One kind of thing to remind of. ``find(user, today)`` answers with what waits for ``user``, the oldest first."""

    key: str
    label: Any
    find: Callable[[Any, dt.date], Iterable[Reminder]]


@dataclass(frozen=True)
class Found:
    """What waits of one kind."""

    kind: Kind
    reminders: list[Reminder]


_kinds: dict[str, Kind] = {}


def reminds(key: str, *, label: Any) -> Callable[[Callable[[Any, dt.date], Iterable[Reminder]]], Any]:
    """Register a kind of thing to remind people of."""

    def add(find: Callable[[Any, dt.date], Iterable[Reminder]]) -> Any:
        _kinds[key] = Kind(key, label, find)
        return find

    return add


def kinds() -> list[Kind]:
    return list(_kinds.values())


def waiting(user: Any, today: dt.date, *, without: Collection[str] = ()) -> list[Found]:
    """What waits for ``user`` on a day of theirs, without the kinds they do not want; empty kinds are left out."""
    found = [Found(kind, list(kind.find(user, today))[:SHOWN]) for kind in kinds() if kind.key not in without]
    return [each for each in found if each.reminders]
