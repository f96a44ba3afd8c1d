"""The REST API of this app: routes are collected by config/api_urls.py."""

from typing import Any

import django_filters
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from access import permissions, services
from access import serializers as shapes
from access.evaluator import explain, judgeable
from access.models import AccessRequest, Grant, PhaseTier, RequestMessage, TermsVersion, Tier
from accounts.roles import Role
from accounts.services import holders
from common.api.filters import FilterSet
from common.api.permissions import SignedIn, SignedInToWrite
from common.api.views import IdempotentCreateMixin, LostUpdateMixin, etag
from registry.models import Phase, Release


class Answering:
    """What the views below share: the given shape, checked, and the fresh row as the answer."""

    def given(self, shape: type[Any], request: Request, **options: Any) -> dict[str, Any]:
        form = shape(data=request.data, context=self.get_serializer_context(), **options)  # type: ignore[attr-defined]
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "user": self.request.user}  # type: ignore[misc, attr-defined]

    def answer(self, row: Any, code: int = status.HTTP_200_OK) -> Response:
        fresh = self.get_queryset().get(pk=row.pk)  # type: ignore[attr-defined]
        body = self.get_serializer(fresh).data  # type: ignore[attr-defined]
        return Response(body, status=code, headers={"ETag": etag(fresh.row_version)})


class TierViewSet(
    Answering,
    LostUpdateMixin,
    IdempotentCreateMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Tier],
):
    """Tiers of access: for whom, on which terms, for how long, and what is asked."""

    permission_classes = [SignedInToWrite]
    serializer_class = shapes.TierSerializer
    queryset = Tier.objects.none()
    filterset_fields = ["family", "kind", "is_offered"]
    ordering_fields = ["id", "order"]

    def get_queryset(self) -> QuerySet[Tier]:
        newest = TermsVersion.objects.filter(tier=OuterRef("pk")).order_by("-number").values("pk")[:1]
        rows = Tier.objects.visible_to(self.request.user).annotate(newest_terms=Subquery(newest))
        return rows.prefetch_related("questions")

    @extend_schema(request=shapes.NewTierSerializer, responses={201: shapes.TierSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a tier. It can be asked for once its terms are published."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.given(shapes.NewTierSerializer, request)
        return self.answer(
            services.create_tier(data.pop("family"), actor=request.user, **data), status.HTTP_201_CREATED
        )

    @extend_schema(request=shapes.TierChangesSerializer, responses=shapes.TierSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a tier. Grants already given keep their dates."""
        tier = self.get_object()
        data = self.given(shapes.TierChangesSerializer, request, partial=True)
        version = self.expected_version(request)
        return self.answer(services.edit_tier(tier, actor=request.user, changes=data, expected_version=version))

    @extend_schema(request=shapes.QuestionsSerializer, responses=shapes.TierSerializer)
    @action(detail=True, methods=["put"])
    def questions(self, request: Request, pk: str | None = None) -> Response:
        """Replace the questions. Answers already given keep the words they were given to."""
        tier = self.get_object()
        data = self.given(shapes.QuestionsSerializer, request)
        return self.answer(services.set_questions(tier, actor=request.user, questions=data["questions"]))

    @extend_schema(request=shapes.NewTermsSerializer, responses={201: shapes.TermsSerializer})
    @action(detail=True, methods=["post"], url_path="terms", url_name="terms")
    def new_terms(self, request: Request, pk: str | None = None) -> Response:
        """Publish the next version of the terms, for good."""
        tier = self.get_object()
        terms = services.publish_terms(tier, actor=request.user, **self.given(shapes.NewTermsSerializer, request))
        return Response(shapes.TermsSerializer(terms).data, status=status.HTTP_201_CREATED)


class TermsViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[TermsVersion]):
    """Published versions of the terms of tiers. None ever changes."""

    permission_classes = [SignedInToWrite]
    serializer_class = shapes.TermsSerializer
    queryset = TermsVersion.objects.none()
    filterset_fields = ["tier", "is_material"]
    ordering_fields = ["id", "number"]

    def get_queryset(self) -> QuerySet[TermsVersion]:
        return TermsVersion.objects.filter(tier__in=Tier.objects.visible_to(self.request.user))

    @extend_schema(request=shapes.SignatureSerializer, responses={201: shapes.AcceptanceSerializer})
    @action(detail=True, methods=["post"])
    def acceptance(self, request: Request, pk: str | None = None) -> Response:
        """Accept the newest version by typing one's name. The gate opens at once if nothing else is missing."""
        terms = self.get_object()
        form = shapes.SignatureSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        accepted = services.accept_terms(terms, actor=request.user, **form.validated_data)
        return Response(shapes.AcceptanceSerializer(accepted).data, status=status.HTTP_201_CREATED)


class AccessRequestFilter(FilterSet):
    submitted_after = django_filters.IsoDateTimeFilter(field_name="submitted_at", lookup_expr="gte")
    submitted_before = django_filters.IsoDateTimeFilter(field_name="submitted_at", lookup_expr="lt")

    class Meta:
        model = AccessRequest
        fields = ["stage", "tier", "release", "family", "requester"]


class AccessRequestViewSet(
    Answering,
    LostUpdateMixin,
    IdempotentCreateMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[AccessRequest],
):
    """Requests for access: your own, and those sent to models you work for."""

    permission_classes = [SignedIn]
    serializer_class = shapes.AccessRequestSerializer
    queryset = AccessRequest.objects.none()
    filterset_class = AccessRequestFilter
    ordering_fields = ["id", "submitted_at", "due_at", "decided_at"]

    def get_queryset(self) -> QuerySet[AccessRequest]:
        rows = AccessRequest.objects.visible_to(self.request.user)
        return rows.select_related("requester", "organisation", "family")

    @extend_schema(request=shapes.NewAccessRequestSerializer, responses={201: shapes.AccessRequestSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for a tier of a release. Typing your name accepts the newest terms of the tier."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.given(shapes.NewAccessRequestSerializer, request)
        tier, release = data.pop("tier"), data.pop("release")
        if data.pop("is_draft"):
            draft = services.start_request(tier, release, actor=request.user)
            row = services.save_draft(draft, actor=request.user, **data) if data else draft
        else:
            data = {"purpose": "", "answers": {}, "typed_name": "", **data}
            row = services.request_access(tier, release, actor=request.user, **data)
        return self.answer(row, status.HTTP_201_CREATED)

    @extend_schema(request=shapes.DraftSerializer, responses=shapes.AccessRequestSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a draft, or a request that was returned to you."""
        row, data = self.get_object(), self.given(shapes.DraftSerializer, request)
        version = self.expected_version(request)
        return self.answer(services.save_draft(row, actor=request.user, expected_version=version, **data))

    @extend_schema(request=None, responses=shapes.AccessRequestSerializer)
    @action(detail=True, methods=["post"])
    def submission(self, request: Request, pk: str | None = None) -> Response:
        """Send a draft, or send a returned request again."""
        return self.answer(services.submit_request(self.get_object(), actor=request.user))

    @extend_schema(request=None, responses=shapes.AccessRequestSerializer)
    @action(detail=True, methods=["post"])
    def withdrawal(self, request: Request, pk: str | None = None) -> Response:
        """Take your request back."""
        return self.answer(services.withdraw_request(self.get_object(), actor=request.user))

    @extend_schema(request=shapes.DecisionOnRequestSerializer, responses=shapes.AccessRequestSerializer)
    @action(detail=True, methods=["post"])
    def decision(self, request: Request, pk: str | None = None) -> Response:
        """Approve or decline, with a reason. An ``If-Match`` makes sure that you decide on what you read."""
        row, data = self.get_object(), self.given(shapes.DecisionOnRequestSerializer, request)
        return self.answer(
            services.decide_request(row, actor=request.user, expected_version=self.read(request), **data)
        )

    @extend_schema(request=shapes.ReturnSerializer, responses=shapes.AccessRequestSerializer)
    @action(detail=True, methods=["post"], url_path="return", url_name="return")
    def send_back(self, request: Request, pk: str | None = None) -> Response:
        """Return the request with what to change. The clock stands still until it is sent again."""
        row, data = self.get_object(), self.given(shapes.ReturnSerializer, request)
        data["fields"] = data.pop("fields_to_fix")
        return self.answer(
            services.return_request(row, actor=request.user, expected_version=self.read(request), **data)
        )

    @extend_schema(request=shapes.AssignmentSerializer, responses=shapes.AccessRequestSerializer)
    @action(detail=True, methods=["post"])
    def assignment(self, request: Request, pk: str | None = None) -> Response:
        """Say who looks at it."""
        row, number = self.get_object(), self.given(shapes.AssignmentSerializer, request)["assignee"]
        if not permissions.can_decide_request(request.user, row):
            raise PermissionDenied
        # Looked for among those who can decide, so that numbers of other accounts do not turn into names.
        people = holders(Role.RELEASE_MANAGER, row.family)
        person = people.filter(pk=number).first() if number is not None else None
        if number is not None and person is None:
            raise ValidationError({"assignee": ["Nobody with this number can decide this request."]})
        return self.answer(services.assign_request(row, actor=request.user, assignee=person))

    @extend_schema(methods=["get"], responses=shapes.RequestMessageSerializer(many=True))
    @extend_schema(
        methods=["post"], request=shapes.RequestMessageSerializer, responses={201: shapes.RequestMessageSerializer}
    )
    @action(detail=True, methods=["get", "post"], filterset_class=None, ordering_fields=["id"])
    def messages(self, request: Request, pk: str | None = None) -> Response:
        """What was said about a request, oldest first. Internal notes only for those who work for the model."""
        row = self.get_object()
        if request.method == "POST":
            data = self.given(shapes.RequestMessageSerializer, request)
            message = services.post_message(row, actor=request.user, **data)
            return Response(shapes.RequestMessageSerializer(message).data, status=status.HTTP_201_CREATED)
        seen = RequestMessage.objects.visible_to(request.user).filter(request=row).select_related("author")
        page = self.paginate_queryset(seen)
        return self.get_paginated_response(shapes.RequestMessageSerializer(page, many=True).data)

    def read(self, request: Request) -> int | None:
        return self.expected_version(request) if request.headers.get("If-Match") else None


class GrantFilter(FilterSet):
    valid_until_before = django_filters.IsoDateTimeFilter(field_name="valid_until", lookup_expr="lt")

    class Meta:
        model = Grant
        fields = ["stage", "tier", "release", "family", "user"]


class GrantViewSet(
    Answering, LostUpdateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Grant]
):
    """Grants: your own, and those of models you work for. Only an approved request makes one."""

    permission_classes = [SignedIn]
    serializer_class = shapes.GrantSerializer
    queryset = Grant.objects.none()
    filterset_class = GrantFilter
    ordering_fields = ["id", "valid_until"]

    def get_queryset(self) -> QuerySet[Grant]:
        return judgeable(Grant.objects.visible_to(self.request.user)).select_related(
            "tier", "user", "release", "family"
        )

    @extend_schema(request=shapes.GrantReasonSerializer, responses=shapes.GrantSerializer)
    @action(detail=True, methods=["post"])
    def revocation(self, request: Request, pk: str | None = None) -> Response:
        """Close the grant for good. The gate is closed when this answers."""
        row, data = self.get_object(), self.given(shapes.GrantReasonSerializer, request)
        return self.answer(services.revoke_grant(row, actor=request.user, **data))

    @extend_schema(request=shapes.GrantReasonSerializer, responses=shapes.GrantSerializer)
    @action(detail=True, methods=["post"])
    def suspension(self, request: Request, pk: str | None = None) -> Response:
        """Close the grant for now."""
        row, data = self.get_object(), self.given(shapes.GrantReasonSerializer, request)
        return self.answer(services.suspend_grant(row, actor=request.user, **data))

    @extend_schema(request=shapes.GrantReasonSerializer, responses=shapes.GrantSerializer)
    @action(detail=True, methods=["post"])
    def resumption(self, request: Request, pk: str | None = None) -> Response:
        """Open a suspended grant again. Its end stays what it was."""
        row, data = self.get_object(), self.given(shapes.GrantReasonSerializer, request)
        return self.answer(services.resume_grant(row, actor=request.user, **data))

    @extend_schema(responses=shapes.DownloadSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None, ordering_fields=["id"])
    def downloads(self, request: Request, pk: str | None = None) -> Response:
        """What was downloaded under the grant, newest first."""
        page = self.paginate_queryset(self.get_object().downloads.all())
        return self.get_paginated_response(shapes.DownloadSerializer(page, many=True).data)


class AccessCheck(APIView):
    """Whether the gate of a release is open to you, and every requirement with what to do about it."""

    permission_classes = [SignedIn]

    @extend_schema(
        parameters=[OpenApiParameter("release", int, required=True, description="Number of the release.")],
        responses=shapes.AccessCheckSerializer,
    )
    def get(self, request: Request) -> Response:
        number = request.query_params.get("release", "")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise ValidationError({"release": ["Give the number of a release."]})
        rows = Release.objects.visible_to(request.user).select_related("family__publisher")
        return Response(shapes.AccessCheckSerializer(explain(request.user, get_object_or_404(rows, pk=number))).data)


class PhaseTiers(APIView):
    """The tiers that are open while a release is in a phase of its plan."""

    permission_classes = [SignedInToWrite]

    @extend_schema(operation_id="phase_tiers", responses=shapes.PhaseTiersSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Numbers of the tiers that it opens, of those that you may know of."""
        phase = get_object_or_404(Phase.objects.visible_to(request.user), pk=pk)
        seen = PhaseTier.objects.visible_to(request.user).filter(phase=phase).order_by("tier__order", "tier_id")
        return Response({"tiers": list(seen.values_list("tier_id", flat=True))})

    @extend_schema(
        operation_id="phase_tiers_set", request=shapes.PhaseTiersSerializer, responses=shapes.PhaseTiersSerializer
    )
    def put(self, request: Request, pk: int) -> Response:
        """Say which tiers it opens. A phase that was entered can be narrowed, not widened."""
        phase = get_object_or_404(Phase.objects.visible_to(request.user), pk=pk)
        given = shapes.PhaseTiersSerializer(data=request.data, context={"user": request.user})
        given.is_valid(raise_exception=True)
        services.set_phase_tiers(phase, actor=request.user, tiers=given.validated_data["tiers"])
        return self.get(request, pk)


router = SimpleRouter()
router.register("tiers", TierViewSet, "tier")
router.register("terms", TermsViewSet, "terms")
router.register("access-requests", AccessRequestViewSet, "access-request")
router.register("grants", GrantViewSet, "grant")
urlpatterns = [
    path("access-check/", AccessCheck.as_view(), name="access-check"),
    path("phases/<int:pk>/tiers/", PhaseTiers.as_view(), name="phase-tiers"),
]
