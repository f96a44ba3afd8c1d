import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import BaseForm, BaseModelForm, CheckboxCards, DateInput
from governance.models import Decision
from registry.models import ModelFamily, Release, Risk

LONGEST = 8000
# More risks than this are named by number: nobody reads a list of boxes that long.
BOXES = 60


class NumberedRisksField(forms.CharField):
    """Risks of one family by their numbers: "R-3, R-12"."""

    def __init__(self, risks: Any, **kwargs: Any) -> None:
        super().__init__(
            required=False, label=_("Risks it is about"), help_text=_("Their numbers, such as R-3, R-12."), **kwargs
        )
        self.risks = risks

    def prepare_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else ", ".join(risk.reference for risk in value)

    def clean(self, value: Any) -> list[Risk]:
        words = re.findall(r"[^\s,;]+", super().clean(value))
        numbers = {int(match[1]) for word in words if (match := re.fullmatch(r"(?:R-)?(\d{1,9})", word, re.IGNORECASE))}
        found = list(self.risks.filter(number__in=numbers))
        if len(numbers) < len(words) or len(found) < len(numbers):
            raise forms.ValidationError(_("Write numbers of risks of this model family, such as R-3, R-12."))
        return found


class DecisionForm(BaseModelForm):
    """The text of a decision about one family; options and evidence have forms of their own."""

    class Meta:
        model = Decision
        fields = [
            *("title", "release", "context", "outcome", "consequences", "dissent", "stops_holding_when"),
            *("risks", "decided_as", "decided_on", "review_by"),
        ]
        widgets = {
            "decided_on": DateInput(),
            "review_by": DateInput(),
            "risks": CheckboxCards(columns=2),
            "title": forms.TextInput(),
        }
        help_texts = {"review_by": _("When somebody must look again at whether it still holds.")}

    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, family: ModelFamily, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["release"].queryset = Release.objects.visible_to(user).filter(family=family).select_related("family")
        fields["release"].empty_label = _("All releases")
        fields["risks"].queryset = Risk.objects.visible_to(user).filter(family=family).order_by("number")
        self._offer_risks(fields["risks"].queryset)
        for name in ("context", "outcome", "consequences", "dissent", "stops_holding_when"):
            fields[name].max_length = LONGEST
        if self.instance.pk:
            fields["row_version"].initial = self.instance.row_version

    def _offer_risks(self, risks: Any) -> None:
        number = len(risks.values_list("pk")[: BOXES + 1])
        if not number:
            del self.fields["risks"]
        elif number > BOXES:
            self.fields["risks"] = NumberedRisksField(risks)


class OptionForm(BaseForm):
    name = forms.CharField(label=_("Option"), max_length=200)
    arguments_for = forms.CharField(label=_("For it"), required=False, widget=forms.Textarea({"rows": 2}))
    arguments_against = forms.CharField(label=_("Against it"), required=False, widget=forms.Textarea({"rows": 2}))
    chosen = forms.BooleanField(label=_("This one was chosen"), required=False)


class EvidenceForm(BaseForm):
    label = forms.CharField(label=_("What it is"), max_length=200)
    url = forms.URLField(label=_("Address"), max_length=500, assume_scheme="https")
    sha256 = forms.RegexField(
        r"^[0-9a-f]{64}$",
        label=_("SHA-256 of the file"),
        required=False,
        error_messages={"invalid": _("A SHA-256 digest is 64 hexadecimal digits.")},
    )


class _Rows(forms.BaseFormSet):
    """Rows that were left empty, or are marked for removal, do not count."""

    def rows(self) -> list[dict[str, Any]]:
        kept = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        return [{name: value for name, value in row.items() if name != "DELETE"} for row in kept]


OptionFormSet = forms.formset_factory(OptionForm, formset=_Rows, extra=2, max_num=12, can_delete=True)
EvidenceFormSet = forms.formset_factory(EvidenceForm, formset=_Rows, extra=1, max_num=20, can_delete=True)


class DecisionFilterForm(BaseForm):
    q = forms.CharField(
        label=_("Words or reference"), required=False, max_length=200, widget=forms.TextInput({"type": "search"})
    )
    family = forms.ModelChoiceField(
        ModelFamily.objects.none(), label=_("Model family"), required=False, empty_label=_("All model families")
    )

    def __init__(self, *args: Any, families: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["family"].queryset = families


class WorkFilterForm(DecisionFilterForm):
    stage = forms.ChoiceField(label=_("Stage"), required=False, choices=[("", _("Any stage")), *Decision.Stage.choices])


class FamilyForm(BaseForm):
    family = forms.ModelChoiceField(
        ModelFamily.objects.none(), label=_("Which model family is it about?"), empty_label=None
    )

    def __init__(self, *args: Any, families: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["family"].queryset = families


class ReasonForm(BaseForm):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("It goes on record and is shown on the public page."),
    )
