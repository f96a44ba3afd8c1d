"""The front matter of a card, changed key by key: only the lines of that key are written anew.

The text is cut by the positions that the YAML reader gives. Inside the lines of a changed key only what differs
is written (``splicing``); where that cannot be done, ``ruamel.yaml`` keeps comments, order and quotes. Afterwards
the whole front matter is read again as the Hub's own library reads it, and nothing is given back unless exactly
what was asked for has changed.
"""

import io
import re
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import gettext as _
from huggingface_hub.repocard import REGEX_YAML_BLOCK
from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    LiteralScalarString,
    ScalarString,
    SingleQuotedScalarString,
)

from common.lifecycle import Refused
from registry.cards import check_front_matter
from registry.documentation.sections import line_end
from registry.documentation.splicing import paired, same, spliced, writer

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
DEEPEST = 40
# mapping, sequence, offset: how far nested lines are indented. The first that gives back the old lines is used.
_INDENTS = ((2, 2, 0), (2, 4, 2), (4, 4, 2), (4, 2, 0), (4, 6, 4), (2, 3, 1), (4, 4, 0))


@dataclass(frozen=True)
class Parts:
    """A card's source cut in three; they join to the source."""

    opening: str
    front: str
    rest: str

    @property
    def body_start(self) -> int:
        """Where the body begins in ``rest``, behind the line that closes the front matter."""
        found = re.match(r"(?:\r\n|\r|\n)---[ \t]*(?:\r\n|\n|$)", self.rest)
        return found.end() if found else 0

    @property
    def body(self) -> str:
        return self.rest[self.body_start :]

    def with_body(self, body: str) -> str:
        return self.opening + self.front + self.rest[: self.body_start] + body

    def with_front(self, front: str) -> str:
        return self.opening + front + self.rest


def cut(source: str) -> Parts:
    """``source`` of a card that ``registry.cards`` could read, as opening line, front matter and rest."""
    mark = len(source) - len(source.removeprefix("\ufeff"))
    found = REGEX_YAML_BLOCK.match(source[mark:])
    if found is None:
        raise Refused(_("The card has no front matter."), field="source")
    start, end = mark + found.start(2), mark + found.end(2)
    return Parts(source[:start], source[start:end], source[end:])


@dataclass(frozen=True)
class Entry:
    """A key of the front matter and the lines it takes, without the comments that follow it."""

    key: str
    start: int
    end: int
    column: int


def entries(front: str) -> list[Entry] | None:
    """The keys of ``front`` in order; None where they do not stand on lines of their own (``{a: 1}``)."""
    node = yaml.compose(front, Loader=yaml.SafeLoader)
    if node is None:
        return []
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        return None
    starts = [key.start_mark.index - key.start_mark.column for key, _value in node.value]
    made = []
    for number, (key, _value) in enumerate(node.value):
        start = starts[number]
        if front[start : key.start_mark.index].strip():  # “? key”, or a document mark before it
            return None
        limit = starts[number + 1] if number + 1 < len(starts) else len(front)
        made.append(Entry(str(key.value), start, _trimmed(front, start, limit), key.start_mark.column))
    return made


def _trimmed(front: str, start: int, end: int) -> int:
    """``end`` without the empty lines and the comments at the margin that belong to what follows."""
    lines = [
        (found.start(), found.end()) for found in _LINES.finditer(front, start, end) if found.end() > found.start()
    ]
    while len(lines) > 1 and (not front[slice(*lines[-1])].strip() or front[lines[-1][0]] == "#"):
        lines.pop()
    return lines[-1][1] if lines else end


def lines_of(front: str, key: str) -> str:
    """The lines that ``key`` takes, as they are; empty when it is not there."""
    found = next((entry for entry in entries(front) or () if entry.key == key), None)
    return front[found.start : found.end].rstrip("\r\n") if found else ""


def change(front: str, changes: dict[str, Any]) -> str:
    """``front`` with each key of ``changes`` set to its value, or taken out where that is None.

    A value is what YAML can hold, or ``Lines`` with the very text to write. Raises ``Refused`` when that
    cannot be done without touching another key.
    """
    for key, value in changes.items():
        front = _remove(front, key) if value is None else _set(front, key, value)
    return front


# What the YAML writer answers to a value or a style that it cannot write.
_UNWRITABLE = (yaml.YAMLError, YAMLError, ValueError, RecursionError, NotImplementedError)


class Lines(str):
    """The lines of a key as they are to stand in the front matter, the key itself included."""

    __slots__ = ()


def _set(front: str, key: str, value: Any) -> str:
    before = _read(front)
    if isinstance(value, Lines):
        wanted = _read_lines(key, value)
    else:
        wanted = value
        _refuse_deep(key, value)
        if key in before and same(before[key], value):
            return front
    try:
        changed = _with_key(front, key, value, wanted)
        exact = same(_read(changed), {**before, key: wanted})
    except _UNWRITABLE:
        exact = False
    if not exact:
        raise Refused(
            _("“%s” cannot be changed without touching other lines. Edit the source of the card instead.") % key,
            field=key,
        )
    return changed


def _with_key(front: str, key: str, value: Any, wanted: Any) -> str:
    known = entries(front)
    if known is None:
        return _whole(front, key, wanted)
    _refuse_twice(known)
    found = next((entry for entry in known if entry.key == key), None)
    column = known[0].column if known else 0
    old = front[found.start : found.end] if found else ""
    new = str(value).strip("\r\n") if isinstance(value, Lines) else _written(key, value, old, front, column)
    return _spliced(front, found, _with_line_ends(new, line_end(front)), known[-1].end if known else len(front))


def _refuse_deep(key: str, value: Any, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise Refused(
            _("“%(key)s” is nested more than %(limit)s levels deep.") % {"key": key, "limit": DEEPEST}, field=key
        )
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse_deep(key, item, depth + 1)


def _remove(front: str, key: str) -> str:
    before = _read(front)
    if key not in before:
        return front
    known = entries(front)
    if known is None:
        return _whole(front, key, None)
    _refuse_twice(known)
    found = next(entry for entry in known if entry.key == key)
    changed = front[: found.start] + front[found.end :]
    if found.end == len(front):
        # The line end before the closing “---” belongs to the block, not to the front matter.
        changed = front[: found.start].removesuffix("\n").removesuffix("\r")
    if not same(_read(changed), {name: item for name, item in before.items() if name != key}):
        raise Refused(
            _("“%s” cannot be taken out without touching other lines. Edit the source of the card instead.") % key,
            field=key,
        )
    return changed


def _spliced(front: str, found: Entry | None, new: str, last: int) -> str:
    """``new`` in the place of ``found``, or behind the last key, which ends at ``last``."""
    end = line_end(front)
    if found is None:
        before, after = front[:last], front[last:]
        if before and not before.endswith(("\n", "\r")):
            return before + end + new
        return before + new + (end if before or after else "") + after
    old = front[found.start : found.end]
    tail = old[len(old.rstrip("\r\n")) :]
    return front[: found.start] + new + tail + front[found.end :]


def _written(key: str, value: Any, old: str, front: str, column: int) -> str:
    """The lines of ``key`` with ``value``: the old lines with what differs replaced, as far as that goes."""
    if (text := _replaced(key, value, old)) is not None:
        return text
    document, dump = _reader(old or front, old)
    try:
        mapping = document.load(old) if old else None
    except YAMLError:
        mapping = None
    if mapping is None or key not in mapping:
        mapping = {key: _fresh(value)}
    else:
        mapping[key] = _merged(mapping[key], value)
    text = dump(mapping).rstrip("\r\n")
    try:
        good = same(_read(text).get(key), value)
    except (yaml.YAMLError, ValueError, RecursionError):
        good = False
    if not good:
        text = dump({key: _quoted(value)}).rstrip("\r\n")
    pad = " " * column
    if old and text.startswith(pad) and pad:
        return text
    return "\n".join(f"{pad}{line}" if line else line for line in text.split("\n"))


def _replaced(key: str, value: Any, old: str) -> str | None:
    """The old lines with only the scalars and entries that differ written anew; None where that does not work."""
    if not old:
        return None
    lines = _with_line_ends(old, "\n").rstrip("\n")
    try:
        before = _read(lines)[key]
        text = spliced(lines, before, value, fresh=_fresh)
        good = text is not None and same(_read(text), {key: value})
    except (*_UNWRITABLE, KeyError):
        return None
    return text if good else None


def _reader(sample: str, old: str) -> tuple[YAML, Any]:
    """A reader that writes with the indentation of ``sample``."""
    chosen = None
    for indent in _INDENTS:
        tool = writer(*indent)
        try:
            if _dumped(tool, tool.load(sample)).rstrip() == _with_line_ends(sample, "\n").rstrip():
                chosen = indent
                break
        except YAMLError:
            break
    if chosen is None:
        dash = re.search(r"^([ ]*)[^\s#-][^\n]*:[ ]*(?:#[^\n]*)?\r?\n([ ]*)- ", sample, re.MULTILINE)
        chosen = (2, 4, 2) if dash and len(dash[2]) > len(dash[1]) else (2, 2, 0)
    tool = writer(*chosen)
    return tool, lambda value: _dumped(writer(*chosen), value)


def _dumped(tool: YAML, value: Any) -> str:
    out = io.StringIO()
    tool.dump(value, out)
    return out.getvalue()


def _merged(old: Any, new: Any) -> Any:
    """``new`` inside the structure of ``old``, so that comments and quotes of what stays are kept."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [name for name in old if name not in new]:
            del old[name]
        for place, (name, value) in enumerate(new.items()):
            if name in old or not hasattr(old, "insert"):
                old[name] = _merged(old[name], value) if name in old else _fresh(value)
            else:
                old.insert(place, name, _fresh(value))
        return old
    if isinstance(old, list) and isinstance(new, list):
        return _merged_list(old, new)
    if same(old, new):
        return old
    if (
        isinstance(new, str)
        and "\n" not in new
        and isinstance(old, DoubleQuotedScalarString | SingleQuotedScalarString)
    ):
        return type(old)(new)
    return _fresh(new)


def _merged_list(old: Any, new: list[Any]) -> Any:
    """Items that stay, or changed a little, keep their place and comments; the list keeps its style."""
    pairs = {after: before for before, after in paired(old, new)}
    if old and not pairs and getattr(old, "fa", None) is None:
        return [_fresh(each) for each in new]
    for place in reversed(range(len(old))):
        if place not in pairs.values():
            del old[place]
    for place, each in enumerate(new):
        if place not in pairs:
            old.insert(place, _fresh(each))
        elif not same(old[place], each):
            old[place] = _merged(old[place], each)
    return old


def _fresh(value: Any) -> Any:
    """A new value in the plainest form that is read back as it was meant, by YAML 1.1 as well as 1.2."""
    if isinstance(value, dict):
        return {_fresh(name) if isinstance(name, str) else name: _fresh(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_fresh(item) for item in value]
    if not isinstance(value, str):
        return value
    if "\n" in value:
        plain = bool(value.strip()) and all(line.isprintable() for line in value.split("\n"))
        fits = plain and not re.search(r"[^\S\n]$|\A\s", value, re.MULTILINE)
        return LiteralScalarString(value) if fits else DoubleQuotedScalarString(value)
    try:
        read = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError, RecursionError):
        return DoubleQuotedScalarString(value)
    return value if read == value and isinstance(read, str) else SingleQuotedScalarString(value)


def _quoted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _quoted(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_quoted(item) for item in value]
    return DoubleQuotedScalarString(value) if isinstance(value, str) else value


def _whole(front: str, key: str, value: Any) -> str:
    """A front matter that is not written line by line is written anew as a whole."""
    tool = writer(2, 2, 0)
    try:
        mapping = tool.load(front)
    except YAMLError as error:
        raise Refused(_("The front matter cannot be changed here. Edit the source of the card instead.")) from error
    if value is None:
        del mapping[key]
    elif len(mapping):
        mapping[key] = _merged(mapping[key], value) if key in mapping else _fresh(value)
    else:
        mapping = {key: _fresh(value)}
    return _with_line_ends(_dumped(tool, mapping).rstrip("\n"), line_end(front))


def _read(front: str) -> dict[Any, Any]:
    read = yaml.safe_load(front)
    return read if isinstance(read, dict) else {}


def _read_lines(key: str, text: str) -> Any:
    """The value that the lines of ``key`` stand for. Raises ``Refused`` for anything but that one key."""
    check_front_matter(text, field=key, first_line=1)
    read = _read(text)
    if list(read) != [key]:
        raise Refused(_("Begin with “%s:” and put nothing else beside it.") % key, field=key)
    return read[key]


def _refuse_twice(known: list[Entry]) -> None:
    names = [entry.key for entry in known]
    for name in names:
        if names.count(name) > 1:
            raise Refused(_("“%s” stands in the front matter twice. Edit the source of the card first.") % name)


def _with_line_ends(text: str, end: str) -> str:
    return re.sub(r"\r\n|\r|\n", lambda _found: end, text)


def _plain(value: Any) -> Any:
    if isinstance(value, ScalarString):
        return str(value)
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
