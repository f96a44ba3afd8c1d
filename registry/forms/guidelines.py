from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from common.forms import BaseForm, BaseModelForm
from registry import regions
from registry.forms.catalogue import VersionedForm, choice
from registry.models import (
    BreachRemedy,
    CompliantWorkflow,
    RecommendedConfiguration,
    Release,
    RuleOverride,
    Sector,
    UsageGuidelines,
    UsageRule,
    UsageScenario,
)


def region_choices(own: list[str], empty: Any) -> list[Any]:
    """Every region, those in ``own`` (parts of countries among them) first."""
    first = [(code, regions.name(code)) for code in dict.fromkeys(own)]
    unions = [(code, words) for code, (_members, words) in regions.UNIONS.items()]
    groups = [(_("Regions of several countries"), unions), (_("Countries"), list(regions.countries()))]
    return [("", empty), *([(_("Regions with rules of their own"), first)] if first else []), *groups]


class PlaceForm(BaseForm):
    """Where the reader is and what they work in. What is not known counts as not said."""

    region = forms.ChoiceField(label=_("Country or region"), required=False)
    sector = forms.ChoiceField(
        label=_("Sector"), required=False, choices=[("", _("Not one of these")), *Sector.choices]
    )
    release = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def __init__(self, *args: Any, own_regions: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "region").choices = region_choices(own_regions, _("Anywhere"))
        if not self.data.get("release"):
            del self.fields["release"]


class NewGuidelinesForm(BaseForm):
    release = forms.ModelChoiceField(
        label=_("For"),
        queryset=Release.objects.none(),
        required=False,
        empty_label=_("All releases"),
        help_text=_("Guidelines of one release stand in place of those of the model family."),
    )

    def __init__(self, *args: Any, releases: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "release").queryset = releases
        choice(self, "release").label_from_instance = lambda release: release.version


class GuidelinesForm(VersionedForm, BaseModelForm):
    class Meta:
        model = UsageGuidelines
        fields = ["summary", "data", "safeguards", "reporting", "change_note"]
        help_texts = {
            "summary": _("Markdown. The first thing that people read."),
            "data": _("What happens with what people type, and what they must not type. On the page of terms."),
            "safeguards": _("What protects people, and must stay switched on. On the page of terms."),
            "reporting": _("Where to turn with a doubt, a breach or misuse. On the page of terms."),
            "change_note": _("From the second version on: people work by the version before."),
        }


class PartForm(VersionedForm, BaseModelForm):
    """One part of a draft. Those that point at a rule choose among the rules of the same version."""

    def __init__(self, *args: Any, guidelines: UsageGuidelines, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "rule" in self.fields:
            choice(self, "rule").queryset = UsageRule.objects.filter(guidelines=guidelines)
        self.fields["position"] = forms.IntegerField(
            label=_("Place in the list"),
            required=False,
            min_value=1,
            max_value=30_000,
            help_text=_("Left empty, it goes last."),
            initial=self.instance.position or None,
        )
        if not self.instance.pk:
            del self.fields["row_version"]


class RuleForm(PartForm):
    class Meta:
        model = UsageRule
        fields = ["kind", "title", "text", "condition", "rationale", "in_summary"]


class ScenarioForm(PartForm):
    class Meta:
        model = UsageScenario
        fields = ["rule", "title", "situation", "verdict", "why"]


class OverrideForm(PartForm):
    class Meta:
        model = RuleOverride
        fields = [
            *("effect", "rule", "region", "sector", "kind", "title", "text", "condition"),
            *("source_title", "source_citation", "source_url"),
        ]
        help_texts = {
            "region": _("EU, EEA, or an ISO 3166 code: DE for Germany, US-CA for California. Empty: everywhere."),
            "text": _("Only what differs. What stays empty stays as the rule has it."),
        }

    def clean_region(self) -> str:
        return str(self.cleaned_data["region"]).upper()


class ConfigurationForm(PartForm):
    class Meta:
        model = RecommendedConfiguration
        fields = ["title", "when", "settings"]
        widgets = {"settings": forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false"})}


class StepsField(forms.CharField):
    """One step a line."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        steps = [line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()]
        if any(len(step) > 500 for step in steps):
            raise ValidationError(_now("A step has at most 500 characters. Put each step on a line of its own."))
        return steps

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.to_python(data))


class WorkflowForm(PartForm):
    steps = StepsField(label=_("Steps"), help_text=_("One a line."))

    class Meta:
        model = CompliantWorkflow
        fields = ["title", "steps"]


class RemedyForm(PartForm):
    class Meta:
        model = BreachRemedy
        fields = ["title", "follows", "decided_by", "appeal"]


PART_FORMS: dict[str, type[PartForm]] = {
    "rules": RuleForm,
    "scenarios": ScenarioForm,
    "overrides": OverrideForm,
    "configurations": ConfigurationForm,
    "workflows": WorkflowForm,
    "remedies": RemedyForm,
}
