"""One key of a front matter changed in its text: only the scalars and entries that differ are written anew.

This knows block style and scalars on one line. Anything else (anchors, a new value of several lines in a flow
mapping, a key taken out of its first place behind a dash) gives None, and ``metadata`` takes the longer way.
The caller reads the result again; nothing here is trusted.
"""

import io
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.representer import RoundTripRepresenter

# Above this many entries between two that stayed, they are paired in order instead of by likeness.
_MANY = 40


class _Elsewhere(Exception):
    """This change has to be made another way."""


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    text: str


def spliced(text: str, old: Any, new: Any, *, fresh: Callable[[Any], Any]) -> str | None:
    """``text``, the lines of one key that stands for ``old``, changed so that it stands for ``new``."""
    try:
        if any(isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken) for token in yaml.scan(text)):
            return None
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(root, yaml.MappingNode) or root.flow_style or len(root.value) != 1:
            return None
        key, value = root.value[0]
        work = _Work(text, fresh)
        work.change(value, old, new, key.start_mark.column)
    except (_Elsewhere, yaml.YAMLError, ValueError, RecursionError):
        return None
    for edit in sorted(work.edits, key=lambda each: (each.start, each.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


class _Work:
    def __init__(self, text: str, fresh: Callable[[Any], Any]) -> None:
        self.text, self.fresh = text, fresh
        self.edits: list[_Edit] = []

    def change(self, node: Any, old: Any, new: Any, column: int, *, flow: bool = False) -> None:
        """Note what turns ``node``, below a key or dash at ``column``, from ``old`` into ``new``."""
        if same(old, new):
            return
        if isinstance(node, yaml.MappingNode) and isinstance(old, dict) and isinstance(new, dict) and old and new:
            self._mapping(node, old, new)
        elif isinstance(node, yaml.SequenceNode) and isinstance(old, list) and isinstance(new, list) and old and new:
            self._sequence(node, old, new, column)
        elif isinstance(node, yaml.ScalarNode) and not isinstance(new, dict | list):
            self._scalar(node, new, flow)
        else:
            raise _Elsewhere

    def _scalar(self, node: Any, new: Any, flow: bool) -> None:
        if node.style in {"|", ">"} or "\n" in self._of(node):
            raise _Elsewhere
        written = _one_line(new, node.style, self.fresh, flow=flow)
        start, end = node.start_mark.index, node.end_mark.index
        self.edits.append(_Edit(start, end, f" {written}" if start == end else written))

    def _mapping(self, node: Any, old: dict[Any, Any], new: dict[Any, Any]) -> None:
        pairs = {key.value: (key, value) for key, value in node.value}
        if len(pairs) != len(old) or any(not isinstance(name, str) or name not in pairs for name in old):
            raise _Elsewhere
        names = [key.value for key, _value in node.value]
        for name, (key, value) in pairs.items():
            if name in new:
                self.change(value, old[name], new[name], key.start_mark.column, flow=node.flow_style)
            else:
                self._cut(node, key, value)
        added = [name for name in new if name not in old]
        if not added:
            return
        if node.flow_style or [name for name in new if name in old] != [name for name in names if name in new]:
            raise _Elsewhere
        offset, indent = self._offset(node), " " * node.value[0][0].start_mark.column
        for name in added:
            before = list(new)[: list(new).index(name)]
            places = [self._line_after(self._end(pairs[each][1])) for each in before if each in pairs]
            first = node.value[0][0].start_mark
            if not places and self.text[first.index - first.column : first.index].strip():
                raise _Elsewhere
            place = places[-1] if places else first.index - first.column
            self._insert(place, _block({name: self.fresh(new[name])}, offset), indent)

    def _cut(self, parent: Any, key: Any, value: Any) -> None:
        start = key.start_mark.index - key.start_mark.column
        if parent.flow_style or self.text[start : key.start_mark.index].strip():
            raise _Elsewhere
        self.edits.append(_Edit(start, self._line_after(self._end(value)), ""))

    def _sequence(self, node: Any, old: list[Any], new: list[Any], column: int) -> None:
        if len(node.value) != len(old):
            raise _Elsewhere
        pairs = paired(old, new)
        if len(pairs) < max(len(old), len(new)) and node.flow_style:
            raise _Elsewhere
        gone = set(range(len(old))) - {before for before, _after in pairs}
        if len(gone) == len(old):
            raise _Elsewhere
        for before, after in pairs:
            item = node.value[before]
            self.change(item, old[before], new[after], item.start_mark.column, flow=node.flow_style)
        if node.flow_style:
            return
        dash = node.start_mark.column
        for place in gone:
            item = node.value[place]
            start = self.text.rfind("\n", 0, self._dash(item)) + 1
            if self.text[start : self._dash(item)].strip():
                raise _Elsewhere
            self.edits.append(_Edit(start, self._line_after(self._end(item)), ""))
        at = {after: before for before, after in pairs}
        for place, each in enumerate(new):
            if place in at:
                continue
            known = [at[earlier] for earlier in range(place) if earlier in at]
            if not known:
                raise _Elsewhere
            offset = max(dash - column, 0)
            lines = _block([self.fresh(each)], 2 if offset else 0)
            if offset:
                lines = "\n".join(line[2:] for line in lines.split("\n"))
            self._insert(self._line_after(self._end(node.value[known[-1]])), lines, " " * dash)

    def _insert(self, place: int, lines: str, indent: str) -> None:
        text = "".join(f"{indent}{line}\n" if line else "\n" for line in lines.split("\n"))
        if place and self.text[place - 1] != "\n":
            text = "\n" + text.removesuffix("\n")
        noted = [number for number, edit in enumerate(self.edits) if edit.start == edit.end == place]
        if noted:
            # Two at one place: the later belongs behind the earlier.
            text = self.edits.pop(noted[0]).text + text
        self.edits.append(_Edit(place, place, text))

    def _dash(self, item: Any) -> int:
        """Where the dash before ``item`` stands."""
        place = self.text.rfind("-", 0, item.start_mark.index)
        if place < 0 or self.text[place + 1 : item.start_mark.index].strip():
            raise _Elsewhere
        return place

    def _offset(self, node: Any) -> int:
        """How far dashes stand behind their key in this mapping; the first list tells."""
        for key, value in node.value:
            if isinstance(value, yaml.SequenceNode) and not value.flow_style:
                return int(max(value.start_mark.column - key.start_mark.column, 0))
        return 0

    def _of(self, node: Any) -> str:
        return self.text[node.start_mark.index : node.end_mark.index]

    def _end(self, node: Any) -> int:
        """Where the last character of ``node`` is; a block's own mark lies behind the comments that follow."""
        if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
            return self._end(node.value[-1][1])
        if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
            return self._end(node.value[-1])
        return int(node.end_mark.index)

    def _line_after(self, place: int) -> int:
        if place and self.text[place - 1] == "\n":
            return place
        found = self.text.find("\n", place)
        return len(self.text) if found < 0 else found + 1


def paired(old: list[Any], new: list[Any]) -> list[tuple[int, int]]:
    """Which entry of ``old`` became which of ``new``, in order: equal ones first, then the most alike between."""
    pairs: list[tuple[int, int]] = []
    done = 0
    for place, each in enumerate(new):
        found = next((number for number in range(done, len(old)) if same(old[number], each)), None)
        if found is not None:
            pairs.append((found, place))
            done = found + 1
    made: list[tuple[int, int]] = []
    last_old = last_new = -1
    for before, after in [*pairs, (len(old), len(new))]:
        olds, news = range(last_old + 1, before), range(last_new + 1, after)
        made += _alike(old, new, list(olds), list(news))
        if before < len(old):
            made.append((before, after))
        last_old, last_new = before, after
    return made


def _alike(old: list[Any], new: list[Any], olds: list[int], news: list[int]) -> list[tuple[int, int]]:
    """A single value never becomes another one: the comment beside it was about the old one."""
    if max(len(olds), len(news), 0) > _MANY:
        return []
    if len(olds) == len(news):
        return [(a, b) for a, b in zip(olds, news, strict=True) if _likeness(old[a], new[b])]
    made: list[tuple[int, int]] = []
    start = 0
    for place in news:
        scores = [(_likeness(old[number], new[place]), -number) for number in olds[start:]]
        best = max(scores, default=(0, 0))
        if best[0]:
            made.append((-best[1], place))
            start = olds.index(-best[1]) + 1
    return made


def _likeness(one: Any, other: Any) -> int:
    """How many scalars stand at the same place in both."""
    if isinstance(one, dict) and isinstance(other, dict):
        return sum(_likeness(value, other[name]) for name, value in one.items() if name in other)
    if isinstance(one, list) and isinstance(other, list):
        return sum(_likeness(a, b) for a, b in zip(one, other, strict=False))
    return int(type(one) is type(other) and bool(one == other))


def _one_line(value: Any, style: str | None, fresh: Callable[[Any], Any], *, flow: bool) -> str:
    """``value`` as it stands on one line, in the quotes the old one had."""
    if isinstance(value, str):
        if "\n" in value or not value.isprintable():
            raise _Elsewhere
        if style == '"':
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        # In a flow list a comma or bracket ends a plain text.
        if style == "'" or (flow and re.search(r"[,\[\]{}]", value)):
            return "'" + value.replace("'", "''") + "'"
        return _block({"x": fresh(value)}, 0).removeprefix("x:").strip()
    written = yaml.safe_dump(value, default_flow_style=True, width=10_000).strip()
    return re.sub(r"\n\.\.\.$", "", written)


class _Representer(RoundTripRepresenter):
    """Writes 0.00001 so that YAML 1.1 reads a number too: “1.0e-05”, not “1e-05”."""


def _represent_float(representer: RoundTripRepresenter, value: float) -> Any:
    written = yaml.safe_dump(value).split("\n", 1)[0]
    return representer.represent_scalar("tag:yaml.org,2002:float", written)


_Representer.add_representer(float, _represent_float)


def writer(mapping: int, sequence: int, offset: int) -> YAML:
    """Reads and writes YAML with its comments and quotes; nested lines are indented by these."""
    tool = YAML()
    tool.Representer = _Representer
    tool.preserve_quotes = True
    tool.width = 100_000
    tool.allow_unicode = True
    tool.indent(mapping=mapping, sequence=sequence, offset=offset)
    return tool


def _block(value: Any, offset: int) -> str:
    out = io.StringIO()
    writer(2, 2 + offset, offset).dump(value, out)
    return out.getvalue().rstrip("\n")


def same(one: Any, other: Any) -> bool:
    """Equal for YAML: 1, 1.0 and true are three values, and “not a number” is itself."""
    if isinstance(one, dict) and isinstance(other, dict):
        return len(one) == len(other) and all(name in other and same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, str) and isinstance(other, str):
        return str(one) == str(other)
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(other, numbers):
        kinds = [(isinstance(each, bool), isinstance(each, int)) for each in (one, other)]
        return kinds[0] == kinds[1] and one == other
    return type(one) is type(other) and bool(one == other)
