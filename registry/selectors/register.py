"""The filter of the register: one rule for list, matrix, heat map, burn-down, API, exports and rounds.

What is overdue is judged on the day it is asked, so it shows although no worker ran.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import BooleanField, Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from registry.models import Mitigation, Risk, RiskAcceptance, Term
from registry.models.acceptances import day_of_record
from registry.selectors.people import inside

ME, NOBODY = "me", "none"
# Ways in which a risk can be late, by the word in the address.
OVERDUE = {
    "any": _("Anything"),
    "review": _("Review"),
    "mitigation": _("Mitigation"),
    "acceptance": _("Acceptance that ended"),
}
# The registers within the register that people come back to.
QUICK = {
    "mine": _("Mine"),
    "overdue": _("Overdue"),
    "unowned": _("Without owner"),
    "stubs": _("Stubs"),
}
_EXACT = {
    "family": "family",
    "stage": "stage",
    "treatment": "treatment",
    "scale": "scale",
    "likelihood": "current_likelihood",
    "severity": "current_severity",
    "inherent_likelihood": "inherent_likelihood",
    "inherent_severity": "inherent_severity",
    "band": "current_band",
}


def filtered(risks: Any, given: Mapping[str, Any], user: Any) -> QuerySet[Risk]:
    """``risks``, those of the reader's own families, narrowed down by what a register's address says.

    ``given`` are the cleaned values of ``RiskFilterForm``; names that it lacks and empty values leave all.
    """
    if given.get("q"):
        risks = risks.matching(given["q"])
    for name, column in _EXACT.items():
        if given.get(name):
            risks = risks.filter(**{column: given[name]})
    for name in ("owner", "deputy"):
        if who := given.get(name):
            risks = risks.filter(**{name: {ME: user.pk, NOBODY: None}.get(who, who)})
    if given.get("term"):
        risks = risks.filter(Exists(Risk.terms.through.objects.filter(risk=OuterRef("pk"), term=given["term"])))
    if given.get("overdue"):
        risks = risks.filter(overdue(given["overdue"]))
    if given.get("quick"):
        risks = risks.filter(quick(given["quick"], user))
    return risks


def terms_in_use(user: Any) -> QuerySet[Term]:
    """The taxonomy entries that risks of the reader's families carry: what filtering by makes sense."""
    carried = Risk.terms.through.objects.filter(term=OuterRef("pk"), risk__in=Risk.objects.filter(inside(user)))
    return Term.objects.filter(Exists(carried))


def quick(name: str, user: Any) -> Q:
    """One of the registers within the register: what nobody has to build a filter for."""
    if name == "mine":
        return ~Q(stage=Risk.Stage.CLOSED) & (Q(owner=user.pk) | Q(deputy=user.pk))
    if name == "overdue":
        return overdue("any")
    if name == "unowned":
        return Q(owner=None) & ~Q(stage=Risk.Stage.CLOSED)
    return Q(stage=Risk.Stage.STUB)


def overdue(what: str) -> Q:
    """Open risks that are late: to be looked at again, with a mitigation, or since an acceptance ended."""
    today = timezone.localdate()
    late: dict[str, Q] = {
        "review": Q(review_due_on__lt=today),
        "mitigation": Q(
            Exists(
                Mitigation.risks.through.objects.filter(
                    risk=OuterRef("pk"),
                    mitigation__stage__in=[Mitigation.Stage.PLANNED, Mitigation.Stage.IN_PROGRESS],
                    mitigation__due_on__lt=today,
                )
            )
        ),
        "acceptance": Q(Exists(_ended().filter(risk=OuterRef("pk")))),
    }
    found = late["review"] | late["mitigation"] | late["acceptance"] if what == "any" else late[what]
    return Q(stage=Risk.Stage.OPEN) & found


def _ended() -> QuerySet[RiskAcceptance]:
    """Acceptances nobody revoked that hold no longer: their day has passed, or the risk is no more what it was."""
    lapsed = Q(ends_on__lt=day_of_record()) | ~Q(digest=F("risk__digest"))
    return RiskAcceptance.objects.filter(lapsed, revoked_at=None)


def accepted() -> Subquery:
    """The acceptance of a risk that nobody revoked, for ``annotate``: ``{"ends_on": …, "holds": …}`` or None."""
    rows = RiskAcceptance.objects.filter(risk=OuterRef("pk"), revoked_at=None)
    holds = Case(
        When(ends_on__gte=day_of_record(), digest=F("risk__digest"), risk__stage="open", then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    return Subquery(rows.values(found=JSONObject(ends_on="ends_on", holds=holds))[:1])


def public_address(risk: Risk) -> str:
    """Where anybody reads about a risk that is shown; family and publisher are at hand."""
    return f"{risk.family.get_absolute_url()}risks/{risk.reference}/"
