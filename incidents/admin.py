from django.contrib import admin

from common.admin import ReadOnlyAdmin
from incidents.models import Incident, MisuseReport, ReportMessage


@admin.register(MisuseReport)
class MisuseReportAdmin(ReadOnlyAdmin):
    """For support: that a report exists and how far it is. What was written is read on its page, with a role."""

    list_display = ["reference", "stage", "category", "severity", "owner", "received_at"]
    list_filter = ["stage", "category", "severity"]
    list_select_related = ["owner"]
    fields = ["locator", "stage", "category", "family", "release", "severity", "owner", "close_reason", "received_at"]
    show_full_result_count = False


@admin.register(ReportMessage)
class ReportMessageAdmin(ReadOnlyAdmin):
    list_display = ["id", "report", "author", "visibility", "created_at"]
    fields = ["report", "author", "visibility", "created_at"]
    show_full_result_count = False


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    list_display = ["reference", "title", "stage", "severity", "source", "external_reference"]
    list_filter = ["stage", "severity", "source"]
    show_full_result_count = False
