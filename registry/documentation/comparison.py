"""What changed between two versions of a card: by field of the metadata, by section, and by word inside a text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

import yaml
from django.utils.translation import gettext_lazy as _

from registry.documentation import sections
from registry.documentation.fields import FIELDS
from registry.documentation.kinds import BY_KEY

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
# Comparing grows with the product of both lengths; beyond this, a passage counts as replaced as a whole.
_LARGEST = 4_000_000


class Change(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


class Op(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Piece:
    op: Op
    text: str


@dataclass(frozen=True)
class Difference:
    """One field or section that is not the same. ``before`` and ``after`` are texts, empty where there was none."""

    name: str
    label: Any
    change: Change
    before: str
    after: str

    @property
    def pieces(self) -> list[Piece]:
        return words(self.before, self.after)


@dataclass(frozen=True)
class Comparison:
    metadata: list[Difference]
    sections: list[Difference]
    layout_only: bool

    @property
    def is_empty(self) -> bool:
        return not self.metadata and not self.sections


def compare(old: Any, new: Any) -> Comparison:
    """From card ``old`` to card ``new`` (rows of ``ModelCard``). ``layout_only``: other bytes, same meaning."""
    metadata = list(_metadata(old.metadata, new.metadata))
    changed = list(_sections(old.body, new.body))
    return Comparison(metadata, changed, not metadata and not changed and old.sha256 != new.sha256)


def _metadata(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    for key in [*old, *(key for key in new if key not in old)]:
        if key in old and key in new and old[key] == new[key] and type(old[key]) is type(new[key]):
            continue
        change = Change.CHANGED if key in old and key in new else Change.ADDED if key in new else Change.REMOVED
        label = FIELDS[key].label if key in FIELDS else key
        yield Difference(key, label, change, *(value_text(card[key]) if key in card else "" for card in (old, new)))


def value_text(value: Any) -> str:
    """A value of the metadata as text: itself, or its YAML where it has parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    if isinstance(value, dict | list):
        return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100).rstrip("\n")
    return yaml.safe_dump(value).removesuffix("\n").removesuffix("\n...")


def _sections(old: str, new: str) -> Iterator[Difference]:
    before = {section.name: section for section in sections.split(old)}
    after = {section.name: section for section in sections.split(new)}
    moved = _moved(list(before), list(after))
    for name in [*before, *(name for name in after if name not in before)]:
        one, other = before.get(name), after.get(name)
        texts = [_whole(section) for section in (one, other)]
        if texts[0] == texts[1]:
            if name in moved and texts[0]:
                yield Difference(name, _label(name, one), Change.MOVED, *texts)
            continue
        change = Change.CHANGED if texts[0] and texts[1] else Change.ADDED if texts[1] else Change.REMOVED
        yield Difference(name, _label(name, other or one), change, *texts)


def _whole(section: sections.Section | None) -> str:
    """Heading and text, without what nobody sees: line ends, and empty lines around the text."""
    if section is None:
        return ""
    text = re.sub(r"\r\n|\r", "\n", sections.core(section.text))
    head = f"{'#' * section.level} {section.title}" if section.level else ""
    return f"{head}\n\n{text}".strip() if text else head


def _label(name: str, section: sections.Section | None) -> Any:
    if section is None or name == sections.OPENING:
        return _("Before the first heading")
    return BY_KEY[section.key].label if section.key else section.title


def _moved(old: list[str], new: list[str]) -> set[str]:
    """Names that stand in another order than before."""
    both = [name for name in old if name in set(new)]
    order = [name for name in new if name in set(old)]
    kept: set[str] = set()
    for block in SequenceMatcher(None, both, order, autojunk=False).get_matching_blocks():
        kept |= set(both[block.a : block.a + block.size])
    return set(both) - kept


def words(old: str, new: str) -> list[Piece]:
    """The way from ``old`` to ``new``. Same and removed pieces join to ``old``, same and added ones to ``new``."""
    made: list[Piece] = []
    for op, one, other in _opcodes(old.splitlines(keepends=True), new.splitlines(keepends=True)):
        if op == "equal":
            _add(made, Op.SAME, one)
        elif op == "replace":
            for inner, left, right in _opcodes(_TOKEN.findall("".join(one)), _TOKEN.findall("".join(other))):
                if inner == "equal":
                    _add(made, Op.SAME, left)
                else:
                    _add(made, Op.REMOVED, left)
                    _add(made, Op.ADDED, right)
        else:
            _add(made, Op.REMOVED, one)
            _add(made, Op.ADDED, other)
    return made


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    one, other = old[start : len(old) - end], new[start : len(new) - end]
    yield "equal", old[:start], old[:start]
    if len(one) * len(other) > _LARGEST:
        yield "delete", one, other
    else:
        for op, i, j, k, m in SequenceMatcher(None, one, other).get_opcodes():
            yield op, one[i:j], other[k:m]
    yield "equal", old[len(old) - end :], old[len(old) - end :]


def _add(made: list[Piece], op: Op, parts: Sequence[str]) -> None:
    text = "".join(parts)
    if not text:
        return
    if made and made[-1].op == op:
        text = made.pop().text + text
    made.append(Piece(op, text))
