"""Safeguards and the high-risk uses they answer."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import FilterSet, RowNumber
from registry import selectors, services
from registry.api.base import Register, VisibleRows
from registry.api.catalogue import IF_MATCH
from registry.api.serializers import RiskReasonSerializer, Visible
from registry.models import HighRiskUse, ModelFamily, Risk, Safeguard

FIELDS = [
    *("kind", "title", "how_it_works", "why_chosen", "alternatives", "decision"),
    *("evidence", "evidence_url", "is_public"),
]
USE_FIELDS = ["title", "affected", "why", "source", "source_url", "severity"]
ANSWERS = list(selectors.ANSWERS.items())


class SafeguardSerializer(serializers.ModelSerializer[Safeguard]):
    """Only risks the caller may know of are listed; ``decision_url`` is null for a decision they may not read."""

    risks = serializers.SerializerMethodField()
    decision_url = serializers.SerializerMethodField()
    evidence_url = serializers.CharField(help_text="A web address, or empty.")

    class Meta:
        model = Safeguard
        fields = [
            *("id", "family", "stage", *FIELDS, "decision_url", "risks"),
            *("in_place_at", "retired_at", "retirement_reason", "created_at", "updated_at", "row_version"),
        ]
        read_only_fields = fields

    def get_risks(self, safeguard: Safeguard) -> list[int]:
        return [risk.pk for risk in selectors.risks_of(safeguard)]

    def get_decision_url(self, safeguard: Safeguard) -> str | None:
        found = self.context.get("decisions", {}).get(safeguard.decision)
        return found.url if found else None


class SafeguardTextSerializer(serializers.ModelSerializer[Safeguard]):
    risks = VisibleRows(Risk, required=False)

    class Meta:
        model = Safeguard
        fields = [*FIELDS, "risks"]
        validators: list[Any] = []


class NewSafeguardSerializer(SafeguardTextSerializer):
    family = Visible(ModelFamily)

    class Meta(SafeguardTextSerializer.Meta):
        fields = ["family", *SafeguardTextSerializer.Meta.fields]


class HighRiskUseSerializer(serializers.ModelSerializer[HighRiskUse]):
    """Only safeguards the caller may know of are listed, and ``answer`` counts only those."""

    safeguards = serializers.SerializerMethodField()
    answer = serializers.SerializerMethodField()
    source_url = serializers.CharField(help_text="A web address, or empty.")

    class Meta:
        model = HighRiskUse
        fields = ["id", "family", *USE_FIELDS, "safeguards", "answer", "created_at", "updated_at", "row_version"]
        read_only_fields = fields

    def get_safeguards(self, use: HighRiskUse) -> list[int]:
        return [each.pk for each in selectors.safeguards_of(use)]

    @extend_schema_field(serializers.ChoiceField(ANSWERS))
    def get_answer(self, use: HighRiskUse) -> str:
        return selectors.answer_of(use)


class HighRiskUseTextSerializer(serializers.ModelSerializer[HighRiskUse]):
    safeguards = VisibleRows(Safeguard, required=False)

    class Meta:
        model = HighRiskUse
        fields = [*USE_FIELDS, "safeguards"]
        validators: list[Any] = []


class NewHighRiskUseSerializer(HighRiskUseTextSerializer):
    family = Visible(ModelFamily)

    class Meta(HighRiskUseTextSerializer.Meta):
        fields = ["family", *HighRiskUseTextSerializer.Meta.fields]


class SafeguardFilter(FilterSet):
    risk = RowNumber(method="answering", label="Number of a risk it answers")

    class Meta:
        model = Safeguard
        fields = ["family", "stage", "kind", "decision", "is_public"]

    def answering(self, rows: Any, name: str, value: Any) -> Any:
        return rows.filter(risks__in=Risk.objects.visible_to(self.request.user).filter(pk=value))


class SafeguardViewSet(Register):
    """What stands between models and harm: what is shown to the public, and all where you hold a role."""

    serializer_class = SafeguardSerializer
    queryset = Safeguard.objects.none()
    filterset_class = SafeguardFilter
    ordering_fields: ClassVar[list[str]] = ["id", "updated_at"]

    def get_queryset(self) -> QuerySet[Safeguard]:
        visible = Safeguard.objects.visible_to(self.request.user).select_related("family__publisher")
        return selectors.with_risks(visible, self.request.user)

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """The decisions of all rows are looked up at once."""
        rows = args[0] if args else []
        rows = rows if isinstance(rows, list) else [rows]
        known = selectors.decisions_of([row for row in rows if isinstance(row, Safeguard)], self.request.user)
        kwargs["context"] = {**self.get_serializer_context(), "decisions": known}
        return self.get_serializer_class()(*args, **kwargs)

    @extend_schema(request=NewSafeguardSerializer, responses={201: SafeguardSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Plan a safeguard. It counts once it is in place."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.taken(NewSafeguardSerializer, request)
        return self.created(services.add_safeguard(data.pop("family"), actor=request.user, **data))

    @extend_schema(request=SafeguardTextSerializer, responses=SafeguardSerializer, parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a safeguard that is not retired. ``risks`` replaces all of them."""
        row, data = self.get_object(), self.taken(SafeguardTextSerializer, request, partial=True)
        version = self.expected_version(request)
        return self.answer(services.edit_safeguard(row, actor=request.user, expected_version=version, **data))

    @extend_schema(request=None, responses=SafeguardSerializer)
    @action(detail=True, methods=["post"])
    def introduction(self, request: Request, pk: str | None = None) -> Response:
        """Say that a planned safeguard works now. It has to say how it works and why it was chosen."""
        return self.answer(services.introduce_safeguard(self.get_object(), actor=request.user))

    @extend_schema(request=RiskReasonSerializer, responses=SafeguardSerializer)
    @action(detail=True, methods=["post"])
    def retirement(self, request: Request, pk: str | None = None) -> Response:
        """Say that a safeguard works no longer, with the reason."""
        safeguard, data = self.get_object(), self.taken(RiskReasonSerializer, request)
        return self.answer(services.retire_safeguard(safeguard, actor=request.user, reason=data["reason"]))


class HighRiskUseFilter(FilterSet):
    unanswered = django_filters.BooleanFilter(
        method="without", label="Without a safeguard in place that you may know of"
    )

    class Meta:
        model = HighRiskUse
        fields = ["family", "severity"]

    def without(self, rows: Any, name: str, value: bool) -> Any:
        open_uses = selectors.unanswered(HighRiskUse.objects.all(), self.request.user).values("pk")
        return rows.filter(pk__in=open_uses) if value else rows.exclude(pk__in=open_uses)


class HighRiskUseViewSet(Register):
    """High-risk uses of model families, and whether a safeguard answers them."""

    serializer_class = HighRiskUseSerializer
    queryset = HighRiskUse.objects.none()
    filterset_class = HighRiskUseFilter
    ordering_fields: ClassVar[list[str]] = ["id", "updated_at"]

    def get_queryset(self) -> QuerySet[HighRiskUse]:
        visible = HighRiskUse.objects.visible_to(self.request.user).select_related("family__publisher")
        return selectors.with_safeguards(visible, self.request.user)

    @extend_schema(request=NewHighRiskUseSerializer, responses={201: HighRiskUseSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Name a use of a family that is high-risk, and why. Without a safeguard its page says so."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.taken(NewHighRiskUseSerializer, request)
        return self.created(services.add_high_risk_use(data.pop("family"), actor=request.user, **data))

    @extend_schema(request=HighRiskUseTextSerializer, responses=HighRiskUseSerializer, parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a high-risk use. ``safeguards`` replaces all of them."""
        row, data = self.get_object(), self.taken(HighRiskUseTextSerializer, request, partial=True)
        version = self.expected_version(request)
        return self.answer(services.edit_high_risk_use(row, actor=request.user, expected_version=version, **data))

    @extend_schema(request=RiskReasonSerializer, responses={204: None})
    @action(detail=True, methods=["post"])
    def removal(self, request: Request, pk: str | None = None) -> Response:
        """Take a use off the list, with the reason. What it said stays on record."""
        use, data = self.get_object(), self.taken(RiskReasonSerializer, request)
        services.remove_high_risk_use(use, actor=request.user, reason=data["reason"])
        return Response(status=status.HTTP_204_NO_CONTENT)
