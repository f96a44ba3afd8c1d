"""Question sets, and reviews of releases made with them."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import FilterSet, RowNumber
from common.api.permissions import SignedIn
from common.api.views import IdempotentCreateMixin, LostUpdateMixin, etag
from registry import permissions, services
from registry.api.catalogue import IF_MATCH
from registry.api.serializers import RiskReasonSerializer, Visible
from registry.models import (
    Publisher,
    Question,
    QuestionSet,
    Release,
    ReleaseReview,
    RequiredReview,
    ReviewAnswers,
    ReviewFinding,
    Risk,
)


class ReviewQuestionSerializer(serializers.ModelSerializer[Question]):
    key = serializers.RegexField(r"^[a-z0-9][a-z0-9-]*$", max_length=60)
    raises_when = serializers.ListField(
        child=serializers.CharField(max_length=10), required=False, help_text="Answers that raise a risk."
    )

    class Meta:
        model = Question
        fields = ["key", "section", "text", "help", "kind", "raises_when", "risk_title", "is_required"]


class QuestionSetSerializer(serializers.ModelSerializer[QuestionSet]):
    questions = ReviewQuestionSerializer(many=True, read_only=True)

    class Meta:
        model = QuestionSet
        fields = [
            *("id", "publisher", "slug", "number", "stage", "title", "about", "review_days", "questions"),
            *("created_at", "published_at", "row_version"),
        ]
        read_only_fields = fields


class NewQuestionSetSerializer(serializers.ModelSerializer[QuestionSet]):
    publisher = Visible(Publisher)
    review_days = serializers.IntegerField(min_value=1, max_value=3650, required=False)
    questions = ReviewQuestionSerializer(many=True, allow_empty=False)

    class Meta:
        model = QuestionSet
        fields = ["publisher", "slug", "title", "about", "review_days", "questions"]
        validators: list[Any] = []


class RequiredReviewSerializer(serializers.ModelSerializer[RequiredReview]):
    class Meta:
        model = RequiredReview
        fields = ["slug", "blocks"]
        validators: list[Any] = []


class RequiredReviewsSerializer(serializers.Serializer[Any]):
    publisher = Visible(Publisher)
    required = RequiredReviewSerializer(many=True)


class QuestionSetViewSet(
    IdempotentCreateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[QuestionSet]
):
    """Sets of questions for reviews before public launch: those of the portal, and your publisher's own."""

    permission_classes = [SignedIn]
    serializer_class = QuestionSetSerializer
    queryset = QuestionSet.objects.none()
    filterset_fields = ["publisher", "slug", "stage"]
    ordering_fields = ["id"]

    def get_queryset(self) -> QuerySet[QuestionSet]:
        return (
            QuestionSet.objects.visible_to(self.request.user).select_related("publisher").prefetch_related("questions")
        )

    def _answer(self, row: QuestionSet, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data, status=code)

    @extend_schema(request=NewQuestionSetSerializer, responses={201: QuestionSetSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Bring a set along as a draft: the next version of the set with this short name."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewQuestionSetSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        made = services.import_question_set(data.pop("publisher"), actor=request.user, data=data)
        return self._answer(made, status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=QuestionSetSerializer)
    @action(detail=True, methods=["post"])
    def publication(self, request: Request, pk: str | None = None) -> Response:
        """Put a draft into use; the version before it is superseded."""
        return self._answer(services.publish_question_set(self.get_object(), actor=request.user))

    @extend_schema(request=RiskReasonSerializer, responses=QuestionSetSerializer)
    @action(detail=True, methods=["post"])
    def retirement(self, request: Request, pk: str | None = None) -> Response:
        """Ask a set no more, with the reason."""
        row = self.get_object()
        given = RiskReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return self._answer(services.retire_question_set(row, actor=request.user, **given.validated_data))

    @extend_schema(request=RequiredReviewsSerializer, responses=RequiredReviewsSerializer)
    @action(detail=False, methods=["post"])
    def required(self, request: Request) -> Response:
        """Say which reviews a publisher asks for before a release goes public; ``blocks`` where nothing is published
        without."""
        given = RequiredReviewsSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        publisher = given.validated_data["publisher"]
        required = {row["slug"]: row.get("blocks", False) for row in given.validated_data["required"]}
        services.set_required_reviews(publisher, actor=request.user, required=required)
        stored = RequiredReview.objects.filter(publisher=publisher)
        return Response(RequiredReviewsSerializer({"publisher": publisher, "required": stored}).data)


class ReviewAnswerSerializer(serializers.Serializer[Any]):
    value = serializers.CharField(required=False, allow_blank=True, max_length=4000)
    note = serializers.CharField(required=False, allow_blank=True, max_length=4000)


class AnswersSerializer(serializers.Serializer[Any]):
    answers = serializers.DictField(child=ReviewAnswerSerializer(), help_text="By the key of the question.")


class AnswersVersionSerializer(serializers.ModelSerializer[ReviewAnswers]):
    saved_by_name = serializers.CharField(source="saved_by", read_only=True)

    class Meta:
        model = ReviewAnswers
        fields = ["number", "answers", "saved_by", "saved_by_name", "saved_at"]
        read_only_fields = fields


class FindingSerializer(serializers.ModelSerializer[ReviewFinding]):
    class Meta:
        model = ReviewFinding
        fields = ["key", "risk", "is_new", "ruled_out"]
        read_only_fields = fields


class ReleaseReviewSerializer(serializers.ModelSerializer[ReleaseReview]):
    answers = serializers.SerializerMethodField(help_text="As they were saved last.")
    version = serializers.SerializerMethodField(help_text="How often they were saved.")
    findings = FindingSerializer(many=True, read_only=True)
    overdue = serializers.BooleanField(read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = ReleaseReview
        fields = [
            *("id", "release", "question_set", "stage", "answers", "version", "outcome", "reason", "conditions"),
            *("findings", "started_by", "submitted_by", "submitted_at", "next_due_on", "overdue", "url"),
            *("created_at", "updated_at", "row_version"),
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.DictField(child=ReviewAnswerSerializer()))
    def get_answers(self, review: ReleaseReview) -> dict[str, Any]:
        return review.versions.all()[0].answers if review.versions.all() else {}

    def get_version(self, review: ReleaseReview) -> int:
        return len(review.versions.all())


class NewReleaseReviewSerializer(serializers.Serializer[Any]):
    release = Visible(Release)
    question_set = Visible(QuestionSet)


class NewFindingSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(max_length=60)
    title = serializers.CharField(required=False, max_length=200, help_text="Raises a stub with this title.")
    risk = Visible(Risk, required=False, help_text="Or names a risk that is known.")
    ruled_out = serializers.CharField(required=False, max_length=2000, help_text="Or says why there is none.")


class SubmissionSerializer(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(ReleaseReview.Outcome.choices)
    reason = serializers.CharField(max_length=4000)
    conditions = serializers.CharField(required=False, allow_blank=True, max_length=4000)
    next_due_on = serializers.DateField(required=False, allow_null=True)
    findings = NewFindingSerializer(many=True, required=False, help_text="One for each answer that raises a risk.")


class ReleaseReviewFilter(FilterSet):
    family = RowNumber(field_name="release__family", label="Model family")

    class Meta:
        model = ReleaseReview
        fields = ["release", "question_set", "stage", "outcome"]


class ReleaseReviewViewSet(
    LostUpdateMixin,
    IdempotentCreateMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[ReleaseReview],
):
    """Reviews of releases with a question set, for people with a role for the model."""

    permission_classes = [SignedIn]
    serializer_class = ReleaseReviewSerializer
    queryset = ReleaseReview.objects.none()
    filterset_class = ReleaseReviewFilter
    lookup_value_regex = r"\d+"
    ordering_fields = ["id", "updated_at"]

    def get_queryset(self) -> QuerySet[ReleaseReview]:
        rows = ReleaseReview.objects.visible_to(self.request.user).select_related("release__family__publisher")
        return rows.prefetch_related("findings", Prefetch("versions", ReviewAnswers.objects.order_by("-number")))

    def _answer(self, row: ReleaseReview, code: int = status.HTTP_200_OK) -> Response:
        fresh = self.get_queryset().get(pk=row.pk)
        return Response(self.get_serializer(fresh).data, status=code, headers={"ETag": etag(fresh.row_version)})

    def _given(self, shape: Any, request: Request) -> dict[str, Any]:
        given = shape(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    @extend_schema(request=NewReleaseReviewSerializer, responses={201: ReleaseReviewSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin to answer a question set about a release."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self._given(NewReleaseReviewSerializer, request)
        if not permissions.can_review_release(request.user, data["release"]):
            raise PermissionDenied
        made = services.start_review(data["release"], actor=request.user, question_set=data["question_set"])
        return self._answer(made, status.HTTP_201_CREATED)

    @extend_schema(request=AnswersSerializer, responses=ReleaseReviewSerializer, parameters=[IF_MATCH])
    @action(detail=True, methods=["put"])
    def answers(self, request: Request, pk: str | None = None) -> Response:
        """Save answers, all or some; each save is kept as a version."""
        review, data = self.get_object(), self._given(AnswersSerializer, request)
        version = self.expected_version(request)
        services.save_answers(review, actor=request.user, answers=data["answers"], expected_version=version)
        return self._answer(review)

    @extend_schema(responses=AnswersVersionSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"])
    def versions(self, request: Request, pk: str | None = None) -> Response:
        """The answers as they were saved each time, newest first."""
        rows = ReviewAnswers.objects.filter(review=self.get_object()).select_related("saved_by")
        return self.get_paginated_response(AnswersVersionSerializer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(request=SubmissionSerializer, responses=ReleaseReviewSerializer)
    @action(detail=True, methods=["post"])
    def submission(self, request: Request, pk: str | None = None) -> Response:
        """Say what the answers come to. From now on they stand; risks are raised or named as you say."""
        review, data = self.get_object(), self._given(SubmissionSerializer, request)
        findings = {row.pop("key"): row for row in data.pop("findings", [])}
        return self._answer(services.submit_review(review, actor=request.user, findings=findings, **data))

    @extend_schema(request=RiskReasonSerializer, responses=ReleaseReviewSerializer)
    @action(detail=True, methods=["post"])
    def discarding(self, request: Request, pk: str | None = None) -> Response:
        """Give a review up, with the reason."""
        review, data = self.get_object(), self._given(RiskReasonSerializer, request)
        return self._answer(services.discard_review(review, actor=request.user, **data))
