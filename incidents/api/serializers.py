from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from common.api.filters import LARGEST_NUMBER
from governance.models import Decision
from incidents import evidence, receipts
from incidents.lifecycle import INCIDENT_MOVES
from incidents.models import Category, CloseReason, Incident, MisuseReport, ReportAttachment, ReportMessage
from incidents.models.report import Visibility
from registry.models import ModelFamily, Release, Risk
from registry.scale import Band


class Visible(serializers.PrimaryKeyRelatedField):
    """The number of a row that the caller may see; another is as unknown as one that does not exist."""

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset()
        request = self.context.get("request")
        return rows.visible_to(request.user) if request is not None else rows


class Person(serializers.PrimaryKeyRelatedField):
    """The number of a person. One that is nobody's stands for somebody who may do nothing.

    So the service says of it, at the same point and in the same words, what it says of everybody who may not
    own this; an answer of its own would tell which numbers have accounts.
    """

    def to_internal_value(self, data: Any) -> User:
        number = serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER).run_validation(data)
        known: User | None = self.get_queryset().filter(pk=number).first()
        return known or User(pk=0)


class NewMisuseReportSerializer(serializers.Serializer):
    model = serializers.CharField(max_length=200, help_text="publisher/model, a name, an address, or what you know.")
    category = serializers.ChoiceField(choices=Category.choices)
    what_happened = serializers.CharField(min_length=20, max_length=4000)
    version = serializers.CharField(max_length=60, required=False, allow_blank=True)
    happened_when = serializers.CharField(max_length=100, required=False, allow_blank=True)
    happened_where = serializers.CharField(max_length=200, required=False, allow_blank=True)
    link = serializers.URLField(max_length=500, required=False, allow_blank=True)
    contact = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Only handlers can read it."
    )
    evidence = serializers.ListField(
        child=serializers.FileField(max_length=200),
        max_length=evidence.MAX_FILES,
        required=False,
        write_only=True,
        help_text="Files, when sent as multipart/form-data: PNG, JPEG, PDF or text, up to 10 MB each.",
    )


class ReceiptSerializer(serializers.Serializer):
    receipt = serializers.CharField(help_text="Shown this once and stored nowhere: the only way back to the report.")
    stage = serializers.ChoiceField(choices=MisuseReport.Stage.choices)
    received_at = serializers.DateTimeField(help_text="To the hour.")


class ReceiptFieldSerializer(serializers.Serializer):
    receipt = serializers.CharField(max_length=200)

    def validate_receipt(self, value: str) -> str:
        try:
            receipts.parse(value)
        except receipts.Mistyped as mistyped:
            raise serializers.ValidationError(str(mistyped), "mistyped") from mistyped
        return value


class ReplySerializer(ReceiptFieldSerializer):
    body = serializers.CharField(max_length=4000)
    evidence = serializers.ListField(
        child=serializers.FileField(max_length=200), max_length=evidence.MAX_FILES, required=False, write_only=True
    )


class ToldSerializer(serializers.Serializer):
    """One line of what the reporter may read."""

    what = serializers.CharField(source="title")
    on = serializers.SerializerMethodField(help_text="The day.")
    by = serializers.SerializerMethodField()
    reason = serializers.CharField()
    message = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DateField())
    def get_on(self, entry: Any) -> Any:
        return entry.event.at.date()

    @extend_schema_field(serializers.ChoiceField(choices=ReportMessage.Author.choices))
    def get_by(self, entry: Any) -> str:
        return "reporter" if entry.by_reporter else "handler"

    def get_message(self, entry: Any) -> str:
        return entry.message.body if entry.message else ""

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_files(self, entry: Any) -> list[str]:
        return [attachment.name for attachment in entry.attachments]


class TrackedReportSerializer(serializers.Serializer):
    """A report as its reporter sees it."""

    about = serializers.CharField()
    category = serializers.ChoiceField(choices=Category.choices)
    what_happened = serializers.CharField()
    stage = serializers.ChoiceField(choices=MisuseReport.Stage.choices)
    close_reason = serializers.ChoiceField(choices=CloseReason.choices, allow_blank=True)
    received_at = serializers.DateTimeField()
    story = ToldSerializer(many=True)


class AttachmentSerializer(serializers.ModelSerializer[ReportAttachment]):
    class Meta:
        model = ReportAttachment
        fields = ["id", "name", "media_type", "size", "sha256", "visibility"]


class ReportMessageSerializer(serializers.ModelSerializer[ReportMessage]):
    author = serializers.ChoiceField(choices=ReportMessage.Author.choices, read_only=True)
    user = serializers.CharField(source="user.display_name", default="", read_only=True)

    class Meta:
        model = ReportMessage
        fields = ["id", "author", "user", "visibility", "body", "created_at"]
        read_only_fields = ["created_at"]


class MisuseReportSerializer(serializers.ModelSerializer[MisuseReport]):
    reference = serializers.CharField(read_only=True)
    about = serializers.CharField(read_only=True)
    has_contact = serializers.BooleanField(read_only=True)

    class Meta:
        model = MisuseReport
        fields = [
            *("id", "reference", "stage", "about", "family", "release", "model_text", "category", "what_happened"),
            *("happened_when", "happened_where", "link", "has_contact", "severity", "owner", "close_reason"),
            *("awaits_handler", "form_version", "received_at", "first_answered_at", "closed_at", "row_version"),
        ]
        read_only_fields = fields


class MisuseReportDetailSerializer(MisuseReportSerializer):
    messages = ReportMessageSerializer(many=True, read_only=True)
    attachments = AttachmentSerializer(many=True, read_only=True)
    incidents = serializers.SerializerMethodField(
        help_text="Numbers of the incidents it is part of, as far as you may see them."
    )

    class Meta(MisuseReportSerializer.Meta):
        fields = [*MisuseReportSerializer.Meta.fields, "messages", "attachments", "incidents"]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_incidents(self, report: MisuseReport) -> list[int]:
        return list(report.incidents.visible_to(self.context["request"].user).values_list("pk", flat=True))


class TriageSerializer(serializers.Serializer):
    severity = serializers.ChoiceField(choices=Band.choices)
    owner = Person(queryset=User.objects.filter(is_active=True, is_service=False))
    incident = Visible(queryset=Incident.objects.all(), required=False, allow_null=True)


class NewReportMessageSerializer(serializers.Serializer):
    visibility = serializers.ChoiceField(
        choices=Visibility.choices,
        help_text="public: an answer that the reporter reads. internal: a note among yourselves.",
    )
    body = serializers.CharField(max_length=4000)


class ReportClosureSerializer(serializers.Serializer):
    reason = serializers.ChoiceField(choices=CloseReason.choices)
    body = serializers.CharField(max_length=4000, help_text="What the reporter reads with the reason.")


class ReportReopeningSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=1000)


class ReportModelSerializer(serializers.Serializer):
    family = Visible(queryset=ModelFamily.objects.all())
    release = Visible(queryset=Release.objects.all(), required=False, allow_null=True)


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    """An incident. Of the models, releases and risks it is about, it names those that you may know of."""

    # To read, ``selectors.links_seen_by`` has fetched the links: they are not asked for one incident at a time.
    reference = serializers.CharField(read_only=True)
    families = Visible(queryset=ModelFamily.objects.all(), many=True, required=False)
    releases = Visible(queryset=Release.objects.select_related("family"), many=True, required=False)
    risks = Visible(queryset=Risk.objects.all(), many=True, required=False)
    severity = serializers.ChoiceField(choices=Band.choices, required=False, allow_blank=True)
    owner = Person(queryset=User.objects.filter(is_active=True, is_service=False), required=False, allow_null=True)

    class Meta:
        model = Incident
        fields = [
            *("id", "reference", "stage", "title", "summary", "severity", "owner", "families", "releases", "risks"),
            *("source", "external_reference", "occurred_on", "lessons", "created_at", "updated_at"),
            *("contained_at", "resolved_at", "closed_at", "row_version"),
        ]
        read_only_fields = [
            *("stage", "source", "external_reference", "lessons", "created_at", "updated_at"),
            *("contained_at", "resolved_at", "closed_at", "row_version"),
        ]


class IncidentDetailSerializer(IncidentSerializer):
    reports = serializers.SerializerMethodField(
        help_text="Numbers of the reports about it, as far as you may see them."
    )
    decisions = serializers.SerializerMethodField(help_text="Numbers of the decisions taken because of it.")

    class Meta(IncidentSerializer.Meta):
        fields = [*IncidentSerializer.Meta.fields, "external", "reports", "decisions"]
        read_only_fields = [*IncidentSerializer.Meta.read_only_fields, "external"]

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_reports(self, incident: Incident) -> list[int]:
        return list(
            MisuseReport.objects.visible_to(self.context["request"].user)
            .filter(incidents=incident)
            .values_list("pk", flat=True)[:200]
        )

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_decisions(self, incident: Incident) -> list[int]:
        return list(incident.decisions.visible_to(self.context["request"].user).values_list("pk", flat=True)[:200])


class NewMoveSerializer(serializers.Serializer):
    move = serializers.ChoiceField(choices=[(move.name, move.label) for move in INCIDENT_MOVES])
    reason = serializers.CharField(max_length=1000)


class LessonsSerializer(serializers.Serializer):
    lessons = serializers.CharField(max_length=8000)


class ReportLinkSerializer(serializers.Serializer):
    report = Visible(queryset=MisuseReport.objects.all())


class RaisedRiskSerializer(serializers.Serializer):
    family = Visible(queryset=ModelFamily.objects.all())
    title = serializers.CharField(max_length=200, help_text="What could happen again, in one line.")


class DecisionLinkSerializer(serializers.Serializer):
    decision = Visible(queryset=Decision.objects.all())


class ContactSerializer(serializers.Serializer):
    contact = serializers.CharField()
