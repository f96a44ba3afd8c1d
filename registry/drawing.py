"""Where the parts of the burn-down chart stand. The template draws them; colours belong to the style sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry.scale import Band
from registry.selectors import Point
from registry.selectors.trend import ORDER

WIDTH, HEIGHT = 760, 260
_LEFT, _TOP, _BOTTOM = 44, 12, 34
_LABELS = 7


@dataclass(frozen=True)
class Block:
    band: Band
    y: str
    height: str


@dataclass(frozen=True)
class Bar:
    """One week: its blocks from the ground up."""

    point: Point
    x: str
    width: str
    middle: str
    blocks: list[Block]
    labelled: bool


@dataclass(frozen=True)
class Line:
    y: str
    value: int


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    lines: list[Line]
    ground: str
    foot: str

    width, height, left = WIDTH, HEIGHT, _LEFT
    bands = tuple(reversed(ORDER))


def burn_down(points: Sequence[Point]) -> Chart:
    """``points`` as stacked bars. Coordinates are text: a number would be written with the reader's comma."""
    most = _round_up(max((point.total for point in points), default=0))
    ground, tall = HEIGHT - _BOTTOM, HEIGHT - _BOTTOM - _TOP
    step = (WIDTH - _LEFT) / max(len(points), 1)
    every = -(-len(points) // _LABELS)

    def bar(place: int, point: Point) -> Bar:
        blocks, below = [], 0
        for band in ORDER:
            count = point.counts[band]
            if count:
                below += count
                blocks.append(Block(band, _at(ground - tall * below / most), _at(tall * count / most)))
        x, width = _LEFT + place * step, step * 0.78
        labelled = (len(points) - 1 - place) % every == 0
        return Bar(point, _at(x), _at(width), _at(x + width / 2), blocks, labelled)

    lines = [Line(_at(ground - tall * part / 4), most * part // 4) for part in range(5)]
    return Chart([bar(place, point) for place, point in enumerate(points)], lines, str(ground), str(HEIGHT - 12))


def _round_up(most: int) -> int:
    """The top of the scale: a round number that four lines divide evenly."""
    size: Any = 1
    while size * 40 < most:
        size *= 10
    return max(next(size * top for top in (4, 8, 12, 20, 40) if size * top >= most), 4)


def _at(number: float) -> str:
    return f"{number:.1f}"
