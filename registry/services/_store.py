"""Writing rows: fields checked, and the database's own refusals put into words."""

from collections.abc import Collection
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from common.lifecycle import Refused

Row = TypeVar("Row", bound=models.Model)


def check(obj: models.Model, names: list[str] | None = None, *, required: Collection[str] = ()) -> None:
    """Validate the plain fields of ``obj`` (or those called ``names``). Raises ``ValidationError`` by field.

    ``required`` fields must say something here although their column may be empty. Uniqueness and constraints are
    left to the database, which asks nothing and cannot be outrun.
    """
    errors: dict[str, list[Any]] = {}
    for field in obj._meta.concrete_fields:
        if field.generated or field.is_relation or field.primary_key or (names is not None and field.name not in names):
            continue
        value = getattr(obj, field.attname)
        if field.name in required and not str(value or "").strip():
            errors[field.name] = [ValidationError(field.error_messages["blank"], code="blank")]
        if field.blank and value in field.empty_values:
            continue
        try:
            setattr(obj, field.attname, field.clean(value, obj))
        except ValidationError as error:
            errors[field.name] = error.error_list
    if errors:
        raise ValidationError(errors)


def insert(obj: Row, *, taken: dict[str, str], required: Collection[str] = ()) -> Row:
    """Check and save a new row. ``taken`` maps a unique constraint (or column) to the field to blame."""
    check(obj, required=required)
    with refusing(obj, taken), transaction.atomic():
        obj.save(force_insert=True)
    return obj


def allow(changes: dict[str, Any], known: set[str] | frozenset[str]) -> None:
    if unknown := changes.keys() - known:
        raise TypeError(f"Not editable: {', '.join(sorted(unknown))}")


def checked(obj: Any, changes: dict[str, Any], *, required: Collection[str] = ()) -> None:
    """Validate ``changes`` on a copy of ``obj`` and replace them by their cleaned values."""
    trial = type(obj)(
        **{field.attname: getattr(obj, field.attname) for field in obj._meta.concrete_fields if not field.generated}
    )
    for name, value in changes.items():
        setattr(trial, name, value)
    check(trial, list(changes), required=required)
    changes.update({name: getattr(trial, name) for name in changes})


class refusing:  # noqa: N801 -- reads as a statement where it is used
    """Turns the violation of a unique constraint into ``Refused`` with the constraint's own words."""

    def __init__(self, obj: models.Model, taken: dict[str, str]) -> None:
        self.model, self.taken = type(obj), taken

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if not isinstance(error, IntegrityError):
            return
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
        for known, field in self.taken.items():
            if known in name:
                raise Refused(str(self._words(known, field)), field=field) from error

    def _words(self, known: str, field: str) -> Any:
        for constraint in self.model._meta.constraints:
            if constraint.name == known:
                return constraint.get_violation_error_message()
        column: Any = self.model._meta.get_field(field)
        names = {"model_name": str(self.model._meta.verbose_name).capitalize(), "field_label": column.verbose_name}
        return column.error_messages["unique"] % names
