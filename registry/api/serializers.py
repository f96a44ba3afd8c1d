"""Shapes of the API's answers and of what it takes. Names are those of the pages."""

from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from registry import permissions, visibility
from registry.models import (
    Artifact,
    Mitigation,
    Modality,
    ModelCard,
    ModelFamily,
    Objective,
    Publisher,
    Release,
    Risk,
    RiskAcceptance,
    RiskAssessment,
    Term,
)
from registry.scale import LARGEST, Band, Level
from registry.selectors import acceptance_of, public_address, with_acceptance


class Visible(serializers.PrimaryKeyRelatedField[Any]):
    """A row by number, among those that the caller may know of."""

    def __init__(self, model: type[Model], **kwargs: Any) -> None:
        self.model = model
        super().__init__(queryset=model._default_manager.none(), **kwargs)

    def get_queryset(self) -> QuerySet[Any]:
        request = self.context.get("request")
        manager: Any = self.model._default_manager
        return manager.visible_to(request.user) if request is not None else manager.none()


class LevelSerializer(serializers.Serializer[Any]):
    score = serializers.IntegerField(min_value=1, max_value=LARGEST**2)
    band = serializers.ChoiceField(Band.choices)


class JudgementSerializer(LevelSerializer):
    likelihood = serializers.IntegerField(min_value=1, max_value=LARGEST)
    severity = serializers.IntegerField(min_value=1, max_value=LARGEST)


class PublisherSerializer(serializers.ModelSerializer[Publisher]):
    class Meta:
        model = Publisher
        fields = ["id", "slug", "name", "about", "website", "contact_email", "created_at", "updated_at", "row_version"]
        read_only_fields = ["created_at", "updated_at", "row_version"]


class PublisherTextSerializer(serializers.ModelSerializer[Publisher]):
    class Meta:
        model = Publisher
        fields = ["name", "about", "website", "contact_email"]


class FamilySerializer(serializers.ModelSerializer[ModelFamily]):
    publisher = Visible(Publisher)
    repo_id = serializers.CharField(read_only=True, help_text="What Hugging Face clients ask for: publisher/family.")
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = ModelFamily
        fields = [
            *("id", "publisher", "slug", "repo_id", "name", "summary", "intended_use", "out_of_scope_use"),
            *("allows_public_concerns", "url", "created_at", "updated_at", "row_version"),
        ]
        read_only_fields = ["created_at", "updated_at", "row_version"]
        # The database keeps names apart; the service puts its refusal into words.
        validators: list[Any] = []


class FamilyTextSerializer(serializers.ModelSerializer[ModelFamily]):
    class Meta:
        model = ModelFamily
        fields = ["name", "summary", "intended_use", "out_of_scope_use", "allows_public_concerns"]


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    family = Visible(ModelFamily)
    repo_id = serializers.CharField(source="family.repo_id", read_only=True)
    languages = serializers.ListField(child=serializers.CharField(max_length=20), required=False)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Release
        fields = [
            *("id", "family", "repo_id", "version", "stage", "modality", "licence", "licence_name", "licence_url"),
            *("intended_users", "base_model", "languages"),
            *("revision", "published_at", "withdrawn_at", "withdrawal_reason", "url"),
            *("created_at", "updated_at", "row_version"),
        ]
        read_only_fields = [
            *("stage", "revision", "published_at", "withdrawn_at", "withdrawal_reason"),
            *("created_at", "updated_at", "row_version"),
        ]
        validators: list[Any] = []


class NewReleaseSerializer(serializers.Serializer[Any]):
    family = Visible(ModelFamily)
    version = serializers.CharField(max_length=60)
    modality = serializers.ChoiceField(Modality.choices, required=False, allow_blank=True)
    licence = serializers.CharField(
        max_length=300, required=False, allow_blank=True, help_text="An SPDX expression; LicenseRef-… for your own."
    )
    licence_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    licence_url = serializers.URLField(max_length=500, required=False, allow_blank=True)
    licence_text = serializers.CharField(max_length=60_000, required=False, allow_blank=True)
    intended_users = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    base_model = serializers.CharField(max_length=200, required=False, allow_blank=True)
    languages = serializers.ListField(child=serializers.CharField(max_length=20), required=False)
    card = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="The source of the model card; what it declares fills the fields that are left out.",
    )


class ReleaseTextSerializer(serializers.ModelSerializer[Release]):
    languages = serializers.ListField(child=serializers.CharField(max_length=20), required=False)

    class Meta:
        model = Release
        fields = [
            *("version", "modality", "licence", "licence_name", "licence_url", "licence_text", "intended_users"),
            *("base_model", "languages"),
        ]
        validators: list[Any] = []


class CardSerializer(serializers.ModelSerializer[ModelCard]):
    class Meta:
        model = ModelCard
        fields = ["release", "number", "sha256", "metadata", "source", "correction_note", "created_at"]
        read_only_fields = fields


class NewCardSerializer(serializers.Serializer[Any]):
    # Named as on the card itself; DRF keeps declared fields apart from its own attributes.
    source = serializers.CharField(  # type: ignore[assignment]
        trim_whitespace=False, help_text="The whole README.md, front matter included."
    )
    correction_note = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=2000,
        help_text="What is corrected, and why; needed once the release is published.",
    )


class ArtifactSerializer(serializers.ModelSerializer[Artifact]):
    class Meta:
        model = Artifact
        fields = ["id", "release", "path", "size", "sha256", "created_at"]
        read_only_fields = fields


class NewArtifactSerializer(serializers.Serializer[Any]):
    release = Visible(Release)
    file = serializers.FileField(allow_empty_file=True)
    path = serializers.CharField(max_length=300, required=False, help_text="The name of the file when left out.")
    sha256 = serializers.CharField(max_length=80, required=False, help_text="Compared with what arrives.")


class AcceptanceStateSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(RiskAcceptance.State.choices)
    accepted_at = serializers.DateTimeField()
    ends_on = serializers.DateField()


# What is never hidden of a risk that is shown, and what else a field of ``registry.visibility`` carries with it.
# Whatever is named in neither is for people with a role only, so that a new field begins hidden.
_ALWAYS_SHOWN = frozenset(
    ("id", "family", "reference", "number", "release", "stage", "title", "is_public", "opened_at", "closed_at")
) | {"url", "created_at", "updated_at", "row_version"}
_SHOWN_WITH = {
    "review": ("reviewed_at", "review_due_on", "review_days", "review_overdue"),
    "owner": ("owner_name",),
    **dict.fromkeys(("inherent", "residual", "current", "target"), ("scale",)),
}


class RiskSerializer(serializers.ModelSerializer[Risk]):
    """What a publisher does not show to the public is null for readers without a role for the model family; the
    numbers of accounts always are."""

    objectives = serializers.PrimaryKeyRelatedField(many=True, read_only=True, allow_null=True)
    terms = serializers.PrimaryKeyRelatedField(many=True, read_only=True, allow_null=True)
    is_public = serializers.BooleanField(read_only=True, help_text="Shown to the public once it is open.")
    inherent = serializers.SerializerMethodField()
    residual = serializers.SerializerMethodField()
    current = serializers.SerializerMethodField(help_text="What counts now: residual where assessed, else inherent.")
    target = serializers.SerializerMethodField(help_text="What the treatment is meant to reach.")
    acceptance = serializers.SerializerMethodField(help_text="Whether somebody bears it knowingly, as you read it.")
    owner = serializers.IntegerField(source="owner_id", read_only=True, allow_null=True)
    owner_name = serializers.SerializerMethodField()
    deputy = serializers.IntegerField(source="deputy_id", read_only=True, allow_null=True)
    deputy_name = serializers.SerializerMethodField()
    confidence = serializers.ChoiceField(
        Risk.Confidence.choices, read_only=True, allow_null=True, allow_blank=True, help_text="Empty where nobody said."
    )
    review_overdue = serializers.BooleanField(read_only=True, allow_null=True)
    url = serializers.SerializerMethodField(help_text="Its page; for readers from outside the public one.")

    class Meta:
        model = Risk
        fields = [
            *("id", "family", "reference", "number", "release", "stage", "title", "harm", "cause", "event"),
            *("consequence", "affected", "objectives", "terms", "owner", "owner_name", "deputy", "deputy_name"),
            "is_public",
            *("treatment", "acceptance", "scale", "inherent", "residual", "current", "target", "confidence"),
            *("reviewed_at", "review_due_on", "review_days", "review_overdue", "opened_at", "closed_at"),
            *("origin", "origin_reference", "duplicate_of", "url", "created_at", "updated_at", "row_version"),
        ]
        read_only_fields = fields
        extra_kwargs: ClassVar[dict[str, Any]] = {
            name: {"allow_null": True}
            for name in (
                *("origin", "origin_reference", "harm", "cause", "event", "consequence", "affected", "treatment"),
                "scale",
            )
        }

    def to_representation(self, risk: Risk) -> dict[str, Any]:
        data = super().to_representation(risk)
        if not self._inside(risk):
            fields = visibility.public_fields(risk.family.publisher)
            # The number of the owner's account is not the owner's name.
            known = _ALWAYS_SHOWN | fields - {"owner"}
            known |= {name for field in fields for name in _SHOWN_WITH.get(field, ())}
            data |= dict.fromkeys(data.keys() - known)
        return data

    def _inside(self, risk: Risk) -> bool:
        return permissions.can_see_inside(self.context["request"].user, risk.family)

    def get_owner_name(self, risk: Risk) -> str | None:
        return str(risk.owner) if risk.owner is not None else None

    def get_deputy_name(self, risk: Risk) -> str | None:
        return str(risk.deputy) if risk.deputy is not None else None

    def get_url(self, risk: Risk) -> str:
        return risk.get_absolute_url() if self._inside(risk) else public_address(risk)

    @extend_schema_field(AcceptanceStateSerializer(allow_null=True))
    def get_acceptance(self, risk: Any) -> dict[str, Any] | None:
        if not hasattr(risk, "acceptance_rows"):
            risk = with_acceptance(Risk.objects.all()).get(pk=risk.pk)
        found = acceptance_of(risk)
        return AcceptanceStateSerializer(found).data if found is not None else None

    @extend_schema_field(JudgementSerializer(allow_null=True))
    def get_inherent(self, risk: Risk) -> dict[str, Any] | None:
        return _judgement(risk.inherent, risk.inherent_likelihood, risk.inherent_severity)

    @extend_schema_field(JudgementSerializer(allow_null=True))
    def get_residual(self, risk: Risk) -> dict[str, Any] | None:
        return _judgement(risk.residual, risk.residual_likelihood, risk.residual_severity)

    @extend_schema_field(JudgementSerializer(allow_null=True))
    def get_current(self, risk: Risk) -> dict[str, Any] | None:
        return _judgement(risk.current, risk.current_likelihood, risk.current_severity)

    @extend_schema_field(JudgementSerializer(allow_null=True))
    def get_target(self, risk: Risk) -> dict[str, Any] | None:
        return _judgement(risk.target, risk.target_likelihood, risk.target_severity)


def _judgement(level: Level | None, likelihood: int | None, severity: int | None) -> dict[str, Any] | None:
    if level is None:
        return None
    return {"score": level.score, "band": level.band.value, "likelihood": likelihood, "severity": severity}


class RiskTextSerializer(serializers.ModelSerializer[Risk]):
    objectives = Visible(Objective, many=True, required=False)
    terms = Visible(Term, many=True, required=False)
    release = Visible(Release, required=False, allow_null=True)

    class Meta:
        model = Risk
        fields = [
            *("title", "harm", "cause", "event", "consequence", "affected", "objectives", "terms", "release"),
            "is_public",
        ]
        extra_kwargs: ClassVar[dict[str, Any]] = {"harm": {"required": True, "allow_blank": False}}


class NewRiskSerializer(RiskTextSerializer):
    family = Visible(ModelFamily)
    owner = serializers.IntegerField(required=False, allow_null=True, help_text="Number of a person with a role here.")

    class Meta(RiskTextSerializer.Meta):
        fields = ["family", *RiskTextSerializer.Meta.fields, "owner"]


class OwnerSerializer(serializers.Serializer[Any]):
    owner = serializers.IntegerField(
        min_value=1, help_text="Number of a person with a role for the model family or its publisher."
    )
    deputy = serializers.IntegerField(
        min_value=1,
        required=False,
        allow_null=True,
        help_text="Who stands in. Left out, it stays; null takes the deputy away.",
    )


class AssessmentSerializer(serializers.ModelSerializer[RiskAssessment]):
    score = serializers.IntegerField(source="level.score", read_only=True)
    assessed_by_name = serializers.CharField(source="assessed_by", read_only=True)

    class Meta:
        model = RiskAssessment
        fields = [
            *("id", "kind", "scale", "likelihood", "severity", "score", "band", "detectability", "reversibility"),
            *("confidence", "rationale", "evidence", "cause", "assessed_by", "assessed_by_name", "confirmed_by"),
            "assessed_at",
        ]
        read_only_fields = ["scale", "band", "cause", "assessed_by", "confirmed_by", "assessed_at"]


class RiskReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class MatrixCellSerializer(JudgementSerializer):
    scale = serializers.IntegerField(help_text="The version of the scale the risks were judged on.")
    count = serializers.IntegerField()


class HeatCellSerializer(MatrixCellSerializer):
    kind = serializers.ChoiceField(["inherent", "current"], help_text="Before mitigation, or now.")


class TrendPointSerializer(serializers.Serializer[Any]):
    day = serializers.DateField(help_text="The last day that the counts include.")
    total = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="By band.")


class MatrixSerializer(serializers.Serializer[Any]):
    cells = MatrixCellSerializer(many=True)
    unassessed = serializers.IntegerField()


class MitigationSerializer(serializers.ModelSerializer[Mitigation]):
    """Owners are shown to people with a role for the family; only risks the caller may know of are listed."""

    risks = serializers.SerializerMethodField()
    owner = serializers.SerializerMethodField()
    owner_name = serializers.SerializerMethodField()
    overdue = serializers.BooleanField(read_only=True)
    kind = serializers.CharField(read_only=True, help_text="prevent, detect or respond; empty where nobody said.")
    evidence = serializers.SerializerMethodField(help_text="For people with a role there; else null.")
    retirement_reason = serializers.SerializerMethodField(help_text="For people with a role there; else null.")

    class Meta:
        model = Mitigation
        fields = [
            *("id", "family", "risks", "stage", "title", "kind", "description", "evidence", "owner", "owner_name"),
            *("due_on", "overdue", "retirement_reason", "created_at", "updated_at", "row_version"),
        ]
        read_only_fields = fields

    def _inside(self, mitigation: Mitigation) -> bool:
        return permissions.can_see_inside(self.context["request"].user, mitigation.family)

    def get_risks(self, mitigation: Mitigation) -> list[int]:
        return [risk.pk for risk in mitigation.visible_risks]  # type: ignore[attr-defined]

    def get_owner(self, mitigation: Mitigation) -> int | None:
        return mitigation.owner_id if self._inside(mitigation) else None

    def get_evidence(self, mitigation: Mitigation) -> str | None:
        return mitigation.evidence if self._inside(mitigation) else None

    def get_retirement_reason(self, mitigation: Mitigation) -> str | None:
        return mitigation.retirement_reason if self._inside(mitigation) else None

    def get_owner_name(self, mitigation: Mitigation) -> str | None:
        return str(mitigation.owner) if self._inside(mitigation) else None
