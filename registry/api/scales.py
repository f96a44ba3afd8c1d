"""The scale of a publisher, by version: reading it, drafting the next, and putting it in force."""

from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import FilterSet
from common.api.permissions import SignedInToWrite
from common.api.views import IdempotentCreateMixin, LostUpdateMixin, etag
from registry import permissions, selectors, services
from registry.api.catalogue import IF_MATCH
from registry.api.serializers import RiskReasonSerializer, Visible
from registry.models import BandRule, Publisher, Risk, RiskScale
from registry.scale import LARGEST, Band

_LONGEST = 80


class BandRuleSerializer(serializers.ModelSerializer[BandRule]):
    class Meta:
        model = BandRule
        fields = ["band", "label", "review_days", "acceptance_days", "accepted_by", "needs_second_person"]


class RuleTextSerializer(serializers.ModelSerializer[BandRule]):
    band = serializers.ChoiceField(Band.choices)

    class Meta:
        model = BandRule
        fields = BandRuleSerializer.Meta.fields
        validators: list[Any] = []


class ScaleSerializer(serializers.ModelSerializer[RiskScale]):
    """Numbers of a judgement count the words from 1: ``grid[likelihood - 1][severity - 1]`` is its band."""

    rules = serializers.SerializerMethodField(help_text="What follows from each band, the lowest first.")

    class Meta:
        model = RiskScale
        fields = [
            *("id", "publisher", "number", "stage", "note", "likelihoods", "severities", "detectabilities"),
            *("reversibilities", "grid", "likelihood_map", "severity_map", "rules", "created_at", "activated_at"),
            "row_version",
        ]
        read_only_fields = fields

    @extend_schema_field(BandRuleSerializer(many=True))
    def get_rules(self, scale: RiskScale) -> Any:
        return BandRuleSerializer(selectors.rules_of(scale), many=True).data


class NewScaleSerializer(serializers.Serializer[Any]):
    publisher = Visible(Publisher)
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000, help_text="Why a new version.")


def _words(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=_LONGEST), max_length=LARGEST, required=False, **options
    )


def _steps(**options: Any) -> serializers.ListField:
    child = serializers.IntegerField(min_value=1, max_value=LARGEST)
    return serializers.ListField(child=child, max_length=LARGEST, required=False, **options)


class ScaleTextSerializer(serializers.Serializer[Any]):
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    likelihoods = _words(help_text="2 to 7, the least first.")
    severities = _words(help_text="2 to 7, the least first.")
    detectabilities = _words(help_text="None, or 2 to 7, the soonest noticed first.")
    reversibilities = _words(help_text="None, or 2 to 7, the easiest undone first.")
    grid = serializers.ListField(
        child=serializers.ListField(child=serializers.ChoiceField(Band.choices), max_length=LARGEST),
        max_length=LARGEST,
        required=False,
        help_text="The band of each pair: by likelihood, then severity. Drawn anew where the steps change.",
    )
    likelihood_map = _steps(help_text="Which step each step of the version before becomes; empty where they stay.")
    severity_map = _steps(help_text="The same for severity.")
    rules = RuleTextSerializer(many=True, required=False, help_text="Those of the bands that change.")

    def validate_rules(self, rules: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {rule.pop("band"): rule for rule in rules}


class MoveCountSerializer(serializers.Serializer[Any]):
    before = serializers.ChoiceField(Band.choices)
    after = serializers.ChoiceField(Band.choices)
    count = serializers.IntegerField()


class ScaleMoveSerializer(serializers.Serializer[Any]):
    risk = serializers.IntegerField(source="pk")
    reference = serializers.CharField()
    family = serializers.IntegerField(source="family_id")
    inherent = serializers.CharField(source="inherent_band", allow_null=True)
    residual = serializers.CharField(source="residual_band", allow_null=True)
    target = serializers.CharField(source="target_band", allow_null=True)
    new_inherent = serializers.CharField(allow_null=True)
    new_residual = serializers.CharField(allow_null=True)
    new_target = serializers.CharField(allow_null=True)


class MoveSummarySerializer(serializers.Serializer[Any]):
    counts = MoveCountSerializer(many=True, help_text="By the level that counts; those that stay included.")
    acceptances = serializers.IntegerField(help_text="Acceptances in force that end with it.")
    waiting = serializers.IntegerField(help_text="Risks still on an older version.")


class ScaleFilter(FilterSet):
    class Meta:
        model = RiskScale
        fields = ["publisher", "stage"]


class ScaleViewSet(
    LostUpdateMixin,
    IdempotentCreateMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[RiskScale],
):
    """The scales that publishers judge their risks on, every version; drafts where you hold a role."""

    permission_classes = [SignedInToWrite]
    serializer_class = ScaleSerializer
    queryset = RiskScale.objects.none()
    filterset_class = ScaleFilter
    ordering_fields = ["id"]

    def get_queryset(self) -> QuerySet[RiskScale]:
        return selectors.with_rules(RiskScale.objects.visible_to(self.request.user))

    def _taken(self, shape: Any) -> dict[str, Any]:
        given = shape(data=self.request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def _answer(self, scale: RiskScale, code: int = status.HTTP_200_OK) -> Response:
        fresh = self.get_queryset().get(pk=scale.pk)
        return Response(self.get_serializer(fresh).data, status=code, headers={"ETag": etag(fresh.row_version)})

    @extend_schema(request=NewScaleSerializer, responses={201: ScaleSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin the next version as a copy of the one in force. It changes nothing until it is put in force."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self._taken(NewScaleSerializer)
        return self._answer(services.draft_scale(data.pop("publisher"), actor=request.user, **data), 201)

    @extend_schema(request=ScaleTextSerializer, responses=ScaleSerializer, parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a draft: words, bands, where the old steps go, and what follows from a band."""
        row, data = self.get_object(), self._taken(ScaleTextSerializer)
        version = self.expected_version(request)
        return self._answer(services.edit_scale(row, actor=request.user, expected_version=version, **data))

    @extend_schema(responses={204: None}, parameters=[IF_MATCH])
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Discard a draft."""
        row = self.get_object()
        services.discard_scale(row, actor=request.user, expected_version=self.expected_version(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=MoveSummarySerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def summary(self, request: Request, pk: str | None = None) -> Response:
        """How many risks a draft would move from which band to which; for a version that was in force, how many it
        moved. For people with a role at the publisher."""
        scale = self._inside()
        draft = scale.stage == RiskScale.Stage.DRAFT
        counts = (
            selectors.move_counts(selectors.moving(scale, request.user))
            if draft
            else selectors.carried_counts(scale, request.user)
        )
        waiting = selectors.lagging(scale, request.user).count() if scale.stage == RiskScale.Stage.ACTIVE else 0
        told = {
            "counts": counts,
            "acceptances": sum(row["accepted"] for row in counts),
            "waiting": waiting,
        }
        return Response(MoveSummarySerializer(told).data)

    @extend_schema(responses=ScaleMoveSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"])
    def moves(self, request: Request, pk: str | None = None) -> Response:
        """The risks that a draft would bring to another band: the dry run. Empty for a version that is in force;
        what it moved is on record with each risk."""
        scale = self._inside()
        rows = Risk.objects.none()
        if scale.stage == RiskScale.Stage.DRAFT:
            rows = selectors.moved_bands(selectors.moving(scale, request.user)).defer("words")
        return self.get_paginated_response(ScaleMoveSerializer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(request=RiskReasonSerializer, responses=ScaleSerializer, parameters=[IF_MATCH])
    @action(detail=True, methods=["post"])
    def activation(self, request: Request, pk: str | None = None) -> Response:
        """Put a draft in force: it replaces the one before, and every risk that is not closed is carried over.

        Send the ETag of the draft whose moves you have seen: another draft than that is not put in force.
        """
        scale, data = self.get_object(), self._taken(RiskReasonSerializer)
        if not permissions.can_edit_scale(request.user, scale):
            raise PermissionDenied
        version = self.expected_version(request)
        return self._answer(
            services.activate_scale(scale, actor=request.user, reason=data["reason"], expected_version=version)
        )

    def _inside(self) -> RiskScale:
        scale: RiskScale = self.get_object()
        if not selectors.keeps_scale(self.request.user, scale):
            if not self.request.user.is_authenticated:
                self.permission_denied(self.request)
            raise DjangoPermissionDenied
        return scale
