"""The heat map: where risks stood before mitigation beside where they stand now, and what moved between."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Count, QuerySet

from registry.models import Risk, RiskScale
from registry.scale import RANK, Band
from registry.selectors.matrix import Cell, Chips, Matrix, Row

KINDS = ("inherent", "current")
CellUrl = Callable[[int, str, int, int], str]


@dataclass(frozen=True)
class Move:
    """How many risks went from one band to another, or stayed."""

    before: Band
    now: Band
    count: int

    @property
    def direction(self) -> int:
        """-1 where mitigation lowered the level, 1 where it is worse than before, else 0."""
        before, now = RANK[self.before], RANK[self.now]
        return (now > before) - (now < before)


@dataclass(frozen=True)
class Heat:
    """The risks judged on one scale, before mitigation and now."""

    scale: RiskScale
    before: Matrix
    now: Matrix
    moves: list[Move]

    @property
    def lowered(self) -> int:
        return sum(move.count for move in self.moves if move.direction < 0)

    @property
    def raised(self) -> int:
        return sum(move.count for move in self.moves if move.direction > 0)

    @property
    def unmoved(self) -> int:
        return sum(move.count for move in self.moves if move.direction == 0)


def heat(risks: QuerySet[Risk], *, cell_url: CellUrl) -> list[Heat]:
    """``risks`` counted by cell, before mitigation and now, for each scale they were judged on. Two queries.

    ``cell_url`` is given the number of the scale's row, ``inherent`` or ``current``, likelihood and severity.
    """
    names = [f"{kind}_{part}" for kind in KINDS for part in ("likelihood", "severity", "band")]
    judged = risks.filter(inherent_score__isnull=False, current_score__isnull=False).order_by()
    cells: dict[tuple[int, str], dict[tuple[int, int], int]] = {}
    moves: dict[int, dict[tuple[str, str], int]] = {}
    # One pass: pairs of cells are few, whatever the number of risks.
    for row in judged.values("scale_id", *names).annotate(count=Count("pk")):
        scale, count = row["scale_id"], row["count"]
        for kind in KINDS:
            counted = cells.setdefault((scale, kind), {})
            at = row[f"{kind}_likelihood"], row[f"{kind}_severity"]
            counted[at] = counted.get(at, 0) + count
        between = row["inherent_band"], row["current_band"]
        moves.setdefault(scale, {})[between] = moves.get(scale, {}).get(between, 0) + count
    scales = RiskScale.objects.select_related("publisher").in_bulk(moves)
    found = [
        Heat(
            scales[pk],
            before=_counted(scales[pk], cells[pk, "inherent"], partial(cell_url, pk, "inherent")),
            now=_counted(scales[pk], cells[pk, "current"], partial(cell_url, pk, "current")),
            moves=_by_severity(between),
        )
        for pk, between in moves.items()
    ]
    return sorted(found, key=lambda each: (-each.now.count, each.scale.pk))


def _counted(scale: RiskScale, cells: dict[tuple[int, int], int], url: Callable[[int, int], str]) -> Matrix:
    def cell(likelihood: int, severity: int) -> Cell:
        chips = Chips([], cells.get((likelihood, severity), 0))
        band = scale.band(likelihood, severity)
        return Cell(likelihood * severity, band, likelihood, severity, chips, url(likelihood, severity))

    severities = range(1, len(scale.severities) + 1)
    rows = [
        Row(word, [cell(likelihood, severity) for severity in severities])
        for likelihood, word in reversed(list(enumerate(scale.likelihoods, start=1)))
    ]
    return Matrix(rows, list(scale.severities), scale)


def _by_severity(between: dict[tuple[str, str], int]) -> list[Move]:
    moves = [Move(Band(before), Band(now), count) for (before, now), count in between.items()]
    return sorted(moves, key=lambda move: (-RANK[move.before], -RANK[move.now]))


def as_rows(found: list[Heat]) -> list[dict[str, Any]]:
    """The cells of ``found`` that are not empty, for the API."""
    return [
        {
            "scale": each.scale.pk,
            "kind": kind,
            "likelihood": cell.likelihood,
            "severity": cell.severity,
            "score": cell.score,
            "band": cell.band.value,
            "count": cell.risks.count,
        }
        for each in found
        for kind, drawn in (("inherent", each.before), ("current", each.now))
        for row in drawn.rows
        for cell in row.cells
        if cell.risks.count
    ]
