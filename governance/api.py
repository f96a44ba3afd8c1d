"""The REST API of this app: routes are collected by config/api_urls.py."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from common.api.filters import FilterSet, RowNumber
from common.api.permissions import SignedIn, SignedInToWrite
from common.api.views import IdempotentCreateMixin, LostUpdateMixin, etag
from governance import selectors, services
from governance.models import Decision
from governance.serializers import (
    DecisionSerializer,
    DecisionTextSerializer,
    EntrySerializer,
    NewDecisionSerializer,
    ReasonSerializer,
    ReleaseStateSerializer,
)
from registry.api.plan import PhaseSerializer
from registry.models import Phase, Release, Risk


class DecisionFilter(FilterSet):
    search = django_filters.CharFilter(method="find", label="Words, or a reference such as D-12")
    publisher = RowNumber(field_name="family__publisher")
    risk = RowNumber(method="about_risk", label="About this risk")
    review_before = django_filters.DateFilter(field_name="review_by", lookup_expr="lt")

    class Meta:
        model = Decision
        fields = ["stage", "family", "release"]

    def find(self, rows: Any, name: str, value: str) -> Any:
        return rows.search(value)

    def about_risk(self, rows: Any, name: str, value: Any) -> Any:
        return rows.filter(risks__in=Risk.objects.visible_to(self.request.user).filter(pk=value))


class DecisionViewSet(
    LostUpdateMixin,
    IdempotentCreateMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Decision],
):
    """The decision log: everything published, and drafts where you hold a role."""

    permission_classes = [SignedInToWrite]
    serializer_class = DecisionSerializer
    queryset = Decision.objects.none()
    filterset_class = DecisionFilter
    ordering_fields = ["id", "number", "decided_on", "updated_at"]

    def get_queryset(self) -> QuerySet[Decision]:
        return selectors.decision_details_for(self.request.user)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "user": self.request.user}

    @extend_schema(request=NewDecisionSerializer, responses={201: DecisionSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Start a decision as a draft."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewDecisionSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        return self._answer(
            services.record_decision(actor=request.user, **given.validated_data), status.HTTP_201_CREATED
        )

    @extend_schema(request=DecisionTextSerializer, responses=DecisionSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a draft. Lists of options, risks and evidence are replaced as a whole."""
        decision = self.get_object()
        given = DecisionTextSerializer(data=request.data, partial=True, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        version = self.expected_version(request)
        return self._answer(
            services.edit_decision(decision, actor=request.user, expected_version=version, **given.validated_data)
        )

    @extend_schema(request=None, responses=DecisionSerializer)
    @action(detail=True, methods=["post"])
    def publication(self, request: Request, pk: str | None = None) -> Response:
        """Publish a draft for good; the decision it supersedes is out of force from then on."""
        return self._answer(services.publish_decision(self.get_object(), actor=request.user))

    @extend_schema(request=None, responses={201: DecisionSerializer})
    @action(detail=True, methods=["post"])
    def supersession(self, request: Request, pk: str | None = None) -> Response:
        """Start the draft that is to replace a decision, with its text to begin from."""
        return self._answer(services.supersede_decision(self.get_object(), actor=request.user), status.HTTP_201_CREATED)

    @extend_schema(request=ReasonSerializer, responses=DecisionSerializer)
    @action(detail=True, methods=["post"])
    def annulment(self, request: Request, pk: str | None = None) -> Response:
        """Declare a decision no longer in force, without another in its place."""
        decision = self.get_object()
        given = ReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return self._answer(services.annul_decision(decision, actor=request.user, **given.validated_data))

    def _answer(self, decision: Decision, code: int = status.HTTP_200_OK) -> Response:
        fresh = self.get_queryset().get(pk=decision.pk)
        return Response(self.get_serializer(fresh).data, status=code, headers={"ETag": etag(fresh.row_version)})


class ReleaseMove(APIView):
    """What the moves of a release have in common: find it, do it, show its new state."""

    permission_classes = [SignedIn]

    def release(self, request: Request, pk: int) -> Release:
        return get_object_or_404(Release.objects.visible_to(request.user).select_related("family__publisher"), pk=pk)

    def reason(self, request: Request) -> str:
        given = ReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return str(given.validated_data["reason"])


class ReleasePublication(ReleaseMove):
    @extend_schema(request=None, responses=ReleaseStateSerializer, operation_id="release_publication")
    def post(self, request: Request, pk: int) -> Response:
        """Publish a release: it gets a public page and a revision that names exactly its files."""
        release = services.publish_release(self.release(request, pk), actor=request.user)
        return Response(ReleaseStateSerializer(release).data)


class ReleaseWithdrawal(ReleaseMove):
    @extend_schema(request=ReasonSerializer, responses=ReleaseStateSerializer, operation_id="release_withdrawal")
    def post(self, request: Request, pk: int) -> Response:
        """Withdraw a release: every gate closes at once, to everybody."""
        release = self.release(request, pk)
        return Response(
            ReleaseStateSerializer(
                services.withdraw_release(release, actor=request.user, reason=self.reason(request))
            ).data
        )


class ReleaseReinstatement(ReleaseMove):
    @extend_schema(request=ReasonSerializer, responses=ReleaseStateSerializer, operation_id="release_reinstatement")
    def post(self, request: Request, pk: int) -> Response:
        """Take back a withdrawal. Somebody other than who withdrew it must do this."""
        release = self.release(request, pk)
        return Response(
            ReleaseStateSerializer(
                services.reinstate_release(release, actor=request.user, reason=self.reason(request))
            ).data
        )


class PhaseEntry(APIView):
    permission_classes = [SignedIn]

    @extend_schema(request=EntrySerializer, responses=PhaseSerializer, operation_id="phase_entry")
    def post(self, request: Request, pk: int) -> Response:
        """Let a release enter a phase of its plan: the gate opens only the tiers of this phase from then on.

        The first phase that opens anything publishes the release. One that withdraws it needs a reason. An
        ``If-Match`` makes sure that you enter the phase that you read.
        """
        phase = get_object_or_404(Phase.objects.visible_to(request.user).select_related("decider"), pk=pk)
        given = EntrySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        version = LostUpdateMixin().expected_version(request) if request.headers.get("If-Match") else None
        entered = services.enter_phase(phase, actor=request.user, expected_version=version, **given.validated_data)
        body = PhaseSerializer(entered, context={"request": request}).data
        return Response(body, headers={"ETag": etag(entered.row_version)})


router = SimpleRouter()
router.register("decisions", DecisionViewSet, basename="decision")
urlpatterns = [
    path("releases/<int:pk>/publication/", ReleasePublication.as_view(), name="release-publication"),
    path("releases/<int:pk>/withdrawal/", ReleaseWithdrawal.as_view(), name="release-withdrawal"),
    path("phases/<int:pk>/entry/", PhaseEntry.as_view(), name="phase-entry"),
    path("releases/<int:pk>/reinstatement/", ReleaseReinstatement.as_view(), name="release-reinstatement"),
]
