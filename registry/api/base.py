"""What the viewsets of the registry share."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from common.api.permissions import SignedInToWrite
from common.api.views import IdempotentCreateMixin, LostUpdateMixin, etag
from registry import selectors
from registry.models import ModelFamily

Row = TypeVar("Row", bound=Model)
LARGEST_NUMBER = 2**63 - 1


class VisibleRows(serializers.ListField):
    """Rows by number, among those that the caller may know of, all in one query."""

    default_error_messages = {"unknown": _lazy("Invalid pk “%(number)s” - object does not exist.")}

    def __init__(self, model: type[Model], **kwargs: Any) -> None:
        self.model = model
        kwargs.setdefault("max_length", 500)
        super().__init__(child=serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER), **kwargs)

    def to_internal_value(self, data: Any) -> list[Any]:
        numbers = list(dict.fromkeys(super().to_internal_value(data)))
        manager: Any = self.model._default_manager
        found = manager.visible_to(self.context["request"].user).in_bulk(numbers) if numbers else {}
        for number in numbers:
            if number not in found:
                raise ValidationError(self.error_messages["unknown"] % {"number": number})
        return [found[number] for number in numbers]

    def to_representation(self, data: Any) -> list[int]:
        return [row.pk for row in data]


class Register(
    LostUpdateMixin,
    IdempotentCreateMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Any],
):
    """Rows that anybody may read as far as they may know of them, and that people with a role write."""

    permission_classes = [SignedInToWrite]

    def taken(self, shape: Any, request: Request, **options: Any) -> dict[str, Any]:
        """What the request gives, checked against ``shape``."""
        given = shape(data=request.data, context=self.get_serializer_context(), **options)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def answers(self) -> Any:
        """The rows of an answer, with all that it says of them."""
        return self.get_queryset()

    def answer(self, row: Any, code: int = status.HTTP_200_OK) -> Response:
        fresh = self.answers().get(pk=row.pk)
        return Response(self.get_serializer(fresh).data, status=code, headers={"ETag": etag(fresh.row_version)})

    def created(self, row: Any) -> Response:
        return self.answer(row, status.HTTP_201_CREATED)


def person(family: ModelFamily, number: int) -> User:
    """The person with this number among those with a role; nobody else's existence is told."""
    people: QuerySet[User] = selectors.people_of(family)
    found = people.filter(pk=number).first()
    if found is None:
        raise ValidationError({"owner": [_("Nobody with this number has a role here.")]})
    return found
