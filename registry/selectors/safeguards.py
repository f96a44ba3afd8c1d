"""Safeguards with the risks they answer, and high-risk uses with the safeguards that answer them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from common import references
from registry.models import HighRiskUse, Risk, Safeguard
from registry.selectors.embed import embedded, revived

RISKS_SHOWN = 20
UNANSWERED, PLANNED, ANSWERED = "unanswered", "planned", "answered"
# What a reader is told about a use; who sees fewer safeguards is told of those only.
ANSWERS = {
    UNANSWERED: _("No safeguard answers this"),
    PLANNED: _("Safeguards planned only"),
    ANSWERED: _("Answered"),
}


def with_risks(safeguards: QuerySet[Safeguard], user: Any) -> QuerySet[Safeguard]:
    """``safeguards`` with those of their risks that ``user`` may know of; see ``risks_of``."""
    risks = Risk.objects.visible_to(user).filter(safeguards=OuterRef("pk")).order_by("number", "pk")
    return safeguards.annotate(risk_rows=embedded(risks[:RISKS_SHOWN], "id", "number", "title"))


def risks_of(safeguard: Any) -> list[Risk]:
    """The risks of a safeguard from ``with_risks``."""
    return revived(Risk, safeguard.risk_rows)


def decisions_of(safeguards: Iterable[Safeguard], user: Any, *, within: Any = None) -> dict[str, references.Target]:
    """The decisions that chose ``safeguards``, by reference, as far as ``user`` may know of them: one query."""
    return references.resolve_all((each.decision for each in safeguards if each.decision), user, within=within)


def with_safeguards(uses: QuerySet[HighRiskUse], user: Any) -> QuerySet[HighRiskUse]:
    """``uses`` with those of their safeguards that ``user`` may know of and that are not retired."""
    known = Safeguard.objects.visible_to(user).active().filter(high_risk_uses=OuterRef("pk")).order_by("pk")
    return uses.annotate(safeguard_rows=embedded(known, "id", "title", "kind", "stage"))


def safeguards_of(use: Any) -> list[Safeguard]:
    """The safeguards of a use from ``with_safeguards``."""
    return revived(Safeguard, use.safeguard_rows)


def answer_of(use: Any) -> str:
    """Whether a use from ``with_safeguards`` is answered: by a safeguard in place, by plans only, or not at all."""
    stages = {row["stage"] for row in use.safeguard_rows or ()}
    if Safeguard.Stage.IN_PLACE in stages:
        return ANSWERED
    return PLANNED if stages else UNANSWERED


def unanswered(uses: QuerySet[HighRiskUse], user: Any) -> QuerySet[HighRiskUse]:
    """Those of ``uses`` that no safeguard answers which ``user`` may know of and which is in place."""
    known = Safeguard.objects.visible_to(user).filter(stage=Safeguard.Stage.IN_PLACE)
    return uses.exclude(pk__in=HighRiskUse.safeguards.through.objects.filter(safeguard__in=known).values("highriskuse"))
