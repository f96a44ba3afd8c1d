"""Read-only views for support. Nothing is changed here: every change goes through the services."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from registry.models import (
    Artifact,
    HighRiskUse,
    Mitigation,
    ModelCard,
    ModelFamily,
    Objective,
    ObjectiveMeasurement,
    Publisher,
    Release,
    Risk,
    RiskAssessment,
    Safeguard,
    TrainingDataset,
)


class ReadOnly(admin.ModelAdmin):
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Publisher)
class PublisherAdmin(ReadOnly):
    list_display = ["slug", "name", "created_at"]
    search_fields = ["slug", "name"]


@admin.register(ModelFamily)
class ModelFamilyAdmin(ReadOnly):
    list_display = ["repo_id", "name", "created_at"]
    list_select_related = ["publisher"]
    search_fields = ["slug", "name", "publisher__slug"]


@admin.register(Release)
class ReleaseAdmin(ReadOnly):
    list_display = ["version", "family", "stage", "revision", "published_at"]
    list_filter = ["stage", "modality"]
    list_select_related = ["family"]
    search_fields = ["version", "revision", "family__slug"]


@admin.register(ModelCard)
class ModelCardAdmin(ReadOnly):
    list_display = ["release", "number", "sha256", "created_at"]
    list_select_related = ["release__family"]


@admin.register(Artifact)
class ArtifactAdmin(ReadOnly):
    list_display = ["path", "release", "size", "sha256"]
    list_select_related = ["release__family"]
    search_fields = ["path", "sha256"]
    exclude = ["file"]


@admin.register(Objective)
class ObjectiveAdmin(ReadOnly):
    list_display = ["title", "family"]
    list_select_related = ["family"]


@admin.register(Risk)
class RiskAdmin(ReadOnly):
    list_display = ["reference", "title", "family", "stage", "owner", "current_score"]
    list_filter = ["stage"]
    list_select_related = ["family", "owner"]
    search_fields = ["title"]


@admin.register(RiskAssessment)
class RiskAssessmentAdmin(ReadOnly):
    list_display = ["risk", "kind", "likelihood", "severity", "assessed_by", "assessed_at"]
    list_select_related = ["risk", "assessed_by"]


@admin.register(Mitigation)
class MitigationAdmin(ReadOnly):
    list_display = ["title", "family", "stage", "owner", "due_on"]
    list_filter = ["stage"]
    list_select_related = ["family", "owner"]


@admin.register(ObjectiveMeasurement)
class ObjectiveMeasurementAdmin(ReadOnly):
    list_display = ["objective", "metric", "value", "unit", "measured_at", "recorded_by"]
    list_select_related = ["objective", "recorded_by"]


@admin.register(Safeguard)
class SafeguardAdmin(ReadOnly):
    list_display = ["title", "family", "kind", "stage", "decision", "is_public"]
    list_filter = ["stage", "kind"]
    list_select_related = ["family"]
    search_fields = ["title"]


@admin.register(HighRiskUse)
class HighRiskUseAdmin(ReadOnly):
    list_display = ["title", "family", "severity", "source"]
    list_select_related = ["family"]


@admin.register(TrainingDataset)
class TrainingDatasetAdmin(ReadOnly):
    list_display = ["name", "family", "kind", "licence", "personal_data", "is_public"]
    list_filter = ["kind", "personal_data"]
    list_select_related = ["family"]
    search_fields = ["name"]
