from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import BaseModelForm, DateTimeInput
from registry.forms.catalogue import VersionedForm, choice
from registry.models import Objective, ObjectiveMeasurement, Release

# Those that can be chosen on the page to be corrected; the API takes any.
NEWEST = 100


class ObjectiveForm(VersionedForm, BaseModelForm):
    class Meta:
        model = Objective
        fields = [
            *("title", "statement", "metric", "comparator", "threshold", "unit", "data_set", "population"),
            *("value_kind", "value"),
        ]
        widgets = {"statement": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "title": _("In a few words, such as “As good in Dutch as in English”."),
            "metric": _("What is measured, such as “Refusal rate”. Without it the objective cannot be met or missed."),
            "threshold": _("The value to hold. A measurement is compared with it."),
            "unit": _("Such as % or points."),
            "data_set": _("The data set, benchmark or log it is measured on."),
            "population": _("The people or inputs it has to hold for, such as “speakers of Dutch”."),
            "value": _("What the objective is for, in the words of your organisation."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["threshold"].widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        if self.instance.threshold is not None:
            self.initial["threshold"] = f"{self.instance.threshold.normalize():f}"
        for name in ("comparator", "value_kind"):
            choice(self, name).choices = [("", _("Not said")), *choice(self, name).choices[1:]]


class MeasurementForm(VersionedForm, BaseModelForm):
    """What was measured for one objective; the page says which metric, unit, data set and population."""

    class Meta:
        model = ObjectiveMeasurement
        fields = ["value", "measured_at", "release", "source", "evidence_url", "corrects"]
        widgets = {"measured_at": DateTimeInput, "source": forms.Textarea(attrs={"rows": 2})}
        help_texts = {
            "release": _("Leave empty when it was not measured on one release."),
            "source": _("The run, report or person it comes from, so that others can look it up."),
            "corrects": _("A measurement is never changed. This one then stands in the place of the other."),
        }

    def __init__(self, *args: Any, objective: Objective, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["row_version"]
        self.fields["value"].widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        choice(self, "value").label = f"{objective.metric} ({objective.unit})" if objective.unit else objective.metric
        choice(self, "release").queryset = Release.objects.filter(family=objective.family_id).order_by("-pk")
        choice(self, "release").label_from_instance = lambda release: release.version
        choice(self, "release").empty_label = _("No single release")
        newest = objective.measurements.filter(corrected_by=None).order_by("-measured_at", "-pk")[:NEWEST]
        standing = ObjectiveMeasurement.objects.filter(pk__in=newest.values("pk")).order_by("-measured_at", "-pk")
        choice(self, "corrects").queryset = standing
        choice(self, "corrects").label_from_instance = lambda row: f"{row.measured_at:%Y-%m-%d}: {row.figure}"
        choice(self, "corrects").empty_label = _("No other")
