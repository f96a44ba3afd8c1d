"""Documents that a downstream team takes away, filled with what is public about a release."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.permissions import SignedInToWrite
from registry import downstream, exchange
from registry.api.guidelines import PlaceSerializer, asked
from registry.exchange.answer import file_answer
from registry.models import PUBLIC_STAGES, Release


class DownstreamFileSerializer(serializers.Serializer[Any]):
    name = serializers.ChoiceField(sorted(downstream.FORMATS))
    url = serializers.CharField()


class DownstreamDocumentSerializer(serializers.Serializer[Any]):
    name = serializers.ChoiceField(sorted(downstream.DOCUMENTS))
    title = serializers.CharField()
    about = serializers.CharField()
    formats = DownstreamFileSerializer(many=True)


class ReleaseDocuments(APIView):
    """What a team that builds on a release can take away."""

    permission_classes = [SignedInToWrite]

    @extend_schema(operation_id="release_documents", responses=DownstreamDocumentSerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """The documents there are, and in which formats."""
        release = get_object_or_404(Release.objects.visible_to(request.user), pk=pk)
        answer = [
            {
                "name": each.name,
                "title": each.title,
                "about": each.about,
                "formats": [
                    {
                        "name": name,
                        "url": settings.BASE_URL + reverse("api:release-document", args=[release.pk, each.name, name]),
                    }
                    for name in each.formats
                ],
            }
            for each in downstream.DOCUMENTS.values()
        ]
        return Response(DownstreamDocumentSerializer(answer, many=True).data)


class ReleaseDocument(APIView):
    """A document that a team that builds on a release makes its own."""

    permission_classes = [SignedInToWrite]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """The address names the format; whatever ``Accept`` says, problems are JSON."""
        return JSONRenderer(), JSONRenderer.media_type

    @extend_schema(
        operation_id="release_document",
        parameters=[
            OpenApiParameter("document", str, OpenApiParameter.PATH, enum=sorted(downstream.DOCUMENTS)),
            OpenApiParameter("document_format", str, OpenApiParameter.PATH, enum=sorted(downstream.FORMATS)),
            PlaceSerializer,
        ],
        responses={(200, media_type): OpenApiTypes.STR for media_type in downstream.FORMATS.values()},
    )
    def get(self, request: Request, pk: int, document: str, document_format: str) -> HttpResponse:
        """One document, filled with what is public about the release and the rules of one region and sector. The
        same data always gives the same bytes."""
        found = downstream.DOCUMENTS.get(document)
        if found is None or document_format not in found.formats:
            raise Http404
        place = asked(request)
        release: Any = get_object_or_404(exchange.with_facts(Release.objects.visible_to(request.user)), pk=pk)
        content = downstream.content_of(release, place["region"], place["sector"])
        made = downstream.render(found, content, document_format)
        return file_answer(request._request, made, public=release.stage in PUBLIC_STAGES)
