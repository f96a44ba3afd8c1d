from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.permissions import SignedInToWrite
from registry import guidelines as reading
from registry import regions, selectors, services
from registry.api.base import Register
from registry.api.catalogue import IF_MATCH
from registry.api.serializers import Visible
from registry.models import PUBLIC_STAGES, ModelFamily, Release, RuleKind, Sector, UsageGuidelines

_TEXTS = ("summary", "data", "safeguards", "reporting", "change_note")


class UsageGuidelinesSerializer(serializers.ModelSerializer[UsageGuidelines]):
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = UsageGuidelines
        fields = [
            *("id", "family", "release", "number", "stage", *_TEXTS, "published_at", "superseded_at", "url"),
            *("created_at", "updated_at", "row_version"),
        ]
        read_only_fields = fields


class GuidelinesTextSerializer(serializers.ModelSerializer[UsageGuidelines]):
    class Meta:
        model = UsageGuidelines
        fields = [*_TEXTS]


class NewGuidelinesSerializer(GuidelinesTextSerializer):
    family = Visible(ModelFamily)
    release = Visible(Release, required=False, allow_null=True)

    class Meta(GuidelinesTextSerializer.Meta):
        fields = ["family", "release", *_TEXTS]
        validators: list[Any] = []


class GuidelinesReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class PlaceSerializer(serializers.Serializer[Any]):
    region = serializers.CharField(
        required=False, max_length=8, help_text="EU, EEA, or an ISO 3166 code such as DE or US-CA."
    )
    sector = serializers.ChoiceField(Sector.choices, required=False)

    def validate_region(self, value: str) -> str:
        regions.validate(value)
        return value


class TermsPlaceSerializer(PlaceSerializer):
    release = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text="Number of a public release; the current one if left out.",
    )


class OverridePlaceSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    region = serializers.CharField()
    sector = serializers.CharField()
    source_title = serializers.CharField()
    source_citation = serializers.CharField()
    source_url = serializers.CharField()


class EffectiveRuleSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    kind = serializers.ChoiceField(RuleKind.choices)
    title = serializers.CharField(source="title.text")
    text = serializers.CharField(source="full_text")
    condition = serializers.CharField()
    rationale = serializers.CharField()
    in_summary = serializers.BooleanField()
    overrides = OverridePlaceSerializer(source="applied", many=True, help_text="What was applied, widest first.")
    differs_in = OverridePlaceSerializer(source="elsewhere", many=True, help_text="What holds elsewhere.")


class EffectiveSerializer(serializers.Serializer[Any]):
    guidelines = serializers.IntegerField()
    number = serializers.IntegerField()
    region = serializers.CharField()
    sector = serializers.CharField()
    rules = EffectiveRuleSerializer(many=True)


class TermsLineSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    condition = serializers.CharField()
    url = serializers.CharField(help_text="Where the rule stands in full.")


class TermsListSerializer(serializers.Serializer[Any]):
    lines = TermsLineSerializer(many=True)
    more = serializers.IntegerField(help_text="Rules that only the full text has.")


class TermsSummarySerializer(serializers.Serializer[Any]):
    guidelines = serializers.IntegerField()
    number = serializers.IntegerField()
    region = serializers.CharField()
    sector = serializers.CharField()
    licence = serializers.CharField()
    can = TermsListSerializer()
    must = TermsListSerializer()
    must_not = TermsListSerializer()
    data = serializers.CharField()  # type: ignore[assignment]
    safeguards = serializers.CharField()
    reporting = serializers.CharField()


class PieceSerializer(serializers.Serializer[Any]):
    op = serializers.ChoiceField(["same", "removed", "added"])
    text = serializers.CharField(trim_whitespace=False)


class FieldChangeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    pieces = PieceSerializer(many=True)


class PartChangeSerializer(serializers.Serializer[Any]):
    part = serializers.CharField()
    key = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(["added", "removed", "changed"])
    fields_changed = FieldChangeSerializer(source="fields", many=True)


class GuidelinesChangesSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    compared_with = serializers.IntegerField(allow_null=True, help_text="Null where all of it is new.")
    changes = PartChangeSerializer(many=True)


def asked(request: Request, shape: type[PlaceSerializer] = PlaceSerializer) -> dict[str, Any]:
    given = shape(data={name: value for name, value in request.query_params.items() if value})
    given.is_valid(raise_exception=True)
    return {"region": "", "sector": "", **given.validated_data}


class UsageGuidelinesViewSet(Register):
    """Usage guidelines by version: those of public models that were published, and all of the families you hold a
    role for."""

    serializer_class = UsageGuidelinesSerializer
    queryset = UsageGuidelines.objects.none()
    filterset_fields: ClassVar[list[str]] = ["family", "release", "number", "stage"]
    ordering_fields: ClassVar[list[str]] = ["id", "updated_at"]

    def get_queryset(self) -> QuerySet[UsageGuidelines]:
        return UsageGuidelines.objects.visible_to(self.request.user).select_related("family__publisher")

    def document(self) -> reading.Document:
        rows = selectors.guidelines_with_parts(UsageGuidelines.objects.visible_to(self.request.user))
        return selectors.document_of(get_object_or_404(rows, pk=self.kwargs["pk"]))

    @extend_schema(request=NewGuidelinesSerializer, responses={201: UsageGuidelinesSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin the next version as a draft: a copy of what holds, with the texts you send in place of its own."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.taken(NewGuidelinesSerializer, request)
        return self.created(services.draft_guidelines(data.pop("family"), actor=request.user, **data))

    @extend_schema(request=GuidelinesTextSerializer, responses=UsageGuidelinesSerializer, parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the texts of a draft."""
        row, data = self.get_object(), self.taken(GuidelinesTextSerializer, request, partial=True)
        version = self.expected_version(request)
        return self.answer(services.edit_guidelines(row, actor=request.user, expected_version=version, **data))

    @extend_schema(parameters=[IF_MATCH])
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Discard a draft with all its parts. That it was there stays on record."""
        row = self.get_object()
        services.discard_guidelines(row, actor=request.user, expected_version=self.expected_version(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=UsageGuidelinesSerializer)
    @action(detail=True, methods=["post"])
    def publication(self, request: Request, pk: str | None = None) -> Response:
        """Publish a draft. What held before for the same family or release is superseded in the same moment."""
        return self.answer(services.publish_guidelines(self.get_object(), actor=request.user))

    @extend_schema(request=GuidelinesReasonSerializer, responses=UsageGuidelinesSerializer)
    @action(detail=True, methods=["post"])
    def retirement(self, request: Request, pk: str | None = None) -> Response:
        """Take published guidelines out of force without a successor."""
        row, data = self.get_object(), self.taken(GuidelinesReasonSerializer, request)
        return self.answer(services.retire_guidelines(row, actor=request.user, **data))

    @extend_schema(responses=EffectiveSerializer, parameters=[PlaceSerializer])
    @action(detail=True, methods=["get"])
    def effective(self, request: Request, pk: str | None = None) -> Response:
        """The rules as they hold in one region and sector, with the overrides that were applied."""
        document, place = self.document(), asked(request)
        rules = reading.effective(document, place["region"], place["sector"])
        answer = {"guidelines": document.guidelines.pk, "number": document.guidelines.number, "rules": rules, **place}
        return Response(EffectiveSerializer(answer).data)

    @extend_schema(
        responses=GuidelinesChangesSerializer,
        parameters=[OpenApiParameter("from", OpenApiTypes.INT, description="Version to compare with.")],
    )
    @action(detail=True, methods=["get"])
    def changes(self, request: Request, pk: str | None = None) -> Response:
        """What differs from an earlier version, by part and by word; from the one before unless you name one."""
        new, given = self.document(), request.query_params.get("from", "")
        earlier = selectors.guidelines_before(new.guidelines)
        if given:
            if not (given.isascii() and given.isdigit() and len(given) < 9):
                raise Http404
            earlier = earlier.filter(number=int(given))
        row = selectors.guidelines_with_parts(earlier).first()
        if given and row is None:
            raise Http404
        old = selectors.document_of(row) if row is not None else None
        answer = {
            "number": new.guidelines.number,
            "compared_with": old.guidelines.number if old else None,
            "changes": reading.changes(old, new),
        }
        return Response(GuidelinesChangesSerializer(answer).data)


class FamilyTerms(APIView):
    """The terms of a model on one page, as the page shows them."""

    permission_classes = [SignedInToWrite]

    @extend_schema(operation_id="family_terms", responses=TermsSummarySerializer, parameters=[TermsPlaceSerializer])
    def get(self, request: Request, pk: int) -> Response:
        """What one may, must and must not do with this model in one region and sector; 404 where nothing is said."""
        families = ModelFamily.objects.visible_to(request.user).select_related("publisher")
        family, place = get_object_or_404(families, pk=pk), asked(request, TermsPlaceSerializer)
        releases = Release.objects.filter(stage__in=PUBLIC_STAGES).select_related("family__publisher")
        number = place.pop("release", None)
        if number is None:
            release = selectors.public_releases(family.publisher.slug, family.slug).first()
        else:
            release = get_object_or_404(releases, family=family, pk=number)
        document = selectors.holding_guidelines(family, release)
        if document is None:
            raise Http404
        return Response(TermsSummarySerializer(_terms(document, release, place)).data)


def _terms(document: reading.Document, release: Release | None, place: dict[str, Any]) -> dict[str, Any]:
    row, query = document.guidelines, urlencode({name: value for name, value in place.items() if value})
    url = f"{row.get_absolute_url()}?{query}" if query else row.get_absolute_url()
    lists = reading.terms(reading.effective(document, place["region"], place["sector"]))
    shown = {
        name: {
            "more": found.more,
            "lines": [
                {"text": line.text, "condition": line.condition, "url": f"{url}#{line.anchor}"} for line in found.lines
            ],
        }
        for name, found in lists.items()
    }
    texts = {name: reading.shortened_text(getattr(row, name)) for name in ("data", "safeguards", "reporting")}
    licence = release.licence if release is not None else ""
    return {"guidelines": row.pk, "number": row.number, "licence": licence, **place, **shown, **texts}
