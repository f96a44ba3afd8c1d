from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.forms import BaseForm, BaseModelForm, DateInput, RadioCards
from registry.forms.catalogue import VersionedForm, choice
from registry.forms.terms import choosable, offer_terms, terms_field
from registry.models import (
    Mitigation,
    MitigationMeasurement,
    ModelFamily,
    Objective,
    Release,
    Risk,
    RiskAssessment,
    RiskScale,
    Term,
)
from registry.scale import LARGEST, Band
from registry.selectors import WEEKS
from registry.selectors.embed import prefetched
from registry.selectors.register import ME, NOBODY, OVERDUE, QUICK

UNOWNED, MINE = NOBODY, ME
VIEWS = ("", "matrix", "heat", "trend")
OTHERS_SHOWN = 50
STEPS = [("", ""), *((step, str(step)) for step in range(1, LARGEST + 1))]


def _all(choices: Any) -> list[Any]:
    return [("", _("All")), *choices]


class RiskFilterForm(BaseForm):
    """The filter of the register; the same in every view of it, and all of it in the address.

    What it means is said by ``selectors.filtered``.
    """

    q = forms.CharField(
        label=_("Words or number"), required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )
    family = forms.ModelChoiceField(
        label=_("Model family"), queryset=ModelFamily.objects.none(), required=False, empty_label=_("All")
    )
    stage = forms.ChoiceField(label=_("State"), required=False, choices=_all(Risk.Stage.choices))
    band = forms.ChoiceField(label=_("Level"), required=False, choices=_all(Band.choices))
    owner = forms.ChoiceField(label=_("Owner"), required=False, choices=_all([(MINE, _("Me")), (UNOWNED, _("Nobody"))]))
    deputy = forms.ChoiceField(
        label=_("Deputy"), required=False, choices=_all([(MINE, _("Me")), (UNOWNED, _("Nobody"))])
    )
    treatment = forms.ChoiceField(label=_("Treatment"), required=False, choices=_all(Risk.Treatment.choices))
    overdue = forms.ChoiceField(label=_("Overdue"), required=False, choices=[("", "–"), *OVERDUE.items()])
    term = forms.ModelChoiceField(
        label=_("What others call it"), queryset=Term.objects.none(), required=False, empty_label=_("All")
    )
    quick = forms.ChoiceField(required=False, choices=[("", ""), *QUICK.items()], widget=forms.HiddenInput)
    scale = forms.IntegerField(required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput)
    likelihood = forms.TypedChoiceField(required=False, coerce=int, choices=STEPS, widget=forms.HiddenInput)
    severity = forms.TypedChoiceField(required=False, coerce=int, choices=STEPS, widget=forms.HiddenInput)
    inherent_likelihood = forms.TypedChoiceField(required=False, coerce=int, choices=STEPS, widget=forms.HiddenInput)
    inherent_severity = forms.TypedChoiceField(required=False, coerce=int, choices=STEPS, widget=forms.HiddenInput)
    view = forms.ChoiceField(required=False, choices=[(name, "") for name in VIEWS], widget=forms.HiddenInput)
    weeks = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=WEEKS[1],
        choices=[(number, "") for number in WEEKS],
        widget=forms.HiddenInput,
    )
    # Behind “More filters” on the page.
    MORE = ("deputy", "treatment", "overdue", "term")

    def __init__(self, *args: Any, families: Any, terms: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "family").queryset = families
        if terms is None:
            del self.fields["term"]
        else:
            choice(self, "term").queryset = terms

    @property
    def given(self) -> dict[str, Any]:
        """What is asked for and makes sense; a value that makes none is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in {None, ""}}

    @property
    def narrows(self) -> bool:
        """Whether it leaves out anything at all."""
        return bool(self.given.keys() - {"view", "weeks"})

    @property
    def first_fields(self) -> list[Any]:
        return [field for field in self.visible_fields() if field.name not in self.MORE]

    @property
    def more_fields(self) -> list[Any]:
        return [field for field in self.visible_fields() if field.name in self.MORE]

    @property
    def more_given(self) -> bool:
        return any(name in self.given for name in self.MORE)


class RiskEditForm(VersionedForm, BaseModelForm):
    terms = terms_field()

    class Meta:
        model = Risk
        fields = [
            *("title", "harm", "cause", "event", "consequence", "affected", "objectives", "terms", "release"),
            "is_public",
        ]
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
        risk: Risk | None = kwargs.get("instance")
        family = family or risk.family  # type: ignore[union-attr]
        # What is offered says what is chosen: the form would ask for that again.
        named = Risk.objectives.through.objects.filter(objective=OuterRef("pk"), risk=risk)
        objectives = Objective.objects.filter(family=family).annotate(chosen=Exists(named))
        terms = choosable(risk)
        if risk is not None:
            prefetched(risk, "objectives", [each for each in objectives if each.chosen], Objective)
            prefetched(risk, "terms", [each for each in terms if each.chosen], Term)
        super().__init__(*args, **kwargs)
        choice(self, "objectives").queryset = objectives
        # Named once: a checkbox list would ask for its rows twice.
        choice(self, "objectives").choices = [(objective.pk, objective.title) for objective in objectives]
        offer_terms(self, terms)
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
        *("title", "harm", "cause", "event", "consequence", "affected", "owner", "objectives", "terms"),
        *("release", "is_public"),
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
    deputy = forms.ModelChoiceField(
        label=_("Deputy"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Nobody"),
        help_text=_("Stands in for the owner, and is told when something stays undone."),
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "owner").queryset = choice(self, "deputy").queryset = people


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
    # The version whose words the writer has before them.
    scale = forms.IntegerField(widget=forms.HiddenInput, required=False)

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
        fields = ["title", "kind", "description", "evidence", "owner", "due_on"]
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
    reason = forms.CharField(
        label=_("Why the date moves"),
        required=False,
        max_length=2000,
        help_text=_("Only when you change the date. It stays on record."),
    )


class RetirementForm(ReasonForm):
    """Ending a mitigation; where open risks depend on it, also that they are to be looked at again."""

    confirmed = forms.BooleanField(label=_("They are to be looked at again"), required=False)

    def __init__(self, *args: Any, leaning: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not leaning:
            self.fields["confirmed"].widget = forms.HiddenInput()


class LinkForm(BaseForm):
    """One more risk that a mitigation is for, by its number."""

    risk = forms.RegexField(
        r"^\s*[Rr]-[1-9]\d{0,8}\s*\Z",
        label=_("Number of the risk"),
        help_text=_("Such as R-12."),
        error_messages={"invalid": _("Write a number such as R-12.")},
    )

    def __init__(self, *args: Any, family: ModelFamily, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.family = family

    def clean_risk(self) -> Risk:
        number = int(self.cleaned_data["risk"].strip()[2:])
        risk = Risk.objects.filter(family=self.family, number=number).first()
        if risk is None:
            raise forms.ValidationError(_("This model has no risk of that number."))
        return risk


class EffectForm(BaseModelForm):
    """How well a mitigation was found to work."""

    # Declared, so that no empty choice stands first.
    effect = forms.ChoiceField(
        label=_("What it says"), choices=MitigationMeasurement.Effect.choices, widget=forms.RadioSelect
    )

    class Meta:
        model = MitigationMeasurement
        fields = ["measured", "result", "effect", "measured_on", "evidence"]
        widgets = {"measured_on": DateInput}

    def _post_clean(self) -> None:
        """Shape only: rules are the service's."""
