from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from access.models import (
    Acceptance,
    AccessRequest,
    DownloadEvent,
    Grant,
    RequestMessage,
    TermsVersion,
    Tier,
    TierQuestion,
)
from common.admin import ReadOnlyAdmin


class _RelatedAdmin(ReadOnlyAdmin):
    """A support view that reads what its columns name together with the rows."""

    show_full_result_count = False
    related: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related(*self.related)


@admin.register(Tier)
class TierAdmin(_RelatedAdmin):
    list_display = ["name", "family", "kind", "is_offered", "grant_days", "decision_days"]
    related = ("family",)


@admin.register(TierQuestion)
class TierQuestionAdmin(_RelatedAdmin):
    list_display = ["text", "tier", "kind", "required"]
    related = ("tier",)


@admin.register(TermsVersion)
class TermsVersionAdmin(_RelatedAdmin):
    list_display = ["tier", "number", "is_material", "published_at", "sha256"]
    related = ("tier",)


@admin.register(AccessRequest)
class AccessRequestAdmin(_RelatedAdmin):
    list_display = ["reference", "requester", "tier", "release", "stage", "due_at", "decided_at"]
    list_filter = ["stage"]
    search_fields = ["requester__email", "purpose"]
    related = ("requester", "tier", "release__family")


@admin.register(RequestMessage)
class RequestMessageAdmin(_RelatedAdmin):
    list_display = ["request", "author", "visibility", "created_at"]
    related = ("request", "author")


@admin.register(Acceptance)
class AcceptanceAdmin(_RelatedAdmin):
    list_display = ["user", "terms", "typed_name", "accepted_at"]
    search_fields = ["user__email"]
    related = ("user", "terms__tier")


@admin.register(Grant)
class GrantAdmin(_RelatedAdmin):
    list_display = ["id", "user", "tier", "release", "stage", "valid_from", "valid_until"]
    list_filter = ["stage"]
    search_fields = ["user__email"]
    related = ("user", "tier", "release__family")


@admin.register(DownloadEvent)
class DownloadEventAdmin(_RelatedAdmin):
    list_display = ["at", "grant", "path", "size"]
    related = ("grant",)
