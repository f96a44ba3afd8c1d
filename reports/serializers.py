"""How reports, jobs and figures look as JSON."""

from typing import Any, cast

from django.conf import settings
from django.urls import reverse
from rest_framework import serializers

from common.models import Job
from registry.models import ModelFamily, Publisher, Release
from reports.models import ReleasePackage, SafetyReport


class JobSerializer(serializers.ModelSerializer[Job]):
    percent = serializers.IntegerField(read_only=True)

    class Meta:
        model = Job
        fields = [
            *("id", "kind", "state", "done", "total", "percent", "message", "error", "attempts", "result"),
            *("queued_at", "started_at", "finished_at"),
        ]


class SafetyReportSerializer(serializers.ModelSerializer[SafetyReport]):
    reference = serializers.CharField(read_only=True)
    period_end = serializers.DateField(read_only=True, help_text="The first day after the period.")
    job = JobSerializer(read_only=True, allow_null=True)
    pdf_url = serializers.SerializerMethodField(help_text="Where the PDF is; empty until it is made.")
    data_url = serializers.SerializerMethodField(help_text="Where its data is; empty until it is made.")

    class Meta:
        model = SafetyReport
        fields = [
            *("id", "reference", "title", "stage", "publisher", "family", "period_start", "period_end", "job"),
            *("sha256", "size", "pages", "data_sha256", "pdf_url", "data_url", "made_at", "published_at"),
        ]

    def get_pdf_url(self, report: SafetyReport) -> str:
        return self._address(report, "api:safety-report-pdf")

    def get_data_url(self, report: SafetyReport) -> str:
        return self._address(report, "api:safety-report-data")

    def _address(self, report: SafetyReport, name: str) -> str:
        return f"{settings.BASE_URL}{reverse(name, args=[report.pk])}" if report.is_made else ""


class Visible(serializers.PrimaryKeyRelatedField[Any]):
    """A number of something that the caller may know of; any other number does not exist."""

    def get_queryset(self) -> Any:
        rows = cast(Any, self).queryset
        return rows.visible_to(self.context["user"]) if hasattr(rows, "visible_to") else rows


class SubjectSerializer(serializers.Serializer[Any]):
    """A publisher or a model family: exactly one of them."""

    publisher = Visible(queryset=Publisher.objects.all(), required=False)
    family = Visible(queryset=ModelFamily.objects.select_related("publisher"), required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if ("publisher" in given) == ("family" in given):
            raise serializers.ValidationError("Name a publisher or a family.")
        return given


class NewReportSerializer(SubjectSerializer):
    period_start = serializers.DateField(help_text="First day of the period, in UTC.")
    period_end = serializers.DateField(help_text="First day after the period.")
    title = serializers.CharField(max_length=200, required=False, default="")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["period_start"] >= given["period_end"]:
            raise serializers.ValidationError({"period_end": "The period ends after it begins."})
        return super().validate(given)


class FigureSerializer(serializers.Serializer[Any]):
    value = serializers.IntegerField(
        allow_null=True, help_text="A count, or seconds. Null: there was nothing to measure."
    )
    text = serializers.CharField(help_text="Exactly what pages and PDF show.")


class FiguresSerializer(serializers.Serializer[Any]):
    publisher = serializers.IntegerField(allow_null=True)
    family = serializers.IntegerField(allow_null=True)
    start = serializers.DateField()
    end = serializers.DateField(help_text="The first day after the period.")
    figures = serializers.DictField(child=FigureSerializer(), help_text="By key, as in annex A of every report.")


class ReleasePackageSerializer(serializers.ModelSerializer[ReleasePackage]):
    job = JobSerializer(read_only=True, allow_null=True)
    manifest = serializers.JSONField(
        read_only=True, help_text="What is in it, with sizes and digests; null until made."
    )
    url = serializers.SerializerMethodField(help_text="Where the archive is; empty until it is made.")

    class Meta:
        model = ReleasePackage
        fields = ["id", "release", "job", "sha256", "size", "fingerprint", "manifest", "url", "made_at", "created_at"]

    def get_url(self, package: ReleasePackage) -> str:
        return f"{settings.BASE_URL}{reverse('api:release-package-file', args=[package.pk])}" if package.is_made else ""


class NewPackageSerializer(serializers.Serializer[Any]):
    release = Visible(queryset=Release.objects.select_related("family__publisher"))
