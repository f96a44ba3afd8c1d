from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from common.actors import ANONYMOUS_REPORTER
from common.api.parsers import JSONParser
from common.api.permissions import SignedIn, TokenScope
from common.api.throttling import ReportRate
from common.api.views import IdempotentCreateMixin, LostUpdateMixin, etag
from incidents import services
from incidents.api.serializers import (
    ContactSerializer,
    MisuseReportDetailSerializer,
    MisuseReportSerializer,
    NewMisuseReportSerializer,
    NewReportMessageSerializer,
    ReceiptSerializer,
    ReportClosureSerializer,
    ReportMessageSerializer,
    ReportModelSerializer,
    ReportReopeningSerializer,
    TriageSerializer,
)
from incidents.evidence import media_response
from incidents.filters import ReportFilter
from incidents.models import MisuseReport, ReportAttachment


class MisuseReportViewSet(
    LostUpdateMixin,
    IdempotentCreateMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[MisuseReport],
):
    """Misuse reports. Anybody may file one; people with a role for the model work on them."""

    queryset = MisuseReport.objects.none()
    serializer_class = MisuseReportSerializer
    filterset_class = ReportFilter
    lookup_value_regex = r"\d+"
    ordering_fields = ["id", "received_at"]

    def get_permissions(self) -> list[BasePermission]:
        return [TokenScope()] if self.action == "create" else [SignedIn()]

    def get_throttles(self) -> list[Any]:
        return [ReportRate()] if self.action == "create" else super().get_throttles()

    def get_queryset(self) -> QuerySet[MisuseReport]:
        rows = MisuseReport.objects.visible_to(self.request.user).select_related("family", "release__family")
        return rows.prefetch_related("messages__user", "attachments") if self.action == "retrieve" else rows

    def get_serializer_class(self) -> Any:
        return MisuseReportDetailSerializer if self.action == "retrieve" else MisuseReportSerializer

    def get_parsers(self) -> list[Any]:
        return [JSONParser(), MultiPartParser()]

    @extend_schema(
        request={"application/json": NewMisuseReportSerializer, "multipart/form-data": NewMisuseReportSerializer},
        responses={201: ReceiptSerializer},
        auth=[],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """File a misuse report and get its receipt, once.

        No account is needed. With a token the report is filed in its owner's name; leave the token away to
        stay anonymous. A session of the browser is not looked at.
        """
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewMisuseReportSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        actor: Any = request.user if request.auth is not None else ANONYMOUS_REPORTER
        filed = services.file_report(actor=actor, **given.validated_data)
        body = {
            "receipt": filed.receipt.text if filed.receipt else "",
            "stage": filed.report.stage,
            "received_at": filed.report.received_at,
        }
        answer = ReceiptSerializer(body).data
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})

    def _fresh(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        report = MisuseReport.objects.select_related("family", "release__family").get(pk=pk)
        return Response(MisuseReportSerializer(report).data, status=code, headers={"ETag": etag(report.row_version)})

    @extend_schema(
        request=TriageSerializer,
        responses=MisuseReportSerializer,
        parameters=[OpenApiParameter("If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True)],
    )
    @action(detail=True, methods=["put"])
    def triage(self, request: Request, pk: Any = None) -> Response:
        """Judge a report: severity, owner, incident. Send the ETag you read as If-Match."""
        report = self.get_object()
        given = TriageSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        version = self.expected_version(request)
        services.triage_report(report, actor=request.user, expected_version=version, **given.validated_data)
        return self._fresh(report.pk)

    @extend_schema(request=ReportModelSerializer, responses=MisuseReportSerializer)
    @action(detail=True, methods=["put"])
    def model(self, request: Request, pk: Any = None) -> Response:
        """Say which model of the registry a report is about."""
        report = self.get_object()
        given = ReportModelSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        services.match_report(report, actor=request.user, **given.validated_data)
        return self._fresh(report.pk)

    @extend_schema(request=NewReportMessageSerializer, responses={201: ReportMessageSerializer})
    @action(detail=True, methods=["post"])
    def messages(self, request: Request, pk: Any = None) -> Response:
        """Answer the reporter (public) or leave a note among yourselves (internal)."""
        report = self.get_object()
        given = NewReportMessageSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        write = services.answer_report if given.validated_data["visibility"] == "public" else services.add_internal_note
        message = write(report, actor=request.user, body=given.validated_data["body"])
        return Response(ReportMessageSerializer(message).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ReportClosureSerializer, responses={201: MisuseReportSerializer})
    @action(detail=True, methods=["post"])
    def closure(self, request: Request, pk: Any = None) -> Response:
        """Close a report, with a reason and words that the reporter reads."""
        report = self.get_object()
        given = ReportClosureSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        services.close_report(report, actor=request.user, **given.validated_data)
        return self._fresh(report.pk, status.HTTP_201_CREATED)

    @extend_schema(request=ReportReopeningSerializer, responses={201: MisuseReportSerializer})
    @action(detail=True, methods=["post"])
    def reopening(self, request: Request, pk: Any = None) -> Response:
        """Open a closed report again."""
        report = self.get_object()
        given = ReportReopeningSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        services.reopen_report(report, actor=request.user, **given.validated_data)
        return self._fresh(report.pk, status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: ContactSerializer})
    @action(detail=True, methods=["post"])
    def contact(self, request: Request, pk: Any = None) -> Response:
        """Read how the reporter may be reached. Every reading is on record; handlers only."""
        contact = services.reveal_contact(self.get_object(), actor=request.user)
        return Response({"contact": contact}, headers={"Cache-Control": "no-store"})

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], url_path=r"attachments/(?P<number>\d+)")
    def attachments(self, request: Request, pk: Any = None, number: str = "") -> FileResponse:
        """Download a file that came with a report."""
        found = get_object_or_404(ReportAttachment, report=self.get_object(), pk=number)
        return media_response(found)
