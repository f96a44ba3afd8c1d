"""The risk matrix: the cells of a scale, and the few risks that each names."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Func, OuterRef, QuerySet
from django.utils.translation import gettext as _

from registry.models import Risk, RiskScale
from registry.scale import Band
from registry.selectors.embed import embedded, revive, revived

CHIPS = 3


@dataclass(frozen=True)
class Chip:
    """A risk in a cell of the matrix."""

    short: str
    ref: str
    title: str
    url: str


class Chips:
    """The risks of a cell: those that are named (none in a heat map), and how many there are."""

    def __init__(self, shown: list[Chip], count: int) -> None:
        self.shown, self.count = shown, count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Chip]:
        return iter(self.shown)


@dataclass(frozen=True)
class Cell:
    score: int
    band: Band
    likelihood: int
    severity: int
    risks: Chips
    url: str


@dataclass(frozen=True)
class Row:
    label: Any
    cells: list[Cell]


@dataclass(frozen=True)
class Legend:
    band: Band
    range: str


@dataclass
class Matrix:
    """A scale as the ``c-matrix`` component draws it: likelihood by row, severity by column."""

    rows: list[Row]
    columns: list[str] = field(default_factory=list)
    scale: Any = None

    @property
    def x_label(self) -> str:
        return _("Severity")

    @property
    def y_label(self) -> str:
        return _("Likelihood")

    @property
    def legend(self) -> list[Legend]:
        scores: dict[Band, list[int]] = {}
        for row in self.rows:
            for cell in row.cells:
                scores.setdefault(cell.band, []).append(cell.score)
        ranges = [(band, min(found), max(found)) for band in Band if (found := scores.get(band))]
        # On a grid where the same score has one level here and another there, numbers would tell nothing.
        apart = all(highest < lowest for (_b, _l, highest), (_band, lowest, _h) in pairwise(ranges))
        return [Legend(band, f"{lowest}–{highest}" if apart else "") for band, lowest, highest in ranges]

    @property
    def count(self) -> int:
        return sum(len(cell.risks) for row in self.rows for cell in row.cells)


def matrix(
    risks: Iterable[Any],
    scale: RiskScale,
    *,
    chip_url: Callable[[Any], str],
    cell_url: Callable[[int, int], str] = lambda *_at: "",
) -> Matrix:
    """Draw ``risks`` judged on ``scale``. A row may say with ``in_cell`` how many share its cell, else they are
    counted."""
    cells: dict[tuple[int, int], list[Any]] = {}
    for risk in risks:
        if risk.current_score is not None:
            cells.setdefault((risk.current_likelihood, risk.current_severity), []).append(risk)

    def cell(likelihood: int, severity: int) -> Cell:
        found = cells.get((likelihood, severity), [])
        count = max((getattr(risk, "in_cell", 0) for risk in found), default=0) or len(found)
        chips = [Chip(f"{risk.number:02d}", risk.reference, risk.title, chip_url(risk)) for risk in found[:CHIPS]]
        band, url = scale.band(likelihood, severity), cell_url(likelihood, severity)
        return Cell(likelihood * severity, band, likelihood, severity, Chips(chips, count), url)

    severities = range(1, len(scale.severities) + 1)
    rows = [
        Row(word, [cell(likelihood, severity) for severity in severities])
        for likelihood, word in reversed(list(enumerate(scale.likelihoods, start=1)))
    ]
    return Matrix(rows, list(scale.severities), scale)


def matrices(
    risks: QuerySet[Risk], *, chip_url: Callable[[Any], str], cell_url: Callable[[int, int, int], str]
) -> tuple[list[Matrix], int]:
    """``risks`` drawn on the scales they were judged on, the one with most of them first, and how many are not
    judged yet. Two queries.

    ``cell_url`` is given the number of the scale's row, the likelihood and the severity.
    """
    by_scale: dict[int, list[Risk]] = {}
    cells = list(by_cell(risks))
    judged = [cell for cell in cells if cell["current_likelihood"] is not None]
    for each in of_cells(judged):
        by_scale.setdefault(each.scale_id, []).append(each)
    scales = RiskScale.objects.select_related("publisher").in_bulk(by_scale)
    drawn = [
        matrix(found, scales[pk], chip_url=chip_url, cell_url=partial(cell_url, pk)) for pk, found in by_scale.items()
    ]
    unjudged = sum(cell["in_cell"] for cell in cells) - sum(cell["in_cell"] for cell in judged)
    return sorted(drawn, key=lambda each: (-each.count, each.scale.pk)), unjudged


def by_cell(risks: QuerySet[Risk]) -> Any:
    """For each cell that is not empty: how many of ``risks`` it holds, and the few that are named in it. Those that
    are not judged yet share cells without likelihood and severity.

    Plain arrays, cut short by the database: building objects for thousands of risks to show three of
    them is what would make a large register slow.
    """

    def some(column: str) -> Func:
        return Func(ArrayAgg(column), template=f"(%(expressions)s)[1:{CHIPS}]")

    return (
        risks.order_by()
        .values("scale_id", "current_likelihood", "current_severity")
        .annotate(in_cell=Count("pk"), ids=some("pk"), numbers=some("number"), titles=some("title"))
    )


def embedded_cells(risks: QuerySet[Risk]) -> ArraySubquery:
    """The same as part of another row."""
    columns = ("scale_id", "current_likelihood", "current_severity", "in_cell", "ids", "numbers", "titles")
    return embedded(by_cell(risks.filter(current_score__isnull=False)), *columns)


def embedded_scale(publisher: str) -> ArraySubquery:
    """The scale in force of the publisher that ``publisher`` leads to from the outer row."""
    scales = RiskScale.objects.in_force().filter(publisher=OuterRef(publisher))
    return embedded(scales, "id", "number", "likelihoods", "severities", "grid")


def scale_of(rows: Iterable[dict[str, Any]] | None) -> RiskScale | None:
    """The scale that ``embedded_scale`` brought along."""
    return next(iter(revived(RiskScale, rows)), None)


def of_cells(cells: Iterable[dict[str, Any]] | None) -> list[Risk]:
    """The risks that ``by_cell`` named, ready for ``matrix``."""
    found = []
    for cell in cells or ():
        where = {name: cell[name] for name in ("scale_id", "current_likelihood", "current_severity", "in_cell")}
        where["current_score"] = cell["current_likelihood"] * cell["current_severity"]
        for pk, number, title in sorted(zip(cell["ids"], cell["numbers"], cell["titles"], strict=True)):
            found.append(revive(Risk, {"id": pk, "number": number, "title": title, **where}))
    return found
