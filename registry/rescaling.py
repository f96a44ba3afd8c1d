"""From one version of a scale to the next: where each step goes, and what band a pair then has. Plain numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.scale import RANK, Band

Grid = Sequence[Sequence[str]]


def spread(old: int, new: int) -> list[int]:
    """Where the ``old`` steps go among ``new`` ones, evenly; what falls between two goes to the worse."""
    if old == 1:
        return [new]
    # Halves upwards, in whole numbers: nothing may depend on how a computer rounds.
    return [(2 * step * (new - 1) + old - 1) // (2 * (old - 1)) + 1 for step in range(old)]


def refit(grid: Grid, rows: int, columns: int) -> list[list[str]]:
    """``grid`` drawn with another number of steps: each new pair has the band of the old one nearest to it."""
    if len(grid) == rows and len(grid[0]) == columns:
        return [list(row) for row in grid]
    near_row, near_column = spread(rows, len(grid)), spread(columns, len(grid[0]))
    return [[grid[row - 1][column - 1] for column in near_column] for row in near_row]


def falls(grid: Grid) -> tuple[int, int] | None:
    """The first pair, counted from 1, that has a lower band than one that is less likely or less severe."""
    ranks = [[RANK[Band(band)] for band in row] for row in grid]
    for i, row in enumerate(ranks):
        for j, rank in enumerate(row):
            if (i and ranks[i - 1][j] > rank) or (j and row[j - 1] > rank):
                return i + 1, j + 1
    return None


@dataclass(frozen=True)
class Carry:
    """Where the steps of an older version go on a later one: ``likelihood[0]`` is the new number of step 1."""

    likelihood: list[int]
    severity: list[int]
    # Whether the other factors have as many steps as before; their numbers are dropped where they have not.
    detectability: bool = True
    reversibility: bool = True

    def then(self, later: "Carry") -> "Carry":
        """Both, one after the other."""
        return Carry(
            [later.likelihood[step - 1] for step in self.likelihood],
            [later.severity[step - 1] for step in self.severity],
            self.detectability and later.detectability,
            self.reversibility and later.reversibility,
        )
