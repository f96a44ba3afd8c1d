"""How much a family's public page has to say about safety and data, in one query."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, IntegerField, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from registry.models import HighRiskUse, ModelFamily, Objective, TrainingDataset
from registry.selectors.objectives import judged
from registry.selectors.safeguards import unanswered


def disclosure_figures(family: ModelFamily, user: Any) -> dict[str, int]:
    """Counts of what ``user`` finds on the pages about objectives, safeguards and training data."""
    states = judged(Objective.objects.filter(family=OuterRef("pk")), user).values("state")
    uses = HighRiskUse.objects.filter(family=OuterRef("pk"))
    counted = (
        ModelFamily.objects.filter(pk=family.pk)
        .annotate(
            states=ArraySubquery(states),
            uses=_count(uses),
            open_uses=_count(unanswered(uses, user)),
            datasets=_count(TrainingDataset.objects.filter(family=OuterRef("pk")).shown()),
        )
        .values("states", "uses", "open_uses", "datasets")
        .get()
    )
    row: dict[str, Any] = dict(counted)
    found = row.pop("states") or []
    unmeasured = [state for state in found if state in {Objective.State.NOT_MEASURED, Objective.State.NOT_MEASURABLE}]
    met = found.count(Objective.State.MET)
    return {**row, "objectives": len(found), "met": met, "unmeasured": len(unmeasured)}


def _count(rows: QuerySet[Any]) -> Any:
    counted = rows.order_by().values("family").annotate(number=Count("pk")).values("number")
    return Coalesce(counted, 0, output_field=IntegerField())
