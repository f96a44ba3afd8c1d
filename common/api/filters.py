"""Narrowing lists down by query parameters."""

from typing import Any

from django import forms
from django.db import models
from django_filters import rest_framework as django_filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

LARGEST_NUMBER = 2**63 - 1


@extend_schema_field(OpenApiTypes.INT)
class RowNumber(django_filters.NumberFilter):
    """The number of a row of another table.

    It is compared and never looked up: a number that does not exist and one that the caller may not know of
    both give an empty list. Looked up, the first would be an error, and errors would tell which numbers exist.
    """

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=-LARGEST_NUMBER, max_value=LARGEST_NUMBER, **kwargs)

    def get_max_validator(self) -> None:
        """The field has its own bounds, those of the column."""


class FilterSet(django_filters.FilterSet):
    """Filters of an API list. A relation is filtered by ``RowNumber``."""

    FILTER_DEFAULTS = {
        **django_filters.FilterSet.FILTER_DEFAULTS,
        models.ForeignKey: {"filter_class": RowNumber},
        models.OneToOneField: {"filter_class": RowNumber},
    }


class FilterBackend(django_filters.DjangoFilterBackend):
    """Also lists that only name their ``filterset_fields`` get our filters."""

    filterset_base = FilterSet
