"""What lists of reports and incidents can be narrowed down to; pages and the API ask in the same words."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from common.forms import BaseForm
from incidents.models import Category, Incident, MisuseReport
from registry.scale import Band

OWNERS = [("me", _("Mine")), ("none", _("Nobody's"))]
SEVERITIES = [*Band.choices, ("none", _("Not judged"))]


class _Filter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        method="search", label=_("Search"), widget=forms.TextInput({"type": "search", "autocomplete": "off"})
    )
    severity = django_filters.ChoiceFilter(
        method="by_severity", choices=SEVERITIES, label=_("Severity"), empty_label=_("Any")
    )
    owner = django_filters.ChoiceFilter(method="by_owner", choices=OWNERS, label=_("Owner"), empty_label=_("Anybody"))

    def search(self, rows: Any, name: str, value: str) -> QuerySet:
        return rows.search(value)

    def by_severity(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(severity="" if value == "none" else value)

    def by_owner(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(owner=self.request.user if value == "me" else None)


class ReportFilter(_Filter):
    category = django_filters.ChoiceFilter(choices=Category.choices, label=_("Kind"), empty_label=_("Any"))
    stage = django_filters.ChoiceFilter(choices=MisuseReport.Stage.choices, label=_("Stage"), empty_label=_("Any"))

    class Meta:
        model = MisuseReport
        form = BaseForm
        fields = ["q", "stage", "severity", "category", "owner"]


class IncidentFilter(_Filter):
    stage = django_filters.ChoiceFilter(choices=Incident.Stage.choices, label=_("Stage"), empty_label=_("Any"))
    source = django_filters.ChoiceFilter(choices=Incident.Source.choices, label=_("Source"), empty_label=_("Any"))

    class Meta:
        model = Incident
        form = BaseForm
        fields = ["q", "stage", "severity", "owner", "source"]
