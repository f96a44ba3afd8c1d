"""Words that the pages of objectives, safeguards and training data need."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from common.templatetags.tidegate import badge, level
from registry import selectors
from registry.models import HighRiskUse, Objective, ObjectiveMeasurement, Release, Risk, Safeguard, TrainingDataset

register = template.Library()
register.filter("standing", selectors.standing)
register.filter("answer", selectors.answer_of)

_STATES = {
    Objective.State.MET: ("ok", "circle-check"),
    Objective.State.NOT_MET: ("bad", "circle-x"),
    Objective.State.NOT_MEASURED: ("warn", "circle-dashed"),
    Objective.State.NOT_MEASURABLE: ("draft", "pencil"),
}
_ANSWERS = {
    "answered": ("ok", "shield-check"),
    "planned": ("warn", "circle-dashed"),
    "unanswered": ("bad", "shield-off"),
}
# What an objective asks for besides its value, and what a measurement keeps of that.
_ASKED = ("metric", "unit", "data_set", "population")


@register.simple_tag
def objective_state(state: str) -> SafeString:
    tone, icon = _STATES[Objective.State(state)]
    return badge(tone, Objective.State(state).label, icon)


@register.simple_tag
def use_answer(answer: str) -> SafeString:
    tone, icon = _ANSWERS[answer]
    return badge(tone, selectors.ANSWERS[answer], icon)


@register.simple_tag
def use_severity(use: HighRiskUse) -> SafeString:
    return level(use.severity, None, use.get_severity_display())


@register.filter
def safeguards(use: Any) -> list[Safeguard]:
    return selectors.safeguards_of(use)


@register.filter
def risks(safeguard: Any) -> list[Risk]:
    return selectors.risks_of(safeguard)


@register.filter
def releases(dataset: Any) -> list[Release]:
    return selectors.releases_of(dataset)


@register.filter
def entry(known: Mapping[str, Any], name: str) -> Any:
    return known.get(name)


@register.filter
def asked_otherwise(measurement: ObjectiveMeasurement, objective: Objective) -> str:
    """What a measurement was made for, where the objective asks for something else by now."""
    words = [
        f"{measurement._meta.get_field(name).verbose_name}: {getattr(measurement, name) or '–'}"
        for name in _ASKED
        if getattr(measurement, name) != getattr(objective, name)
    ]
    return _("; ").join(words)


@register.filter
def saying(datasets: Iterable[TrainingDataset], field: str) -> list[tuple[str, str]]:
    """Name and text of the data sets that say something in ``field``."""
    return [(each.name, text) for each in datasets if (text := getattr(each, field))]
