"""What the viewsets of the registry share."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from rest_framework import mixins, status, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from common.api.permissions import SignedInToWrite
from common.api.views import IdempotentCreateMixin, LostUpdateMixin, etag
from registry import selectors
from registry.models import ModelFamily

Row = TypeVar("Row", bound=Model)


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

    def answer(self, row: Any, code: int = status.HTTP_200_OK) -> Response:
        fresh = self.get_queryset().get(pk=row.pk)
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
