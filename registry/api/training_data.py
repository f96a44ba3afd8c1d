"""What model families were trained on, and reading it from Croissant descriptions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import FilterSet, RowNumber
from registry import croissant, permissions, selectors, services
from registry.api.base import Register, VisibleRows
from registry.api.catalogue import IF_MATCH
from registry.api.serializers import RiskReasonSerializer, Visible
from registry.models import Modality, ModelFamily, Release, TrainingDataset

FIELDS = [
    *("name", "kind", "description", "source_url", "publisher", "licence", "collection", "collected_from"),
    *("collected_until", "size", "modalities", "languages", "personal_data", "legal_basis", "consent"),
    *("copyright_handling", "filtering", "known_gaps", "auditor", "audited_on", "notes", "is_public"),
]


class TrainingDatasetSerializer(serializers.ModelSerializer[TrainingDataset]):
    """Notes are shown to people with a role for the family; to others they are empty."""

    releases = serializers.SerializerMethodField()
    modalities = serializers.ListField(child=serializers.ChoiceField(Modality.choices))
    languages = serializers.ListField(child=serializers.CharField())
    notes = serializers.SerializerMethodField()
    source_url = serializers.CharField(help_text="A web address, or empty.")
    croissant_sha256 = serializers.CharField(help_text="Of the Croissant description it was read from, if any.")

    class Meta:
        model = TrainingDataset
        fields = ["id", "family", *FIELDS, "releases", "croissant_sha256", "created_at", "updated_at", "row_version"]
        read_only_fields = fields

    def get_releases(self, dataset: TrainingDataset) -> list[int]:
        return [each.pk for each in selectors.releases_of(dataset)]

    def get_notes(self, dataset: TrainingDataset) -> str:
        inside = permissions.can_see_inside(self.context["request"].user, dataset.family)
        return dataset.notes if inside else ""


class TrainingDatasetTextSerializer(serializers.ModelSerializer[TrainingDataset]):
    releases = VisibleRows(Release, required=False)
    modalities = serializers.ListField(child=serializers.ChoiceField(Modality.choices), required=False)
    languages = serializers.ListField(child=serializers.CharField(max_length=20), required=False)

    class Meta:
        model = TrainingDataset
        fields = [*FIELDS, "releases"]
        validators: list[Any] = []


SOURCE = "The text of a Croissant description (JSON-LD), as it is in the file."


class NewTrainingDatasetSerializer(TrainingDatasetTextSerializer):
    family = Visible(ModelFamily)
    name = serializers.CharField(max_length=200, required=False, help_text="Needed, unless the description has it.")
    kind = serializers.ChoiceField(TrainingDataset.Kind.choices, required=False, help_text="Like the name.")
    croissant = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, help_text=f"{SOURCE} It fills what is left out here."
    )

    class Meta(TrainingDatasetTextSerializer.Meta):
        fields = ["family", *TrainingDatasetTextSerializer.Meta.fields, "croissant"]


class CroissantSerializer(serializers.Serializer[Any]):
    family = Visible(ModelFamily)
    croissant = serializers.CharField(trim_whitespace=False, help_text=SOURCE)


class CroissantReadingSerializer(serializers.Serializer[Any]):
    values = serializers.DictField(help_text="Values by the names of this API.")
    origins = serializers.DictField(child=serializers.CharField(), help_text="The property each was read from.")
    remarks = serializers.ListField(child=serializers.CharField(), help_text="What is missing or has no field here.")
    sha256 = serializers.CharField()


class TrainingDatasetFilter(FilterSet):
    release = RowNumber(method="of_release", label="Number of a release trained on it")

    class Meta:
        model = TrainingDataset
        fields = ["family", "kind", "personal_data", "legal_basis", "is_public"]

    def of_release(self, rows: Any, name: str, value: Any) -> Any:
        return rows.filter(releases__in=Release.objects.visible_to(self.request.user).filter(pk=value))


class TrainingDatasetViewSet(Register):
    """Training data: what the public pages show, and all of the families you hold a role for."""

    serializer_class = TrainingDatasetSerializer
    queryset = TrainingDataset.objects.none()
    filterset_class = TrainingDatasetFilter
    ordering_fields: ClassVar[list[str]] = ["id", "updated_at"]

    def get_queryset(self) -> QuerySet[TrainingDataset]:
        visible = TrainingDataset.objects.visible_to(self.request.user).select_related("family__publisher")
        return selectors.with_releases(visible.defer("croissant"), self.request.user)

    @extend_schema(request=NewTrainingDatasetSerializer, responses={201: TrainingDatasetSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Put a data set on record, by its fields or by its Croissant description. Fields win over the description."""
        return super().create(request, *args, **kwargs)

    @contextmanager
    def prepared(self, request: Request) -> Iterator[None]:
        """The description is read before the transaction: it takes a second or two."""
        data = self.taken(NewTrainingDatasetSerializer, request)
        if not permissions.can_edit_training_data(request.user, data["family"]):
            raise PermissionDenied
        text = data.pop("croissant", "")
        self.read = croissant.read(text) if text else None
        self.given = {**(self.read.fields if self.read else {}), **data}
        missing = [name for name in ("name", "kind") if not self.given.get(name)]
        if missing:
            required = TrainingDatasetTextSerializer().fields[missing[0]].error_messages["required"]
            raise serializers.ValidationError({name: [required] for name in missing})
        yield

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        family = self.given.pop("family")
        made = services.add_training_dataset(family, actor=request.user, reading=self.read, **self.given)
        return self.created(made)

    @extend_schema(request=TrainingDatasetTextSerializer, responses=TrainingDatasetSerializer, parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change what is said of a data set. ``releases`` replaces all of them."""
        row, data = self.get_object(), self.taken(TrainingDatasetTextSerializer, request, partial=True)
        version = self.expected_version(request)
        return self.answer(services.edit_training_dataset(row, actor=request.user, expected_version=version, **data))

    @extend_schema(request=RiskReasonSerializer, responses={204: None})
    @action(detail=True, methods=["post"])
    def removal(self, request: Request, pk: str | None = None) -> Response:
        """Take a data set off the list, with the reason. What it said stays on record."""
        dataset, data = self.get_object(), self.taken(RiskReasonSerializer, request)
        services.remove_training_dataset(dataset, actor=request.user, reason=data["reason"])
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={(200, "application/ld+json"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"])
    def croissant(self, request: Request, pk: str | None = None) -> HttpResponse:
        """The Croissant description of a data set, as it came."""
        found = self.get_object()
        if not found.croissant:
            raise Http404
        headers = {"ETag": f'"{found.croissant_sha256}"', "X-Content-Type-Options": "nosniff"}
        return HttpResponse(found.croissant, content_type="application/ld+json", headers=headers)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """A description is what it is, whatever ``Accept`` says; problems are JSON."""
        if self.action == "croissant":
            return JSONRenderer(), JSONRenderer.media_type
        return super().perform_content_negotiation(request, force)

    @extend_schema(request=CroissantSerializer, responses=CroissantReadingSerializer, filters=False)
    @action(detail=False, methods=["post"], pagination_class=None)
    def reading(self, request: Request) -> Response:
        """Read a Croissant description and say what it would fill in. Nothing is stored."""
        data = self.taken(CroissantSerializer, request)
        if not permissions.can_edit_training_data(request.user, data["family"]):
            raise PermissionDenied
        found = croissant.read(data["croissant"])
        return Response(
            {"values": found.fields, "origins": found.origins, "remarks": found.remarks, "sha256": found.sha256}
        )
