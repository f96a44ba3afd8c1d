"""The risk matrix: 25 cells, and the few risks that each names."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Func, QuerySet
from django.utils.translation import gettext as _

from registry.models import Risk
from registry.scale import LIMITS, Band, Likelihood, Severity, band, bounds
from registry.selectors.embed import embedded, revive

CHIPS = 3


@dataclass(frozen=True)
class Chip:
    """A risk in a cell of the matrix."""

    short: str
    ref: str
    title: str
    url: str


class Chips:
    """The risks of a cell: those that are named, and how many there are."""

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
    """The 5 × 5 matrix as the ``c-matrix`` component draws it: likelihood by row, severity by column."""

    rows: list[Row]
    columns: list[Any] = field(default_factory=lambda: [choice.label for choice in Severity])

    @property
    def x_label(self) -> str:
        return _("Severity")

    @property
    def y_label(self) -> str:
        return _("Likelihood")

    @property
    def legend(self) -> list[Legend]:
        return [Legend(name, "{}–{}".format(*bounds(name))) for name, _highest in LIMITS]

    @property
    def count(self) -> int:
        return sum(len(cell.risks) for row in self.rows for cell in row.cells)


def matrix(
    risks: Iterable[Any], *, chip_url: Callable[[Any], str], cell_url: Callable[[int, int], str] = lambda *_at: ""
) -> Matrix:
    """Draw ``risks`` into a matrix. A row may say with ``in_cell`` how many share its cell, else they are counted."""
    cells: dict[tuple[int, int], list[Any]] = {}
    for risk in risks:
        if risk.current_score is not None:
            cells.setdefault((risk.current_likelihood, risk.current_severity), []).append(risk)
    return Matrix(
        [
            Row(likelihood.label, [_cell(likelihood, severity, cells, chip_url, cell_url) for severity in Severity])
            for likelihood in reversed(Likelihood)
        ]
    )


def _cell(likelihood: int, severity: int, cells: Any, chip_url: Any, cell_url: Any) -> Cell:
    found = cells.get((likelihood, severity), [])
    count = max((getattr(risk, "in_cell", 0) for risk in found), default=0) or len(found)
    chips = [Chip(f"{risk.number:02d}", risk.reference, risk.title, chip_url(risk)) for risk in found[:CHIPS]]
    score = likelihood * severity
    return Cell(score, band(score), int(likelihood), int(severity), Chips(chips, count), cell_url(likelihood, severity))


def by_cell(risks: QuerySet[Risk]) -> Any:
    """For each cell that is not empty: how many of ``risks`` it holds, and the few that are named in it.

    Plain arrays, cut short by the database: building objects for thousands of risks to show three of
    them is what would make a large register slow.
    """

    def some(column: str) -> Func:
        return Func(ArrayAgg(column), template=f"(%(expressions)s)[1:{CHIPS}]")

    return (
        risks.filter(current_score__isnull=False)
        .order_by()
        .values("current_likelihood", "current_severity")
        .annotate(in_cell=Count("pk"), ids=some("pk"), numbers=some("number"), titles=some("title"))
    )


def embedded_cells(risks: QuerySet[Risk]) -> ArraySubquery:
    """The same as part of another row."""
    return embedded(by_cell(risks), "current_likelihood", "current_severity", "in_cell", "ids", "numbers", "titles")


def of_cells(cells: Iterable[dict[str, Any]] | None) -> list[Risk]:
    """The risks that ``by_cell`` named, ready for ``matrix``."""
    found = []
    for cell in cells or ():
        where = {name: cell[name] for name in ("current_likelihood", "current_severity", "in_cell")}
        where["current_score"] = cell["current_likelihood"] * cell["current_severity"]
        for pk, number, title in sorted(zip(cell["ids"], cell["numbers"], cell["titles"], strict=True)):
            found.append(revive(Risk, {"id": pk, "number": number, "title": title, **where}))
    return found
