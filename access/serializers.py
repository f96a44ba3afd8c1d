"""How tiers, terms, requests and grants look as JSON. Names are those of the pages."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from access import permissions
from access.evaluator import opens
from access.models import AccessRequest, DownloadEvent, Grant, RequestMessage, TermsVersion, Tier, TierQuestion
from registry.models import ModelFamily, Release


class QuestionSerializer(serializers.ModelSerializer[TierQuestion]):
    name = serializers.CharField(source="field_name", read_only=True, help_text="The key of its answer.")

    class Meta:
        model = TierQuestion
        fields = ["id", "name", "text", "help", "kind", "choices", "required", "order"]
        read_only_fields = ["order"]


class NewQuestionSerializer(serializers.ModelSerializer[TierQuestion]):
    id = serializers.IntegerField(required=False, help_text="Of the question to keep; none for a new one.")

    class Meta:
        model = TierQuestion
        fields = ["id", "text", "help", "kind", "choices", "required"]


class QuestionsSerializer(serializers.Serializer[Any]):
    questions = NewQuestionSerializer(many=True, help_text="All questions, in order. What is missing goes.")


class TierSerializer(serializers.ModelSerializer[Tier]):
    questions = QuestionSerializer(many=True, read_only=True)
    terms = serializers.IntegerField(
        source="newest_terms",
        read_only=True,
        allow_null=True,
        help_text="The newest version of its terms; null before the first.",
    )

    class Meta:
        model = Tier
        fields = [
            *("id", "family", "name", "kind", "description", "order", "is_offered", "decided_singly", "grant_days"),
            *("decision_days", "renewal_days", "support_channel", "form_version", "questions", "terms"),
        ]
        # The unique pair is checked by the service, which knows the family.
        validators: list[Any] = []


class NewTierSerializer(TierSerializer):
    family = serializers.PrimaryKeyRelatedField(queryset=ModelFamily.objects.none())

    class Meta(TierSerializer.Meta):
        fields = [
            *("family", "name", "kind", "description", "order", "is_offered", "decided_singly", "grant_days"),
            *("decision_days", "renewal_days", "support_channel"),
        ]

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        if "family" in fields and (user := self.context.get("user")) is not None:
            fields["family"].queryset = ModelFamily.objects.visible_to(user)
        return fields


class TierChangesSerializer(NewTierSerializer):
    family = None  # type: ignore[assignment]

    class Meta(NewTierSerializer.Meta):
        fields = [name for name in NewTierSerializer.Meta.fields if name != "family"]


class VisibleTier(serializers.PrimaryKeyRelatedField[Any]):
    """A tier by number, among those that the caller may know of."""

    def get_queryset(self) -> Any:
        user = self.context.get("user")
        return Tier.objects.visible_to(user) if user is not None else Tier.objects.none()


class PhaseTiersSerializer(serializers.Serializer[Any]):
    tiers = VisibleTier(
        queryset=Tier.objects.none(), many=True, help_text="All tiers that it opens. What is missing closes."
    )


class TermsSerializer(serializers.ModelSerializer[TermsVersion]):
    document = serializers.CharField(read_only=True, help_text="The whole agreement as Markdown: what sha256 is of.")

    class Meta:
        model = TermsVersion
        fields = [
            *("id", "tier", "number", "can", "must", "must_not", "text", "document", "change_note", "is_material"),
            *("enforced_from", "sha256", "published_at"),
        ]


class NewTermsSerializer(serializers.Serializer[Any]):
    can = serializers.ListField(child=serializers.CharField(max_length=300), default=list)
    must = serializers.ListField(child=serializers.CharField(max_length=300), default=list)
    must_not = serializers.ListField(child=serializers.CharField(max_length=300), default=list)
    text = serializers.CharField()
    change_note = serializers.CharField(default="", allow_blank=True)
    is_material = serializers.BooleanField(default=True)
    enforced_from = serializers.DateTimeField(default=None, allow_null=True)


class SignatureSerializer(serializers.Serializer[Any]):
    typed_name = serializers.CharField(max_length=120)


class AcceptanceSerializer(serializers.Serializer[Any]):
    terms = serializers.IntegerField(source="terms_id")
    sha256 = serializers.CharField()
    typed_name = serializers.CharField()
    locale = serializers.CharField()
    accepted_at = serializers.DateTimeField()


class AnswerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    text = serializers.CharField()
    help = serializers.CharField()
    kind = serializers.ChoiceField(TierQuestion.Kind.choices)
    choices = serializers.ListField(child=serializers.CharField())
    required = serializers.BooleanField()
    value = serializers.CharField()


class AccessRequestSerializer(serializers.ModelSerializer[AccessRequest]):
    reference = serializers.CharField(read_only=True)
    permalink = serializers.SerializerMethodField()
    requester_name = serializers.StringRelatedField[Any](source="requester")
    organisation_name = serializers.StringRelatedField[Any](source="organisation")
    answers = AnswerSerializer(many=True, read_only=True)
    assignee = serializers.SerializerMethodField(help_text="Who looks at it; only for those who work for the model.")

    class Meta:
        model = AccessRequest
        fields = [
            *("id", "reference", "permalink", "stage", "tier", "release", "family", "requester", "requester_name"),
            *("organisation", "organisation_name", "purpose", "answers", "form_version", "signed_terms", "signed_name"),
            *("assignee", "submitted_at", "due_at", "returned_at", "returned_fields", "decided_at", "decision_reason"),
            *("closed_at", "created_at", "updated_at"),
        ]
        read_only_fields = fields

    def get_permalink(self, request: AccessRequest) -> str:
        return f"{settings.BASE_URL}{request.get_absolute_url()}"

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_assignee(self, request: AccessRequest) -> int | None:
        return request.assignee_id if permissions.can_see_internal_notes(self.context["user"], request) else None


class DraftSerializer(serializers.Serializer[Any]):
    purpose = serializers.CharField(max_length=200, required=False, allow_blank=True)
    answers = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=4000),
        required=False,
        help_text="By the name of the question; “yes” ticks a checkbox.",
    )
    typed_name = serializers.CharField(
        max_length=120, required=False, allow_blank=True, help_text="Your name, by which you accept the terms."
    )


class NewAccessRequestSerializer(DraftSerializer):
    tier = serializers.PrimaryKeyRelatedField(queryset=Tier.objects.none())
    release = serializers.PrimaryKeyRelatedField(queryset=Release.objects.none())
    is_draft = serializers.BooleanField(default=False, help_text="Keep it as a draft; send it later.")

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        if (user := self.context.get("user")) is not None:
            fields["tier"].queryset = Tier.objects.visible_to(user)
            fields["release"].queryset = Release.objects.visible_to(user)
        return fields


class DecisionOnRequestSerializer(serializers.Serializer[Any]):
    approve = serializers.BooleanField()
    reason = serializers.CharField(max_length=4000)


class ReturnSerializer(serializers.Serializer[Any]):
    message = serializers.CharField(max_length=4000)
    fields_to_fix = serializers.ListField(
        child=serializers.CharField(max_length=60), default=list, help_text="“purpose”, or names of questions."
    )


class AssignmentSerializer(serializers.Serializer[Any]):
    assignee = serializers.IntegerField(allow_null=True, help_text="Number of an account that can decide it.")


class GrantReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=4000)


class RequestMessageSerializer(serializers.ModelSerializer[RequestMessage]):
    author_name = serializers.StringRelatedField[Any](source="author")

    class Meta:
        model = RequestMessage
        fields = ["id", "visibility", "author", "author_name", "body", "created_at"]
        read_only_fields = ["author"]


class GrantSerializer(serializers.ModelSerializer[Grant]):
    user_name = serializers.StringRelatedField[Any](source="user")
    state = serializers.CharField(
        source="shown_stage", read_only=True, help_text="The stage, or “expired” for an active grant past its end."
    )
    opens = serializers.SerializerMethodField(help_text="Whether the gate opens with it now.")

    class Meta:
        model = Grant
        fields = [
            *("id", "request", "user", "user_name", "tier", "release", "family", "renews", "stage", "state", "opens"),
            *("valid_from", "valid_until", "stage_reason", "stage_changed_at", "created_at", "updated_at"),
        ]
        read_only_fields = fields

    def get_opens(self, grant: Any) -> bool:
        return opens(grant)


class DownloadSerializer(serializers.ModelSerializer[DownloadEvent]):
    class Meta:
        model = DownloadEvent
        fields = ["id", "path", "sha256", "first_byte", "size", "token_prefix", "at"]


class RequirementSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    met = serializers.BooleanField()
    text = serializers.CharField()
    next_action_url = serializers.CharField(help_text="Where to change it; empty where there is nothing to do.")


class AccessCheckSerializer(serializers.Serializer[Any]):
    release = serializers.IntegerField()
    allowed = serializers.BooleanField()
    judged_at = serializers.DateTimeField()
    grant = serializers.IntegerField(allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)
    support_channel = serializers.CharField()
    phase = serializers.CharField(help_text="The phase of its plan that the release is in; empty without a plan.")
    support_ended_at = serializers.DateTimeField(allow_null=True, help_text="What is open stays open after it.")
    requirements = RequirementSerializer(many=True)
