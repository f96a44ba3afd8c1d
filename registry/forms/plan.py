from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import BaseForm, BaseModelForm, DateInput
from registry import selectors
from registry.forms.catalogue import VersionedForm, choice
from registry.models import CapabilityStatus, EntryCriterion, Phase, ReleaseParent
from registry.models.plan import PhaseKind
from registry.services.plan import ALWAYS_EDITABLE


class PhaseForm(VersionedForm, BaseModelForm):
    """A phase of a plan. Of one that came, only its place and the note are left to change."""

    class Meta:
        model = Phase
        fields = ["kind", "title", "planned_on", "decider", "decision", "is_announced", "note", "number"]
        widgets = {"planned_on": DateInput(), "note": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "decider": _("A release manager or a reviewer of this model. Needed before the phase can be entered."),
            "number": _("Phases come in the order of these numbers."),
        }

    def __init__(self, *args: Any, release: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.stage != Phase.Stage.PLANNED:
            for name in self.fields.keys() - ALWAYS_EDITABLE - {"row_version"}:
                del self.fields[name]
            return
        kinds = [pair for pair in PhaseKind.choices if not (release.is_public and pair[0] == PhaseKind.INTERNAL)]
        choice(self, "kind").choices = kinds
        choice(self, "decider").queryset = selectors.deciders_of(release.family)
        choice(self, "decider").empty_label = _("Nobody yet")
        if not self.instance.pk:
            del self.fields["row_version"], self.fields["number"]


class CriterionForm(VersionedForm, BaseModelForm):
    class Meta:
        model = EntryCriterion
        fields = ["text", "is_required"]
        widgets = {"text": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            del self.fields["row_version"]


class CriterionEvidenceForm(VersionedForm, BaseForm):
    evidence = forms.CharField(
        label=_("What shows that it holds"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Figures, who looked, when. Or only the address below."),
    )
    evidence_url = forms.URLField(
        label=_("Where that can be read"), required=False, max_length=500, assume_scheme="https"
    )

    def __init__(self, *args: Any, instance: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["row_version"].initial = getattr(instance, "row_version", None)


class ParentForm(BaseModelForm):
    """What a release was made from: a release here by its name, or a model elsewhere."""

    parent = forms.CharField(
        label=_("A release here"),
        required=False,
        max_length=220,
        help_text=_("Its name and version, such as “harbour-lab/pilot-7b 1.0”."),
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "autocomplete": "off"}),
    )

    class Meta:
        model = ReleaseParent
        fields = ["relation", "parent", "parent_name"]

    def _post_clean(self) -> None:
        """Shape only: rules are the service's."""


class CapabilityForm(BaseModelForm):
    class Meta:
        model = CapabilityStatus
        fields = ["capability", "status", "evidence", "evidence_url"]
        widgets = {"capability": forms.TextInput(attrs={"autocomplete": "off"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "status").choices = [("", _("Choose")), *CapabilityStatus.Status.choices]

    def _post_clean(self) -> None:
        """Shape only: rules are the service's."""
