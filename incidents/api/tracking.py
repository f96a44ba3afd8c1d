"""A reporter's way back through the API. The receipt travels in the body: addresses end up in logs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, Throttled
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.parsers import JSONParser
from common.lifecycle import Refused
from incidents import receipts, selectors, services, throttle
from incidents.api.serializers import ReceiptFieldSerializer, ReplySerializer, TrackedReportSerializer
from incidents.models import MisuseReport


class _Tracking(APIView):
    permission_classes: Any = []
    authentication_classes: Any = []

    def find(self, request: Request, receipt: str) -> MisuseReport:
        """The report of ``receipt``: 404 with the same words for an unknown locator and a wrong secret."""
        locator = receipts.parse(receipt).locator
        if not throttle.may_track(request, locator):
            raise Throttled(wait=throttle.WINDOW)
        try:
            return services.find_by_receipt(receipt)
        except Refused as refused:
            throttle.note_failure(request, locator)
            raise NotFound(str(refused)) from refused


class TrackedReportView(_Tracking):
    @extend_schema(
        request=ReceiptFieldSerializer, responses=TrackedReportSerializer, operation_id="misuse_reports_track"
    )
    def post(self, request: Request) -> Response:
        """Read your report and our answers with its receipt. No account is needed or looked at.

        400 says that the receipt is mistyped and in which group; 404 that there is no such report.
        """
        given = ReceiptFieldSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        found = self.find(request, given.validated_data["receipt"])
        return Response(_told(found), headers={"Cache-Control": "no-store"})


class TrackedMessagesView(_Tracking):
    parser_classes = [JSONParser, MultiPartParser]

    @extend_schema(
        request={"application/json": ReplySerializer, "multipart/form-data": ReplySerializer},
        responses={201: TrackedReportSerializer},
        operation_id="misuse_reports_track_message",
    )
    def post(self, request: Request) -> Response:
        """Write to us about your report. A closed report is opened again."""
        given = ReplySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        found = self.find(request, given.validated_data["receipt"])
        if not throttle.may_reply(request, found.pk):
            raise Throttled(wait=3600)
        files = given.validated_data.get("evidence", ())
        services.reply_as_reporter(found, body=given.validated_data["body"], evidence=files)
        found.refresh_from_db()
        return Response(_told(found), status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})


def _told(found: MisuseReport) -> Any:
    found.story = selectors.story_for_reporter(found)  # type: ignore[attr-defined]
    return TrackedReportSerializer(found).data
