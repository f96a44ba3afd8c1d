import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.http import Http404, UnreadablePostError
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.filters import FilterSet
from common.api.parsers import JSONParser
from common.api.permissions import SignedIn, SignedInToWrite
from common.api.views import IdempotentCreateMixin
from common.lifecycle import Refused
from common.uploads import any_size
from registry import cards, permissions, selectors, services
from registry.api.base import Register
from registry.api.serializers import (
    ArtifactSerializer,
    CardSerializer,
    FamilySerializer,
    FamilyTextSerializer,
    NewArtifactSerializer,
    NewCardSerializer,
    NewReleaseSerializer,
    PublisherSerializer,
    PublisherTextSerializer,
    ReleaseSerializer,
    ReleaseTextSerializer,
)
from registry.api.visibility import RiskFieldsActions
from registry.models import Artifact, ModelFamily, Publisher, Release

IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, required=True, description="The ETag you read.")


class PublisherViewSet(RiskFieldsActions, Register):
    """Publishers: those with a public release, and those where you hold a role."""

    serializer_class = PublisherSerializer
    queryset = Publisher.objects.none()
    filterset_fields: ClassVar[list[str]] = ["slug"]
    ordering_fields: ClassVar[list[str]] = ["id", "slug"]

    def get_queryset(self) -> QuerySet[Publisher]:
        return Publisher.objects.visible_to(self.request.user)

    @extend_schema(request=PublisherSerializer, responses={201: PublisherSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Register a publisher; whoever runs the portal does."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.taken(PublisherSerializer, request)
        return self.created(services.create_publisher(actor=request.user, **data))

    @extend_schema(request=PublisherTextSerializer, responses=PublisherSerializer, parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change name, description or contact. The short name stays."""
        row, data = self.get_object(), self.taken(PublisherTextSerializer, request, partial=True)
        version = self.expected_version(request)
        return self.answer(services.edit_publisher(row, actor=request.user, expected_version=version, **data))


class FamilyFilter(FilterSet):
    search = django_filters.CharFilter(method="find", label="Words in name, address or summary")

    class Meta:
        model = ModelFamily
        fields = ["publisher", "slug"]

    def find(self, rows: QuerySet[ModelFamily], name: str, value: str) -> QuerySet[ModelFamily]:
        return selectors.find_families(rows, value)


class FamilyViewSet(Register):
    """Model families: those with a public release, and those where you hold a role."""

    serializer_class = FamilySerializer
    queryset = ModelFamily.objects.none()
    filterset_class = FamilyFilter
    ordering_fields: ClassVar[list[str]] = ["id", "updated_at"]

    def get_queryset(self) -> QuerySet[ModelFamily]:
        return ModelFamily.objects.visible_to(self.request.user).select_related("publisher")

    @extend_schema(request=FamilySerializer, responses={201: FamilySerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Register a model family. Nobody outside knows of it before its first release is published."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.taken(FamilySerializer, request)
        return self.created(services.create_family(data.pop("publisher"), actor=request.user, **data))

    @extend_schema(request=FamilyTextSerializer, responses=FamilySerializer, parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change what a family says of itself. The short name stays."""
        row, data = self.get_object(), self.taken(FamilyTextSerializer, request, partial=True)
        version = self.expected_version(request)
        return self.answer(services.edit_family(row, actor=request.user, expected_version=version, **data))


class MarkdownParser(BaseParser):
    """A model card as it is: its bytes are the body of the request."""

    media_type = "text/markdown"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> dict[str, str]:
        return {"source": cards.decode(stream.read(cards.LARGEST_CARD + 1))}


class ReleaseViewSet(Register):
    """Releases: the public ones, and all of the families you hold a role for."""

    serializer_class = ReleaseSerializer
    queryset = Release.objects.none()
    filterset_fields: ClassVar[list[str]] = ["family", "version", "stage", "modality", "revision"]
    ordering_fields: ClassVar[list[str]] = ["id", "updated_at"]

    def get_queryset(self) -> QuerySet[Release]:
        rows = Release.objects.visible_to(self.request.user).select_related("family__publisher")
        return rows.defer("licence_text")

    @extend_schema(request=NewReleaseSerializer, responses={201: ReleaseSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin a release as a draft, with its model card if you have it at hand."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.taken(NewReleaseSerializer, request)
        return self.created(services.create_release(data.pop("family"), actor=request.user, **data))

    @extend_schema(request=ReleaseTextSerializer, responses=ReleaseSerializer, parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a release. After publication its version and licence stay as they were."""
        row, data = self.get_object(), self.taken(ReleaseTextSerializer, request, partial=True)
        version = self.expected_version(request)
        return self.answer(services.edit_release(row, actor=request.user, expected_version=version, **data))

    @extend_schema(responses=CardSerializer)
    @action(detail=True, methods=["get"], parser_classes=[JSONParser, MarkdownParser])
    def card(self, request: Request, pk: str | None = None) -> Response:
        """The newest version of the model card, source included, byte for byte."""
        card = self.get_object().cards.first()
        if card is None:
            raise Http404
        return Response(CardSerializer(card).data, headers={"ETag": f'"{card.sha256}"'})

    @extend_schema(
        request={"application/json": NewCardSerializer, "text/markdown": OpenApiTypes.STR},
        responses={201: CardSerializer},
    )
    @card.mapping.put
    def put_card(self, request: Request, pk: str | None = None) -> Response:
        """Give a release its model card: as JSON, or the Markdown itself. The same text again adds nothing.

        Once the release is published this is a correction, which says why in ``correction_note``.
        """
        release, data = self.get_object(), self.taken(NewCardSerializer, request)
        card = services.import_card(release, actor=request.user, **data)
        return Response(CardSerializer(card).data, status=status.HTTP_201_CREATED)


class LengthRequired(exceptions.APIException):
    status_code = 411
    default_detail = "Send a Content-Length, so that a file that was cut off is not taken for a whole one."
    default_code = "length_required"


@any_size("PUT", who=permissions.can_send_files)
class ReleaseArtifact(APIView):
    """A file of a draft release, sent as the body of the request: any size, stored while it arrives."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="release_artifact_put",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: ArtifactSerializer},
        parameters=[
            OpenApiParameter(
                "Content-Digest",
                str,
                OpenApiParameter.HEADER,
                description="The digest you expect (RFC 9530): sha-256=:…:. What arrives is compared with it.",
            )
        ],
    )
    def put(self, request: Request, pk: int, path: str) -> Response:
        """Upload a file to this path. With its digest declared, sending it again is harmless."""
        releases = Release.objects.visible_to(request.user).select_related("family__publisher")
        release = get_object_or_404(releases, pk=pk)
        length = request.META.get("CONTENT_LENGTH") or ""
        if not length.isdigit():
            raise LengthRequired
        try:
            artifact = services.add_artifact(
                release,
                actor=request.user,
                path=path,
                content=request._request,
                sha256=_declared(request.headers.get("Content-Digest", "")),
                expected_size=int(length),
            )
        except UnreadablePostError as error:
            raise Refused(_("The upload was cut off. Nothing was stored; send it again."), field="file") from error
        return Response(ArtifactSerializer(artifact).data, status=status.HTTP_201_CREATED)


def _declared(header: str) -> str:
    """The SHA-256 in a ``Content-Digest`` header as hex; empty without one (RFC 9530, section 2)."""
    if not header:
        return ""
    found = re.search(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):", header)
    try:
        digest = base64.b64decode(found[1], validate=True) if found else b""
    except binascii.Error:
        digest = b""
    if len(digest) != 32:
        raise Refused(_("Write Content-Digest as sha-256=:…: with the digest in base64."), field="Content-Digest")
    return digest.hex()


@any_size("POST", who=permissions.can_send_files)
class ArtifactViewSet(
    IdempotentCreateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Artifact]
):
    """Files of releases: paths, sizes and digests. The bytes are behind the gate."""

    permission_classes = [SignedInToWrite]
    parser_classes = [MultiPartParser]
    serializer_class = ArtifactSerializer
    queryset = Artifact.objects.none()
    filterset_fields: ClassVar[list[str]] = ["release", "path", "sha256"]
    ordering_fields: ClassVar[list[str]] = ["id"]

    def get_queryset(self) -> QuerySet[Artifact]:
        return Artifact.objects.visible_to(self.request.user).select_related("release__family__publisher")

    @extend_schema(request={"multipart/form-data": NewArtifactSerializer}, responses={201: ArtifactSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Upload a file from a form. Programs do better with PUT /releases/…/artifacts/…"""
        return super().create(request, *args, **kwargs)

    @contextmanager
    def prepared(self, request: Request) -> Iterator[None]:
        """The bytes, before the transaction: a slow storage holds no connection and no lock."""
        given = NewArtifactSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        data = given.validated_data
        file = data["file"]
        name, sha256 = data.get("path") or file.name, data.get("sha256", "")
        what = {"path": name, "content": file, "sha256": sha256, "expected_size": file.size}
        with services.received(data["release"], actor=request.user, **what) as self.received:
            yield

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        artifact = services.keep_artifact(self.received, actor=request.user)
        return Response(ArtifactSerializer(artifact).data, status=status.HTTP_201_CREATED)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a file out of a draft release. That it was there stays on record."""
        services.remove_artifact(self.get_object(), actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
