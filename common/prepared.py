"""The queries asked most often, put into SQL once a process instead of at every request.

Turning a queryset into SQL costs the gate and every call with a token more than asking PostgreSQL. A
``Prepared`` query is written as an ordinary queryset, so there is one definition of what it means; only its
values change.
"""

from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models
from django.db.models import QuerySet

# Values that no real query carries, by which the places of the parameters are found again.
_SAMPLES: dict[type, Callable[[int], Any]] = {
    int: lambda index: -7_143_311 - index,
    str: lambda index: f"no such value {index}",
    datetime: lambda index: datetime(1971, 3, 11 + index, tzinfo=UTC),
}


class Prepared:
    """``build(**names)`` gives the queryset, ``columns`` what is read of it; ``rows`` asks with other values."""

    def __init__(self, build: Callable[..., QuerySet[Any]], columns: list[str], **kinds: type) -> None:
        self.build, self.columns, self.kinds = build, columns, kinds
        self.sql = ""
        self.template: list[tuple[str, Any]] = []

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        if not self.sql:
            queryset = self.build(**self._samples()).values_list(*self.columns)
            self._keep(*queryset.query.sql_with_params())
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self._given(values))
            return list(cursor.fetchall())

    def _samples(self) -> dict[str, Any]:
        return {name: _SAMPLES[kind](index) for index, (name, kind) in enumerate(self.kinds.items())}

    def _keep(self, sql: str, params: tuple[Any, ...]) -> None:
        samples = self._samples()
        names = {repr(_plain(value)): name for name, value in samples.items()}
        self.template = [(names.get(repr(_plain(value)), ""), value) for value in params]
        if {name for name, _value in self.template if name} != set(samples):
            raise RuntimeError("A value of a prepared query did not reach its SQL as it was given.")
        self.sql = sql

    def _given(self, values: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(_like(constant, values[name]) if name else constant for name, constant in self.template)


class PreparedObjects(Prepared):
    """The same for whole objects: ``objects`` answers with what the queryset would, annotations and joined objects
    included. What it prefetches is not.

    Django's compiler knows from writing the SQL which column goes where. It is kept with the SQL, and a copy of it
    reads each answer.
    """

    def __init__(self, build: Callable[..., QuerySet[Any]], **kinds: type) -> None:
        super().__init__(build, [], **kinds)
        self.kept: tuple[QuerySet[Any], Any] | None = None

    def objects(self, **values: Any) -> list[Any]:
        queryset, known = self.kept or self._compile()
        compiler = copy(known)
        compiler.connection = connection
        compiler.as_sql = lambda *_args, **_options: (self.sql, self._given(values))
        asked: Any = queryset.all()
        asked.query.get_compiler = lambda *_args, **_options: compiler
        return list(asked)

    def _compile(self) -> tuple[QuerySet[Any], Any]:
        """Several threads may come here at once: each makes its own, all alike, and shows it when it is whole."""
        queryset = self.build(**self._samples())
        compiler = queryset.query.get_compiler(connection=connection)
        self._keep(*compiler.as_sql())
        self.kept = queryset, compiler
        return self.kept


def columns_of(model: type[models.Model], prefix: str = "") -> list[str]:
    """The names of all columns of ``model``, for ``Prepared`` and ``instance``."""
    return [f"{prefix}{field.attname}" for field in model._meta.concrete_fields]


def instance(model: type[models.Model], values: tuple[Any, ...]) -> Any:
    """A row of ``model`` from the values of ``columns_of``."""
    return model.from_db("default", [field.attname for field in model._meta.concrete_fields], values)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _like(sample: Any, value: Any) -> Any:
    """``value`` in the PostgreSQL type that Django gave the sample."""
    return type(sample)(value) if isinstance(sample, int) and type(sample) is not int else value
