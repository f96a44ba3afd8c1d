"""The model card of a release over the API: versions, sections, metadata, what changed and what is missing."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.permissions import SignedInToWrite
from common.api.views import LostUpdateMixin, etag
from registry import selectors, services
from registry.documentation import comparison, metadata, requirements, sections
from registry.documentation.kinds import BY_KEY, KINDS
from registry.models import ModelCard, Release
from registry.services.cards import LONGEST_NOTE

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="The ETag you read: the version of the card."
)
FROM_TO = [
    OpenApiParameter("from", int, required=True, description="Number of the version to compare from."),
    OpenApiParameter("to", int, required=True, description="Number of the version to compare to."),
]


class CardVersionSerializer(serializers.ModelSerializer[ModelCard]):
    of_record = serializers.BooleanField(
        read_only=True, help_text="Whether this is the version that the revision of the release covers."
    )

    class Meta:
        model = ModelCard
        fields = ["release", "number", "sha256", "of_record", "correction_note", "created_at"]
        read_only_fields = fields


class CardTextSerializer(CardVersionSerializer):
    class Meta(CardVersionSerializer.Meta):
        fields = [*CardVersionSerializer.Meta.fields, "metadata", "source"]
        read_only_fields = fields


class CardSectionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="The key of a known kind, or the heading in small letters.")
    key = serializers.CharField(allow_blank=True, help_text="The kind of section; empty for one we do not know.")
    title = serializers.CharField(allow_blank=True, help_text="The heading as it stands in the card.")
    level = serializers.IntegerField(help_text="1 to 6; 0 for what stands before the first heading.")
    empty = serializers.BooleanField(source="is_empty", help_text="Whether it says nothing yet.")
    text = serializers.SerializerMethodField()

    def get_text(self, section: sections.Section) -> str:
        return sections.core(section.text)


class CardSectionsSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField(help_text="The version of the card; 0 when there is none yet.")
    sections = CardSectionSerializer(many=True)
    missing = serializers.ListField(child=serializers.CharField(), help_text="Kinds of sections that are not there.")


class WriteSectionSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(allow_blank=True, trim_whitespace=False, help_text="Markdown.")
    correction_note = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_NOTE,
        help_text="What is corrected, and why; needed once the release is published.",
    )


class WriteMetadataSerializer(serializers.Serializer[Any]):
    changes = serializers.DictField(
        child=serializers.JSONField(allow_null=True),
        allow_empty=False,
        help_text="Keys with their new values; null takes a key out. Other keys keep their lines.",
    )
    correction_note = WriteSectionSerializer().fields["correction_note"]


class CardMetadataSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    metadata = serializers.DictField(help_text="As the Hub's own library reads it.")
    front_matter = serializers.CharField(allow_blank=True, help_text="The YAML as it stands in the card.")


class CardPieceSerializer(serializers.Serializer[Any]):
    op = serializers.ChoiceField([op.value for op in comparison.Op])
    text = serializers.CharField()


class DifferenceSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    change = serializers.ChoiceField([change.value for change in comparison.Change])
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)
    words = CardPieceSerializer(source="pieces", many=True)


class CardDiffSerializer(serializers.Serializer[Any]):
    layout_only = serializers.BooleanField(help_text="The sources differ, but say the same.")
    metadata = DifferenceSerializer(many=True)
    sections = DifferenceSerializer(many=True)


class PlaceSerializer(serializers.Serializer[Any]):
    where = serializers.ChoiceField(["section", "metadata", "registry"])
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class RequirementAnswerSerializer(serializers.Serializer[Any]):
    number = serializers.CharField(source="requirement.number", help_text="Where the requirement comes from.")
    text = serializers.CharField(source="requirement.text")
    met = serializers.BooleanField()
    found = PlaceSerializer(many=True, help_text="Where the answer stands.")
    places = PlaceSerializer(many=True, help_text="Where in the card it could stand.")


class CompletenessSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(source="catalogue.name")
    title = serializers.CharField(source="catalogue.title")
    # Named as on the page; DRF keeps declared fields apart from its own attributes.
    source = serializers.CharField(source="catalogue.source")  # type: ignore[assignment]
    url = serializers.CharField(source="catalogue.url", allow_blank=True)
    met = serializers.IntegerField()
    total = serializers.IntegerField()
    answers = RequirementAnswerSerializer(many=True)


class CardViewSet(LostUpdateMixin, mixins.ListModelMixin, viewsets.GenericViewSet[ModelCard]):
    """Versions of the model card of one release.

    Everybody reads the version of record and corrections of a public release; people with a role for it also
    what the card said before.
    """

    permission_classes = [SignedInToWrite]
    serializer_class = CardVersionSerializer
    queryset = ModelCard.objects.none()
    filterset_fields: ClassVar[list[str]] = ["sha256"]
    ordering_fields: ClassVar[list[str]] = ["number"]
    ordering: ClassVar[list[str]] = ["-number"]

    def release(self) -> Release:
        releases = Release.objects.visible_to(self.request.user).select_related("family__publisher")
        return get_object_or_404(releases, pk=self.kwargs["release"])

    def get_queryset(self) -> QuerySet[ModelCard]:
        return selectors.card_versions(self.release(), self.request.user)

    def newest(self, release: Release) -> ModelCard | None:
        return selectors.card_version(release, self.request.user)

    def version(self, release: Release, number: int) -> ModelCard:
        card = selectors.card_version(release, self.request.user, number)
        if card is None:
            raise Http404
        return card

    def taken(self, shape: Any) -> dict[str, Any]:
        given = shape(data=self.request.data)
        given.is_valid(raise_exception=True)
        return {**given.validated_data, "expected_number": self.expected_version(self.request)}

    def answered(self, shape: Any, content: Any, card: ModelCard | None) -> Response:
        return Response(shape(content).data, headers={"ETag": etag(card.number if card else 0)})

    @extend_schema(operation_id="release_card_version_list", responses=CardVersionSerializer(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The versions of the card, newest first, without their texts."""
        return super().list(request, *args, **kwargs)

    @extend_schema(operation_id="release_card_version", responses=CardTextSerializer)
    def one(self, request: Request, release: int, number: int) -> Response:
        """One version of the card, its source byte for byte."""
        card = self.version(self.release(), number)
        return self.answered(CardTextSerializer, card, card)

    @extend_schema(operation_id="release_card_section_list", responses=CardSectionsSerializer, filters=False)
    def sections(self, request: Request, release: int) -> Response:
        """The newest card cut at its headings; the pieces follow each other as in the card."""
        card = self.newest(self.release())
        there = sections.split(card.body) if card else []
        names = {section.key for section in there}
        content = {
            "number": card.number if card else 0,
            "sections": there,
            "missing": [kind.key for kind in KINDS if kind.key not in names],
        }
        return self.answered(CardSectionsSerializer, content, card)

    @extend_schema(operation_id="release_card_section", responses=CardSectionSerializer)
    def section(self, request: Request, release: int, name: str) -> Response:
        """One section of the newest card."""
        card = self.newest(self.release())
        found = sections.find(card.body, name) if card else None
        if found is None:
            raise Http404
        return self.answered(CardSectionSerializer, found, card)

    @extend_schema(
        operation_id="release_card_section_write",
        request=WriteSectionSerializer,
        responses=CardSectionSerializer,
        parameters=[IF_MATCH],
    )
    def write_section(self, request: Request, release: int, name: str) -> Response:
        """Replace the text of one section, or write one of a known kind; all else keeps its bytes.

        When only other sections have changed since you read, both changes are kept.
        """
        found = self.release()
        card = self.newest(found)
        if name not in BY_KEY and (card is None or sections.find(card.body, name) is None):
            raise Http404
        made = services.edit_card_section(found, actor=request.user, name=name, **self.taken(WriteSectionSerializer))
        return self.answered(CardSectionSerializer, sections.find(made.body, name), made)

    @extend_schema(operation_id="release_card_metadata", responses=CardMetadataSerializer)
    def metadata(self, request: Request, release: int) -> Response:
        """The metadata of the newest card."""
        card = self.newest(self.release())
        if card is None:
            raise Http404
        return self.answered(CardMetadataSerializer, _metadata(card), card)

    @extend_schema(
        operation_id="release_card_metadata_write",
        request=WriteMetadataSerializer,
        responses=CardMetadataSerializer,
        parameters=[IF_MATCH],
    )
    def write_metadata(self, request: Request, release: int) -> Response:
        """Set some keys of the metadata; the lines of all others keep their bytes."""
        made = services.edit_card_metadata(self.release(), actor=request.user, **self.taken(WriteMetadataSerializer))
        return self.answered(CardMetadataSerializer, _metadata(made), made)

    @extend_schema(operation_id="release_card_diff", responses=CardDiffSerializer, parameters=FROM_TO)
    def diff(self, request: Request, release: int) -> Response:
        """What changed from one version to another: by field, by section, and by word inside a text."""
        found = self.release()
        old, new = (self.version(found, _number(request, name)) for name in ("from", "to"))
        return Response(CardDiffSerializer(comparison.compare(old, new)).data)

    @extend_schema(operation_id="release_card_completeness", responses=CompletenessSerializer(many=True), filters=False)
    def completeness(self, request: Request, release: int) -> Response:
        """The newest card beside what others require of it. It says what is missing and blocks nothing."""
        found = self.release()
        card = self.newest(found)
        body, declared = (card.body, card.metadata) if card else ("", {})
        results = requirements.judge(body, declared, selectors.card_facts(found))
        return Response(CompletenessSerializer(results, many=True).data)


def _metadata(card: ModelCard) -> dict[str, Any]:
    return {"number": card.number, "metadata": card.metadata, "front_matter": metadata.cut(card.source).front}


def _number(request: Request, name: str) -> int:
    given = request.query_params.get(name, "")
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise ValidationError({name: [_("Give the number of a version.")]})
    return int(given)


def _route(address: str, name: str, **verbs: str) -> Any:
    return path(f"releases/<int:release>/{address}", CardViewSet.as_view(verbs), name=name)  # type: ignore[arg-type]


urlpatterns = [
    _route("cards/", "release-cards", get="list"),
    _route("cards/<int:number>/", "release-card-version", get="one"),
    _route("card/sections/", "release-card-sections", get="sections"),
    _route("card/sections/<str:name>/", "release-card-section", get="section", put="write_section"),
    _route("card/metadata/", "release-card-metadata", get="metadata", patch="write_metadata"),
    _route("card/diff/", "release-card-diff", get="diff"),
    _route("card/completeness/", "release-card-completeness", get="completeness"),
]
