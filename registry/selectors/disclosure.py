"""How much a family's public pages have to say about safety and data, as a part of another query."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject

from registry.models import HighRiskUse, ModelFamily, Objective, TrainingDataset
from registry.selectors.objectives import judged
from registry.selectors.safeguards import unanswered

# The figures of a public page are the public's, whoever reads it.
_NOBODY = AnonymousUser()


def embedded_disclosure(family: OuterRef) -> Subquery:
    """What ``disclosure_figures`` needs of the family that ``family`` names in the outer query."""
    states = judged(Objective.objects.filter(family=OuterRef("pk")), _NOBODY).values("state")
    uses = HighRiskUse.objects.filter(family=OuterRef("pk"))
    figures = JSONObject(
        states=ArraySubquery(states),
        uses=_count(uses),
        open_uses=_count(unanswered(uses, _NOBODY)),
        datasets=_count(TrainingDataset.objects.filter(family=OuterRef("pk")).shown()),
    )
    return Subquery(ModelFamily.objects.filter(pk=family).values(figures=figures))


def disclosure_figures(embedded: dict[str, Any]) -> dict[str, int]:
    """Counts of what anybody finds on the pages about objectives, safeguards and training data."""
    found = embedded["states"] or []
    unmeasured = [state for state in found if state in {Objective.State.NOT_MEASURED, Objective.State.NOT_MEASURABLE}]
    counts = {name: embedded[name] for name in ("uses", "open_uses", "datasets")}
    met = found.count(Objective.State.MET)
    return {**counts, "objectives": len(found), "met": met, "unmeasured": len(unmeasured)}


def _count(rows: QuerySet[Any]) -> Any:
    counted = rows.order_by().values("family").annotate(number=Count("pk")).values("number")
    return Coalesce(counted, 0, output_field=IntegerField())
