from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import BaseForm, BaseModelForm, CheckboxCards, DateInput
from governance.models import Decision
from registry.models import ModelFamily, Release, Risk

LONGEST = 8000


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
        self.fields["release"].queryset = Release.objects.visible_to(user).filter(family=family).select_related("family")
        self.fields["release"].empty_label = _("All releases")
        self.fields["risks"].queryset = Risk.objects.visible_to(user).filter(family=family).order_by("number")
        if not self.fields["risks"].queryset.exists():
            del self.fields["risks"]
        for name in ("context", "outcome", "consequences", "dissent", "stops_holding_when"):
            self.fields[name].max_length = LONGEST
        if self.instance.pk:
            self.fields["row_version"].initial = self.instance.row_version


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
    q = forms.CharField(label=_("Words or reference"), required=False, max_length=200, widget=forms.TextInput({"type": "search"}))
    family = forms.ModelChoiceField(
        ModelFamily.objects.none(), label=_("Model family"), required=False, empty_label=_("All model families")
    )

    def __init__(self, *args: Any, families: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["family"].queryset = families


class WorkFilterForm(DecisionFilterForm):
    stage = forms.ChoiceField(
        label=_("Stage"), required=False, choices=[("", _("Any stage")), *Decision.Stage.choices]
    )


class FamilyForm(BaseForm):
    family = forms.ModelChoiceField(ModelFamily.objects.none(), label=_("Which model family is it about?"), empty_label=None)

    def __init__(self, *args: Any, families: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["family"].queryset = families


class ReasonForm(BaseForm):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("It goes on record and is shown on the public page."),
    )
