"""The pictures of a report as SVG of our own: presentation attributes only, a title for who cannot see them.

The same numbers stand in a table beside each picture.
"""

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from registry.scale import Likelihood, Severity, first_grid
from reports.metrics import BANDS, BY_KEY, DECIDED_WITHIN, STAGES

INK, SOFT, HAIR = "#16211f", "#465450", "#c9cfcb"
FILL = {"low": "#edf3dc", "moderate": "#fde9b0", "high": "#f7b27a", "critical": "#b3261e"}
ON = {"low": "#2f4410", "moderate": "#553a00", "high": "#3d1d00", "critical": "#ffffff"}
# Dark to light, so that the order survives a copy without colour.
STAGE_FILL = {"open": "#7f1518", "contained": "#c2762b", "resolved": "#5c9a8f", "closed": "#cfe3de"}
BAR = "#0b5f57"

_Text = tuple[float, float, str, str, str, str, str]


def _svg(width: int, height: int, title: str, *parts: SafeString) -> SafeString:
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" width="{}" height="{}" role="img">'
        "<title>{}</title>{}</svg>",
        *(width, height, width, height, title),
        format_html_join("", "{}", ((part,) for part in parts)),
    )


def _rect(x: float, y: float, width: float, height: float, fill: str, stroke: str = "none") -> SafeString:
    return format_html(
        '<rect x="{}" y="{}" width="{}" height="{}" fill="{}" stroke="{}"/>', x, y, width, height, fill, stroke
    )


def _text(
    x: float, y: float, words: Any, *, fill: str = INK, size: int = 11, anchor: str = "start", weight: str = "400"
) -> SafeString:
    return format_html(
        '<text x="{}" y="{}" font-family="Public Sans" font-size="{}" font-weight="{}"'
        ' fill="{}" text-anchor="{}">{}</text>',
        *(x, y, size, weight, fill, anchor, words),
    )


def risk_heat(heat: list[list[int]], scale: dict[str, Any] | None = None) -> SafeString:
    """Open risks at the end by likelihood (most likely on top) and severity; each cell has its score and its count."""
    # Reports from before scales had versions were all on the first one.
    scale = scale or {"likelihoods": Likelihood.labels, "severities": Severity.labels, "bands": first_grid()}
    likelihoods, severities = scale["likelihoods"], scale["severities"]
    left, top, wide, high = 108, 8, 490 / len(severities), 44
    parts = []
    for row, (likelihood, counts) in enumerate(zip(range(len(likelihoods), 0, -1), heat, strict=True)):
        y = top + row * high
        parts.append(_text(left - 8, y + high / 2 + 4, likelihoods[likelihood - 1], anchor="end", fill=SOFT))
        for column, count in enumerate(counts):
            score = likelihood * (column + 1)
            name, x = scale["bands"][likelihood - 1][column], left + column * wide
            parts.append(_rect(x, y, wide - 3, high - 3, FILL[name]))
            parts.append(_text(x + 7, y + 15, score, fill=ON[name], size=9))
            if count:
                parts.append(_text(x + wide / 2, y + 29, count, fill=ON[name], size=18, anchor="middle", weight="700"))
    bottom = top + len(likelihoods) * high
    for column, severity in enumerate(severities):
        parts.append(_text(left + column * wide + wide / 2, bottom + 12, severity, anchor="middle", fill=SOFT))
    parts.append(
        _text(
            left,
            bottom + 30,
            _("Severity to the right, likelihood upwards. Small: the score. Large: how many open risks."),
            fill=SOFT,
            size=10,
        )
    )
    total = sum(map(sum, heat))
    return _svg(
        left + len(severities) * wide,
        bottom + 38,
        _("Heat map of %s open risks by likelihood and severity") % total,
        *parts,
    )


def incidents_by_severity(figures: dict[str, Any]) -> SafeString:
    """One bar a severity, divided by stage at the end of the period."""
    rows = [
        (name, [figures[f"incidents.{name}.{stage.value}"]["value"] for stage in STAGES])
        for name in (*reversed([b.value for b in BANDS]), "unrated")
    ]
    most = max((sum(values) for _name, values in rows), default=0) or 1
    left, wide, high, gap = 108, 430, 22, 9
    labels = {**{b.value: str(b.label) for b in BANDS}, "unrated": _("Not rated")}
    parts = []
    for row, (name, values) in enumerate(rows):
        y, x = 8 + row * (high + gap), float(left)
        parts.append(_text(left - 8, y + 15, labels[name], anchor="end", fill=SOFT))
        for stage, value in zip(STAGES, values, strict=True):
            width = round(wide * value / most, 2)
            if value:
                parts.append(_rect(x, y, width, high, STAGE_FILL[stage.value], "#ffffff"))
            x += width
        parts.append(_text(round(x, 2) + 7, y + 15, sum(values), weight="600"))
    bottom, x = 8 + len(rows) * (high + gap), left
    for stage in STAGES:
        parts.append(_rect(x, bottom + 4, 11, 11, STAGE_FILL[stage.value], HAIR))
        parts.append(_text(x + 16, bottom + 14, stage.label, fill=SOFT, size=10))
        x += 100
    return _svg(600, bottom + 22, _("Incidents by severity and stage at the end of the period"), *parts)


def time_to_decision(figures: dict[str, Any]) -> SafeString:
    """How many requests were decided how fast."""
    keys = [*(f"access.decided_in.{days}d" for days in DECIDED_WITHIN), "access.decided_in.longer"]
    values = [figures[key]["value"] for key in keys]
    most = max(values) or 1
    left, wide, high, gap = 178, 370, 20, 8
    parts = []
    for row, (key, value) in enumerate(zip(keys, values, strict=True)):
        y = 8 + row * (high + gap)
        width = round(wide * value / most, 2)
        parts.append(_text(left - 8, y + 14, BY_KEY[key].label, anchor="end", fill=SOFT))
        parts.append(_rect(left, y, max(width, 1), high, BAR))
        parts.append(_text(left + width + 7, y + 14, value, weight="600"))
    return _svg(600, 8 + len(keys) * (high + gap) + 2, _("Requests decided in the period by the time it took"), *parts)
