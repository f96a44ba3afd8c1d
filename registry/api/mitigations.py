"""What can be done with a mitigation over the API besides changing its text."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry import permissions, services
from registry.api.serializers import MitigationSerializer, RiskReasonSerializer, Visible
from registry.models import Mitigation, MitigationMeasurement, Risk


class MitigationTextSerializer(serializers.ModelSerializer[Mitigation]):
    owner = serializers.IntegerField(required=False)
    reason = serializers.CharField(
        required=False, max_length=2000, help_text="Why the date moves; needed when it does."
    )

    class Meta:
        model = Mitigation
        fields = ["title", "kind", "description", "evidence", "owner", "due_on", "reason"]


class NewMitigationSerializer(serializers.ModelSerializer[Mitigation]):
    risks = Visible(Risk, many=True, allow_empty=False)
    owner = serializers.IntegerField(help_text="Number of a person with a role for the model family or its publisher.")

    class Meta:
        model = Mitigation
        fields = ["risks", "title", "kind", "description", "evidence", "owner", "due_on"]


class RetirementSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)
    confirmed = serializers.BooleanField(
        default=False, help_text="That open risks which depend on it are to be looked at again."
    )


class LinkSerializer(serializers.Serializer[Any]):
    risk = Visible(Risk)


class UnlinkSerializer(LinkSerializer, RiskReasonSerializer):
    pass


class EffectSerializer(serializers.ModelSerializer[MitigationMeasurement]):
    recorded_by_name = serializers.CharField(source="recorded_by", read_only=True)
    measured_on = serializers.DateField(required=False, help_text="Today when left out.")

    class Meta:
        model = MitigationMeasurement
        fields = ["id", "measured", "result", "effect", "measured_on", "evidence", "recorded_by_name", "recorded_at"]
        read_only_fields = ["recorded_at"]


class MitigationActions:
    """Retiring, measuring and linking, for the viewset of mitigations."""

    @extend_schema(request=RetirementSerializer, responses=MitigationSerializer)
    @action(detail=True, methods=["post"])
    def retirement(self: Any, request: Request, pk: str | None = None) -> Response:
        """Retire a mitigation that was done and is no longer at work, with the reason.

        While open risks depend on it and that is not confirmed, the answer is 409 and names them. Confirmed, they
        are to be looked at again from today on.
        """
        row, data = self.get_object(), self.taken(RetirementSerializer, request)
        return self.answer(services.retire_mitigation(row, actor=request.user, **data))

    @extend_schema(request=LinkSerializer, responses=MitigationSerializer)
    @action(detail=True, methods=["post"])
    def linking(self: Any, request: Request, pk: str | None = None) -> Response:
        """Let a mitigation be for one more risk of its family."""
        row, data = self.get_object(), self.taken(LinkSerializer, request)
        return self.answer(services.link_risk(row, actor=request.user, **data))

    @extend_schema(request=UnlinkSerializer, responses=MitigationSerializer)
    @action(detail=True, methods=["post"])
    def unlinking(self: Any, request: Request, pk: str | None = None) -> Response:
        """Say that a mitigation does nothing about a risk after all, with the reason. It stays for at least one."""
        row, data = self.get_object(), self.taken(UnlinkSerializer, request)
        return self.answer(services.unlink_risk(row, actor=request.user, **data))

    @extend_schema(responses=EffectSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"])
    def measurements(self: Any, request: Request, pk: str | None = None) -> Response:
        """How well a mitigation was found to work, the newest record first. For people with a role there."""
        mitigation: Mitigation = self.get_object()
        if not permissions.can_see_inside(request.user, mitigation.family):
            self.permission_denied(request)
        page = self.paginate_queryset(mitigation.measurements.select_related("recorded_by"))
        return self.get_paginated_response(EffectSerializer(page, many=True).data)

    @extend_schema(request=EffectSerializer, responses={201: EffectSerializer})
    @measurements.mapping.post
    def measure(self: Any, request: Request, pk: str | None = None) -> Response:
        """Put on record how well a mitigation was found to work. It is never changed; measure anew."""
        row, data = self.get_object(), self.taken(EffectSerializer, request)
        made = services.measure_mitigation(row, actor=request.user, **data)
        return Response(EffectSerializer(made).data, status=status.HTTP_201_CREATED)
