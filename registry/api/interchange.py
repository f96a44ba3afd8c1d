"""The register as files, and imports of it."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import scopes
from common.api.filters import FilterSet, RowNumber
from common.api.permissions import SignedIn
from common.api.views import IdempotentCreateMixin
from registry import selectors, services, visibility
from registry.api.serializers import Visible
from registry.interchange import writers
from registry.interchange.columns import schema, shown_columns
from registry.models import ImportRow, ModelFamily, Publisher, RiskImport

FILE = OpenApiParameter("file", str, enum=list(writers.TYPES), description="CSV when left out.")


class ExportActions:
    """Mixed into the view set of risks."""

    @extend_schema(
        parameters=[FILE],
        responses={
            (200, kind.partition(";")[0]): OpenApiTypes.OBJECT if name == "json" else OpenApiTypes.BINARY
            for name, kind in writers.TYPES.items()
        },
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def export(self: Any, request: Request) -> HttpResponseBase:
        """The risks that the list shows under the same filters, as a file.

        What a publisher does not show is empty for readers without a role for the model family; addresses and keys
        of the team always are, and left out where the reader holds no role at all. The JSON has a schema of its own,
        at `risks/export-schema/`.
        """
        format = serializers.ChoiceField(list(writers.TYPES)).run_validation(request.query_params.get("file") or "csv")
        risks = self.filter_queryset(self.get_queryset()).prefetch_related(None)
        columns = shown_columns(visibility.ALL, inside=scopes(request.user).any())

        return writers.download(
            f"risks-{timezone.localdate():%Y-%m-%d}", format, columns, risks, writers.for_reader(request.user)
        )

    @extend_schema(responses={200: OpenApiTypes.OBJECT}, filters=False)
    @action(detail=False, methods=["get"], url_path="export-schema", pagination_class=None)
    def export_schema(self: Any, request: Request) -> Response:
        """The JSON Schema of an export as JSON."""
        return Response(schema())


class RiskImportSerializer(serializers.ModelSerializer[RiskImport]):
    row_count = serializers.IntegerField(read_only=True)
    uploaded_by_name = serializers.CharField(source="uploaded_by", read_only=True)
    job_state = serializers.CharField(source="job.state", read_only=True, allow_null=True, default=None)
    job_error = serializers.CharField(source="job.error", read_only=True, allow_null=True, default=None)
    done = serializers.IntegerField(source="job.done", read_only=True, allow_null=True, default=None)
    total = serializers.IntegerField(
        source="job.total", read_only=True, allow_null=True, default=None, help_text="About how many rows there are."
    )

    class Meta:
        model = RiskImport
        fields = [
            *("id", "publisher", "family", "stage", "name", "format", "size", "sha256", "uploaded_by"),
            *("uploaded_by_name", "job", "job_state", "job_error", "done", "total", "row_count", "new_count"),
            *("changed_count", "unchanged_count", "refused_count", "remarks", "created_at", "checked_at"),
            *("applied_at", "discarded_at", "row_version"),
        ]
        read_only_fields = fields


class NewRiskImportSerializer(serializers.Serializer[Any]):
    publisher = Visible(Publisher)
    family = Visible(ModelFamily, required=False, allow_null=True, help_text="For rows that name none.")
    file = serializers.FileField(help_text="CSV, XLSX or JSON; its name says which.")


class ImportRowSerializer(serializers.ModelSerializer[ImportRow]):
    changes = serializers.ListField(child=serializers.ListField(), help_text="[column, was, will be]")
    problems = serializers.ListField(child=serializers.ListField(), help_text="[column, reason]")

    class Meta:
        model = ImportRow
        fields = ["id", "number", "outcome", "risk", "title", "changes", "problems"]
        read_only_fields = fields


class RiskImportFilter(FilterSet):
    publisher = RowNumber(label="Number of a publisher")

    class Meta:
        model = RiskImport
        fields = ["publisher", "stage"]


class RiskImportViewSet(
    IdempotentCreateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[RiskImport]
):
    """Registers brought along as files: your own, and for release managers all of their publisher."""

    permission_classes = [SignedIn]
    serializer_class = RiskImportSerializer
    queryset = RiskImport.objects.none()
    filterset_class = RiskImportFilter
    parser_classes = [MultiPartParser, FormParser]
    ordering_fields: ClassVar[list[str]] = ["id"]

    def get_queryset(self) -> QuerySet[RiskImport]:
        return selectors.imports_of(self.request.user)

    @extend_schema(request={"multipart/form-data": NewRiskImportSerializer}, responses={201: RiskImportSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Bring a file along. A worker checks it; nothing is written to the register by that."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewRiskImportSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        made = services.upload_import(actor=request.user, **given.validated_data)
        return self._answer(made, status.HTTP_201_CREATED)

    def _answer(self, row: RiskImport, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data, status=code)

    @extend_schema(
        responses=ImportRowSerializer(many=True),
        filters=False,
        parameters=[OpenApiParameter("outcome", str, enum=list(selectors.OUTCOMES), description="All when left out.")],
    )
    @action(detail=True, methods=["get"])
    def rows(self, request: Request, pk: str | None = None) -> Response:
        """What every row does, and why some are refused."""
        outcome = request.query_params.get("outcome", "")
        if outcome:
            serializers.ChoiceField(list(selectors.OUTCOMES)).run_validation(outcome)
        rows = selectors.import_rows(self.get_object(), outcome).defer("given", "unread")
        return self.get_paginated_response(ImportRowSerializer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY}, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def refused(self, request: Request, pk: str | None = None) -> HttpResponseBase:
        """The refused rows as they were brought, with the reasons, as CSV."""
        return writers.refused(self.get_object())

    @extend_schema(request=None, responses={202: RiskImportSerializer})
    @action(detail=True, methods=["post"])
    def application(self, request: Request, pk: str | None = None) -> Response:
        """Let a worker apply all rows, in one transaction. Refused while any row is."""
        return self._answer(services.start_applying(self.get_object(), actor=request.user), status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: RiskImportSerializer})
    @action(detail=True, methods=["post"])
    def checking(self, request: Request, pk: str | None = None) -> Response:
        """Check the file again: the register has changed since, or a worker failed."""
        return self._answer(services.check_again(self.get_object(), actor=request.user), status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses=RiskImportSerializer)
    @action(detail=True, methods=["post"])
    def discarding(self, request: Request, pk: str | None = None) -> Response:
        """Leave the register as it is and delete the file."""
        return self._answer(services.discard_import(self.get_object(), actor=request.user))
