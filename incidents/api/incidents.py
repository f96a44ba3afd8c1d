from typing import Any

from django.db.models import QuerySet, prefetch_related_objects
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.permissions import SignedIn
from common.api.views import IdempotentCreateMixin, LostUpdateMixin, etag
from incidents import selectors, services
from incidents.api.serializers import (
    DecisionLinkSerializer,
    IncidentDetailSerializer,
    IncidentSerializer,
    LessonsSerializer,
    NewMoveSerializer,
    RaisedRiskSerializer,
    ReportLinkSerializer,
)
from incidents.filters import IncidentFilter
from incidents.models import Incident, MisuseReport

IF_MATCH = OpenApiParameter("If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True)


class IncidentViewSet(
    LostUpdateMixin,
    IdempotentCreateMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Incident],
):
    """Incidents of the models you hold a role for. Incident handlers change them."""

    permission_classes = [SignedIn]
    queryset = Incident.objects.none()
    serializer_class = IncidentSerializer
    filterset_class = IncidentFilter
    lookup_value_regex = r"\d+"
    ordering_fields = ["id", "created_at", "occurred_on"]

    def get_queryset(self) -> QuerySet[Incident]:
        rows = Incident.objects.visible_to(self.request.user)
        if self.action not in {"list", "retrieve"}:
            return rows  # what is changed is read whole; its answer asks for the links
        rows = rows.prefetch_related(*selectors.links_seen_by(self.request.user))
        return rows if self.action == "retrieve" else rows.defer("external")

    def get_serializer_class(self) -> Any:
        return IncidentDetailSerializer if self.action == "retrieve" else IncidentSerializer

    @extend_schema(request=IncidentSerializer, responses={201: IncidentDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Open an incident."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = IncidentSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        return self._answer(services.open_incident(actor=request.user, **given.validated_data), status.HTTP_201_CREATED)

    def _answer(self, incident: Incident, code: int = status.HTTP_200_OK) -> Response:
        prefetch_related_objects([incident], *selectors.links_seen_by(self.request.user))
        data = IncidentDetailSerializer(incident, context=self.get_serializer_context()).data
        return Response(data, status=code, headers={"ETag": etag(incident.row_version)})

    @extend_schema(request=IncidentSerializer, responses=IncidentDetailSerializer, parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change fields and links. Send the ETag you read as If-Match."""
        incident = self.get_object()
        given = IncidentSerializer(incident, data=request.data, partial=True, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        version = self.expected_version(request)
        return self._answer(
            services.edit_incident(incident, actor=request.user, expected_version=version, **given.validated_data)
        )

    @extend_schema(request=NewMoveSerializer, responses={201: IncidentDetailSerializer})
    @action(detail=True, methods=["post"])
    def moves(self, request: Request, pk: Any = None) -> Response:
        """Contain, resolve, close or reopen an incident, with a reason. 409 says what is still missing."""
        incident = self.get_object()
        given = NewMoveSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        moved = services.move_incident(
            incident, given.validated_data["move"], actor=request.user, reason=given.validated_data["reason"]
        )
        return self._answer(moved, status.HTTP_201_CREATED)

    @extend_schema(request=LessonsSerializer, responses=IncidentDetailSerializer, parameters=[IF_MATCH])
    @action(detail=True, methods=["put"])
    def lessons(self, request: Request, pk: Any = None) -> Response:
        """Record what was learned."""
        incident = self.get_object()
        given = LessonsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        version = self.expected_version(request)
        return self._answer(
            services.record_lessons(incident, actor=request.user, expected_version=version, **given.validated_data)
        )

    @extend_schema(request=ReportLinkSerializer, responses={201: IncidentDetailSerializer})
    @action(detail=True, methods=["post"])
    def reports(self, request: Request, pk: Any = None) -> Response:
        """Say that a misuse report is about this incident."""
        incident = self.get_object()
        given = ReportLinkSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        services.link_report(incident, given.validated_data["report"], actor=request.user)
        return self._answer(incident, status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["delete"], url_path=r"reports/(?P<report>\d+)")
    def unlinking(self, request: Request, pk: Any = None, report: str = "") -> Response:
        """Take back that a report is about this incident."""
        incident = self.get_object()
        for linked in MisuseReport.objects.visible_to(request.user).filter(incidents=incident, pk=report):
            services.unlink_report(incident, linked, actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=RaisedRiskSerializer, responses={201: IncidentDetailSerializer})
    @action(detail=True, methods=["post"])
    def risks(self, request: Request, pk: Any = None) -> Response:
        """Raise a stub in the risk register because of this incident; it is linked to it."""
        incident = self.get_object()
        given = RaisedRiskSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        services.raise_risk(incident, actor=request.user, **given.validated_data)
        return self._answer(incident, status.HTTP_201_CREATED)

    @extend_schema(request=DecisionLinkSerializer, responses={201: IncidentDetailSerializer})
    @action(detail=True, methods=["post"])
    def decisions(self, request: Request, pk: Any = None) -> Response:
        """Say that a decision was taken because of this incident."""
        incident = self.get_object()
        given = DecisionLinkSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        services.link_decision(incident, given.validated_data["decision"], actor=request.user)
        return self._answer(incident, status.HTTP_201_CREATED)
