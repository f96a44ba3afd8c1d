"""How objectives stand: the one place that says whether one is met, and whether it gets better."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, DecimalField, F, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from registry.models import Objective, ObjectiveMeasurement
from registry.models.objectives import DIGITS
from registry.selectors.embed import embedded, revived

RISING = {Objective.Comparator.AT_LEAST, Objective.Comparator.ABOVE}
TRENDS = {"better": _("getting better"), "worse": _("getting worse"), "same": _("unchanged")}
_HELD = (
    Q(comparator="at_least", current_value__gte=F("threshold"))
    | Q(comparator="at_most", current_value__lte=F("threshold"))
    | Q(comparator="above", current_value__gt=F("threshold"))
    | Q(comparator="below", current_value__lt=F("threshold"))
)


@dataclass(frozen=True)
class Standing:
    """How one objective stands for its reader. ``trend`` is better, worse or same; empty without a value before."""

    state: Objective.State
    current: ObjectiveMeasurement | None
    before: ObjectiveMeasurement | None
    trend: str

    @property
    def trend_label(self) -> str:
        return str(TRENDS.get(self.trend, ""))


def counting(user: Any) -> QuerySet[ObjectiveMeasurement]:
    """The measurements of the objective in the outer query that count for ``user``, the newest first.

    Corrected ones do not, nor those of what the objective asked for before it changed, nor for people outside
    those of a release that is not public yet.
    """
    same = {name: OuterRef(name) for name in ("metric", "unit", "data_set", "population")}
    rows = ObjectiveMeasurement.objects.of_shown_releases(user)
    return rows.filter(objective=OuterRef("pk"), corrected_by=None, **same).order_by("-measured_at", "-pk")


def judged(objectives: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """``objectives`` with ``state``, and with what ``standing`` unpacks, as they stand for ``user``."""
    newest = counting(user)
    columns = ("id", "objective_id", "metric", "unit", "measured_at", "source", "evidence_url", "release_id")
    # As text: a JSON number would come back as a float.
    named = {"value": Cast("value", TextField()), "release_version": F("release__version")}
    return objectives.annotate(
        current_value=Subquery(newest.values("value")[:1], output_field=DecimalField(**DIGITS)),
        newest_rows=embedded(newest[:2], *columns, **named),
        state=Case(
            When(threshold=None, then=Value(Objective.State.NOT_MEASURABLE)),
            When(current_value=None, then=Value(Objective.State.NOT_MEASURED)),
            When(_HELD, then=Value(Objective.State.MET)),
            default=Value(Objective.State.NOT_MET),
        ),
    )


def standing(objective: Any) -> Standing:
    """How an objective from ``judged`` stands."""
    current, before, *_rest = [*revived(ObjectiveMeasurement, objective.newest_rows), None, None]
    trend = ""
    if current is not None and before is not None:
        trend = _trend(objective.comparator, before.value, current.value)
    return Standing(Objective.State(objective.state), current, before, trend)


def _trend(comparator: str, before: Decimal, now: Decimal) -> str:
    if now == before:
        return "same"
    return "better" if (now > before) == (comparator in RISING) else "worse"
