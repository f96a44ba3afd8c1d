"""Looking at risks again, one at a time or in rounds."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import FilterSet, RowNumber
from common.api.permissions import SignedIn
from common.api.views import IdempotentCreateMixin, LostUpdateMixin, etag
from registry import permissions, selectors, services
from registry.api.serializers import RiskReasonSerializer, Visible
from registry.changes import Change
from registry.models import ModelFamily, Publisher, ReviewRound, Risk, RiskReview, RoundItem, Term
from registry.models.rounds import CLOSED_MEANWHILE, WAITS
from registry.scale import Band
from registry.templatetags.registry import event_words


class RiskReviewSerializer(serializers.ModelSerializer[RiskReview]):
    reviewed_by_name = serializers.CharField(source="reviewed_by", read_only=True)

    class Meta:
        model = RiskReview
        fields = [
            *("id", "risk", "round", "verdict", "note", "reviewed_by", "reviewed_by_name", "reviewed_at", "due_on"),
        ]
        read_only_fields = fields


class NewRiskReviewSerializer(serializers.Serializer[Any]):
    risk = Visible(Risk)
    verdict = serializers.ChoiceField(RiskReview.Verdict.choices)
    note = serializers.CharField(required=False, allow_blank=True, max_length=4000)


class RiskReviewFilter(FilterSet):
    family = RowNumber(field_name="risk__family", label="Model family")

    class Meta:
        model = RiskReview
        fields = ["risk", "round", "verdict", "reviewed_by"]


class RiskReviewViewSet(
    IdempotentCreateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[RiskReview]
):
    """Who looked at which risk again, and what that came to; for people with a role for the model."""

    permission_classes = [SignedIn]
    serializer_class = RiskReviewSerializer
    queryset = RiskReview.objects.none()
    filterset_class = RiskReviewFilter
    ordering_fields = ["id"]

    def get_queryset(self) -> QuerySet[RiskReview]:
        return RiskReview.objects.visible_to(self.request.user).select_related("reviewed_by")

    @extend_schema(request=NewRiskReviewSerializer, responses={201: RiskReviewSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Say that you looked at an open risk again: still right, needs a new judgement, or no longer applies.

        Open rounds in which it waits count it as reviewed.
        """
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewRiskReviewSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        made = services.review_risk(data.pop("risk"), actor=request.user, **data)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)


class ReviewRoundSerializer(serializers.ModelSerializer[ReviewRound]):
    items = serializers.IntegerField(source="item_count", read_only=True)
    waiting = serializers.SerializerMethodField()
    overdue = serializers.BooleanField(read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = ReviewRound
        fields = [
            *("id", "publisher", "family", "stage", "title", "due_on", "overdue", "chosen_by", "items", "waiting"),
            *("started_by", "ended_at", "url", "created_at", "updated_at", "row_version"),
        ]
        read_only_fields = fields

    def get_waiting(self, review_round: Any) -> int:
        return review_round.waiting_count or 0


class RoundChoiceSerializer(serializers.Serializer[Any]):
    """As the register is filtered; all may be left out."""

    q = serializers.CharField(required=False, max_length=100, help_text="Words, or a number such as R-12.")
    band = serializers.ChoiceField(Band.choices, required=False)
    owner = serializers.CharField(required=False, max_length=20, help_text="Number of a person, `me` or `none`.")
    treatment = serializers.ChoiceField(Risk.Treatment.choices, required=False)
    term = Visible(Term, required=False)
    overdue = serializers.ChoiceField(list(selectors.OVERDUE.items()), required=False)

    def validate_owner(self, value: str) -> str:
        if value in {"me", "none"} or (value.isascii() and value.isdigit() and len(value) < 18):
            return value
        raise serializers.ValidationError("A number, `me` or `none`.")


class NewReviewRoundSerializer(serializers.ModelSerializer[ReviewRound]):
    publisher = Visible(Publisher)
    family = Visible(ModelFamily, required=False, allow_null=True)
    chosen = RoundChoiceSerializer(required=False, help_text="Which open risks; all when left out.")

    class Meta:
        model = ReviewRound
        fields = ["publisher", "family", "title", "due_on", "chosen"]


class ProgressSerializer(serializers.Serializer[Any]):
    owner = serializers.IntegerField(source="person", allow_null=True)
    owner_name = serializers.SerializerMethodField()
    items = serializers.IntegerField()
    waiting = serializers.IntegerField()
    reviewed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    closed = serializers.IntegerField(help_text="Closed before anybody looked at them for the round.")

    def get_owner_name(self, row: dict[str, Any]) -> str:
        return str(row["name"] or row["email"] or "")


class ChangeSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    who = serializers.CharField()
    words = serializers.SerializerMethodField()
    url = serializers.CharField()

    def get_words(self, change: Change) -> str:
        return event_words(change.event) if change.event is not None else change.words


class RoundItemSerializer(serializers.ModelSerializer[RoundItem]):
    state = serializers.CharField(read_only=True, help_text="waiting, reviewed, skipped or closed")
    closed_at = serializers.DateTimeField(
        source="risk.closed_at", read_only=True, allow_null=True, help_text="When the risk was closed, where it is."
    )
    reference = serializers.CharField(source="risk.reference", read_only=True)
    owner = serializers.IntegerField(source="risk.owner_id", read_only=True, allow_null=True)
    changes = serializers.SerializerMethodField(help_text="What changed since it was last looked at, newest first.")

    class Meta:
        model = RoundItem
        fields = [
            *("id", "risk", "reference", "owner", "state", "closed_at", "since", "review"),
            *("skip_reason", "changes"),
        ]
        read_only_fields = fields

    @extend_schema_field(ChangeSerializer(many=True))
    def get_changes(self, item: RoundItem) -> list[dict[str, Any]]:
        return list(ChangeSerializer(self.context["changes"].get(item.risk_id, []), many=True).data)


class SkipSerializer(RiskReasonSerializer):
    item = serializers.IntegerField(min_value=1)


class ReviewRoundFilter(FilterSet):
    class Meta:
        model = ReviewRound
        fields = ["publisher", "family", "stage"]


class ReviewRoundViewSet(
    LostUpdateMixin,
    IdempotentCreateMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[ReviewRound],
):
    """Rounds in which many risks are looked at again; for people with a role at the publisher."""

    permission_classes = [SignedIn]
    serializer_class = ReviewRoundSerializer
    queryset = ReviewRound.objects.none()
    filterset_class = ReviewRoundFilter
    lookup_value_regex = r"\d+"
    ordering_fields = ["id"]

    def get_queryset(self) -> QuerySet[ReviewRound]:
        return selectors.rounds_of(self.request.user)

    def _answer(self, row: ReviewRound, code: int = status.HTTP_200_OK) -> Response:
        fresh = self.get_queryset().get(pk=row.pk)
        return Response(self.get_serializer(fresh).data, status=code, headers={"ETag": etag(fresh.row_version)})

    @extend_schema(request=NewReviewRoundSerializer, responses={201: ReviewRoundSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Start a round over the open risks that the filter finds."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewReviewRoundSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        if not permissions.can_start_round(request.user, data.get("family") or data["publisher"]):
            raise PermissionDenied
        made = services.start_round(data.pop("publisher"), actor=request.user, **data)
        return self._answer(made, status.HTTP_201_CREATED)

    @extend_schema(responses=ProgressSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def progress(self, request: Request, pk: str | None = None) -> Response:
        """How far each owner is, those with most to do first."""
        rounds = selectors.with_progress(self.get_queryset(), request.user)
        found = get_object_or_404(rounds, pk=self.get_object().pk)
        return Response(ProgressSerializer(found.progress, many=True).data)

    @extend_schema(responses=RoundItemSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"])
    def items(self, request: Request, pk: str | None = None) -> Response:
        """The risks of a round with what changed about each; `?state=waiting|reviewed|skipped|closed`, `?owner=` a
        number. A risk closed meanwhile is not asked for; opened again before the round ends, it waits again."""
        rows = selectors.round_items(self.get_object(), request.user)
        states = {"waiting": WAITS, "closed": CLOSED_MEANWHILE, "reviewed": Q(review__isnull=False)}
        states["skipped"] = Q(skipped_at__isnull=False)
        rows = rows.filter(states.get(request.query_params.get("state", ""), Q()))
        owner = request.query_params.get("owner", "")
        if owner.isascii() and owner.isdigit() and len(owner) < 18:
            rows = rows.filter(risk__owner=int(owner))
        page: Any = self.paginate_queryset(rows)
        context = {**self.get_serializer_context(), "changes": selectors.changes_in(page, request.user)}
        return self.get_paginated_response(RoundItemSerializer(page, many=True, context=context).data)

    @extend_schema(request=SkipSerializer, responses=ReviewRoundSerializer)
    @action(detail=True, methods=["post"])
    def skips(self, request: Request, pk: str | None = None) -> Response:
        """Leave a risk out of a round, with the reason; `item` is the number of the item."""
        review_round = self.get_object()
        given = SkipSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        rows = RoundItem.objects.visible_to(request.user).filter(round=review_round).select_related("risk__family")
        item = rows.filter(pk=given.validated_data["item"]).first()
        if item is None:
            if not permissions.can_start_round(request.user, review_round.scope):
                raise PermissionDenied
            raise serializers.ValidationError({"item": ["This round has no such item."]})
        services.skip_item(item, actor=request.user, reason=given.validated_data["reason"])
        return self._answer(review_round)

    @extend_schema(request=RiskReasonSerializer, responses=ReviewRoundSerializer)
    @action(detail=True, methods=["post"])
    def abandonment(self, request: Request, pk: str | None = None) -> Response:
        """End a round before all is looked at, with the reason."""
        review_round = self.get_object()
        given = RiskReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return self._answer(services.abandon_round(review_round, actor=request.user, **given.validated_data))
