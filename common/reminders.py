"""What people are reminded of, across all apps.

Each app registers its kinds in a file ``reminders.py``; nobody else knows them all. Nothing is stored: what a kind
finds is judged when somebody asks, and all kinds together are one question to the database.
"""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import QuerySet
from django.db.models.functions import JSONObject

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
class Waiting:
    """What waits of one kind: ``rows``, the oldest first; what is read of each, as names with columns or expressions;
    and how that becomes a reminder."""

    rows: QuerySet[Any]
    told: dict[str, Any]
    tell: Callable[[dict[str, Any]], Reminder]


@dataclass(frozen=True)
class Kind:
    """One kind of thing to remind of. ``find(user, today)`` answers with what waits for ``user``."""

    key: str
    label: Any
    find: Callable[[Any, dt.date], Waiting]


@dataclass(frozen=True)
class Found:
    """What waits of one kind."""

    kind: Kind
    reminders: list[Reminder]


_kinds: dict[str, Kind] = {}


def reminds(key: str, *, label: Any) -> Callable[[Callable[[Any, dt.date], Waiting]], Any]:
    """Register a kind of thing to remind people of."""

    def add(find: Callable[[Any, dt.date], Waiting]) -> Any:
        _kinds[key] = Kind(key, label, find)
        return find

    return add


def kinds() -> list[Kind]:
    return list(_kinds.values())


def waiting(user: Any, today: dt.date, *, without: Collection[str] = ()) -> list[Found]:
    """What waits for ``user`` on a day of theirs, without the kinds they do not want; empty kinds are left out."""
    asked = {f"kind_{n}": kind for n, kind in enumerate(kinds()) if kind.key not in without}
    if not asked:
        return []
    wanted = {name: kind.find(user, today) for name, kind in asked.items()}
    columns = {name: _told(each) for name, each in wanted.items()}
    answer: Any = get_user_model()._base_manager.filter(pk=user.pk).values(**columns).first() or {}
    found = [Found(asked[name], [wanted[name].tell(row) for row in rows or ()]) for name, rows in answer.items()]
    return [each for each in found if each.reminders]


def _told(each: Waiting) -> ArraySubquery:
    return ArraySubquery(each.rows.values(told_row=JSONObject(**each.told))[:SHOWN])
