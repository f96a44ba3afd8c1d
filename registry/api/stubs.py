"""Concerns in one line: stubs of the team, concerns of the public, and what becomes of them."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.permissions import SignedIn, TokenScope
from common.api.throttling import ConcernRate
from common.api.views import IdempotentCreateMixin
from registry import selectors, services
from registry.api.serializers import RiskReasonSerializer, RiskSerializer, RiskTextSerializer, Visible
from registry.models import ModelFamily, PublicConcern, Release, Risk


class StubSerializer(RiskSerializer):
    age_days = serializers.IntegerField(read_only=True, help_text="Whole days since it was raised.")

    class Meta(RiskSerializer.Meta):
        fields = [
            *("id", "family", "reference", "number", "release", "stage", "title", "origin", "origin_reference"),
            *("age_days", "url", "created_at", "row_version"),
        ]
        read_only_fields = fields


class NewStubSerializer(serializers.Serializer[Any]):
    family = Visible(ModelFamily)
    title = serializers.CharField(max_length=200, help_text="What worries you, in one line.")
    release = Visible(Release, required=False, allow_null=True)


class StubViewSet(IdempotentCreateMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Risk]):
    """Concerns in one line that nobody has worked out yet, of the model families you hold a role for."""

    permission_classes = [SignedIn]
    serializer_class = StubSerializer
    queryset = Risk.objects.none()
    filterset_fields = ["family", "origin"]
    ordering_fields = ["id"]

    def get_queryset(self) -> QuerySet[Risk]:
        rows = Risk.objects.filter(selectors.inside(self.request.user), stage=Risk.Stage.STUB)
        return rows.select_related("family__publisher", "release").defer("words")

    @extend_schema(request=NewStubSerializer, responses={201: StubSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Raise a concern. One line is enough; it ages until somebody works it out or closes it."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewStubSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        made = services.raise_stub(data.pop("family"), actor=request.user, **data)
        fresh = self.get_queryset().get(pk=made.pk)
        return Response(self.get_serializer(fresh).data, status=status.HTTP_201_CREATED)


class DismissalSerializer(RiskReasonSerializer):
    duplicate_of = Visible(Risk, required=False, allow_null=True, help_text="The risk that says it already.")


class WorkingOutSerializer(RiskTextSerializer):
    """What the stub says from now on; the harm has to be in words, here or before."""

    class Meta(RiskTextSerializer.Meta):
        extra_kwargs = {"title": {"required": False}, "harm": {"required": False, "allow_blank": False}}


class CadenceSerializer(serializers.Serializer[Any]):
    review_days = serializers.IntegerField(min_value=1, max_value=3650, allow_null=True)


class StubActions:
    """What becomes of a stub, and how often a risk is looked at again, at the address of the risk."""

    @extend_schema(request=CadenceSerializer, responses=RiskSerializer)
    @action(detail=True, methods=["put"])
    def cadence(self: Any, request: Request, pk: str | None = None) -> Response:
        """Say how often a risk is looked at again, in days; null for as often as its level asks."""
        risk, data = self.get_object(), self.taken(CadenceSerializer, request)
        return self.answer(services.set_review_cadence(risk, actor=request.user, **data))  # type: ignore[no-any-return]

    @extend_schema(request=WorkingOutSerializer, responses=RiskSerializer)
    @action(detail=True, methods=["post"], url_path="working-out")
    def working_out(self: Any, request: Request, pk: str | None = None) -> Response:
        """Work a stub out: it becomes a draft, with what you say of it now."""
        risk, data = self.get_object(), self.taken(WorkingOutSerializer, request, partial=True)
        return self.answer(services.work_out_stub(risk, actor=request.user, **data))  # type: ignore[no-any-return]

    @extend_schema(request=DismissalSerializer, responses=RiskSerializer)
    @action(detail=True, methods=["post"])
    def dismissal(self: Any, request: Request, pk: str | None = None) -> Response:
        """Close a stub with the reason, perhaps as the same as another risk."""
        risk, data = self.get_object(), self.taken(DismissalSerializer, request)
        return self.answer(services.dismiss_stub(risk, actor=request.user, **data))  # type: ignore[no-any-return]

    @extend_schema(request=RiskReasonSerializer, responses=RiskSerializer)
    @action(detail=True, methods=["post"], url_path="taking-up")
    def taking_up(self: Any, request: Request, pk: str | None = None) -> Response:
        """Take up a stub again that was closed, with the reason."""
        risk, data = self.get_object(), self.taken(RiskReasonSerializer, request)
        return self.answer(services.take_up_stub(risk, actor=request.user, **data))  # type: ignore[no-any-return]


class NewConcernSerializer(serializers.Serializer[Any]):
    model = serializers.CharField(max_length=200, help_text="The address of the model: publisher/family.")
    title = serializers.CharField(min_length=10, max_length=200, help_text="What could go wrong, in one line.")
    text = serializers.CharField(required=False, allow_blank=True, max_length=4000)
    contact = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="Kept sealed. Nobody is promised an answer."
    )

    def validate_model(self, value: str) -> ModelFamily:
        publisher, _slash, slug = value.partition("/")
        rows = ModelFamily.objects.visible_to(None).select_related("publisher")
        found = rows.filter(publisher__slug=publisher, slug=slug, allows_public_concerns=True).first()
        if found is None:
            raise ValidationError(_("There is no such model here, or it takes no concerns."))
        return found


class ReceivedSerializer(serializers.Serializer[Any]):
    received = serializers.BooleanField()


class ConcernSerializer(serializers.ModelSerializer[PublicConcern]):
    risk_reference = serializers.CharField(source="risk.reference", read_only=True)
    family = serializers.IntegerField(source="risk.family_id", read_only=True)
    title = serializers.CharField(source="risk.title", read_only=True)
    stage = serializers.CharField(source="risk.stage", read_only=True)
    has_contact = serializers.BooleanField(read_only=True)

    class Meta:
        model = PublicConcern
        fields = ["id", "risk", "risk_reference", "family", "stage", "title", "text", "has_contact", "received_at"]
        read_only_fields = fields


class ConcernContactSerializer(serializers.Serializer[Any]):
    contact = serializers.CharField()


class ConcernViewSet(
    IdempotentCreateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[PublicConcern]
):
    """What people outside wrote about models that take concerns. Anybody may write; people with a role read."""

    serializer_class = ConcernSerializer
    queryset = PublicConcern.objects.none()
    lookup_value_regex = r"\d+"
    ordering_fields = ["id"]

    def get_permissions(self) -> list[BasePermission]:
        return [TokenScope()] if self.action == "create" else [SignedIn()]

    def get_throttles(self) -> list[Any]:
        return [ConcernRate()] if self.action == "create" else super().get_throttles()

    def get_queryset(self) -> QuerySet[PublicConcern]:
        return PublicConcern.objects.visible_to(self.request.user).select_related("risk__family__publisher")

    @extend_schema(request=NewConcernSerializer, responses={201: ReceivedSerializer}, auth=[])
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Tell what could go wrong with a model. No account is needed, and who sends it is not kept.

        For misuse that happened, file a misuse report instead: it is answered.
        """
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewConcernSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        services.raise_concern(data.pop("model"), **data)
        return Response({"received": True}, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})

    @extend_schema(request=None, responses={200: ConcernContactSerializer})
    @action(detail=True, methods=["post"])
    def contact(self, request: Request, pk: str | None = None) -> Response:
        """Read how somebody outside may be reached. Every reading is on record."""
        contact = services.reveal_contact(self.get_object(), actor=request.user)
        return Response({"contact": contact}, headers={"Cache-Control": "no-store"})
