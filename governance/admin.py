from django.contrib import admin

from common.admin import ReadOnlyAdmin
from governance.models import Decision, DecisionEvidence, DecisionOption


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ["reference", "title", "stage", "family", "decided_on", "published_at"]
    list_filter = ["stage"]
    list_select_related = ["family"]
    search_fields = ["title", "=number"]


for model in (DecisionOption, DecisionEvidence):
    admin.site.register(model, ReadOnlyAdmin)
