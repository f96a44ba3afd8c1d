"""What has happened to risks since a moment: told by the registry itself and by apps above it.

An upper app registers a function here, so that a review round shows its incidents without the registry knowing it.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Change:
    """One thing that happened: when, by whom, in words, and where to read on. ``event`` is the audit event of the
    registry's own changes, whose words the pages make."""

    at: dt.datetime
    who: str
    words: str = ""
    url: str = ""
    event: Any = None


# Risks by number with the moment since when, and the reader: what changed, by the number of the risk.
Teller = Callable[[Mapping[int, dt.datetime], Any], Mapping[int, list[Change]]]
_tellers: list[Teller] = []


def tells_changes(teller: Teller) -> Teller:
    """Let the decorated function tell what changed; it is asked for many risks at once and may take one query."""
    _tellers.append(teller)
    return teller


def told_by_others(risks: Mapping[int, dt.datetime], user: Any) -> dict[int, list[Change]]:
    found: dict[int, list[Change]] = {pk: [] for pk in risks}
    for teller in _tellers:
        for pk, changes in teller(risks, user).items():
            found[pk].extend(changes)
    return found
