"""Other people's words in the documents of ``registry.downstream``, and what those documents say of a rule."""

import re
from typing import Any

from django import template

from registry import regions
from registry.downstream import words
from registry.models import Sector
from registry.models.objectives import figure

register = template.Library()
register.filter("line", words.line)
register.filter("quote", words.quote)


@register.filter
def place_words(content: Any) -> str:
    """Region and sector for which the rules were read."""
    sector = str(Sector(content.sector).label) if content.sector else ""
    place = " · ".join(filter(None, (regions.name(content.region) if content.region else "", sector)))
    return words.line(place)


@register.filter
def in_lines(values: Any) -> str:
    """A list in one line."""
    return words.line("; ".join(str(value) for value in values))


@register.filter
def sources(rule: Any) -> str:
    """The laws because of which a rule reads as it does."""
    return words.line("; ".join(f"{each.source_title}, {each.source_citation}" for each in rule.applied))


@register.filter
def fenced(text: str) -> str:
    """A text as it is, as a block of code, whatever fences it contains."""
    lines = words.clean(text).rstrip("\n")
    longest = max((len(run) for run in re.findall(r"`+", lines)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{lines}\n{fence}"


@register.filter
def sums(files: Any) -> str:
    """The digests of files in the form that ``sha256sum -c`` reads."""
    return "\n".join(f"{file.sha256}  {file.path}" for file in files)


@register.filter
def measured(measurement: Any) -> str:
    """A value with its unit and day."""
    return f"{figure(measurement.value, measurement.unit)} ({measurement.measured_at:%Y-%m-%d})"


@register.filter
def threshold_words(objective: Any) -> str:
    return figure(objective.threshold, objective.unit)
