"""How far capabilities of releases can be relied on, over the API."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import FilterSet
from common.api.permissions import SignedInToWrite
from common.api.views import IdempotentCreateMixin
from registry import permissions, services
from registry.api.serializers import Visible
from registry.models import CapabilityStatus, Release


class CapabilityStatusSerializer(serializers.ModelSerializer[CapabilityStatus]):
    release = Visible(Release)
    noted_by_name = serializers.SerializerMethodField(help_text="For people with a role there; else null.")

    class Meta:
        model = CapabilityStatus
        fields = [
            *("id", "release", "capability", "status", "evidence", "evidence_url", "noted_by_name", "noted_at"),
        ]
        read_only_fields = ["noted_at"]

    def get_noted_by_name(self, row: CapabilityStatus) -> str | None:
        inside = permissions.can_see_inside(self.context["request"].user, row.release.family)
        return str(row.noted_by) if inside else None


class CapabilityStatusFilter(FilterSet):
    latest = django_filters.BooleanFilter(method="only_latest", label="Only the newest of each capability")
    capability = django_filters.CharFilter(lookup_expr="iexact")

    class Meta:
        model = CapabilityStatus
        fields = ["release", "capability", "status"]

    def only_latest(self, rows: Any, name: str, value: bool) -> Any:
        return rows.filter(pk__in=CapabilityStatus.objects.latest().order_by().values("pk")) if value else rows


class CapabilityStatusViewSet(
    IdempotentCreateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[CapabilityStatus]
):
    """What was said of capabilities of releases, with the evidence: the newest row of each is its status."""

    permission_classes = [SignedInToWrite]
    serializer_class = CapabilityStatusSerializer
    queryset = CapabilityStatus.objects.none()
    filterset_class = CapabilityStatusFilter
    ordering_fields: ClassVar[list[str]] = ["id"]

    def get_queryset(self) -> QuerySet[CapabilityStatus]:
        rows = CapabilityStatus.objects.visible_to(self.request.user)
        return rows.select_related("release__family", "noted_by")

    @extend_schema(request=CapabilityStatusSerializer, responses={201: CapabilityStatusSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Say how far a capability can be relied on from now on. Nothing is ever changed: say it anew."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = CapabilityStatusSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        row = services.note_capability(data.pop("release"), actor=request.user, **data)
        fresh = self.get_queryset().get(pk=row.pk)
        return Response(self.get_serializer(fresh).data, status=status.HTTP_201_CREATED)
