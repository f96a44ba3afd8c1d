"""What the public sees of a risk: one rule, asked by pages, API, exports, feeds and packages alike.

A publisher lists the fields; title, number and state of a risk that is shown are never hidden, and whoever holds
a role for the family sees all of it.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from registry import permissions
from registry.models import ModelFamily, Publisher

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


def public_fields(publisher: Publisher) -> frozenset[str]:
    """What anybody may see of this publisher's risks."""
    return ALL & set(publisher.public_risk_fields)


def fields_for(user: Any, family: ModelFamily) -> frozenset[str]:
    """What ``user`` may see of the risks of ``family``, whose publisher is at hand."""
    return ALL if permissions.can_see_inside(user, family) else public_fields(family.publisher)
