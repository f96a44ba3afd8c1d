"""How values stand in a cell, and come out of it again as they were."""

import datetime as dt
import re
from typing import Any

LISTED = " | "
# A spreadsheet runs what begins like this.
_RUN = "=+-@\t\r"
_QUOTED = re.compile(rf"'+[{re.escape(_RUN)}]")
# What XML cannot hold, or changes on its way: written as a spreadsheet writes it (ECMA-376 22.9.2.19, ST_Xstring).
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# A cell of a spreadsheet holds 32,767 characters.
LONGEST_CELL = 32_000
CUT = "… [the rest does not fit into a cell: take CSV or JSON]"


def plain(value: Any) -> str:
    """A value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, list | tuple):
        return joined(value)
    return str(value)


def joined(values: Any) -> str:
    return LISTED.join(str(value).replace("\\", "\\\\").replace("|", "\\|") for value in values)


def split(text: str) -> list[str]:
    """What ``joined`` put together."""
    parts, part, escaped = [], "", False
    for character in text:
        if escaped or character not in "\\|":
            part, escaped = part + character, False
        elif character == "\\":
            escaped = True
        else:
            parts.append(part)
            part = ""
    return [found for each in [*parts, part] if (found := each.strip())]


def defused(text: str) -> str:
    """Text that a spreadsheet takes for text. ``restored`` has it back without loss."""
    return f"'{text}" if text[:1] and (text[0] in _RUN or _QUOTED.match(text)) else text


def restored(text: str) -> str:
    return text[1:] if _QUOTED.match(text) else text


def for_xml(text: str) -> str:
    shown = text if len(text) <= LONGEST_CELL else text[:LONGEST_CELL] + CUT
    return _UNSAFE.sub(lambda found: f"_x{ord(found[0]):04X}_", shown)


def from_xml(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def same(one: str, other: str) -> bool:
    """Whether two texts say the same: line ends and outer blanks are what programs change by themselves."""
    return one == other or _level(one) == _level(other)


def _level(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
