"""The plan of a release over the API: phases and their criteria. Entering a phase is governance's."""

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from common.api.permissions import SignedInToWrite
from registry import permissions, selectors, services
from registry.api.base import Register
from registry.api.serializers import RiskReasonSerializer, Visible
from registry.models import EntryCriterion, ModelFamily, Phase, Release


class CriterionSerializer(serializers.ModelSerializer[EntryCriterion]):
    phase = Visible(Phase)
    met_by_name = serializers.SerializerMethodField(help_text="Empty while it is not met.")

    class Meta:
        model = EntryCriterion
        fields = [
            *("id", "phase", "text", "is_required", "met_at", "met_by", "met_by_name", "evidence", "evidence_url"),
            *("created_at", "updated_at", "row_version"),
        ]
        read_only_fields = ["met_at", "met_by", "evidence", "evidence_url", "created_at", "updated_at", "row_version"]

    def get_met_by_name(self, criterion: EntryCriterion) -> str:
        return str(criterion.met_by) if criterion.met_by else ""


class CriterionTextSerializer(serializers.ModelSerializer[EntryCriterion]):
    class Meta:
        model = EntryCriterion
        fields = ["text", "is_required"]


class CriterionEvidenceSerializer(serializers.Serializer[Any]):
    evidence = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    evidence_url = serializers.URLField(max_length=500, required=False, allow_blank=True)


class PhaseSerializer(serializers.ModelSerializer[Phase]):
    """People, notes and criteria are for those with a role there; to others they are null or empty."""

    name = serializers.CharField(read_only=True)
    late = serializers.BooleanField(read_only=True, help_text="Planned for a day that is over.")
    decider = serializers.SerializerMethodField()
    decider_name = serializers.SerializerMethodField()
    entered_by_name = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField()
    criteria = serializers.SerializerMethodField()

    class Meta:
        model = Phase
        fields = [
            *("id", "release", "number", "kind", "title", "name", "stage", "planned_on", "late", "is_announced"),
            *("decider", "decider_name", "decision", "note", "entered_at", "entered_by_name", "left_at", "criteria"),
            *("created_at", "updated_at", "row_version"),
        ]
        read_only_fields = fields

    def _inside(self, phase: Phase) -> bool:
        return permissions.can_see_inside(self.context["request"].user, phase.family)

    def get_decider(self, phase: Phase) -> int | None:
        return phase.decider_id if self._inside(phase) else None

    def get_decider_name(self, phase: Phase) -> str | None:
        return str(phase.decider) if phase.decider is not None and self._inside(phase) else None

    def get_entered_by_name(self, phase: Phase) -> str | None:
        return str(phase.entered_by) if phase.entered_by is not None and self._inside(phase) else None

    def get_note(self, phase: Phase) -> str | None:
        return phase.note if self._inside(phase) else None

    @extend_schema_field(CriterionSerializer(many=True))
    def get_criteria(self, phase: Phase) -> list[Any]:
        if not self._inside(phase):
            return []
        return list(CriterionSerializer(phase.criteria.all(), many=True, context=self.context).data)


class PhaseTextSerializer(serializers.ModelSerializer[Phase]):
    decider = serializers.IntegerField(
        required=False, allow_null=True, help_text="Number of a release manager or reviewer of the model."
    )

    class Meta:
        model = Phase
        fields = ["number", "kind", "title", "planned_on", "is_announced", "decider", "decision", "note"]


class NewPhaseSerializer(PhaseTextSerializer):
    release = Visible(Release)
    number = serializers.IntegerField(
        required=False, min_value=0, max_value=32767, help_text="At the end of the plan when left out."
    )

    class Meta(PhaseTextSerializer.Meta):
        fields = ["release", *PhaseTextSerializer.Meta.fields]


def phases_for(user: Any) -> QuerySet[Phase]:
    """The phases that ``user`` may know of, with all that an answer says of them."""
    criteria = Prefetch("criteria", queryset=EntryCriterion.objects.select_related("met_by").order_by("pk"))
    rows = Phase.objects.visible_to(user).select_related("release__family", "decider", "entered_by")
    return rows.prefetch_related(criteria)


class PhaseViewSet(Register):
    """Phases of release plans: those that came or were announced, and all of the models you hold a role for."""

    serializer_class = PhaseSerializer
    queryset = Phase.objects.none()
    filterset_fields: ClassVar[list[str]] = ["release", "kind", "stage"]
    ordering_fields: ClassVar[list[str]] = ["id", "updated_at"]

    def get_queryset(self) -> QuerySet[Phase]:
        return phases_for(self.request.user)

    @extend_schema(request=NewPhaseSerializer, responses={201: PhaseSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Plan a phase. Nothing changes at the gate before the first phase of a plan is entered."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.taken(NewPhaseSerializer, request)
        release = data.pop("release")
        if not permissions.can_plan(request.user, release):
            raise PermissionDenied
        data = _with_decider(data, release.family)
        return self.created(services.plan_phase(release, actor=request.user, **data))

    @extend_schema(request=PhaseTextSerializer, responses=PhaseSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a planned phase. Of one that came only number and note can change."""
        row, data = self.get_object(), self.taken(PhaseTextSerializer, request, partial=True)
        if not permissions.can_plan(request.user, row.release):
            raise PermissionDenied
        version, data = self.expected_version(request), _with_decider(data, row.family)
        return self.answer(services.edit_phase(row, actor=request.user, expected_version=version, **data))

    @extend_schema(request=RiskReasonSerializer, responses=PhaseSerializer)
    @action(detail=True, methods=["post"])
    def cancellation(self, request: Request, pk: str | None = None) -> Response:
        """Say that a planned phase will not come, and why."""
        row, data = self.get_object(), self.taken(RiskReasonSerializer, request)
        return self.answer(services.drop_phase(row, actor=request.user, **data))


def _with_decider(data: dict[str, Any], family: ModelFamily) -> dict[str, Any]:
    """``data`` with the person for the number of who decides; nobody else's existence is told."""
    number = data.get("decider")
    if number is None:
        return data
    people: QuerySet[User] = selectors.deciders_of(family)
    found = people.filter(pk=number).first() if 0 < number < 2**63 else None
    if found is None:
        raise ValidationError({"decider": [_("Nobody with this number can decide this.")]})
    return {**data, "decider": found}


class CriterionViewSet(Register):
    """Entry criteria of phases, for people with a role there."""

    serializer_class = CriterionSerializer
    queryset = EntryCriterion.objects.none()
    filterset_fields: ClassVar[list[str]] = ["phase", "is_required"]
    ordering_fields: ClassVar[list[str]] = ["id", "updated_at"]

    def get_queryset(self) -> QuerySet[EntryCriterion]:
        rows = EntryCriterion.objects.visible_to(self.request.user)
        return rows.select_related("phase__release__family", "met_by")

    @extend_schema(request=CriterionSerializer, responses={201: CriterionSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Say what has to hold before a phase is entered."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.taken(CriterionSerializer, request)
        return self.created(services.add_criterion(data.pop("phase"), actor=request.user, **data))

    @extend_schema(request=CriterionTextSerializer, responses=CriterionSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a criterion. One that was met is open again when its words change."""
        row, data = self.get_object(), self.taken(CriterionTextSerializer, request, partial=True)
        version = self.expected_version(request)
        return self.answer(services.edit_criterion(row, actor=request.user, expected_version=version, **data))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a criterion out of a phase that is still planned. Its words stay on record."""
        services.remove_criterion(self.get_object(), actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=CriterionEvidenceSerializer, responses=CriterionSerializer)
    @action(detail=True, methods=["post"])
    def confirmation(self, request: Request, pk: str | None = None) -> Response:
        """Say that it holds, with what shows it: in words, or where that can be read."""
        row, data = self.get_object(), self.taken(CriterionEvidenceSerializer, request)
        return self.answer(services.meet_criterion(row, actor=request.user, **data))

    @extend_schema(request=RiskReasonSerializer, responses=CriterionSerializer)
    @action(detail=True, methods=["post"])
    def reopening(self, request: Request, pk: str | None = None) -> Response:
        """Take back that it holds, and say why."""
        row, data = self.get_object(), self.taken(RiskReasonSerializer, request)
        return self.answer(services.reopen_criterion(row, actor=request.user, **data))


class PlanSerializer(serializers.Serializer[Any]):
    release = serializers.IntegerField()
    present = serializers.IntegerField(allow_null=True, help_text="The phase that the release is in.")
    phases = PhaseSerializer(many=True)


class ReleasePlan(APIView):
    """The plan of a release in its order, as far as you may know of it."""

    permission_classes = [SignedInToWrite]

    @extend_schema(operation_id="release_plan", responses=PlanSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """All phases in order, and which of them the release is in."""
        release = get_object_or_404(Release.objects.visible_to(request.user).only("pk"), pk=pk)
        phases = list(phases_for(request.user).filter(release=release).in_order()[: selectors.PHASES_SHOWN])
        present = selectors.current_phase(phases)
        body = {"release": release.pk, "present": present and present.pk, "phases": phases}
        return Response(PlanSerializer(body, context={"request": request}).data)
