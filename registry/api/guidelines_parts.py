from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from registry import services
from registry.api.base import Register
from registry.api.catalogue import IF_MATCH
from registry.api.serializers import Visible
from registry.models import (
    BreachRemedy,
    CompliantWorkflow,
    Part,
    RecommendedConfiguration,
    RuleOverride,
    UsageGuidelines,
    UsageRule,
    UsageScenario,
)


class _PartSerializer(serializers.ModelSerializer[Any]):
    guidelines = Visible(UsageGuidelines)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        if self.instance is None and self.partial:
            fields.pop("guidelines", None)
        return fields


_PART = ("id", "guidelines", "key", "position")


class UsageRuleSerializer(_PartSerializer):
    class Meta:
        model = UsageRule
        fields = [*_PART, "kind", "title", "text", "condition", "rationale", "in_summary", "row_version"]
        read_only_fields = ["key", "row_version"]
        validators: list[Any] = []


class UsageScenarioSerializer(_PartSerializer):
    rule = Visible(UsageRule, required=False, allow_null=True)

    class Meta:
        model = UsageScenario
        fields = [*_PART, "rule", "title", "situation", "verdict", "why", "row_version"]
        read_only_fields = ["key", "row_version"]
        validators: list[Any] = []


class RuleOverrideSerializer(_PartSerializer):
    rule = Visible(UsageRule, required=False, allow_null=True)

    class Meta:
        model = RuleOverride
        fields = [
            *(*_PART, "effect", "rule", "region", "sector", "kind", "title", "text", "condition"),
            *("source_title", "source_citation", "source_url", "row_version"),
        ]
        read_only_fields = ["key", "row_version"]
        validators: list[Any] = []


class RecommendedConfigurationSerializer(_PartSerializer):
    class Meta:
        model = RecommendedConfiguration
        fields = [*_PART, "title", "settings", "when", "row_version"]
        read_only_fields = ["key", "row_version"]
        validators: list[Any] = []


class CompliantWorkflowSerializer(_PartSerializer):
    steps = serializers.ListField(child=serializers.CharField(max_length=500), min_length=1, max_length=100)

    class Meta:
        model = CompliantWorkflow
        fields = [*_PART, "title", "steps", "row_version"]
        read_only_fields = ["key", "row_version"]
        validators: list[Any] = []


class BreachRemedySerializer(_PartSerializer):
    class Meta:
        model = BreachRemedy
        fields = [*_PART, "title", "follows", "decided_by", "appeal", "row_version"]
        read_only_fields = ["key", "row_version"]
        validators: list[Any] = []


class _PartViewSet(Register):
    part: ClassVar[str]
    model: ClassVar[type[Part]]
    filterset_fields: ClassVar[list[str]] = ["guidelines", "key"]
    ordering_fields: ClassVar[list[str]] = ["id", "position"]

    def get_queryset(self) -> QuerySet[Any]:
        rows: Any = self.model._default_manager
        found: QuerySet[Any] = rows.visible_to(self.request.user).select_related("guidelines__family__publisher")
        return found

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.taken(self.serializer_class, request)
        guidelines = data.pop("guidelines")
        return self.created(services.add_part(guidelines, self.part, actor=request.user, **data))

    @extend_schema(parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a part of a draft."""
        row, data = self.get_object(), self.taken(self.serializer_class, request, partial=True)
        version = self.expected_version(request)
        return self.answer(services.edit_part(row, actor=request.user, expected_version=version, **data))

    @extend_schema(parameters=[IF_MATCH])
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a part out of a draft. With a rule go its scenarios and overrides."""
        row = self.get_object()
        services.remove_part(row, actor=request.user, expected_version=self.expected_version(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class UsageRuleViewSet(_PartViewSet):
    """What the guidelines permit, require, restrict and prohibit, before any override."""

    part, model, serializer_class = "rules", UsageRule, UsageRuleSerializer
    queryset = UsageRule.objects.none()
    filterset_fields: ClassVar[list[str]] = ["guidelines", "key", "kind"]


class UsageScenarioViewSet(_PartViewSet):
    """Worked examples: a situation, and what the rules say of it."""

    part, model, serializer_class = "scenarios", UsageScenario, UsageScenarioSerializer
    queryset = UsageScenario.objects.none()
    filterset_fields: ClassVar[list[str]] = ["guidelines", "key", "rule", "verdict"]


class RuleOverrideViewSet(_PartViewSet):
    """Where and for whom a rule differs, and which law says so."""

    part, model, serializer_class = "overrides", RuleOverride, RuleOverrideSerializer
    queryset = RuleOverride.objects.none()
    filterset_fields: ClassVar[list[str]] = ["guidelines", "key", "rule", "region", "sector", "effect"]


class RecommendedConfigurationViewSet(_PartViewSet):
    """Settings that keep a use within the rules."""

    part, model, serializer_class = "configurations", RecommendedConfiguration, RecommendedConfigurationSerializer
    queryset = RecommendedConfiguration.objects.none()


class CompliantWorkflowViewSet(_PartViewSet):
    """Examples of working within the rules, step by step."""

    part, model, serializer_class = "workflows", CompliantWorkflow, CompliantWorkflowSerializer
    queryset = CompliantWorkflow.objects.none()


class BreachRemedyViewSet(_PartViewSet):
    """What follows when a rule is broken, who decides, and how to object."""

    part, model, serializer_class = "remedies", BreachRemedy, BreachRemedySerializer
    queryset = BreachRemedy.objects.none()
