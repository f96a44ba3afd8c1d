"""Permanent references: "D-12" in one app's text, looked up by the app that gives out D-numbers.

An app registers what its prefix means in its ``references.py``, so that a lower one can name a decision, a
risk or an incident without knowing the app it belongs to. What a reader may not know of is what does not
exist: both stay the words that were typed.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

REFERENCE = re.compile(r"([A-Z]{1,5})-([1-9][0-9]{0,8})")


@dataclass(frozen=True)
class Target:
    """What a reference leads to, for the reader who asked: its full name and its address."""

    label: str
    url: str


# Numbers that were asked for, who asks, and the model family the text is about (numbers may count in each).
Resolver = Callable[[frozenset[int], Any, Any], Mapping[int, Target]]


@dataclass(frozen=True)
class Prefix:
    name: str
    label: Any
    resolver: Resolver


_prefixes: dict[str, Prefix] = {}


def reference(prefix: str, *, label: Any) -> Callable[[Resolver], Resolver]:
    """Say what references that begin with ``prefix`` mean; ``label`` names the kind of thing.

    The decorated function is called with all numbers at once, the reader and perhaps a model family, and
    answers with the targets of those that the reader may know of, in one query.
    """

    def add(resolver: Resolver) -> Resolver:
        _prefixes[prefix] = Prefix(prefix, label, resolver)
        return resolver

    return add


def normalised(text: str) -> str:
    """``text`` as a reference is written ("d-12 " is "D-12"); empty when it is none of a known kind."""
    found = REFERENCE.fullmatch(text.strip().upper())
    return found[0] if found and found[1] in _prefixes else ""


def resolve_all(texts: Iterable[str], user: Any, *, within: Any = None) -> dict[str, Target]:
    """The targets of those of ``texts`` that ``user`` may know of, by the text as it was given.

    One query a prefix. ``within`` is the model family that the texts are about, where there is one.
    """
    numbers: dict[str, dict[str, int]] = defaultdict(dict)
    for text in set(texts):
        if known := normalised(text):
            prefix, _dash, number = known.partition("-")
            numbers[prefix][text] = int(number)
    found: dict[str, Target] = {}
    for prefix, asked in numbers.items():
        targets = _prefixes[prefix].resolver(frozenset(asked.values()), user, within)
        found |= {text: targets[number] for text, number in asked.items() if number in targets}
    return found


def resolve(text: str, user: Any, *, within: Any = None) -> Target | None:
    """What ``text`` leads to for ``user``; None when it leads nowhere or to nothing they may know of."""
    return resolve_all([text], user, within=within).get(text)
