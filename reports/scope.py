"""What a report is about and for when: a publisher or one of its model families, and a half-open period in UTC."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from registry.models import ModelFamily, Publisher


@dataclass(frozen=True)
class Period:
    """Days in UTC: ``start`` is the first, ``end`` the first that no longer belongs to it.

    Days are UTC days on purpose: they are all 24 hours long, so no hour is counted twice or lost where
    clocks change.
    """

    start: dt.date
    end: dt.date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError("A period ends after it begins.")

    @property
    def begins(self) -> dt.datetime:
        return dt.datetime.combine(self.start, dt.time(), dt.UTC)

    @property
    def ends(self) -> dt.datetime:
        """The first moment after the period."""
        return dt.datetime.combine(self.end, dt.time(), dt.UTC)

    @property
    def last_day(self) -> dt.date:
        return self.end - dt.timedelta(days=1)

    @property
    def days(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True)
class Scope:
    """A publisher with all its model families, or one family alone."""

    publisher: Publisher | None = None
    family: ModelFamily | None = None

    def __post_init__(self) -> None:
        if (self.publisher is None) == (self.family is None):
            raise ValueError("A scope is a publisher or a model family.")

    @property
    def subject(self) -> Any:
        """What roles are asked for."""
        return self.family or self.publisher

    @property
    def publisher_id(self) -> int:
        """The publisher the subject belongs to."""
        return self.family.publisher_id if self.family is not None else self.publisher.pk  # type: ignore[union-attr]

    def families(self, path: str) -> Q:
        """The condition that the family at ``path`` belongs to the scope."""
        if self.family is not None:
            return Q(**{path: self.family.pk})
        return Q(**{f"{path}__publisher": self.publisher.pk if self.publisher else None})

    def __str__(self) -> str:
        return str(self.subject)


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Everything read inside is as it was at one moment, whatever others commit meanwhile.

    Inside a transaction that has begun already, that transaction decides.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
