from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import ApiToken, Organisation, OrganisationDomain, ReminderDigest, ReminderPreference, User
from common.admin import ReadOnlyAdmin

for model in (Organisation, OrganisationDomain, ReminderPreference, ReminderDigest):
    admin.site.register(model, ReadOnlyAdmin)


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["email", "display_name", "organisation", "is_active", "is_service", "last_login"]
    search_fields = ["email", "display_name"]
    exclude = ["password"]


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ["name", "prefix", "user", "created_at", "expires_at", "revoked_at", "last_used_at"]
    exclude = ["digest"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user")
