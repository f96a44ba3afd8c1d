"""A release in the formats of other tools."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from common.api.permissions import SignedInToWrite
from registry import exchange
from registry.exchange.answer import answer
from registry.models import Release


def _media_type(name: str) -> str:
    return exchange.FORMATS[name].media_type.partition(";")[0]


class ReleaseExport(APIView):
    """A release as a file for other tools."""

    permission_classes = [SignedInToWrite]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """The address names the format; whatever ``Accept`` says, problems are JSON."""
        return JSONRenderer(), JSONRenderer.media_type

    @extend_schema(
        operation_id="release_export",
        parameters=[
            OpenApiParameter(
                "export_format",
                str,
                OpenApiParameter.PATH,
                enum=sorted(exchange.FORMATS),
                description="huggingface: the model card. cyclonedx: CycloneDX 1.6. spdx: SPDX 3.0.1, AI profile.",
            ),
            OpenApiParameter(
                "If-None-Match",
                str,
                OpenApiParameter.HEADER,
                description="The ETag you have: 304 while it is the same.",
            ),
        ],
        responses={
            (200, _media_type("cyclonedx")): OpenApiTypes.OBJECT,
            (200, _media_type("spdx")): OpenApiTypes.OBJECT,
            (200, _media_type("huggingface")): OpenApiTypes.STR,
            304: OpenApiResponse(description="You have it already."),
        },
    )
    def get(self, request: Request, pk: int, export_format: str) -> HttpResponse:
        """What is public about a release, in one format. The same data always gives the same bytes."""
        format = exchange.FORMATS.get(export_format)
        if format is None:
            raise Http404
        releases = exchange.with_facts(Release.objects.visible_to(request.user))
        return answer(request._request, get_object_or_404(releases, pk=pk), format)
