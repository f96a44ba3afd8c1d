"""Treatment, acceptance, and scores that wait for a second person."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import FilterSet, RowNumber
from common.api.permissions import SignedIn
from registry import permissions, selectors, services
from registry.api.serializers import AssessmentSerializer, RiskReasonSerializer, RiskSerializer
from registry.models import AssessmentProposal, Risk, RiskAcceptance

MAYBE_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of the risk as you read it. When somebody has changed it since, you are told (412).",
)


class TreatmentSerializer(serializers.Serializer[Any]):
    treatment = serializers.ChoiceField(Risk.Treatment.choices)
    reason = serializers.CharField(max_length=2000)


class RiskAcceptanceSerializer(serializers.ModelSerializer[RiskAcceptance]):
    state = serializers.ChoiceField(RiskAcceptance.State.choices, read_only=True, help_text="Judged as you read it.")
    accepted_by_name = serializers.CharField(source="accepted_by", read_only=True)

    class Meta:
        model = RiskAcceptance
        fields = [
            *("id", "risk", "state", "ends_on", "reason", "conditions", "band", "digest", "snapshot", "accepted_by"),
            *("accepted_by_name", "accepted_at", "revoked_at", "revoked_by", "revocation_reason"),
        ]
        read_only_fields = fields


class NewRiskAcceptanceSerializer(serializers.Serializer[Any]):
    ends_on = serializers.DateField(help_text="No later than the band of the risk allows, from today on (UTC).")
    reason = serializers.CharField(max_length=4000)
    conditions = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class ProposalSerializer(serializers.ModelSerializer[AssessmentProposal]):
    stale = serializers.BooleanField(read_only=True, help_text="The risk has changed since; it cannot be confirmed.")
    proposed_by_name = serializers.CharField(source="proposed_by", read_only=True)
    confidence = serializers.ChoiceField(Risk.Confidence.choices, allow_blank=True, read_only=True)
    band = serializers.SerializerMethodField(help_text="The band it would give on the scale of the risk.")

    class Meta:
        model = AssessmentProposal
        fields = [
            *("id", "risk", "stage", "stale", "kind", "likelihood", "severity", "band", "detectability"),
            *("reversibility", "confidence", "rationale", "evidence", "proposed_by", "proposed_by_name"),
            *("proposed_at", "decided_by", "decided_at", "decline_reason", "row_version"),
        ]
        read_only_fields = fields

    def get_band(self, proposal: AssessmentProposal) -> str | None:
        return proposal.level.band.value if proposal.level else None


class NewAssessmentSerializer(AssessmentSerializer):
    scale = serializers.IntegerField(  # type: ignore[assignment]
        required=False, help_text="The version whose words you judged by; refused (412) when another is in force."
    )

    class Meta(AssessmentSerializer.Meta):
        read_only_fields = [name for name in AssessmentSerializer.Meta.read_only_fields if name != "scale"]


def taken(shape: Any, view: Any, request: Request) -> dict[str, Any]:
    given = shape(data=request.data, context=view.get_serializer_context())
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


class JudgingActions:
    """What is done about a risk; for the viewset of risks."""

    def known_version(self: Any, request: Request) -> int | None:
        """The version the writer read, where they say it: what they write is a row of its own."""
        version: int | None = self.expected_version(request) if "If-Match" in request.headers else None
        return version

    @extend_schema(request=TreatmentSerializer, responses=RiskSerializer, parameters=[MAYBE_MATCH])
    @action(detail=True, methods=["post"])
    def treatment(self: Any, request: Request, pk: str | None = None) -> Response:
        """Say what is done about a risk, and why.

        ``accept`` asks those for it who may: the risk is borne once one of them has accepted it.
        """
        risk, data = self.get_object(), taken(TreatmentSerializer, self, request)
        version = self.known_version(request)
        answer: Response = self.answer(
            services.choose_treatment(risk, actor=request.user, expected_version=version, **data)
        )
        return answer

    @extend_schema(responses=RiskAcceptanceSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"])
    def acceptances(self: Any, request: Request, pk: str | None = None) -> Response:
        """Every acceptance of a risk, newest first. For people with a role for the model family."""
        risk = self.get_object()
        if not permissions.can_see_inside(request.user, risk.family):
            self.permission_denied(request)
        rows = RiskAcceptance.objects.filter(risk=risk).select_related("risk", "accepted_by")
        page = self.paginate_queryset(rows)
        answer: Response = self.get_paginated_response(RiskAcceptanceSerializer(page, many=True).data)
        return answer

    @extend_schema(
        request=NewRiskAcceptanceSerializer, responses={201: RiskAcceptanceSerializer}, parameters=[MAYBE_MATCH]
    )
    @acceptances.mapping.post
    def accept(self: Any, request: Request, pk: str | None = None) -> Response:
        """Bear an open risk as it stands until a day: for somebody of the role its band asks for who does not answer
        for it. A longer one is a new decision and replaces the one before."""
        risk, data = self.get_object(), taken(NewRiskAcceptanceSerializer, self, request)
        version = self.known_version(request)
        made = services.accept_risk(risk, actor=request.user, expected_version=version, **data)
        fresh = RiskAcceptance.objects.select_related("risk", "accepted_by").get(pk=made.pk)
        return Response(RiskAcceptanceSerializer(fresh).data, status=status.HTTP_201_CREATED)


class AcceptanceFilter(FilterSet):
    risk = RowNumber(label="Number of the risk")

    class Meta:
        model = RiskAcceptance
        fields = ["risk"]


class AcceptanceViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[RiskAcceptance]):
    """Risks that somebody bears knowingly; for people with a role for the model family."""

    permission_classes = [SignedIn]
    serializer_class = RiskAcceptanceSerializer
    queryset = RiskAcceptance.objects.none()
    filterset_class = AcceptanceFilter
    ordering_fields = ["id"]

    def get_queryset(self) -> QuerySet[RiskAcceptance]:
        risks = Risk.objects.filter(selectors.inside(self.request.user))
        rows = RiskAcceptance.objects.filter(risk__in=risks.values("pk"))
        return rows.select_related("risk__family__publisher", "accepted_by").defer("risk__words")

    @extend_schema(request=RiskReasonSerializer, responses=RiskAcceptanceSerializer)
    @action(detail=True, methods=["post"])
    def revocation(self, request: Request, pk: str | None = None) -> Response:
        """Take an acceptance back, with the reason: the risk is open again."""
        found, data = self.get_object(), taken(RiskReasonSerializer, self, request)
        services.revoke_acceptance(found, actor=request.user, reason=data["reason"])
        return Response(self.get_serializer(self.get_queryset().get(pk=found.pk)).data)


class ProposalFilter(FilterSet):
    risk = RowNumber(label="Number of the risk")

    class Meta:
        model = AssessmentProposal
        fields = ["risk", "stage", "kind"]


class ProposalViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[AssessmentProposal]):
    """Lower scores that count once a second person has confirmed them; for people with a role for the model family."""

    permission_classes = [SignedIn]
    serializer_class = ProposalSerializer
    queryset = AssessmentProposal.objects.none()
    filterset_class = ProposalFilter
    ordering_fields = ["id"]

    def get_queryset(self) -> QuerySet[AssessmentProposal]:
        rows = AssessmentProposal.objects.visible_to(self.request.user)
        return rows.select_related("risk__family__publisher", "risk__scale", "proposed_by").defer("risk__words")

    @extend_schema(request=None, responses={201: AssessmentSerializer})
    @action(detail=True, methods=["post"])
    def confirmation(self, request: Request, pk: str | None = None) -> Response:
        """Let it count; the assessment names both people. Not for whoever proposed it."""
        made = services.confirm_proposal(self.get_object(), actor=request.user)
        return Response(AssessmentSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RiskReasonSerializer, responses=ProposalSerializer)
    @action(detail=True, methods=["post"])
    def refusal(self, request: Request, pk: str | None = None) -> Response:
        """Decline it, with the reason."""
        found, data = self.get_object(), taken(RiskReasonSerializer, self, request)
        return self._answer(services.decline_proposal(found, actor=request.user, reason=data["reason"]))

    @extend_schema(request=None, responses=ProposalSerializer)
    @action(detail=True, methods=["post"])
    def withdrawal(self, request: Request, pk: str | None = None) -> Response:
        """Take your own proposal back."""
        return self._answer(services.withdraw_proposal(self.get_object(), actor=request.user))

    def _answer(self, proposal: AssessmentProposal) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=proposal.pk)).data)
