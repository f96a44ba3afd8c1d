"""How a decision looks as JSON: the API and the permalink's ``.json`` show the same."""

from typing import Any, cast

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from accounts.roles import Role
from governance import selectors
from governance.models import Decision, DecisionEvidence, DecisionOption
from registry.models import ModelFamily, Release, Risk


class OptionSerializer(serializers.ModelSerializer[DecisionOption]):
    class Meta:
        model = DecisionOption
        fields = ["name", "arguments_for", "arguments_against", "chosen"]


class EvidenceSerializer(serializers.ModelSerializer[DecisionEvidence]):
    class Meta:
        model = DecisionEvidence
        fields = ["label", "url", "sha256"]


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    reference = serializers.CharField(read_only=True, help_text="D-12: unique in the portal.")
    permalink = serializers.SerializerMethodField()
    options = OptionSerializer(many=True, read_only=True)
    evidence = EvidenceSerializer(many=True, read_only=True)
    risks = serializers.SerializerMethodField(help_text="Numbers of those of its risks that you may know of.")
    decided_by = serializers.SerializerMethodField(help_text="A name, for people with a role there; else empty.")
    superseded_by = serializers.SerializerMethodField(help_text="The published decision that replaced it.")

    class Meta:
        model = Decision
        fields = [
            *("id", "reference", "permalink", "stage", "family", "release", "title", "context", "options", "outcome"),
            *("consequences", "dissent", "stops_holding_when", "review_by", "decided_by", "decided_as", "decided_on"),
            *("supersedes", "superseded_by", "risks", "evidence", "published_at", "annulled_at", "annulment_reason"),
            *("created_at", "updated_at"),
        ]

    def get_permalink(self, decision: Decision) -> str:
        return f"{settings.BASE_URL}{decision.get_absolute_url()}"

    def get_risks(self, decision: Decision) -> list[int]:
        return [risk.pk for risk in decision.risks.all()]

    def get_decided_by(self, decision: Decision) -> str:
        return selectors.decided_by(decision, self.context["user"])

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_superseded_by(self, decision: Decision) -> int | None:
        successor = getattr(decision, "superseded_by", None)
        return successor.pk if successor is not None and successor.is_public else None


class _Visible(serializers.PrimaryKeyRelatedField[Any]):
    """A number of something that the caller may know of; any other number does not exist."""

    def get_queryset(self) -> Any:
        return cast(Any, self).queryset.visible_to(self.context["user"])


class DecisionTextSerializer(serializers.Serializer[Any]):
    """What may be changed in a draft."""

    title = serializers.CharField(max_length=200)
    context = serializers.CharField(allow_blank=True, required=False)  # type: ignore[assignment]  # the metaclass takes fields away, so the property stays
    outcome = serializers.CharField(allow_blank=True, required=False)
    consequences = serializers.CharField(allow_blank=True, required=False)
    dissent = serializers.CharField(allow_blank=True, required=False)
    stops_holding_when = serializers.CharField(allow_blank=True, required=False)
    review_by = serializers.DateField(allow_null=True, required=False)
    decided_as = serializers.ChoiceField(Role.choices, required=False)
    decided_on = serializers.DateField(required=False)
    release = _Visible(queryset=Release.objects.all(), allow_null=True, required=False)
    options = OptionSerializer(many=True, required=False)
    risks = _Visible(queryset=Risk.objects.all(), many=True, required=False)
    evidence = EvidenceSerializer(many=True, required=False)


class NewDecisionSerializer(DecisionTextSerializer):
    family = _Visible(queryset=ModelFamily.objects.all())


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=4000)


class EntrySerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(
        max_length=4000, required=False, allow_blank=True, help_text="Why, for a phase that withdraws the release."
    )


class ReleaseStateSerializer(serializers.ModelSerializer[Release]):
    class Meta:
        model = Release
        fields = ["id", "version", "stage", "revision", "published_at", "withdrawn_at", "withdrawal_reason"]


def decision_document(decision: Decision, user: User | Any) -> dict[str, Any]:
    """The whole record of ``decision`` as ``user`` may see it."""
    return dict(DecisionSerializer(decision, context={"user": user}).data)
