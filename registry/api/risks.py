from typing import Any, ClassVar

import django_filters
from django.db.models import Count, Prefetch, QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import FilterSet, RowNumber
from registry import permissions, selectors, services
from registry.api.base import Register, person
from registry.api.catalogue import IF_MATCH
from registry.api.history import HistoryActions
from registry.api.interchange import ExportActions
from registry.api.judging import MAYBE_MATCH, JudgingActions, NewAssessmentSerializer, ProposalSerializer
from registry.api.mitigations import MitigationActions, MitigationTextSerializer, NewMitigationSerializer
from registry.api.serializers import (
    AssessmentSerializer,
    HeatCellSerializer,
    MatrixSerializer,
    MitigationSerializer,
    NewRiskSerializer,
    OwnerSerializer,
    RiskReasonSerializer,
    RiskSerializer,
    RiskTextSerializer,
    TrendPointSerializer,
)
from registry.api.stubs import StubActions
from registry.models import AssessmentProposal, Mitigation, Risk
from registry.scale import Band


class InsideFilter(FilterSet):
    """Owners are known only inside: filtering by one leaves only rows of the caller's own families."""

    owner = RowNumber(method="owned_by", label="Number of the owner; only where you hold a role")

    def owned_by(self, rows: Any, name: str, value: Any) -> Any:
        return rows.filter(selectors.inside(self.request.user), owner=value)


class RiskFilter(InsideFilter):
    """By a field that a publisher hides, only rows are found of which the caller sees it: what is left out, and
    in which order, would tell as much as the field itself."""

    search = django_filters.CharFilter(method="find", label="Words that you may read, or a number such as R-12")
    band = django_filters.ChoiceFilter(choices=Band.choices, method="narrow", label="Level that counts now")
    likelihood = django_filters.NumberFilter(method="narrow", label="Likelihood that counts now")
    severity = django_filters.NumberFilter(method="narrow", label="Severity that counts now")
    inherent_likelihood = django_filters.NumberFilter(method="narrow", label="Likelihood before mitigation")
    inherent_severity = django_filters.NumberFilter(method="narrow", label="Severity before mitigation")
    scale = RowNumber(method="narrow", label="Version of the scale that it was judged on")
    treatment = django_filters.ChoiceFilter(choices=Risk.Treatment.choices, method="narrow", label="Treatment")
    term = RowNumber(method="narrow", label="Number of a taxonomy entry")
    objectives = RowNumber(method="threatens", label="Number of an objective it threatens")
    overdue = django_filters.ChoiceFilter(
        choices=list(selectors.OVERDUE.items()), method="late", label="What is late about an open risk"
    )
    unowned = django_filters.BooleanFilter(method="nobodys", label="Without an owner; only where you hold a role")
    deputy = RowNumber(method="deputised", label="Number of the deputy; only where you hold a role")
    quick = django_filters.ChoiceFilter(
        choices=list(selectors.QUICK.items()),
        method="at_once",
        label="One of the register's quick views; only where you hold a role",
    )

    class Meta:
        model = Risk
        fields = ["family", "release", "stage", "is_public"]

    # What a caller has to see of a risk to filter by it, by the names of ``registry.visibility``.
    NEEDS: ClassVar[dict[str, str]] = {
        "treatment": "treatment",
        "term": "terms",
        "inherent_likelihood": "inherent",
        "inherent_severity": "inherent",
    }
    LATE: ClassVar[dict[str, str]] = {"review": "review", "mitigation": "mitigations", "acceptance": "acceptance"}

    def find(self, rows: Any, name: str, value: str) -> Any:
        return rows.matching_for(self.request.user, value)

    def narrow(self, rows: Any, name: str, value: Any) -> Any:
        user = self.request.user
        return selectors.filtered(rows.showing(user, self.NEEDS.get(name, "current")), {name: value}, user)

    def threatens(self, rows: Any, name: str, value: Any) -> Any:
        return rows.showing(self.request.user, "objectives").filter(objectives=value)

    def late(self, rows: Any, name: str, value: str) -> Any:
        needs = self.LATE.values() if value == "any" else [self.LATE[value]]
        return rows.showing(self.request.user, *needs).filter(selectors.overdue(value))

    def nobodys(self, rows: Any, name: str, value: bool) -> Any:
        return rows.filter(selectors.inside(self.request.user), owner__isnull=value)

    def deputised(self, rows: Any, name: str, value: Any) -> Any:
        return rows.filter(selectors.inside(self.request.user), deputy=value)

    def at_once(self, rows: Any, name: str, value: str) -> Any:
        user = self.request.user
        return rows.filter(selectors.inside(user)).filter(selectors.quick(value, user))


class RiskViewSet(ExportActions, JudgingActions, StubActions, HistoryActions, Register):
    """Risks: those the public model pages show, and all of the families you hold a role for."""

    serializer_class = RiskSerializer
    queryset = Risk.objects.none()
    filterset_class = RiskFilter
    ordering_fields: ClassVar[list[str]] = ["id", "urgency", "updated_at"]

    def get_queryset(self) -> QuerySet[Risk]:
        risks = selectors.with_acceptance(Risk.objects.visible_to(self.request.user))
        rows = risks.select_related("family__publisher", "owner", "deputy").defer("words")
        # Others answer with something else than the risk, or with the risk read anew.
        return rows.prefetch_related("objectives", "terms") if self.action in {"list", "retrieve"} else rows

    def answers(self) -> QuerySet[Risk]:
        return self.get_queryset().prefetch_related("objectives", "terms")

    def filter_queryset(self, queryset: Any) -> Any:
        rows: Any = super().filter_queryset(queryset)
        if "urgency" in self.request.query_params.get("ordering", ""):
            # The order would tell a level that is hidden, and so would the cursor.
            rows = rows.showing(self.request.user, "current")
        return rows

    @extend_schema(request=NewRiskSerializer, responses={201: RiskSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Record a risk as a draft. A title and the harm are enough to begin."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.taken(NewRiskSerializer, request)
        family = data.pop("family")
        if not permissions.can_create_risk(request.user, family):
            raise PermissionDenied
        if data.get("owner") is not None:
            data["owner"] = person(family, data["owner"])
        return self.created(services.create_risk(family, actor=request.user, **data))

    @extend_schema(request=RiskTextSerializer, responses=RiskSerializer, parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change what a risk says. Owner, assessments and stage have addresses of their own."""
        row, data = self.get_object(), self.taken(RiskTextSerializer, request, partial=True)
        version = self.expected_version(request)
        return self.answer(services.edit_risk(row, actor=request.user, expected_version=version, **data))

    @extend_schema(request=OwnerSerializer, responses=RiskSerializer)
    @action(detail=True, methods=["post"])
    def owner(self, request: Request, pk: str | None = None) -> Response:
        """Name the person who answers for a risk and, if you like, who stands in for them."""
        risk, data = self.get_object(), self.taken(OwnerSerializer, request)
        if not permissions.can_assign_risk_owner(request.user, risk):
            raise PermissionDenied
        people = {name: person(risk.family, number) if number else None for name, number in data.items()}
        return self.answer(services.assign_risk_owner(risk, actor=request.user, **people))

    @extend_schema(responses=AssessmentSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"])
    def assessments(self, request: Request, pk: str | None = None) -> Response:
        """Every assessment of a risk, newest first. For people with a role for the model family."""
        risk = self.get_object()
        if not permissions.can_see_inside(request.user, risk.family):
            self.permission_denied(request)
        page = self.paginate_queryset(risk.assessments.select_related("assessed_by"))
        return self.get_paginated_response(AssessmentSerializer(page, many=True).data)

    @extend_schema(
        request=NewAssessmentSerializer,
        responses={201: AssessmentSerializer, 202: ProposalSerializer},
        parameters=[MAYBE_MATCH],
    )
    @assessments.mapping.post
    def assess(self, request: Request, pk: str | None = None) -> Response:
        """Judge a risk before (inherent) or after (residual) mitigation, or say where it is to go (target), with the
        reason, on the scale in force.

        Where whoever answers for the risk lowers it and the scale asks for a second person, the answer is 202 with a
        proposal, which counts once somebody else has confirmed it.
        """
        risk, data = self.get_object(), self.taken(NewAssessmentSerializer, request)
        version = self.known_version(request)
        made = services.assess_risk(risk, actor=request.user, expected_version=version, **data)
        if isinstance(made, AssessmentProposal):
            return Response(ProposalSerializer(made).data, status=status.HTTP_202_ACCEPTED)
        return Response(AssessmentSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=RiskSerializer)
    @action(detail=True, methods=["post"])
    def opening(self, request: Request, pk: str | None = None) -> Response:
        """Take a risk out of draft; it needs an owner and an assessment before mitigation."""
        return self.answer(services.open_risk(self.get_object(), actor=request.user))

    @extend_schema(request=RiskReasonSerializer, responses=RiskSerializer)
    @action(detail=True, methods=["post"])
    def closure(self, request: Request, pk: str | None = None) -> Response:
        """Close a risk that no longer applies, with the reason."""
        risk, data = self.get_object(), self.taken(RiskReasonSerializer, request)
        return self.answer(services.close_risk(risk, actor=request.user, reason=data["reason"]))

    @extend_schema(request=RiskReasonSerializer, responses=RiskSerializer)
    @action(detail=True, methods=["post"])
    def reopening(self, request: Request, pk: str | None = None) -> Response:
        """Open a closed risk again, with the reason."""
        risk, data = self.get_object(), self.taken(RiskReasonSerializer, request)
        return self.answer(services.reopen_risk(risk, actor=request.user, reason=data["reason"]))

    @extend_schema(responses=MatrixSerializer)
    @action(detail=False, methods=["get"], pagination_class=None)
    def matrix(self, request: Request) -> Response:
        """How many risks each cell of the matrix holds, under the filters of the list; those whose level you see."""
        risks = self._levelled("current")
        cells, unassessed = [], 0
        columns = ("scale_id", "current_likelihood", "current_severity", "current_band")
        for scale, likelihood, severity, band, count in (
            risks.values_list(*columns).annotate(count=Count("pk")).order_by(*columns)
        ):
            if likelihood is None:
                unassessed += count
                continue
            judgement = {"likelihood": likelihood, "severity": severity, "score": likelihood * severity, "band": band}
            cells.append({"scale": scale, **judgement, "count": count})
        return Response(MatrixSerializer({"cells": cells, "unassessed": unassessed}).data)

    @extend_schema(responses=HeatCellSerializer(many=True))
    @action(detail=False, methods=["get"], pagination_class=None)
    def heat(self, request: Request) -> Response:
        """How many risks each cell held before mitigation and holds now, under the filters of the list."""
        found = selectors.heat(self._levelled("inherent", "current"), cell_url=lambda *_at: "")
        return Response(HeatCellSerializer(selectors.heat_rows(found), many=True).data)

    @extend_schema(
        responses=TrendPointSerializer(many=True),
        parameters=[OpenApiParameter("weeks", int, enum=selectors.WEEKS, description="26 when left out.")],
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def trend(self, request: Request) -> Response:
        """How many risks were open at the end of each week and are now, by level, under the filters of the list.

        For the model families you hold a role for: how a level came to be is not public.
        """
        asked = serializers.ChoiceField(selectors.WEEKS).run_validation(request.query_params.get("weeks", 26))
        risks = self._levelled("current").filter(selectors.inside(request.user))
        return Response(TrendPointSerializer(selectors.trend(risks, weeks=asked), many=True).data)

    def _levelled(self, *levels: str) -> QuerySet[Risk]:
        risks: Any = self.filter_queryset(Risk.objects.visible_to(self.request.user))
        return risks.showing(self.request.user, *levels).order_by()


class MitigationFilter(InsideFilter):
    risk = RowNumber(method="against", label="For this risk")
    overdue = django_filters.BooleanFilter(method="late", label="Unfinished and past its date")

    class Meta:
        model = Mitigation
        fields = ["family", "stage", "kind"]

    def against(self, rows: Any, name: str, value: Any) -> Any:
        return rows.filter(risks__in=Risk.objects.visible_to(self.request.user).filter(pk=value))

    def late(self, rows: Any, name: str, value: bool) -> Any:
        overdue = rows.unfinished().filter(due_on__lt=timezone.localdate())
        return overdue if value else rows.exclude(pk__in=overdue.values("pk"))


class MitigationViewSet(MitigationActions, Register):
    """What is done about risks: for those the public sees, and all where you hold a role."""

    serializer_class = MitigationSerializer
    queryset = Mitigation.objects.none()
    filterset_class = MitigationFilter
    ordering_fields: ClassVar[list[str]] = ["id", "updated_at"]

    def get_queryset(self) -> QuerySet[Mitigation]:
        seen = Risk.objects.visible_to(self.request.user).only("pk").order_by("pk")
        mitigations = Mitigation.objects.visible_to(self.request.user).select_related("family__publisher", "owner")
        return mitigations.prefetch_related(Prefetch("risks", queryset=seen, to_attr="visible_risks"))

    @extend_schema(request=NewMitigationSerializer, responses={201: MitigationSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Plan what is done about one or several risks of a family, by whom and until when."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.taken(NewMitigationSerializer, request)
        risks = data.pop("risks")
        family = risks[0].family
        if not permissions.can_add_mitigation(request.user, risks[0]):
            raise PermissionDenied
        data["owner"] = person(family, data["owner"])
        return self.created(services.add_mitigation(risks, actor=request.user, **data))

    @extend_schema(request=MitigationTextSerializer, responses=MitigationSerializer, parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a mitigation that is not finished. Another date needs a reason."""
        row, data = self.get_object(), self.taken(MitigationTextSerializer, request, partial=True)
        version = self.expected_version(request)
        if "owner" in data:
            if not permissions.can_edit_mitigation(request.user, row):
                raise PermissionDenied
            data["owner"] = person(row.family, data["owner"])
        return self.answer(services.edit_mitigation(row, actor=request.user, expected_version=version, **data))

    @extend_schema(request=None, responses=MitigationSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str | None = None) -> Response:
        """Begin a planned mitigation."""
        return self.answer(services.start_mitigation(self.get_object(), actor=request.user))

    @extend_schema(request=None, responses=MitigationSerializer)
    @action(detail=True, methods=["post"])
    def completion(self, request: Request, pk: str | None = None) -> Response:
        """Mark a mitigation as done."""
        return self.answer(services.finish_mitigation(self.get_object(), actor=request.user))

    @extend_schema(request=RiskReasonSerializer, responses=MitigationSerializer)
    @action(detail=True, methods=["post"])
    def cancellation(self, request: Request, pk: str | None = None) -> Response:
        """Drop a mitigation, with the reason."""
        mitigation, data = self.get_object(), self.taken(RiskReasonSerializer, request)
        return self.answer(services.drop_mitigation(mitigation, actor=request.user, reason=data["reason"]))
