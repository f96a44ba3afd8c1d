"""The workspace: what each app has waiting for the person who is signed in.

An app registers an entry in its ``panels.py``; the sidebar, the start page and the badge counts come
from the same list. All counts are read in one query and stop counting at 100.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

Waiting = Callable[[Any], QuerySet | None]
CAP = 100


@dataclass(frozen=True)
class Entry:
    name: str
    label: Any
    url: str
    icon: str
    order: int
    empty: Any
    waiting: Waiting


@dataclass(frozen=True)
class Item:
    """An entry as one person sees it; ``count`` is 0 where nothing waits."""

    name: str
    label: Any
    href: str
    icon: str
    empty: Any
    count: int
    waiting: Callable[[], QuerySet]

    @property
    def shown(self) -> str:
        return f"{CAP - 1}+" if self.count >= CAP else str(self.count)


@dataclass(frozen=True)
class Question:
    """What the sidebar of one person asks: the places that are for them, and the SQL that counts in each."""

    places: tuple[Entry, ...]
    sql: str
    params: tuple[Any, ...]

    def counts(self) -> list[int]:
        if not self.sql:
            return [0] * len(self.places)
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.params)
            return list(cursor.fetchone())


_entries: dict[str, Entry] = {}


def entry(name: str, *, label: Any, url: str, icon: str, order: int, empty: Any = "") -> Callable[[Waiting], Waiting]:
    """Add a place to the workspace.

    The decorated function gets the user and answers with what waits for them as a queryset (perhaps an
    empty one), or with None when the place is not for them. ``url`` is a URL name, ``empty`` says what it
    means when nothing waits.
    """

    def add(waiting: Waiting) -> Waiting:
        _entries[name] = Entry(name, label, url, icon, order, empty, waiting)
        return waiting

    return add


def items(user: Any) -> list[Item]:
    """The places of ``user``'s workspace, in order, with how much waits in each.

    One query, once per instance of ``user``, that is once per request however many parts of a page ask.
    """
    if not user.is_authenticated:
        return []
    # Not out of ``__dict__``: the user of a request is a lazy wrapper, which has one of its own.
    known = getattr(user, "_workspace", None)
    if known is None:
        known = user._workspace = _items(user)
    return known


def _items(user: Any) -> list[Item]:
    question = _question(user)
    return [
        Item(known.name, known.label, reverse(known.url), known.icon, known.empty, count, _asker(known, user))
        for known, count in zip(question.places, question.counts(), strict=True)
    ]


def _asker(known: Entry, user: Any) -> Callable[[], QuerySet]:
    def ask() -> QuerySet:
        rows = known.waiting(user)
        if rows is None:
            raise LookupError(f"{known.name} has just ceased to be a place for this person.")
        return rows

    return ask


# Putting ten querysets into SQL costs more than asking them. The SQL follows from who asks, from their roles
# and from the minute, so within a minute the next page of the same person finds it here.
_questions: dict[Hashable, Question] = {}
_guard = Lock()
KEPT = 512


def _unsigned(user: Any) -> Hashable:
    return object()


_signature: Callable[[Any], Hashable] = _unsigned


def _question(user: Any) -> Question:
    key = (_signature(user), timezone.get_current_timezone_name(), timezone.now().replace(second=0, microsecond=0))
    known = _questions.get(key)
    if known is None:
        known = _ask(user)
        with _guard:
            if len(_questions) >= KEPT:
                _questions.clear()
            _questions[key] = known
    return known


def sign_with(signature: Callable[[Any], Hashable]) -> Callable[[Any], Hashable]:
    """Say what about a person decides which rows wait for them; the accounts know, this module does not."""
    global _signature
    _signature = signature
    return signature


def _ask(user: Any) -> Question:
    places: list[Entry] = []
    parts: list[str] = []
    params: list[Any] = []
    for known in sorted(_entries.values(), key=lambda each: (each.order, each.name)):
        rows = known.waiting(user)
        if rows is None:
            continue
        places.append(known)
        try:
            sql, values = rows.order_by().values("pk")[:CAP].query.sql_with_params()
        except EmptyResultSet:
            # Django knows without asking that nothing matches.
            parts.append("(SELECT 0)")
            continue
        parts.append(f"(SELECT count(*) FROM ({sql}) AS waiting)")  # noqa: S608 -- Django made it; values are parameters
        params.extend(values)
    nothing = all(part == "(SELECT 0)" for part in parts)
    return Question(tuple(places), "" if nothing else "SELECT " + ", ".join(parts), tuple(params))
