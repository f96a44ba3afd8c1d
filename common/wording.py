"""What changed between two texts, word by word."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

# Comparing is quadratic in the worst case: longer texts are compared line by line instead.
WORDS_AT_ONCE = 3000

Op = Literal["same", "removed", "added"]


@dataclass(frozen=True)
class Piece:
    op: Op
    text: str


def word_diff(old: str, new: str) -> list[Piece]:
    """``new`` against ``old`` as pieces; those that are not “removed” give ``new``, those not “added” give ``old``."""
    if old == new:
        return [Piece("same", new)] if new else []
    before, after = _words(old), _words(new)
    if len(before) + len(after) > WORDS_AT_ONCE:
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    return _pieces(before, after)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|\s+|[^\w\s]", text)


def _pieces(before: list[str], after: list[str]) -> list[Piece]:
    pieces: list[Piece] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            _add(pieces, "same", "".join(before[i1:i2]))
        else:
            _add(pieces, "removed", "".join(before[i1:i2]))
            _add(pieces, "added", "".join(after[j1:j2]))
    return pieces


def _add(pieces: list[Piece], op: Op, text: str) -> None:
    if not text:
        return
    if pieces and pieces[-1].op == op:
        pieces[-1] = Piece(op, pieces[-1].text + text)
    else:
        pieces.append(Piece(op, text))
