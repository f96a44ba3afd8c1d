"""Single cells, from text to what they mean."""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from registry.interchange.text import split

_REFERENCE = re.compile(r"\s*(?:R-)?([1-9][0-9]{0,8})\s*", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00)?)?")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_WORDED = re.compile(r"(\d{1,2}) ([A-Za-z]{3})[a-z]* (\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YES, _NO = {"yes", "true", "1", "y", "x"}, {"no", "false", "0", "n"}


class Wrong(Exception):
    """Why a cell cannot be taken, for the person who brought the file."""


def reference(text: str) -> int | None:
    """The number in “R-12”."""
    found = _REFERENCE.fullmatch(text)
    return int(found[1]) if found else None


def number(text: str, least: int, most: int) -> int:
    written = text.strip()
    if not re.fullmatch(r"[0-9]{1,6}", written) or not least <= int(written) <= most:
        raise Wrong(_("Give a number from %(least)d to %(most)d.") % {"least": least, "most": most})
    return int(written)


def step(text: str, words: Sequence[str]) -> int:
    """A step of a scale, by its number, its word, or both (“4 Likely”)."""
    written = text.strip().casefold()
    for position, word in enumerate(words, start=1):
        if written in {str(position), word.casefold(), f"{position} {word}".casefold()}:
            return position
    told = ", ".join(f"{position} {word}" for position, word in enumerate(words, start=1))
    raise Wrong(
        _("“%(given)s” is no step of the scale. Its steps are: %(steps)s.") % {"given": text[:40], "steps": told}
    )


def choice(text: str, choices: Iterable[tuple[Any, Any]]) -> str:
    """One of the ``choices``, by its name or its label."""
    written, known = text.strip().casefold(), list(choices)
    for value, label in known:
        if written in {str(value).casefold(), str(label).casefold()}:
            return str(value)
    raise Wrong(_("Give one of: %s.") % ", ".join(str(value) for value, _label in known))


def yes_or_no(text: str) -> bool:
    written = text.strip().casefold()
    if written in _YES or written == _("yes"):
        return True
    if written in _NO or written == _("no"):
        return False
    raise Wrong(_("Give yes or no."))


def listed(text: str) -> list[str]:
    """The entries of a list; “|” or a new line stands between them."""
    return [entry for line in text.splitlines() for entry in split(line)]


def day(text: str) -> dt.date:
    """A day as 2026-11-18, 18.11.2026 or 18 Nov 2026. What could be two days is refused."""
    written = text.strip()
    year = month = date = 0
    if found := _ISO.fullmatch(written):
        year, month, date = map(int, found.groups())
    elif found := _DOTTED.fullmatch(written):
        date, month, year = map(int, found.groups())
    elif (found := _WORDED.fullmatch(written)) and found[2].lower() in _MONTHS:
        date, month, year = int(found[1]), _MONTHS.index(found[2].lower()) + 1, int(found[3])
    try:
        return dt.date(year, month, date)
    except ValueError:
        raise Wrong(_("“%s” is no day. Write it as 2026-11-18.") % text[:40]) from None
