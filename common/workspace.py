"""The workspace: what each app has waiting for the person who is signed in.

An app registers an entry in its ``panels.py``; the sidebar, the start page and the badge counts come
from the same list. All counts are read in one query and stop counting at 100.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse

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
    """An entry as one person sees it; ``count`` is None where there is nothing to count."""

    name: str
    label: Any
    href: str
    icon: str
    empty: Any
    count: int | None
    rows: QuerySet | None

    @property
    def shown(self) -> str:
        return f"{CAP - 1}+" if self.count and self.count >= CAP else str(self.count or 0)


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
    found = []
    for known in sorted(_entries.values(), key=lambda each: (each.order, each.name)):
        rows = known.waiting(user)
        if rows is not None:
            found.append((known, rows))
    counts = _count([rows for _entry, rows in found])
    return [
        Item(known.name, known.label, reverse(known.url), known.icon, known.empty, count, rows)
        for (known, rows), count in zip(found, counts, strict=True)
    ]


def _count(querysets: list[QuerySet]) -> list[int]:
    parts: list[str] = []
    params: list[Any] = []
    for rows in querysets:
        try:
            sql, values = rows.order_by().values("pk")[:CAP].query.sql_with_params()
        except EmptyResultSet:
            # Django knows without asking that nothing matches.
            parts.append("SELECT 0")
            continue
        parts.append(f"SELECT count(*) FROM ({sql}) AS waiting")  # noqa: S608 -- Django made it; values are parameters
        params.extend(values)
    if not params and all(part == "SELECT 0" for part in parts):
        return [0] * len(parts)
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"({part})" for part in parts), params)
        return list(cursor.fetchone())
