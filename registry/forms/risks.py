from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.forms import BaseForm, BaseModelForm, DateInput, RadioCards
from registry.forms.catalogue import VersionedForm, choice
from registry.models import Mitigation, ModelFamily, Objective, Release, Risk, RiskAssessment
from registry.scale import Band, Likelihood, Severity

UNOWNED = "none"
MINE = "me"
OTHERS_SHOWN = 50


class RiskFilterForm(BaseForm):
    """The filter of the register; the same in the list and in the matrix, and all of it in the address."""

    q = forms.CharField(
        label=_("Words or number"), required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )
    family = forms.ModelChoiceField(
        label=_("Model family"), queryset=ModelFamily.objects.none(), required=False, empty_label=_("All")
    )
    stage = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *Risk.Stage.choices])
    band = forms.ChoiceField(label=_("Level"), required=False, choices=[("", _("All")), *Band.choices])
    owner = forms.ChoiceField(
        label=_("Owner"), required=False, choices=[("", _("All")), (MINE, _("Me")), (UNOWNED, _("Nobody"))]
    )
    likelihood = forms.TypedChoiceField(
        required=False, coerce=int, choices=[("", ""), *Likelihood.choices], widget=forms.HiddenInput
    )
    severity = forms.TypedChoiceField(
        required=False, coerce=int, choices=[("", ""), *Severity.choices], widget=forms.HiddenInput
    )
    view = forms.ChoiceField(required=False, choices=[("", ""), ("matrix", "")], widget=forms.HiddenInput)

    def __init__(self, *args: Any, families: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "family").queryset = families


class RiskEditForm(VersionedForm, BaseModelForm):
    class Meta:
        model = Risk
        fields = ["title", "harm", "affected", "objective", "release", "is_public"]
        help_texts = {
            "title": _("In a few words, such as “Targeted phishing text”."),
            "affected": _("People, groups, institutions."),
            "release": _("Leave empty when it concerns every release of the family."),
            "is_public": _("Once it is open, the public model page names it with its level and mitigations."),
        }

    def __init__(self, *args: Any, family: ModelFamily | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        family = family or self.instance.family
        choice(self, "objective").queryset = Objective.objects.filter(family=family)
        choice(self, "release").queryset = Release.objects.filter(family=family)
        choice(self, "objective").empty_label = _("None yet")
        choice(self, "release").empty_label = _("All releases")
        choice(self, "release").label_from_instance = lambda release: release.version


class RiskForm(RiskEditForm):
    """A new risk; whoever records it may name the owner at once or leave that to others."""

    owner = forms.ModelChoiceField(
        label=_("Risk owner"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Nobody yet"),
        help_text=_("Who answers for it. Without an owner it stays a draft."),
    )
    field_order = ["title", "harm", "affected", "owner", "objective", "release", "is_public"]

    def __init__(self, *args: Any, family: ModelFamily, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, family=family, **kwargs)
        del self.fields["row_version"]
        choice(self, "owner").queryset = people


class OwnerForm(BaseForm):
    owner = forms.ModelChoiceField(
        label=_("Risk owner"),
        queryset=User.objects.none(),
        help_text=_("Somebody with a role at this publisher or model family."),
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "owner").queryset = people


class AssessmentForm(BaseForm):
    kind = forms.ChoiceField(
        label=_("What do you assess?"), choices=RiskAssessment.Kind.choices, widget=RadioCards(columns=2)
    )
    likelihood = forms.TypedChoiceField(
        label=_("Likelihood"),
        coerce=int,
        choices=[(choice.value, f"{choice.value} {choice.label}") for choice in Likelihood],
        widget=RadioCards(columns=5),
    )
    severity = forms.TypedChoiceField(
        label=_("Severity"),
        coerce=int,
        choices=[(choice.value, f"{choice.value} {choice.label}") for choice in Severity],
        widget=RadioCards(columns=5),
    )
    rationale = forms.CharField(
        label=_("Why"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What you know, where it comes from, and what would change your mind."),
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class ReasonForm(BaseForm):
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))


class MitigationForm(BaseModelForm):
    """What is done about one risk, and perhaps about others of the same family."""

    risks = forms.ModelMultipleChoiceField(
        label=_("Also helps against"), queryset=Risk.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Mitigation
        fields = ["title", "description", "owner", "due_on"]
        widgets = {"due_on": DateInput}

    def __init__(self, *args: Any, people: Any, others: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "owner").queryset = people
        if others is None:
            del self.fields["risks"]
        else:
            choice(self, "risks").queryset = others
            # Named once: a checkbox list would ask for its rows twice.
            choice(self, "risks").choices = [
                (risk.pk, str(risk)) for risk in others.order_by("-urgency")[:OTHERS_SHOWN]
            ]

    def _post_clean(self) -> None:
        """Shape only: rules are the service's."""


class MitigationEditForm(VersionedForm, MitigationForm):
    pass
