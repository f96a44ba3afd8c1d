"""Drafting a scale: its words first, then the level of each pair and what follows from a level."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from common.forms import BaseForm
from registry.models import BandRule, RiskScale
from registry.scale import LARGEST, Band

FACTORS = ("likelihoods", "severities", "detectabilities", "reversibilities")


class WordsField(forms.CharField):
    """One word or phrase on each line; cleans to a list."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 700)
        super().__init__(**kwargs)
        self.widget.attrs["rows"] = LARGEST

    def clean(self, value: Any) -> list[str]:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


class NewScaleForm(BaseForm):
    note = forms.CharField(
        label=_("Why a new version?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("People who have learned the scale in force will read this."),
    )


class ScaleWordsForm(BaseForm):
    note = forms.CharField(label=_("Why this version"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    likelihoods = WordsField(
        label=_("Words for likelihood"), help_text=_("Two to seven, each on a line of its own, the least first.")
    )
    severities = WordsField(
        label=_("Words for severity"), help_text=_("Two to seven, each on a line of its own, the least first.")
    )
    detectabilities = WordsField(
        label=_("Words for how soon it is noticed"),
        required=False,
        help_text=_("The soonest first. Leave empty when you do not ask for it; it does not change the level."),
    )
    reversibilities = WordsField(
        label=_("Words for how far it can be undone"),
        required=False,
        help_text=_("The easiest first. Leave empty when you do not ask for it; it does not change the level."),
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, scale: RiskScale, **kwargs: Any) -> None:
        start = {name: getattr(scale, name) for name in ("note", *FACTORS, "row_version")}
        super().__init__(*args, initial=start, **kwargs)


class ScaleBandsForm(BaseForm):
    """The grid as a table of choices, where the old steps go, and a row of rules for each level."""

    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, scale: RiskScale, base: RiskScale | None, rules: list[BandRule], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.scale, self.base, self.known_rules = scale, base, rules
        self.fields["row_version"].initial = scale.row_version
        for i, row in enumerate(scale.grid):
            for j, band in enumerate(row):
                words = _t("%(likelihood)s, %(severity)s") % {
                    "likelihood": scale.likelihoods[i],
                    "severity": scale.severities[j],
                }
                self.fields[f"cell_{i}_{j}"] = _select(words, Band.choices, band)
                self.fields[f"cell_{i}_{j}"].widget.attrs["class"] = "input"
        for kind, words, steps in self._maps():
            olds = getattr(base, words)
            for old, word in enumerate(olds):
                choices = [(n, f"{n} {new}") for n, new in enumerate(getattr(scale, words), start=1)]
                start = steps[old] if old < len(steps) else old + 1
                self.fields[f"{kind}_{old}"] = _select(f"{old + 1} {word}", choices, start, coerce=int)
        for rule in rules:
            self._add_rule(rule)

    def _maps(self) -> list[tuple[str, str, list[int]]]:
        """The factors of which the number of steps changes."""
        if self.base is None:
            return []
        both = (
            ("likelihood_map", "likelihoods", self.scale.likelihood_map),
            ("severity_map", "severities", self.scale.severity_map),
        )
        return [
            (kind, words, list(steps))
            for kind, words, steps in both
            if steps or len(getattr(self.base, words)) != len(getattr(self.scale, words))
        ]

    def _add_rule(self, rule: BandRule) -> None:
        band, word = rule.band, Band(rule.band).label
        fields: dict[str, forms.Field] = {
            "label": forms.CharField(label=_("Your word for it"), required=False, max_length=40, initial=rule.label),
            "review_days": forms.IntegerField(
                label=_("Look again after, in days"), min_value=1, max_value=3650, initial=rule.review_days
            ),
            "acceptance_days": forms.IntegerField(
                label=_("Accept for at most, in days"), min_value=0, max_value=3650, initial=rule.acceptance_days
            ),
            "accepted_by": forms.ChoiceField(
                label=_("Who may accept it"), choices=Role.choices, initial=rule.accepted_by
            ),
            "needs_second_person": forms.BooleanField(
                label=_("Lowering needs a second person"), required=False, initial=rule.needs_second_person
            ),
        }
        for name, field in fields.items():
            field.widget.attrs["aria-label"] = f"{word}: {field.label}"
            self.fields[f"{band}_{name}"] = field

    @property
    def grid_rows(self) -> list[tuple[str, list[Any]]]:
        """The worst likelihood on top, as the matrix is drawn."""
        columns = range(len(self.scale.severities))
        rows = [(word, [self[f"cell_{i}_{j}"] for j in columns]) for i, word in enumerate(self.scale.likelihoods)]
        return rows[::-1]

    @property
    def map_rows(self) -> list[tuple[Any, list[Any]]]:
        titles = {"likelihoods": _("Likelihood"), "severities": _("Severity")}
        return [
            (titles[words], [self[f"{kind}_{old}"] for old in range(len(getattr(self.base, words)))])
            for kind, words, _steps in self._maps()
        ]

    @property
    def rule_rows(self) -> list[tuple[BandRule, dict[str, Any]]]:
        names = ("label", "review_days", "acceptance_days", "accepted_by", "needs_second_person")
        return [(rule, {name: self[f"{rule.band}_{name}"] for name in names}) for rule in reversed(self.known_rules)]

    def clean(self) -> dict[str, Any]:
        """What the service takes, once every field makes sense."""
        given = super().clean() or self.cleaned_data
        if self.errors:
            return given
        shape: dict[str, Any] = {
            "row_version": given.get("row_version"),
            "grid": [
                [given[f"cell_{i}_{j}"] for j in range(len(self.scale.severities))]
                for i in range(len(self.scale.likelihoods))
            ],
            "rules": {
                rule.band: {
                    name: given[f"{rule.band}_{name}"]
                    for name in ("label", "review_days", "acceptance_days", "accepted_by", "needs_second_person")
                }
                for rule in self.known_rules
            },
        }
        for kind, words, _steps in self._maps():
            shape[kind] = [given[f"{kind}_{old}"] for old in range(len(getattr(self.base, words)))]
        return shape


def _select(label: str, choices: Any, initial: Any, *, coerce: Any = str) -> forms.TypedChoiceField:
    field = forms.TypedChoiceField(label=label, choices=choices, coerce=coerce, initial=initial)
    field.widget.attrs["aria-label"] = label
    return field
