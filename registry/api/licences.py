"""The licence of a release over the API: what it names, and its text where that is here."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.permissions import SignedInToWrite
from registry import licences
from registry.models import Release


class LicencePartSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="As in the expression.")
    name = serializers.CharField(help_text="Empty for a licence of its own, and for one that nobody knows.")
    url = serializers.CharField()
    kind = serializers.CharField(help_text="As ScanCode LicenseDB sorts it: Permissive, Copyleft, …; often empty.")
    is_exception = serializers.BooleanField()


class LicenceSerializer(serializers.Serializer[Any]):
    release = serializers.IntegerField()
    licence = serializers.CharField(help_text="The expression, or what was written before there was this rule.")
    is_expression = serializers.BooleanField(help_text="Whether it is a valid SPDX expression.")
    parts = LicencePartSerializer(many=True)
    licence_name = serializers.CharField()
    licence_url = serializers.CharField()
    licence_text = serializers.CharField()


class ReleaseLicence(APIView):
    """The licence of a release."""

    permission_classes = [SignedInToWrite]

    @extend_schema(operation_id="release_licence", responses=LicenceSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """The expression and each licence that it names; of one of its own the name, the text and where that is."""
        release = get_object_or_404(Release.objects.visible_to(request.user), pk=pk)
        body = {
            "release": release.pk,
            "licence": release.licence,
            "is_expression": bool(release.licence) and licences.is_read(release.licence),
            "parts": licences.parts(release.licence),
            **{name: getattr(release, name) for name in ("licence_name", "licence_url", "licence_text")},
        }
        return Response(LicenceSerializer(body).data)
