from django.contrib import admin

from common.admin import ReadOnlyAdmin
from reports.models import SafetyReport


@admin.register(SafetyReport)
class SafetyReportAdmin(ReadOnlyAdmin):
    list_display = ["reference", "title", "stage", "period_start", "period_end", "pages", "made_at"]
    list_filter = ["stage"]
    exclude = ["data"]
