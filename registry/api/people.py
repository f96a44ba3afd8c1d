"""Who holds which role at a publisher or for one of its families."""

from typing import Any

import django_filters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import can_manage_roles, scopes
from accounts.roles import Role, named_group
from accounts.selectors import person_with
from accounts.services import assign_role, remove_role, role_group
from common.api.filters import FilterSet, RowNumber
from common.api.permissions import SignedIn
from common.api.views import IdempotentCreateMixin
from registry import selectors
from registry.api.serializers import Visible
from registry.models import ModelFamily, Publisher

Assignment = User.groups.through


class GivesRoles(SignedIn):
    """Administrators of any publisher or family."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and scopes(request.user).any(Role.ADMINISTRATOR)


class HolderSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "email", "display_name"]


class RoleAssignmentSerializer(serializers.Serializer[Any]):
    """Either ``publisher`` or ``family`` says what the role is for; the other is null."""

    id = serializers.IntegerField(read_only=True)
    user = HolderSerializer(read_only=True)
    role = serializers.ChoiceField(Role.choices, read_only=True)
    publisher = serializers.IntegerField(read_only=True, allow_null=True)
    family = serializers.IntegerField(read_only=True, allow_null=True)

    def to_representation(self, row: Any) -> dict[str, Any]:
        kind, number, role = named_group(row.group.name)
        return {
            "id": row.pk,
            "user": HolderSerializer(row.user).data,
            "role": role.value,
            "publisher": number if kind == "publisher" else None,
            "family": number if kind == "modelfamily" else None,
        }


class NewRoleAssignmentSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(help_text="Of an account that exists. Ask the person to sign up first.")
    role = serializers.ChoiceField(Role.choices)
    publisher = Visible(Publisher, required=False, help_text="For the whole publisher …")
    family = Visible(ModelFamily, required=False, help_text="… or for one of its model families.")

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if ("publisher" in data) == ("family" in data):
            raise ValidationError({"publisher": ["Name either a publisher or a family."]})
        return data


class RoleAssignmentFilter(FilterSet):
    user = RowNumber(field_name="user", label="Number of the person")
    role = django_filters.ChoiceFilter(choices=Role.choices, method="of_role", label="Role")
    publisher = RowNumber(method="for_publisher", label="For this publisher as a whole")
    family = RowNumber(method="for_family", label="For this model family")

    def of_role(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(group__name__endswith=f":{value}")

    def for_publisher(self, rows: QuerySet[Any], name: str, value: int) -> QuerySet[Any]:
        return rows.filter(group__name__startswith=f"publisher:{value}:")

    def for_family(self, rows: QuerySet[Any], name: str, value: int) -> QuerySet[Any]:
        return rows.filter(group__name__startswith=f"modelfamily:{value}:")


class RoleAssignmentViewSet(
    IdempotentCreateMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Any],
):
    """Who holds which role, for the publishers and model families where you give roles."""

    permission_classes = [GivesRoles]
    serializer_class = RoleAssignmentSerializer
    queryset = Assignment.objects.none()
    filterset_class = RoleAssignmentFilter
    ordering_fields = ["id"]
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[Any]:
        return selectors.assignments_within(self.request.user)

    @extend_schema(request=NewRoleAssignmentSerializer, responses={201: RoleAssignmentSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give somebody a role. Giving it twice changes nothing."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewRoleAssignmentSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        data = given.validated_data
        scope, role = data.get("publisher") or data["family"], Role(data["role"])
        # Before the address is looked up: only who gives roles here learns whether it has an account.
        if not can_manage_roles(request.user, scope):
            raise PermissionDenied
        user = person_with(data["email"])
        if user is None:
            raise ValidationError({"email": ["There is no account with this address."]})
        assign_role(user, role, scope, actor=request.user)
        row = self.get_queryset().get(user=user, group=role_group(role, scope))
        return Response(RoleAssignmentSerializer(row).data, status=status.HTTP_201_CREATED)

    def perform_destroy(self, instance: Any) -> None:
        kind, number, role = named_group(instance.group.name)
        scope = get_object_or_404(Publisher if kind == "publisher" else ModelFamily, pk=number)
        remove_role(instance.user, role, scope, actor=self.request.user)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a role away. It counts at once. The last administrator of a publisher stays."""
        return super().destroy(request, *args, **kwargs)
