from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.forms import BaseForm, BaseModelForm, DateInput, RadioCards
from registry.forms.catalogue import VersionedForm, choice
from registry.models import Mitigation, ModelFamily, Objective, Release, Risk, RiskAssessment, RiskScale
from registry.scale import LARGEST, Band

UNOWNED = "none"
MINE = "me"
OTHERS_SHOWN = 50
STEPS = [("", ""), *((step, str(step)) for step in range(1, LARGEST + 1))]


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
    likelihood = forms.TypedChoiceField(required=False, coerce=int, choices=STEPS, widget=forms.HiddenInput)
    severity = forms.TypedChoiceField(required=False, coerce=int, choices=STEPS, widget=forms.HiddenInput)
    view = forms.ChoiceField(required=False, choices=[("", ""), ("matrix", "")], widget=forms.HiddenInput)

    def __init__(self, *args: Any, families: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "family").queryset = families


class RiskEditForm(VersionedForm, BaseModelForm):
    class Meta:
        model = Risk
        fields = ["title", "harm", "cause", "event", "consequence", "affected", "objectives", "release", "is_public"]
        widgets = {
            "objectives": forms.CheckboxSelectMultiple,
            **{name: forms.Textarea(attrs={"rows": 2}) for name in ("cause", "event", "consequence")},
        }
        help_texts = {
            "title": _("In a few words, such as “Targeted phishing text”."),
            "affected": _("People, groups, institutions."),
            "release": _("Leave empty when it concerns every release of the family."),
            "is_public": _("Once it is open, the public model page names it with its level and mitigations."),
        }

    def __init__(self, *args: Any, family: ModelFamily | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        family = family or self.instance.family
        objectives = Objective.objects.filter(family=family)
        choice(self, "objectives").queryset = objectives
        # Named once: a checkbox list would ask for its rows twice.
        choice(self, "objectives").choices = [(objective.pk, objective.title) for objective in objectives]
        choice(self, "release").queryset = Release.objects.filter(family=family)
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
    field_order = [
        *("title", "harm", "cause", "event", "consequence", "affected", "owner", "objectives", "release", "is_public"),
    ]

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
    """A judgement in the words of the publisher's scale."""

    kind = forms.ChoiceField(
        label=_("What do you assess?"), choices=RiskAssessment.Kind.choices, widget=RadioCards(columns=3)
    )
    likelihood = forms.TypedChoiceField(label=_("Likelihood"), coerce=int, widget=RadioCards(columns=5))
    severity = forms.TypedChoiceField(label=_("Severity"), coerce=int, widget=RadioCards(columns=5))
    detectability = forms.TypedChoiceField(
        label=_("How soon it is noticed"), coerce=int, empty_value=None, required=False
    )
    reversibility = forms.TypedChoiceField(
        label=_("How far it can be undone"), coerce=int, empty_value=None, required=False
    )
    confidence = forms.ChoiceField(
        label=_("How sure are you?"), required=False, choices=[("", _("Not said")), *Risk.Confidence.choices]
    )
    rationale = forms.CharField(
        label=_("Why"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What you know, where it comes from, and what would change your mind."),
    )
    evidence = forms.CharField(
        label=_("Evidence"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Links to evaluations and papers, or permanent references such as D-12."),
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, scale: RiskScale, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words in (("likelihood", scale.likelihoods), ("severity", scale.severities)):
            choice(self, name).choices = steps(words)
        for name, words in (("detectability", scale.detectabilities), ("reversibility", scale.reversibilities)):
            if words:
                choice(self, name).choices = [("", _("Not said")), *steps(words)]
            else:
                del self.fields[name]


def steps(words: list[str]) -> list[tuple[int, str]]:
    """The words of a scale as choices, counted from 1."""
    return [(number, f"{number} {word}") for number, word in enumerate(words, start=1)]


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
