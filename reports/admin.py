from django.contrib import admin

from common.admin import ReadOnlyAdmin
from reports.models import ReleasePackage, SafetyReport


@admin.register(SafetyReport)
class SafetyReportAdmin(ReadOnlyAdmin):
    list_display = ["reference", "title", "stage", "period_start", "period_end", "pages", "made_at"]
    list_filter = ["stage"]
    exclude = ["data"]


@admin.register(ReleasePackage)
class ReleasePackageAdmin(ReadOnlyAdmin):
    list_display = ["pk", "release", "sha256", "size", "made_at"]
    list_select_related = ["release__family"]
    exclude = ["manifest"]
