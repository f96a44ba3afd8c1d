"""Objectives of model families and what was measured for them."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import FilterSet, RowNumber
from common.api.permissions import SignedInToWrite
from common.api.views import IdempotentCreateMixin
from registry import permissions, selectors, services
from registry.api.base import Register
from registry.api.catalogue import IF_MATCH
from registry.api.serializers import Visible
from registry.models import ModelFamily, Objective, ObjectiveMeasurement, Release

FIELDS = [
    *("title", "statement", "metric", "comparator", "threshold", "unit", "data_set", "population"),
    *("value_kind", "value"),
]
TREND = [("better", "better"), ("worse", "worse"), ("same", "same")]


class MeasurementSerializer(serializers.ModelSerializer[ObjectiveMeasurement]):
    """Who recorded it is shown to people with a role for the family; to others it is null."""

    recorded_by_name = serializers.SerializerMethodField()
    evidence_url = serializers.CharField(help_text="A web address, or empty.")
    corrected_by = serializers.PrimaryKeyRelatedField[Any](read_only=True, allow_null=True)

    class Meta:
        model = ObjectiveMeasurement
        fields = [
            *("id", "objective", "release", "metric", "unit", "data_set", "population", "value", "measured_at"),
            # How it came to be on record.
            *("source", "evidence_url", "corrects", "corrected_by", "recorded_by_name", "recorded_at"),
        ]
        read_only_fields = fields

    def get_recorded_by_name(self, row: ObjectiveMeasurement) -> str | None:
        inside = permissions.can_see_inside(self.context["request"].user, row.objective.family)
        return str(row.recorded_by) if inside else None


class NewMeasurementSerializer(serializers.ModelSerializer[ObjectiveMeasurement]):
    objective = Visible(Objective)
    release = Visible(Release, required=False, allow_null=True)
    corrects = Visible(ObjectiveMeasurement, required=False, allow_null=True)
    measured_at = serializers.DateTimeField(required=False, help_text="Now when left out.")

    class Meta:
        model = ObjectiveMeasurement
        fields = ["objective", "value", "measured_at", "release", "source", "evidence_url", "corrects"]


class CurrentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    value = serializers.DecimalField(max_digits=24, decimal_places=8)
    measured_at = serializers.DateTimeField()
    release = serializers.IntegerField(source="release_id", allow_null=True)


class ObjectiveSerializer(serializers.ModelSerializer[Objective]):
    family = Visible(ModelFamily)
    state = serializers.ChoiceField(
        Objective.State.choices, read_only=True, help_text="Judged now, from the newest measurement that counts."
    )
    current = serializers.SerializerMethodField(help_text="The newest measurement that counts.")
    trend = serializers.SerializerMethodField(help_text="Against the measurement before; empty without one.")

    class Meta:
        model = Objective
        fields = ["id", "family", *FIELDS, "state", "current", "trend", "created_at", "updated_at", "row_version"]
        read_only_fields = ["created_at", "updated_at", "row_version"]
        validators: list[Any] = []

    @extend_schema_field(CurrentSerializer(allow_null=True))
    def get_current(self, objective: Objective) -> Any:
        current = selectors.standing(objective).current
        return CurrentSerializer(current).data if current else None

    @extend_schema_field(serializers.ChoiceField(TREND, allow_blank=True))
    def get_trend(self, objective: Objective) -> str:
        return selectors.standing(objective).trend


class ObjectiveTextSerializer(serializers.ModelSerializer[Objective]):
    class Meta:
        model = Objective
        fields = FIELDS
        validators: list[Any] = []


class ObjectiveFilter(FilterSet):
    state = django_filters.ChoiceFilter(choices=Objective.State.choices, label="How it stands now")

    class Meta:
        model = Objective
        fields = ["family", "value_kind"]


class ObjectiveViewSet(Register):
    """What model families must hold to, and whether they do."""

    serializer_class = ObjectiveSerializer
    queryset = Objective.objects.none()
    filterset_class = ObjectiveFilter
    ordering_fields: ClassVar[list[str]] = ["id"]

    def get_queryset(self) -> QuerySet[Objective]:
        visible = Objective.objects.visible_to(self.request.user).select_related("family__publisher")
        return selectors.judged(visible, self.request.user)

    @extend_schema(request=ObjectiveSerializer, responses={201: ObjectiveSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Say what a family must hold to, so that risks can name what they threaten."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.taken(ObjectiveSerializer, request)
        return self.created(services.add_objective(data.pop("family"), actor=request.user, **data))

    @extend_schema(request=ObjectiveTextSerializer, responses=ObjectiveSerializer, parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change an objective. What was measured for another metric, unit, data set or population stops counting."""
        row, data = self.get_object(), self.taken(ObjectiveTextSerializer, request, partial=True)
        version = self.expected_version(request)
        return self.answer(services.edit_objective(row, actor=request.user, expected_version=version, **data))


class MeasurementFilter(FilterSet):
    family = RowNumber(field_name="objective__family", label="Number of the model family")

    class Meta:
        model = ObjectiveMeasurement
        fields = ["objective", "release", "metric"]


class MeasurementViewSet(
    IdempotentCreateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Any]
):
    """What was measured for objectives. A measurement never changes; a wrong one is corrected by another."""

    permission_classes = [SignedInToWrite]
    serializer_class = MeasurementSerializer
    queryset = ObjectiveMeasurement.objects.none()
    filterset_class = MeasurementFilter
    ordering_fields: ClassVar[list[str]] = ["id", "measured_at"]

    def get_queryset(self) -> QuerySet[ObjectiveMeasurement]:
        visible = ObjectiveMeasurement.objects.visible_to(self.request.user)
        return visible.select_related("objective__family__publisher", "recorded_by", "corrected_by").order_by("-pk")

    @extend_schema(request=NewMeasurementSerializer, responses={201: MeasurementSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Put a measurement on record, with where it comes from."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewMeasurementSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        made = services.record_measurement(data.pop("objective"), actor=request.user, **data)
        return Response(self.get_serializer(self.get_queryset().get(pk=made.pk)).data, status=status.HTTP_201_CREATED)
