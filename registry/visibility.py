"""What the public sees of a risk: one rule, asked by pages, API, exports, feeds and packages alike.

A publisher lists the fields; title, number and state of a risk that is shown are never hidden, and whoever holds
a role for the family sees all of it. Who hands out rows calls ``screened`` on each, which takes what is hidden off
the row itself, so that no template or format has to remember. Who filters, searches or orders uses
``RiskQuerySet.showing`` and ``matching_for``.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _

from registry import permissions
from registry.models import ModelFamily, Publisher, Risk

# By the names of the API, in the order in which they are told.
FIELDS = {
    "harm": _("The harm"),
    "cause": _("Cause"),
    "event": _("Event"),
    "consequence": _("Consequence"),
    "affected": _("Who it touches"),
    "objectives": _("Objectives it threatens"),
    "terms": _("What others call it"),
    "inherent": _("Level before mitigation"),
    "residual": _("Level after mitigation"),
    "current": _("Level that counts now"),
    "target": _("Target level"),
    "confidence": _("Confidence"),
    "treatment": _("Treatment"),
    "acceptance": _("Whether it is accepted, and until when"),
    "mitigations": _("Mitigations"),
    "review": _("When it was last looked at, and when it will be"),
    "owner": _("The risk owner's name"),
}
ALL = frozenset(FIELDS)
LEVELS = ("inherent", "residual", "target")
_TEXT = ("harm", "cause", "event", "consequence", "affected", "confidence", "treatment")

Row = TypeVar("Row", bound=Risk)


def public_fields(publisher: Publisher) -> frozenset[str]:
    """What anybody may see of this publisher's risks."""
    return ALL & set(publisher.public_risk_fields)


def fields_for(user: Any, family: ModelFamily) -> frozenset[str]:
    """What ``user`` may see of the risks of ``family``, whose publisher is at hand."""
    return ALL if permissions.can_see_inside(user, family) else public_fields(family.publisher)


def screened(risk: Row, fields: frozenset[str]) -> Row:
    """``risk`` without what is not in ``fields``: for reading only, it must not be saved any more.

    ``risk.shown_fields`` says which, so that a page can leave a column out instead of showing it empty.
    """
    gone: dict[str, Any] = {name: "" for name in _TEXT if name not in fields}
    for level in {*LEVELS, "current"} - fields:
        gone |= dict.fromkeys(f"{level}_{part}" for part in ("likelihood", "severity", "band", "score"))
    if not fields & {*LEVELS, "current"}:
        gone |= {"detectability": None, "reversibility": None}
    if "review" not in fields:
        gone |= {"reviewed_at": None, "review_due_on": None, "review_days": None}
    if "owner" not in fields:
        gone |= {"owner_id": None, "deputy_id": None}
    if "current" not in fields:
        gone["urgency"] = 0
    for name, attributes in _EMBEDDED.items():
        if name not in fields:
            gone |= dict.fromkeys(attributes, ())
    for name, value in gone.items():
        setattr(risk, name, value)
    # What the search found is text of every field.
    risk.__dict__.pop("words", None)
    risk.__dict__["shown_fields"] = fields
    return risk


# Rows that a selector put into the row of a risk, by the field they belong to.
_EMBEDDED = {
    "objectives": ("objective_rows",),
    "terms": ("term_rows",),
    "mitigations": ("mitigation_rows", "measures"),
    "acceptance": ("accepted", "acceptance_rows"),
    "review": ("review_rows",),
}


def in_order(names: Iterable[str]) -> list[str]:
    """``names`` in the order in which they are told."""
    wanted = set(names)
    return [name for name in FIELDS if name in wanted]


def changes(publisher: Publisher, names: Iterable[str]) -> tuple[list[Any], list[Any]]:
    """What becomes visible to everybody, and what hidden, when ``names`` are shown: in words."""
    was, will = public_fields(publisher), ALL & set(names)
    return [FIELDS[name] for name in in_order(will - was)], [FIELDS[name] for name in in_order(was - will)]


def for_everybody(risks: Iterable[Row]) -> list[Row]:
    """``risks``, with family and publisher at hand, as anybody may see them."""
    return [screened(risk, public_fields(risk.family.publisher)) for risk in risks]


def for_reader(risks: Iterable[Row], user: Any) -> list[Row]:
    """``risks``, with family and publisher at hand, as ``user`` may see them."""
    return [screened(risk, fields_for(user, risk.family)) for risk in risks]
