"""The REST API of this app: routes are collected by config/api_urls.py."""

from typing import Any

import django_filters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from common.api.filters import FilterSet
from common.api.permissions import SignedIn, SignedInToWrite
from common.api.views import IdempotentCreateMixin
from common.models import Job
from reports import files, permissions, selectors, services
from reports.figures import figures
from reports.models import ReleasePackage, SafetyReport
from reports.scope import Period, Scope
from reports.serializers import (
    FiguresSerializer,
    JobSerializer,
    NewPackageSerializer,
    NewReportSerializer,
    ReleasePackageSerializer,
    SafetyReportSerializer,
)


class ReportFilter(FilterSet):
    ends_after = django_filters.DateFilter(field_name="period_end", lookup_expr="gt")
    starts_before = django_filters.DateFilter(field_name="period_start", lookup_expr="lt")

    class Meta:
        model = SafetyReport
        fields = ["stage", "publisher", "family"]


class SafetyReportViewSet(
    IdempotentCreateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[SafetyReport]
):
    """Safety reports: the published ones, and all of the models you report on."""

    permission_classes = [SignedInToWrite]
    serializer_class = SafetyReportSerializer
    queryset = SafetyReport.objects.none()
    filterset_class = ReportFilter
    ordering_fields = ["id", "period_start", "period_end"]

    def get_queryset(self) -> QuerySet[SafetyReport]:
        return SafetyReport.objects.visible_to(self.request.user).light()

    @extend_schema(request=NewReportSerializer, responses={202: SafetyReportSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for a report. A worker makes it: follow its job."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewReportSerializer(data=request.data, context={"user": request.user})
        given.is_valid(raise_exception=True)
        values = given.validated_data
        scope = Scope(values.get("publisher"), values.get("family"))
        period = Period(values["period_start"], values["period_end"])
        report = services.request_report(scope, period, actor=request.user, title=values["title"])
        return Response(self.get_serializer(report).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses=SafetyReportSerializer)
    @action(detail=True, methods=["post"])
    def publication(self, request: Request, pk: str | None = None) -> Response:
        """Put a report that has been made on the public page, for good."""
        services.publish_report(self.get_object(), actor=request.user)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses={202: SafetyReportSerializer})
    @action(detail=True, methods=["post"])
    def rerun(self, request: Request, pk: str | None = None) -> Response:
        """Run the failed job of a report once more."""
        services.run_report_again(self.get_object(), actor=request.user)
        return Response(self.get_serializer(self.get_object()).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True)
    def pdf(self, request: Request, pk: str | None = None) -> FileResponse:
        """The PDF. 404 until it is made."""
        return files.pdf_response(self._made())

    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT})
    @action(detail=True)
    def data(self, request: Request, pk: str | None = None) -> HttpResponse:
        """The data of the report, byte for byte as it is attached to the PDF. 404 until it is made."""
        return files.data_response(self._made())

    def _made(self) -> SafetyReport:
        report = self.get_object()
        if not report.is_made:
            raise Http404
        return report


class ReleasePackageViewSet(
    IdempotentCreateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ReleasePackage]
):
    """Release packages: those that were made of public releases, and all of the models you report on."""

    permission_classes = [SignedInToWrite]
    serializer_class = ReleasePackageSerializer
    queryset = ReleasePackage.objects.none()
    filterset_fields = ["release", "sha256"]
    ordering_fields = ["id"]

    def get_queryset(self) -> QuerySet[ReleasePackage]:
        rows = ReleasePackage.objects.visible_to(self.request.user)
        return rows.select_related("job", "release__family__publisher")

    @extend_schema(request=NewPackageSerializer, responses={202: ReleasePackageSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for the package of a public release. A worker makes it: follow its job."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewPackageSerializer(data=request.data, context={"user": request.user})
        given.is_valid(raise_exception=True)
        made = services.request_package(given.validated_data["release"], actor=request.user)
        return Response(self.get_serializer(made).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: ReleasePackageSerializer})
    @action(detail=True, methods=["post"])
    def rerun(self, request: Request, pk: str | None = None) -> Response:
        """Run the failed job of a package once more."""
        services.run_package_again(self.get_object(), actor=request.user)
        return Response(self.get_serializer(self.get_object()).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    @action(detail=True)
    def file(self, request: Request, pk: str | None = None) -> FileResponse:
        """The archive. 404 until it is made."""
        package = self.get_object()
        if not package.is_made:
            raise Http404
        return files.package_response(package)


class JobViewSet(viewsets.ReadOnlyModelViewSet[Job]):
    """Long work done by the workers: yours, and that of reports you work with."""

    permission_classes = [SignedIn]
    serializer_class = JobSerializer
    queryset = Job.objects.none()
    filterset_fields = ["kind", "state"]
    ordering_fields = ["id"]

    def get_queryset(self) -> QuerySet[Job]:
        return selectors.jobs_for(self.request.user)


class Figures(APIView):
    """The figures of a publisher or a model family for a period: the same as in its safety report."""

    permission_classes = [SignedIn]

    @extend_schema(
        parameters=[
            OpenApiParameter("publisher", int),
            OpenApiParameter("family", int),
            OpenApiParameter("from", OpenApiTypes.DATE, required=True, description="First day, in UTC."),
            OpenApiParameter("to", OpenApiTypes.DATE, required=True, description="First day after the period."),
        ],
        responses=FiguresSerializer,
    )
    def get(self, request: Request) -> Response:
        """Every figure of a period, half-open: ``from`` belongs to it, ``to`` does not."""
        asked = request.query_params.dict()
        named = {"period_start": asked.get("from"), "period_end": asked.get("to")}
        subject = {name: asked[name] for name in ("publisher", "family") if name in asked}
        given = NewReportSerializer(data={**subject, **named}, context={"user": request.user})
        given.is_valid(raise_exception=True)
        values = given.validated_data
        scope = Scope(values.get("publisher"), values.get("family"))
        if not permissions.can_request_report(request.user, scope.subject):
            raise PermissionDenied
        period = Period(values["period_start"], values["period_end"])
        body = {
            "publisher": scope.publisher.pk if scope.publisher else None,
            "family": scope.family.pk if scope.family else None,
            "start": period.start,
            "end": period.end,
            "figures": figures(scope, period),
        }
        return Response(body)


router = SimpleRouter()
router.register("safety-reports", SafetyReportViewSet, basename="safety-report")
router.register("release-packages", ReleasePackageViewSet, basename="release-package")
router.register("jobs", JobViewSet, basename="job")
urlpatterns = [path("figures/", Figures.as_view(), name="figures")]
