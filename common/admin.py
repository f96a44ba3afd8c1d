"""Support views: superusers look, nobody writes. What changes the portal goes through its services."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from common.models import AuditEvent, Job, OutboxDelivery, OutboxEvent


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ["at", "actor_label", "verb", "object_label"]
    list_filter = ["object_type"]
    search_fields = ["verb", "actor_label", "object_label", "request_id"]
    show_full_result_count = False


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", "state", "attempts", "queued_at", "finished_at"]
    list_filter = ["state", "kind"]


@admin.register(OutboxDelivery)
class OutboxDeliveryAdmin(ReadOnlyAdmin):
    list_display = ["id", "event", "subscriber", "state", "attempts", "due_at"]
    list_filter = ["state"]
    list_select_related = ["event"]
    show_full_result_count = False


admin.site.register(OutboxEvent, ReadOnlyAdmin)
